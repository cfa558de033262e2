# SPDX-License-Identifier: Apache-2.0
"""Many processes and one seat left, on both engines."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sealroom.accounts.models import Invitation, User
from sealroom.accounts.queries import actor_for
from sealroom.audit.rules import SYSTEM
from sealroom.billing import flows
from sealroom.billing.errors import SeatQuota
from sealroom.mail.models import OutgoingMail
from tests.factories.accounts import make_member, make_persona
from tests.processes import Database, do, race

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
CLIENTS = 32


def found() -> list[str]:
    """A team of two admins with one seat left; their addresses."""
    persona = make_persona("owner@example.com", team_name="Northwind", now=NOW)
    second = make_member(persona, "second@example.com", role="admin", now=NOW)
    flows.set_quotas(persona.team, {"users": 3}, who=SYSTEM, now=NOW)
    return [persona.email, second.email]


def invite(admin: str, client: int) -> str:
    actor = actor_for(User.objects.get(email=admin))
    assert actor is not None
    try:
        flows.invite_member(actor, f"new{client}@example.com", "user", now=NOW)
    except SeatQuota as refusal:
        return f"refused {refusal.facts['used']} {refusal.facts['limit']}"
    return "invited"


def traces() -> tuple[int, int]:
    return Invitation.objects.count(), OutgoingMail.objects.filter(to_address__startswith="new").count()


def test_last_seat_is_given_once(database: Database) -> None:
    admins = do(database, found)
    answers = race(database, invite, [(admins[client % 2], client) for client in range(CLIENTS)])
    assert sorted(answers) == ["invited", *["refused 3 3"] * (CLIENTS - 1)]
    assert do(database, traces) == (1, 1)
