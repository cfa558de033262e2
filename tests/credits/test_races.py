# SPDX-License-Identifier: Apache-2.0
"""Many processes on one balance (SQLite file; each process has its own connection)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import transaction

from sealroom.accounts.models import Team, User
from sealroom.accounts.queries import actor_for
from sealroom.audit.rules import SYSTEM
from sealroom.billing import flows as billing
from sealroom.credits import flows, queries
from sealroom.credits.errors import InsufficientCredits
from sealroom.credits.models import Charge, Entry, EntryKind, Lot, Notice, PaidPair
from sealroom.credits.rules import LotKind
from tests.factories.accounts import make_persona
from tests.processes import do, note, race

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
NEXT = datetime(2026, 12, 22, 14, 3, tzinfo=UTC)
CLIENTS = 32


def found(allowance: int) -> None:
    persona = make_persona("owner@example.com", team_name="Northwind", now=NOW)
    billing.set_plan(persona.team, "team", credits=allowance, who=SYSTEM, now=NOW)


def spend(log: Path, client: int, times: int, key: str, now: datetime) -> None:
    """Spend five credits at a time; every answer is noted outside the database."""
    actor = actor_for(User.objects.get())
    assert actor is not None
    for turn in range(times):
        name = key.format(client=client, turn=turn)
        pairs = [f"{name}:r{number}@example.com" for number in range(5)]
        try:
            with transaction.atomic():
                receipt = flows.spend(actor.team_id, pairs, actor=actor, key=name, request_digest=name, now=now)
        except InsufficientCredits:
            note(log, "refused")
        else:
            note(log, "replayed" if receipt.replayed else "charged")


def roll(times: int) -> None:
    team = Team.objects.get()
    for turn in range(times):
        flows.roll(team.pk, now=NEXT + timedelta(seconds=turn))


def assert_spent(log: Path, amount: int, *, charges: int, now: datetime) -> None:
    team = Team.objects.get()
    assert queries.meter(team.pk, now=now).used == amount
    assert len(set(queries.recount(team.pk).values())) == 1
    assert PaidPair.objects.count() == amount
    assert Charge.objects.count() == charges
    assert log.read_text().split().count("charged") == charges


def assert_all_spent_once(log: Path) -> None:
    assert_spent(log, 100, charges=20, now=NOW)
    assert queries.meter(Team.objects.get().pk, now=NOW).available == 0
    assert log.read_text().split().count("refused") == CLIENTS - 20
    assert list(Notice.objects.order_by("pk").values_list("kind", flat=True)) == ["low", "exhausted"]


def test_many_clients_spend_a_balance_exactly_once(file_database: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    do(file_database, found, 100)
    race(file_database, spend, [(log, client, 1, "c{client}", NOW) for client in range(CLIENTS)])
    do(file_database, assert_all_spent_once, log)


def assert_charged_once(log: Path) -> None:
    assert_spent(log, 5, charges=1, now=NOW)
    assert log.read_text().split().count("replayed") == CLIENTS - 1


def test_one_key_from_many_clients_charges_once(file_database: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    do(file_database, found, 100)
    race(file_database, spend, [(log, client, 1, "one", NOW) for client in range(CLIENTS)])
    do(file_database, assert_charged_once, log)


def assert_reset_once(log: Path) -> None:
    assert_spent(log, 200, charges=40, now=NEXT)
    assert Lot.objects.filter(kind=LotKind.PERIOD, issued_at=NEXT).count() == 1
    kinds = list(Entry.objects.order_by("number").values_list("kind", flat=True))
    assert kinds.count(EntryKind.EXPIRE) == 2  # the plan's override, and the reset
    assert queries.meter(Team.objects.get().pk, now=NEXT).available == 300


def test_reset_jobs_and_clients_meet_at_the_boundary(file_database: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    do(file_database, found, 500)
    clients: list[tuple[object, ...]] = [(spend, log, client, 10, "c{client}t{turn}", NEXT) for client in range(4)]
    jobs: list[tuple[object, ...]] = [(roll, 10)] * 4
    race(file_database, _either, clients + jobs)
    do(file_database, assert_reset_once, log)


def _either(deed: object, *args: object) -> None:
    assert callable(deed)
    deed(*args)
