# SPDX-License-Identifier: Apache-2.0
"""Who was not invited and asks to be: seen with the price, granted or declined."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema, Status

from sealroom.api.app import actor_of
from sealroom.api.repeats import charge_key_of, repeatable
from sealroom.api.v1.sends import AddedOut, added_out
from sealroom.sends import flows, queries

router = Router(tags=["sends"])


class RequestOut(Schema):
    """A request for access. `state`: pending, approved, declined; `cost` is what approving would charge now. The address is not
    proved."""

    id: str
    send_id: str
    email: str
    name: str
    note: str
    state: str
    cost: int
    asked_at: datetime
    decided_at: datetime | None


class RequestsOut(Schema):
    """Requests for a send, newest first."""

    items: list[RequestOut]
    next: str | None


@router.get("/sends/{send_id}/requests", response=RequestsOut, summary="Who asks for access")
def list_requests(request: HttpRequest, send_id: str) -> RequestsOut:
    """Decided ones too."""
    rows = queries.list_requests(actor_of(request), send_id, decided=True, now=timezone.now())
    items = [
        RequestOut(
            id=row.id,
            send_id=row.send_id,
            email=row.address,
            name=row.name,
            note=row.note,
            state=row.state,
            cost=row.cost,
            asked_at=row.asked_at,
            decided_at=row.decided_at,
        )
        for row in rows
    ]
    return RequestsOut(items=items, next=None)


@router.post("/requests/{request_id}/approve", response={201: AddedOut}, summary="Grant a request")
@repeatable
def approve(request: HttpRequest, request_id: str) -> Status[AddedOut]:
    """Invites who asked: one credit per file, all or nothing."""
    actor, now = actor_of(request), timezone.now()
    return Status(201, added_out(actor, flows.approve_request(actor, request_id, key=charge_key_of(request), now=now), now=now))


@router.post("/requests/{request_id}/decline", response={204: None}, summary="Decline a request")
@repeatable
def decline(request: HttpRequest, request_id: str) -> HttpResponse:
    """Who asked is told nothing."""
    flows.decline_request(actor_of(request), request_id, now=timezone.now())
    return HttpResponse(status=204)
