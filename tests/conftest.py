# SPDX-License-Identifier: Apache-2.0
"""What every test may use: the personas, a fixed now, and a database whose append-only tables can be emptied between tests."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.db.backends.base.operations import BaseDatabaseOperations

from sealroom.billing import ports as billing_ports
from sealroom.billing.adapters.fake import FakeGateway
from sealroom.core.jobs import schedule
from tests import stripe_peer as wire
from tests.factories.accounts import Persona, make_member, make_persona

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """The instant tests live in unless they say otherwise."""
    return NOW


@pytest.fixture
def owner(db: None) -> Persona:
    """Admin of the team "Northwind": makes documents and sends."""
    return make_persona("owner@example.com", team_name="Northwind", name="Olive Owner", now=NOW)


@pytest.fixture
def member(owner: Persona) -> Persona:
    """User role in the same team as `owner`."""
    return make_member(owner, "member@example.com", name="Max Member", now=NOW)


@pytest.fixture
def stranger(db: None) -> Persona:
    """Admin of another team, who must learn nothing."""
    return make_persona("stranger@example.org", team_name="Elsewhere", name="Sam Stranger", now=NOW)


@pytest.fixture
def recipient() -> str:
    """Address of somebody a send is meant for; has no account."""
    return "recipient@example.net"


@pytest.fixture
def attacker() -> str:
    """Address of somebody who got hold of a link; has no account."""
    return "attacker@example.net"


@pytest.fixture
def fake_gateway(settings: Any) -> Iterator[FakeGateway]:
    """The payment gateway in use, in the place of Stripe: prices count, and tests say what comes of an order."""
    settings.SEALROOM_PAYMENT_GATEWAY = "stripe"
    settings.SEALROOM_GATEWAYS = settings.SEALROOM_GATEWAYS | {"stripe": "sealroom.billing.adapters.fake.FakeGateway"}
    billing_ports.get_gateway.cache_clear()
    gateway = billing_ports.get_gateway()
    assert isinstance(gateway, FakeGateway)
    yield gateway
    billing_ports.get_gateway.cache_clear()


@pytest.fixture(scope="session")
def stripe_peer() -> Iterator[wire.Peer]:
    """Stripe's stand-in, running in a process of its own."""
    if not wire.is_installed():
        pytest.skip("the stand-in for Stripe is not installed; 'make test-setup' does that")
    with wire.running() as peer:
        yield peer


@pytest.fixture(autouse=True)
def _fresh_schedule() -> None:
    schedule.forget()


@pytest.fixture(autouse=True, scope="session")
def _emptying_append_only_tables() -> Iterator[None]:
    """Tests that commit (`transactional_db`) empty all tables afterwards, which the triggers of append-only tables rightly refuse:
    set them aside for just that moment. Nothing in the product can do this."""
    original = BaseDatabaseOperations.execute_sql_flush

    def flush(self: BaseDatabaseOperations, sql_list: Any) -> None:
        with _triggers_set_aside(self.connection.alias):
            original(self, sql_list)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", flush)
        yield


@pytest.fixture
def file_database(transactional_db: None, django_db_blocker: Any, tmp_path: Path) -> Iterator[Path]:
    """A migrated SQLite file for tests with several processes (see `tests.processes`); the test itself has no database."""
    if connections["default"].vendor != "sqlite":
        pytest.skip("the tests run on another database")
    file = tmp_path / "sealroom.sqlite3"
    with django_db_blocker.unblock():
        connections["default"].ensure_connection()
        copy = sqlite3.connect(file)
        connections["default"].connection.backup(copy)
        copy.close()
        yield file


@contextmanager
def _triggers_set_aside(alias: str) -> Iterator[None]:
    if connections[alias].vendor == "postgresql":
        with connections[alias].cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            yield
            cursor.execute("SET session_replication_role = DEFAULT")
        return
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
        try:
            yield
        finally:
            for _, sql in triggers:
                cursor.execute(sql)
