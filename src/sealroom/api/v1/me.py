# SPDX-License-Identifier: Apache-2.0
"""Who calls, and the team's credits."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from sealroom.accounts import queries as accounts
from sealroom.api.app import Limit, actor_of
from sealroom.billing import queries as billing
from sealroom.credits import queries as credits

router = Router(tags=["account"])


class UserOut(Schema):
    """The key's member."""

    id: str
    email: str
    name: str
    role: str


class TeamOut(Schema):
    """The member's team."""

    id: str
    name: str
    plan: str


class MeOut(Schema):
    """Who calls."""

    user: UserOut
    team: TeamOut


class CreditsOut(Schema):
    """The team's credits now. `used` are charges less reversals of the period."""

    allowance: int
    promo: int
    used: int
    available: int
    period_start: datetime
    period_end: datetime
    resets_at: datetime
    low_threshold: int


class EntryOut(Schema):
    """A line of the ledger."""

    id: str
    at: datetime
    kind: str
    delta: int
    balance_after: int
    actor: str
    route: str
    send_id: str | None
    note: str


class LedgerOut(Schema):
    """A page of the ledger, newest first."""

    items: list[EntryOut]
    next: str | None


@router.get("/me", response=MeOut, summary="Who this key belongs to")
def me(request: HttpRequest) -> MeOut:
    """User and team."""
    actor = actor_of(request)
    limits = billing.limits_of(actor.team_id, now=timezone.now())
    team = accounts.team_of(actor)
    return MeOut(
        user=UserOut(id=actor.user, email=actor.email, name=actor.name, role=actor.role),
        team=TeamOut(id=actor.team, name=team.name, plan=limits.plan_code),
    )


@router.get("/credits", response=CreditsOut, summary="The team's credits")
def read_credits(request: HttpRequest) -> credits.Meter:
    """Allowance, use and what is left of the running period."""
    return credits.meter(actor_of(request).team_id, now=timezone.now())


@router.get("/credits/ledger", response=LedgerOut, summary="The ledger: own lines, for admins all")
def ledger(request: HttpRequest, cursor: str | None = None, limit: Limit = 50) -> LedgerOut:
    """Newest first."""
    page = credits.list_entries(actor_of(request), cursor=cursor, limit=limit)
    return LedgerOut(
        items=[
            EntryOut(
                id=entry.id,
                at=entry.at,
                kind=entry.kind,
                delta=entry.delta,
                balance_after=entry.balance_after,
                actor=entry.actor,
                route=entry.route,
                send_id=entry.send_id or None,
                note=entry.note,
            )
            for entry in page.items
        ],
        next=page.next or None,
    )
