# SPDX-License-Identifier: Apache-2.0
"""Many processes on one balance, on both engines."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from sealroom.accounts.models import Team, User
from sealroom.accounts.queries import actor_for
from sealroom.audit.queries import verify_chain
from sealroom.audit.rules import SYSTEM
from sealroom.billing import flows as billing
from sealroom.credits import flows, queries
from sealroom.credits.errors import InsufficientCredits
from sealroom.credits.models import Charge, Entry, EntryKind, Lot, Notice, PaidPair
from sealroom.credits.rules import LotKind
from tests.factories.accounts import make_persona
from tests.processes import Database, do, race, race_of

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
NEXT = datetime(2026, 12, 22, 14, 3, tzinfo=UTC)
CLIENTS = 32


def found(allowance: int) -> None:
    persona = make_persona("owner@example.com", team_name="Northwind", now=NOW)
    billing.set_plan(persona.team, "team", credits=allowance, who=SYSTEM, now=NOW)


def spend(keys: list[str], now: datetime) -> list[str]:
    """Spend five credits under each key; what became of them."""
    actor = actor_for(User.objects.get())
    assert actor is not None
    told = []
    for key in keys:
        pairs = [f"{key}:r{number}@example.com" for number in range(5)]
        try:
            with transaction.atomic():
                receipt = flows.spend(actor.team_id, pairs, actor=actor, key=key, request_digest=key, now=now)
        except InsufficientCredits:
            told.append("refused")
        else:
            told.append("replayed" if receipt.replayed else "charged")
    return told


def give_back(keys: list[str], now: datetime) -> list[str]:
    """Give each key's five pairs back, if they were paid already."""
    team = Team.objects.get()
    told = []
    for key in keys:
        pairs = [f"{key}:r{number}@example.com" for number in range(5)]
        given = flows.reverse_pairs(team.pk, pairs, actor=None, reason="test", now=now)
        told.append(f"returned {given.restored}")
    return told


def roll(times: int) -> list[str]:
    team = Team.objects.get()
    for turn in range(times):
        flows.roll(team.pk, now=NEXT + timedelta(seconds=turn))
    return []


def assert_spent(amount: int, charges: int, available: int, now: datetime) -> None:
    team = Team.objects.get()
    meter = queries.meter(team.pk, now=now)
    assert (meter.used, meter.available) == (amount, available)
    assert len(set(queries.recount(team.pk).values())) == 1
    assert (PaidPair.objects.count(), Charge.objects.count()) == (amount, charges)
    assert list(verify_chain(team.public_id)) == []


def count(answers: list[list[str]]) -> Counter[str]:
    return Counter(word for told in answers for word in told)


def notices() -> list[str]:
    return list(Notice.objects.order_by("pk").values_list("kind", flat=True))


def test_many_clients_spend_a_balance_exactly_once(database: Database) -> None:
    do(database, found, 100)
    answers = race(database, spend, [([f"c{client}"], NOW) for client in range(CLIENTS)])
    assert count(answers) == {"charged": 20, "refused": CLIENTS - 20}
    do(database, assert_spent, 100, 20, 0, NOW)
    assert do(database, notices) == ["low", "exhausted"]


def test_one_key_from_many_clients_charges_once(database: Database) -> None:
    do(database, found, 100)
    answers = race(database, spend, [(["one"], NOW)] * CLIENTS)
    assert count(answers) == {"charged": 1, "replayed": CLIENTS - 1}
    do(database, assert_spent, 5, 1, 95, NOW)


def test_reset_jobs_and_clients_meet_at_the_boundary(database: Database) -> None:
    do(database, found, 500)
    clients = [(spend, [f"c{client}t{turn}" for turn in range(10)], NEXT) for client in range(4)]
    answers = race_of(database, [*clients, *[(roll, 10)] * 4])
    assert count(answers) == {"charged": 40}
    do(database, assert_spent, 200, 40, 300, NEXT)
    assert do(database, issued_at_the_boundary) == (1, 2)


def issued_at_the_boundary() -> tuple[int, int]:
    """Period lots of the new period; expiries (one of the plan's override, one of the reset)."""
    lots = Lot.objects.filter(kind=LotKind.PERIOD, issued_at=NEXT).count()
    return lots, Entry.objects.filter(kind=EntryKind.EXPIRE).count()


def test_what_is_given_back_while_others_spend_comes_back_once(database: Database) -> None:
    do(database, found, 100)
    paid = [f"p{number}" for number in range(8)]
    do(database, spend, paid, NOW)
    clients = [(spend, [f"c{client}t{turn}" for turn in range(2)], NOW) for client in range(6)]
    answers = race_of(database, [*clients, *[(give_back, paid, NOW)] * 3])
    assert count(answers) == {"charged": 12, "returned 5": 8, "returned 0": 16}
    do(database, assert_spent, 60, 20, 40, NOW)
