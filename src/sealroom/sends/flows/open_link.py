# SPDX-License-Identifier: Apache-2.0
"""The link of a send that names nobody: there while Access is open, and always under the same address."""

from __future__ import annotations

from datetime import datetime

from sealroom.access import flows as access
from sealroom.access.models import Link
from sealroom.sends import queries
from sealroom.sends.models import Send


def settle_open_link(send: Send, *, now: datetime) -> Link | None:
    """Make the link fit the policy in force: made by the first widening, ended by narrowing, given back by widening again. In the
    transaction of a deed that charges for it, send locked."""
    link, is_open = send.open_link, send.policy.value.access.is_open
    if link is None and is_open:
        documents = [item.document for item in queries.live_items(send)]
        link = access.create_link(
            team_id=send.team_id, policy=send.policy, address="", name="", language=send.language, documents=documents, now=now
        )
        Send.objects.filter(pk=send.pk).update(open_link=link)
        send.open_link = link
    elif link is not None and is_open and link.revoked_at is not None:
        access.restore_link(link, now=now)
    elif link is not None and not is_open and link.revoked_at is None:
        access.revoke_link(link, now=now)
    return link if is_open else None
