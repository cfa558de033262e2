# SPDX-License-Identifier: Apache-2.0
"""Seats: counted from the invitation on."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from sealroom.accounts import flows as accounts
from sealroom.accounts.models import Invitation, Team
from sealroom.accounts.rules import Actor, Capability
from sealroom.billing.errors import SeatQuota
from sealroom.billing.queries import limits_of, usage_of


@transaction.atomic
def invite_member(actor: Actor, email: str, role: str, *, now: datetime) -> Invitation:
    """Invite somebody into the actor's team if the plan has a seat left. Raises `SeatQuota` with the numbers, and what
    `accounts.flows.invite_member` raises. The team's row is locked while seats are counted: two admins cannot give the last one
    twice."""
    actor.require(Capability.MANAGE_MEMBERS)
    Team.objects.select_for_update(no_key=True).get(pk=actor.team_id)
    used, limit = usage_of(actor.team_id, now=now).users, limits_of(actor.team_id, now=now).users
    if used >= limit:
        raise SeatQuota(used=used, limit=limit)
    return accounts.invite_member(actor, email, role, now=now)
