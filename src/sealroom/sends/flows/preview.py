# SPDX-License-Identifier: Apache-2.0
"""The sender looks at a send as a recipient would."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from sealroom.access import flows as access
from sealroom.access import queries as access_queries
from sealroom.access.models import Link
from sealroom.accounts.rules import Actor, Capability
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.core.errors import NotFound
from sealroom.sends import queries
from sealroom.sends.flows.values import Preview
from sealroom.sends.models import Send


def preview(actor: Actor, send_id: str, recipient_id: str, *, cookie: str | None, user_agent: str, now: datetime) -> Preview:
    """Let the actor's browser look at his own send through the link of one recipient, or of nobody ("": the open link), for ten
    minutes. Nothing is to be fulfilled, counted or used up, the mark names the sender, and what ended stays ended. Raises
    `NotFound` also where there is no such link (a draft has none)."""
    actor.require(Capability.SEND)
    with transaction.atomic():
        send = queries.get_send(actor, send_id)
        link = queries.living_open_link(send) if not recipient_id else _link_of(send, recipient_id)
        if link is None:
            raise NotFound(kind="recipient", id=recipient_id)
        made = access.issue_preview(link, by=send.sender, cookie=cookie, user_agent=user_agent, now=now)
        audit.record(actor.who, Verb.SEND_PREVIEWED, "send", send.public_id, now=now, recipient=recipient_id)
    return Preview(made.new_cookie, access_queries.link_url(link))


def _link_of(send: Send, recipient_id: str) -> Link | None:
    recipient = send.recipients.select_related("link").filter(public_id=recipient_id, removed_at=None).first()
    return recipient.link if recipient is not None else None
