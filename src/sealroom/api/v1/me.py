# SPDX-License-Identifier: Apache-2.0
"""Who calls, and the team's credits."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from sealroom.accounts import queries as accounts
from sealroom.api.app import Limit, actor_of
from sealroom.billing import queries as billing
from sealroom.credits import queries as credits
from sealroom.httpkit.selectors import published
from sealroom.sends import queries as sends
from sealroom.sends import rules

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


class LeftOut(Schema):
    """What is left to spend."""

    available: int


class LimitsOut(Schema):
    """How large one mail may be, as installation and team allow."""

    file_bytes: int
    files: int
    recipients: int
    message_html_bytes: int


class PolicyOut(Schema):
    """What the team decided about mail clients: `mode` is off, ask or force, from `min_bytes` of attachments on, and not for mail
    that goes to `internal_domains` only; with `internal_only` nothing goes elsewhere."""

    mode: str
    min_bytes: int
    internal_domains: list[str]
    internal_only: bool


class PresetOut(Schema):
    """A preset to choose."""

    id: str
    name: str
    is_default: bool


class MeOut(Schema):
    """Who calls, and what a mail client must know before it sends. `senders`: the addresses a mail may come from.
    `selectors_version`: of the list of places a client looks for in its host's page; 0: none is published."""

    user: UserOut
    team: TeamOut
    credits: LeftOut
    senders: list[str]
    limits: LimitsOut
    policy: PolicyOut
    presets: list[PresetOut]
    selectors_version: int


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
    """User and team, and what mail clients ask for."""
    actor, now = actor_of(request), timezone.now()
    limits = billing.limits_of(actor.team_id, now=now)
    team, policy = accounts.team_of(actor), sends.mail_policy(actor)
    most = settings.SEALROOM_MAX_FILE_BYTES
    return MeOut(
        user=UserOut(id=actor.user, email=actor.email, name=actor.name, role=actor.role),
        team=TeamOut(id=actor.team, name=team.name, plan=limits.plan_code),
        credits=LeftOut(available=credits.meter(actor.team_id, now=now).available),
        senders=accounts.senders_of(actor),
        limits=LimitsOut(
            file_bytes=min(most, policy.max_file_bytes or most),
            files=rules.most_files(policy),
            recipients=rules.most_recipients(policy),
            message_html_bytes=rules.MOST_BODY,
        ),
        policy=PolicyOut.model_validate(policy, from_attributes=True),
        presets=[PresetOut.model_validate(one, from_attributes=True) for one in sends.list_presets(actor)],
        selectors_version=published(settings.SEALROOM_DATA).version,
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
