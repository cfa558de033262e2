# SPDX-License-Identifier: Apache-2.0
"""Who asks for access, and what inviting them would cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from sealroom.accounts.rules import Actor
from sealroom.core.errors import NotFound
from sealroom.credits import queries as credit_queries
from sealroom.sends import rules
from sealroom.sends.models import AccessRequest, Send
from sealroom.sends.queries.find import get_send, live_items, own_sends, title_of
from sealroom.sends.queries.lists import names_of
from sealroom.sends.queries.prices import quote
from sealroom.sends.queries.values import Quote, RequestRow
from sealroom.sends.rules import Addressee

MOST_REQUESTS = 200


def list_requests(actor: Actor, send_id: str = "", *, decided: bool = False, now: datetime) -> tuple[RequestRow, ...]:
    """Requests for the actor's own sends, or for one of them, newest first: those to be decided, with `decided` all. `cost` is what
    inviting would charge now. Raises `NotFound`."""
    sends = Q(send=get_send(actor, send_id)) if send_id else Q(send__in=own_sends(actor))
    rows = AccessRequest.objects.filter(sends).select_related("send__sender").order_by("-asked_at", "-pk")
    found = list((rows if decided else rows.filter(decided_at=None))[:MOST_REQUESTS])
    costs = _costs(actor.team_id, [one for one in found if one.decided_at is None], now=now)
    names = names_of({one.send_id for one in found})
    return tuple(
        RequestRow(
            id=one.public_id,
            send_id=one.send.public_id,
            title=one.send.subject or title_of(names.get(one.send_id, [])),
            address=one.address,
            name=one.name,
            note=one.note,
            asked_at=one.asked_at,
            decided_at=one.decided_at,
            state="pending" if one.decided_at is None else "approved" if one.recipient_id is not None else "declined",
            cost=costs.get(one.pk, 0),
        )
        for one in found
    )


def count_requests(actor: Actor) -> int:
    """How many people wait for the actor to decide, over all of his sends."""
    return AccessRequest.objects.filter(send__in=own_sends(actor).values("pk"), decided_at=None).count()


def get_request(actor: Actor, request_id: str) -> AccessRequest:
    """A request for one of the actor's own sends. Raises `NotFound`."""
    found = AccessRequest.objects.select_related("send").filter(send__in=own_sends(actor), public_id=request_id).first()
    if found is None:
        raise NotFound(kind="request", id=request_id)
    return found


def quote_of_request(actor: Actor, request_id: str, *, now: datetime) -> Quote:
    """What approving would cost now. Raises `NotFound`."""
    request = get_request(actor, request_id)
    return quote(actor, (), [Addressee(request.address, request.name)], send_id=request.send.public_id, now=now)


def cost_of_request(request: AccessRequest, *, now: datetime) -> int:
    """The price of one request, for the mail that tells of it."""
    return _costs(request.send.team_id, [request], now=now)[request.pk]


def _costs(team_id: int, requests: Sequence[AccessRequest], *, now: datetime) -> dict[int, int]:
    sends = {one.send_id: one.send for one in requests}
    versions = {pk: _versions(send) for pk, send in sends.items()}
    pairs = {one.pk: rules.price(versions[one.send_id], [one.address], sender=sends[one.send_id].sender.email) for one in requests}
    unpaid = credit_queries.price(team_id, [pair for some in pairs.values() for pair in some], now=now).unpaid
    return {pk: sum(pair in unpaid for pair in some) for pk, some in pairs.items()}


def _versions(send: Send) -> list[str]:
    return [item.document.current.public_id for item in live_items(send) if item.document.current is not None]
