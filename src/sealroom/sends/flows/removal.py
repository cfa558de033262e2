# SPDX-License-Identifier: Apache-2.0
"""Deleting a send: final."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from sealroom.access import flows as access
from sealroom.accounts.rules import Actor, Capability
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.sends import queries
from sealroom.sends.flows.deeds import lock_send
from sealroom.sends.flows.draft import delete_draft
from sealroom.sends.models import MailKind, Send, SendState


def delete_send(actor: Actor, send_id: str, *, now: datetime) -> None:
    """Delete one of the actor's own sends for good, whatever its state: access ends and cannot be given back, and it is in no
    list any more. Gives no credits back (cancelling does, within its minutes); ledger, trail and evidence stay. A draft leaves
    nothing."""
    actor.require(Capability.SEND)
    found = queries.get_send(actor, send_id)
    if found.state == SendState.DRAFT:
        delete_draft(actor, send_id, now=now)
        return
    with transaction.atomic():
        send = lock_send(found)
        access.revoke_policy(send.policy, now=now)
        send.recipients.update(mail_due=MailKind.NONE)
        send.access_requests.filter(decided_at=None).update(decided_at=now)
        # The client's own name for it is free again.
        Send.objects.filter(pk=send.pk).update(deleted_at=now, updated_at=now, uuid=None)
        audit.record(actor.who, Verb.SEND_DELETED, "send", send.public_id, now=now, label=send.subject)
