# SPDX-License-Identifier: Apache-2.0
"""What every test may use: the personas, a fixed now, and a database whose append-only tables can be emptied between tests."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.db.backends.base.operations import BaseDatabaseOperations

from sealroom.billing import ports as billing_ports
from sealroom.billing.adapters.fake import FakeGateway
from sealroom.cli.simulation.till import ScriptedTill
from sealroom.core.jobs import schedule
from sealroom.documents.ports import BlobStore, get_blob_store, get_scanner
from tests import clamd, patterns, postgres
from tests import stripe_peer as wire
from tests.factories.accounts import Persona, make_member, make_persona
from tests.processes import Database

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
def own_blobs(settings: Any, tmp_path: Path) -> Iterator[BlobStore]:
    """A store of this test's own: tests that count blobs may not see those of others."""
    settings.SEALROOM_DATA = tmp_path
    get_blob_store.cache_clear()
    yield get_blob_store()
    get_blob_store.cache_clear()


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


@pytest.fixture
def till(settings: Any) -> Iterator[ScriptedTill]:
    """A gateway that asks for money and answers as the test says, in the place of Stripe."""
    settings.SEALROOM_GATEWAYS = {**settings.SEALROOM_GATEWAYS, "stripe": "sealroom.cli.simulation.till.ScriptedTill"}
    settings.SEALROOM_PAYMENT_GATEWAY = "stripe"
    billing_ports.get_gateway.cache_clear()
    gateway = billing_ports.get_gateway()
    assert isinstance(gateway, ScriptedTill)
    yield gateway
    billing_ports.get_gateway.cache_clear()


@pytest.fixture(scope="session")
def clamd_daemon() -> Iterator[clamd.Clamd]:
    """ClamAV's daemon with signatures of our own."""
    clamd.need_clamd()
    with clamd.running() as daemon:
        yield daemon


@pytest.fixture
def scanner(settings: Any, clamd_daemon: clamd.Clamd) -> Iterator[clamd.Clamd]:
    """Files are scanned for viruses in this test, in the place of not at all."""
    settings.SEALROOM_CLAMD = clamd_daemon.setting
    settings.SEALROOM_SCANNER = "sealroom.documents.adapters.clamd.ClamdScanner"
    get_scanner.cache_clear()
    yield clamd_daemon
    get_scanner.cache_clear()


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


@pytest.fixture(autouse=True, scope="session")
def _place_of_patterns(tmp_path_factory: pytest.TempPathFactory) -> None:
    patterns.settle(tmp_path_factory)


@pytest.fixture(scope="session")
def sqlite_pattern(_place_of_patterns: None, django_db_blocker: Any) -> Path:
    """A migrated SQLite file to be copied."""
    with django_db_blocker.unblock():
        return patterns.migrated()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None, sqlite_pattern: Path) -> Iterator[None]:
    """Fills the tests' own database, which lives in memory, from the pattern before Django sets it up and finds no migration to do.
    The database lives as long as somebody is connected to it."""
    if connections["default"].vendor != "sqlite":
        yield
        return
    creation: Any = connections["default"].creation
    with closing(sqlite3.connect(creation._get_test_db_name(), uri=True)) as own:
        with closing(sqlite3.connect(sqlite_pattern)) as pattern:
            pattern.backup(own)
        yield


@pytest.fixture
def sqlite_database(sqlite_pattern: Path, django_db_blocker: Any, tmp_path: Path) -> Iterator[Database]:
    """A migrated SQLite file for tests with several processes (see `tests.processes`); the test itself has no database."""
    with django_db_blocker.unblock():
        yield Database.of_file(Path(shutil.copy(sqlite_pattern, tmp_path / "sealroom.sqlite3")))


@pytest.fixture(scope="session")
def postgres_server(_place_of_patterns: None, django_db_blocker: Any) -> Iterator[postgres.Server]:
    """A PostgreSQL server of our own, with the migrated database "pattern" to be copied. Each xdist worker that needs one starts
    its own: that takes about three seconds, and nobody has to know who stops it last."""
    with postgres.running() as server:
        if server is None:
            pytest.skip(postgres.MISSING)
        with django_db_blocker.unblock():
            patterns.migrate_on(server, "pattern")
        yield server


@pytest.fixture
def postgres_database(postgres_server: postgres.Server, django_db_blocker: Any) -> Iterator[Database]:
    """A migrated PostgreSQL database for tests with several processes; the test itself has no database."""
    name = f"test_{uuid4().hex}"
    with django_db_blocker.unblock():
        yield Database(postgres_server.create(name, template="pattern"))
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """Makes the test run on both engines (see `tests.processes`)."""
    chosen: Database = request.getfixturevalue({"sqlite": "sqlite_database", "postgresql": "postgres_database"}[request.param])
    return chosen


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
