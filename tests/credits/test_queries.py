# SPDX-License-Identifier: Apache-2.0
"""Reading the ledger: who sees which lines, page by page; usage by day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from sealroom.accounts.rules import Route
from sealroom.audit.models import Event
from sealroom.audit.rules import Verb
from sealroom.core.errors import Forbidden, Invalid, RateLimited
from sealroom.credits import flows, queries
from sealroom.credits.models import Entry, UsageSum, Wallet
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


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham", "America/Lima"])
def test_usage_by_day_is_exact_in_zones_off_the_hour(owner: Persona, zone: str) -> None:
    local = ZoneInfo(zone)
    midnight = datetime(2026, 12, 5, tzinfo=local)
    spend(owner, 1, "a", now=(midnight - timedelta(microseconds=1)).astimezone(UTC))
    spend(owner, 2, "b", now=midnight.astimezone(UTC))
    days = queries.usage_by_day(replace(owner.actor, time_zone=zone), now=NOW + timedelta(days=20))
    assert [(day.day, day.used) for day in days] == [(date(2026, 12, 4), 1), (date(2026, 12, 5), 2)]


def test_days_whose_credits_all_came_back_are_left_out(owner: Persona) -> None:
    given = spend(owner, 3, "a")
    flows.reverse_pairs(owner.team.pk, given, actor=None, reason="bounced", now=NOW + timedelta(days=2))
    assert queries.usage_by_day(owner.actor, now=NOW + timedelta(days=2)) == []


def test_ledger_of_a_period_is_that_of_its_lines(owner: Persona) -> None:
    spend(owner, 9, "old")
    spend(owner, 4, "new", now=NEXT)
    assert deltas(owner, Filters(period=NEXT)) == [-4, 1500]
    assert queries.previous_period(owner.team.pk, NEXT) == NOW
    assert deltas(owner, Filters(period=NOW)) == [-1491, -9, 1500]  # what expired belongs to the period it ended with
    assert deltas(owner, Filters(period=NEXT + timedelta(days=31))) == []
    assert queries.previous_period(owner.team.pk, NOW) is None


def test_ledger_between_times_is_read_page_by_page_in_their_order(owner: Persona) -> None:
    # A reset nobody noticed is written late: its lines carry earlier times than lines written before them.
    for number, hours in enumerate([1, 5, 3, 3, 2]):
        spend(owner, number + 1, f"k{number}", now=NOW + timedelta(hours=hours))
    filters = Filters(since=NOW + timedelta(hours=2), until=NOW + timedelta(hours=5))
    seen: list[int] = []
    cursor = None
    while True:
        page = queries.list_entries(owner.actor, cursor=cursor, limit=1, filters=filters)
        seen += [item.delta for item in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == [-4, -3, -5]
    with pytest.raises(Invalid):
        queries.list_entries(owner.actor, cursor="ent_999", filters=filters)


def test_each_entry_is_the_whole_ledger_in_parts(owner: Persona, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sealroom.credits.queries.books._EXPORTED_AT_ONCE", 2)
    for number in range(5):
        spend(owner, number + 1, f"k{number}", now=NOW + timedelta(minutes=number))
    whole = queries.list_entries(owner.actor).items
    assert list(queries.each_entry(owner.actor, Filters())) == whole
    assert list(queries.each_entry(owner.actor, Filters(since=NOW - timedelta(days=1)))) == whole
    lines = queries.each_entry(owner.actor, Filters(through=queries.last_number(owner.team.pk)))
    begun = [next(lines)]
    spend(owner, 7, "meanwhile")
    assert [*begun, *lines] == whole


def test_each_entry_of_a_member_is_their_own(owner: Persona, member: Persona) -> None:
    spend(owner, 1, "a")
    spend(member, 2, "b")
    assert [entry.delta for entry in queries.each_entry(member.actor, Filters())] == [-2]
    assert list(queries.each_entry(member.actor, Filters(actor=owner.user.public_id))) == []


def test_export_leaves_a_line_in_the_trail(owner: Persona, member: Persona) -> None:
    spend(member, 2, "b", route=Route.API)
    lines = flows.export_entries(member.actor, Filters(route="api", since=NOW), form="csv", now=NOW)
    assert [line.delta for line in lines] == [-2]
    event = Event.objects.get(verb=Verb.DATA_EXPORTED)
    assert (event.actor, event.facts["list"], event.facts["format"], event.facts["by"], event.facts["through"]) == (
        member.user.public_id, "credits.ledger", "csv", "api", 2,
    )  # fmt: skip


def test_export_is_refused_without_the_right_and_too_often(owner: Persona) -> None:
    with pytest.raises(Forbidden):
        flows.export_entries(replace(owner.actor, capabilities=frozenset()), Filters(), form="csv", now=NOW)
    for _ in range(30):
        flows.export_entries(owner.actor, Filters(), form="csv", now=NOW)
    with pytest.raises(RateLimited):
        flows.export_entries(owner.actor, Filters(), form="csv", now=NOW)
    assert Event.objects.filter(verb=Verb.DATA_EXPORTED).count() == 30


def test_forecast_asks_the_period_before_while_the_running_one_is_young(owner: Persona) -> None:
    team = owner.team.pk

    def said(now: datetime) -> tuple[str, str]:
        found = queries.forecast(team, queries.meter(team, now=now), now=now)
        return found.outlook.value, f"{found.at:%d %b}" if found.at else ""

    spend(owner, 600, "a")
    assert said(NOW + timedelta(days=2)) == ("unknown", "")
    assert said(NOW + timedelta(days=3)) == ("runs_out", "30 Nov")
    assert said(NOW + timedelta(days=20)) == ("lasts", "")
    assert said(NEXT + timedelta(days=1)) == ("lasts", "")  # 600 in 31 days
    spend(owner, 1300, "b", now=NEXT)
    assert said(NEXT + timedelta(days=1)) == ("runs_out", "26 Dec")  # 1,900 in 31 days, 200 left
    assert said(NEXT + timedelta(days=29)) == ("lasts", "")


def test_latest_notices_are_for_who_sees_the_team(owner: Persona, member: Persona) -> None:
    spend(owner, 1450, "a")
    spend(owner, 50, "b")
    assert [(one.kind, one.balance) for one in queries.latest_notices(owner.actor)] == [("exhausted", 0), ("low", 50)]
    with pytest.raises(Forbidden):
        queries.latest_notices(member.actor)


def test_filling_the_sums_gives_what_the_flows_keep(owner: Persona, member: Persona) -> None:
    spend(owner, 4, "a")
    given = spend(member, 5, "b", now=NOW + timedelta(hours=1))
    flows.reverse_pairs(owner.team.pk, given[:2], actor=None, reason="bounced", now=NOW + timedelta(hours=2))
    spend(owner, 1, "c", now=NEXT)
    kept = set(UsageSum.objects.values_list("team", "period_start", "actor", "quarter", "used"))
    assert len(kept) == 3
    UsageSum.objects.update(used=77)
    migration = import_module("sealroom.credits.migrations.0004_fill_usage_sums")
    migration.fill(apps, SimpleNamespace(connection=connection))
    assert set(UsageSum.objects.values_list("team", "period_start", "actor", "quarter", "used")) == kept


def test_check_compares_the_sums_with_the_lines(owner: Persona) -> None:
    spend(owner, 4, "a")
    UsageSum.objects.update(used=5)
    fault = f"team {owner.team.public_id}: 1 sums of usage by quarter of an hour are not those of the lines"
    assert list(queries.ledger_faults()) == [fault]
    UsageSum.objects.all().delete()
    assert list(queries.ledger_faults()) == [fault]


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
