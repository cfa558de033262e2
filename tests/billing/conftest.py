# SPDX-License-Identifier: Apache-2.0
"""A team on a plan that asks for money, and a till that answers as the test says."""

from __future__ import annotations

import pytest

from sealroom.audit.rules import SYSTEM
from sealroom.billing import flows
from sealroom.cli.simulation.till import ScriptedTill
from tests.conftest import NOW
from tests.factories.accounts import Persona, make_persona


@pytest.fixture
def buyer(db: None, till: ScriptedTill) -> Persona:
    """Admin of a team on the monthly Pro plan since the start of a 30-day cycle: 1 November 2026, 08:00 UTC."""
    persona = make_persona("buyer@example.com", team_name="Buyers", name="Bea Buyer", now=NOW)
    start = NOW.replace(day=1, hour=8, minute=0)
    flows.set_plan(persona.team, "pro", at=start, interval="month", who=SYSTEM, now=NOW)
    return persona
