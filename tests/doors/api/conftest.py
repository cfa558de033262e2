# SPDX-License-Identifier: Apache-2.0
"""Callers with keys. Their teams were founded an hour before the test, because the door asks the real clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.factories.accounts import Persona, make_member, make_persona
from tests.factories.api import Caller, make_caller


@pytest.fixture
def founded() -> datetime:
    """When the teams began."""
    return datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture
def boss(db: None, founded: datetime) -> Persona:
    """Admin of a team with 1,500 credits."""
    return make_persona("boss@example.com", team_name="Northwind", name="Olive Owner", now=founded)


@pytest.fixture
def admin(boss: Persona) -> Caller:
    """An admin's key with every scope."""
    return make_caller(boss)


@pytest.fixture
def user(boss: Persona, founded: datetime) -> Caller:
    """A key of a member with the role User of the same team."""
    return make_caller(make_member(boss, "user@example.com", name="Max Member", now=founded))


@pytest.fixture
def foreign(db: None, founded: datetime) -> Caller:
    """A key of another team's admin."""
    return make_caller(make_persona("foreign@example.org", team_name="Elsewhere", now=founded))


@pytest.fixture
def nobody() -> Caller:
    """No key at all."""
    return Caller("")
