# SPDX-License-Identifier: Apache-2.0
"""What only mail clients write into a draft: its route and its sender."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from sealroom.accounts import queries as account_queries
from sealroom.accounts.rules import MAIL_ROUTES, Actor, Route
from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.core.errors import Invalid
from sealroom.sends.errors import SenderNotAllowed
from sealroom.sends.models import Send, SendState

KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True)
class Envelope:
    """By which route a mail goes, and from which address; both are as a client says and give no rights."""

    route: str
    sender: str = ""


def checked_envelope(actor: Actor, envelope: Envelope) -> Envelope:
    """The envelope with the sender's canonical address, his first one where none is named. Raises `Invalid` (route; a device has
    one of its own), `SenderNotAllowed`."""
    route = envelope.route or actor.route.value
    if route not in {one.value for one in MAIL_ROUTES}:
        raise Invalid({"route": ["unknown"]})
    if actor.route in MAIL_ROUTES and route != actor.route.value:
        raise Invalid({"route": ["not_yours"]})
    senders = account_queries.senders_of(actor)
    try:
        sender = canonical_address(envelope.sender) if envelope.sender else next(iter(senders), actor.email)
    except BadAddress:
        raise SenderNotAllowed(senders=senders) from None
    if sender not in senders:
        raise SenderNotAllowed(senders=senders)
    return Envelope(Route(route).value, sender)


def purge_drafts(*, now: datetime) -> int:
    """Throw away what mail clients began and left for a day; returns how many. Their documents stay."""
    rows = Send.objects.filter(is_mail=True, state=SendState.DRAFT, updated_at__lt=now - KEPT_FOR, confirmed_at=None)
    count = 0
    for send_id in list(rows.values_list("pk", flat=True)[:1000]):
        with transaction.atomic():
            send = Send.objects.select_for_update(of=("self",), no_key=True).filter(pk=send_id, state=SendState.DRAFT).first()
            if send is None or send.updated_at >= now - KEPT_FOR:
                continue
            policy = send.policy
            send.delete()
            policy.delete()
            count += 1
    return count
