# SPDX-License-Identifier: Apache-2.0
"""Reading the ledger: who sees which lines, page by page; usage by day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from sealroom.accounts.rules import Route
from sealroom.core.errors import Forbidden, Invalid
from sealroom.credits import flows, queries
from sealroom.credits.models import Entry, Wallet
from sealroom.credits.queries import DayUsage, Filters
from tests.factories.accounts import Persona

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
NEXT = datetime(2026, 12, 22, 14, 3, tzinfo=UTC)


def spend(by: Persona, count: int, key: str, *, now: datetime = NOW, route: Route = Route.WEB) -> list[str]:
    keys = [f"ver_{key}:r{number}@example.com" for number in range(count)]
    with transaction.atomic():
        flows.spend(by.team.pk, keys, actor=by.actor_by(route), key=key, request_digest="d", now=now)
    return keys


def deltas(persona: Persona, filters: Filters = queries.NO_FILTERS) -> list[int]:
    return [item.delta for item in queries.list_entries(persona.actor, filters=filters).items]


def test_member_sees_own_lines_admin_all(owner: Persona, member: Persona, stranger: Persona) -> None:
    spend(owner, 1, "a")
    spend(member, 2, "b")
    spend(stranger, 3, "c")
    assert deltas(owner) == [-2, -1, 1500]
    assert deltas(member) == [-2]
    assert [item.actor_name for item in queries.list_entries(owner.actor).items] == ["Max Member", "Olive Owner", ""]


def test_ledger_is_read_page_by_page(owner: Persona) -> None:
    for number in range(5):
        spend(owner, number + 1, f"k{number}")
    first = queries.list_entries(owner.actor, limit=3)
    second = queries.list_entries(owner.actor, limit=3, cursor=first.next)
    assert [item.delta for item in first.items + second.items] == [-5, -4, -3, -2, -1, 1500]
    assert (first.next, second.next) == ("ent_4", None)


@pytest.mark.parametrize("cursor", ["", "ent_", "ent_x", "ent_-1", "ent_" + "9" * 30, "ent_²"])
def test_cursor_that_is_none_is_refused(owner: Persona, cursor: str) -> None:
    with pytest.raises(Invalid):
        queries.list_entries(owner.actor, cursor=cursor)


def test_ledger_is_filtered(owner: Persona, member: Persona) -> None:
    spend(owner, 1, "a", route=Route.API)
    spend(member, 2, "b", now=NOW + timedelta(hours=1))
    assert deltas(owner, Filters(kind="issue")) == [1500]
    assert deltas(owner, Filters(route="api")) == [-1]
    assert deltas(owner, Filters(actor=member.user.public_id)) == [-2]
    assert deltas(owner, Filters(since=NOW + timedelta(minutes=1))) == [-2]
    assert deltas(owner, Filters(until=NOW + timedelta(hours=1))) == [-1, 1500]


def test_usage_by_day_adds_up_to_the_meter(owner: Persona, member: Persona) -> None:
    spend(owner, 9, "last period", now=NOW)
    early, late = datetime(2026, 12, 31, 22, 59, tzinfo=UTC), datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
    spend(owner, 4, "a", now=early)
    given = spend(member, 5, "b", now=early)
    spend(member, 1, "c", now=late)
    flows.reverse_pairs(owner.team.pk, given[:3], actor=None, reason="bounced", now=late)
    asker = replace(owner.actor, time_zone="Europe/Paris")
    days = queries.usage_by_day(asker, now=late)
    assert days == [
        DayUsage(date(2026, 12, 31), 6, {owner.user.public_id: 4, member.user.public_id: 2}),
        DayUsage(date(2027, 1, 1), 1, {member.user.public_id: 1}),
    ]
    assert sum(day.used for day in days) == queries.meter(owner.team.pk, now=late).used
    assert queries.usage_by_day(member.actor, now=late) == [DayUsage(date(2026, 12, 31), 3, {})]


def test_usage_needs_the_right_to_see_it(owner: Persona) -> None:
    nobody = replace(owner.actor, capabilities=frozenset())
    with pytest.raises(Forbidden):
        queries.list_entries(nobody)
    with pytest.raises(Forbidden):
        queries.usage_by_day(nobody, now=NOW)


def test_price_names_what_is_unpaid(owner: Persona) -> None:
    paid = spend(owner, 2, "a")
    price = queries.price(owner.team.pk, [*paid, "new", "new"], now=NOW)
    assert price == queries.Price(cost=1, available=1498, after=1497, enough=True, unpaid=frozenset({"new"}))
    short = queries.price(owner.team.pk, [f"p{number}" for number in range(1499)], now=NOW)
    assert (short.cost, short.after, short.enough) == (1499, 0, False)


def test_meter_reads_the_next_period_and_writes_nothing(owner: Persona) -> None:
    spend(owner, 10, "a")
    wallet = Wallet.objects.values().get(team=owner.team)
    assert queries.meter(owner.team.pk, now=NEXT) == queries.Meter(
        allowance=1500,
        promo=0,
        used=0,
        available=1500,
        period_start=NEXT,
        period_end=datetime(2027, 1, 22, 14, 3, tzinfo=UTC),
        resets_at=datetime(2027, 1, 22, 14, 3, tzinfo=UTC),
        low_threshold=100,
    )
    assert Wallet.objects.values().get(team=owner.team) == wallet
    assert Entry.objects.filter(team=owner.team).count() == 2


def test_meter_and_spend_never_walk_the_ledger(owner: Persona) -> None:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        spend(owner, 5, "a")
        queries.meter(owner.team.pk, now=NOW)
    statements = [query["sql"] for query in seen.captured_queries]
    assert not [sql for sql in statements if sql.startswith("SELECT") and "credits_entry" in sql]
    assert not [sql for sql in statements if "SUM(" in sql]


def test_check_names_every_fault(owner: Persona, stranger: Persona) -> None:
    given = spend(owner, 9, "a")
    flows.reverse_pairs(owner.team.pk, given[:2], actor=None, reason="bounced", now=NOW)
    assert list(queries.ledger_faults()) == []
    Wallet.objects.filter(team=owner.team).update(balance=1, period_used=3, next_number=9)
    team = f"team {owner.team.public_id}: "
    assert list(queries.ledger_faults()) == [
        team + "balance 1, entries 1493, lots 1493",
        team + "3 ledger lines, the wallet counts 8",
        team + "7 used in the running period, the wallet says 3",
    ]
