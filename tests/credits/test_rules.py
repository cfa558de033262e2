# SPDX-License-Identifier: Apache-2.0
"""Boundaries, lots, rolls and notices, case by case."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealroom.credits import rules
from sealroom.credits.rules import Books, LotKind, NoticeKind, OpenLot, Outlook, Period, Spell, Step


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("anchor", "n", "interval", "expected"),
    [
        ("2026-01-15", 0, "month", "2026-01-15"),
        ("2026-01-31", 1, "month", "2026-02-28"),
        ("2026-01-31", 2, "month", "2026-03-31"),
        ("2026-01-31", 3, "month", "2026-04-30"),
        ("2028-01-31", 1, "month", "2028-02-29"),
        ("2026-01-29", 1, "month", "2026-02-28"),
        ("2026-01-30", 13, "month", "2027-02-28"),
        ("2026-12-05", 1, "month", "2027-01-05"),
        ("2026-03-31", -1, "month", "2026-02-28"),
        ("2028-02-29", 1, "year", "2029-02-28"),
        ("2028-02-29", 3, "year", "2031-02-28"),
        ("2028-02-29", 4, "year", "2032-02-29"),
        ("2096-02-29", 4, "year", "2100-02-28"),
    ],
)
def test_boundary_keeps_the_anchor_day(anchor: str, n: int, interval: str, expected: str) -> None:
    assert rules.boundary(date.fromisoformat(anchor), n, interval) == date.fromisoformat(expected)


def test_boundary_keeps_the_time_of_day() -> None:
    assert rules.boundary(at("2026-01-31T15:04:05"), 1) == at("2026-02-28T15:04:05")


@pytest.mark.parametrize(
    ("now", "n", "start", "end"),
    [
        ("2026-01-31T08:00:00", 0, "2026-01-31T08:00:00", "2026-02-28T08:00:00"),
        ("2026-02-28T07:59:59.999999", 0, "2026-01-31T08:00:00", "2026-02-28T08:00:00"),
        ("2026-02-28T08:00:00", 1, "2026-02-28T08:00:00", "2026-03-31T08:00:00"),
        ("2026-03-28T08:00:00", 1, "2026-02-28T08:00:00", "2026-03-31T08:00:00"),
        ("2026-03-31T08:00:00", 2, "2026-03-31T08:00:00", "2026-04-30T08:00:00"),
        ("2026-01-31T07:59:59", -1, "2025-12-31T08:00:00", "2026-01-31T08:00:00"),
    ],
)
def test_containing_is_half_open(now: str, n: int, start: str, end: str) -> None:
    assert rules.containing(at("2026-01-31T08:00:00"), at(now)) == (n, at(start), at(end))


_FIRST, _LAST = datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2090-01-01")
instants = st.datetimes(min_value=_FIRST, max_value=_LAST, timezones=st.just(UTC))


@given(anchor=instants, now=instants, interval=st.sampled_from(["month", "year"]))
def test_containing_period_holds_its_instant(anchor: datetime, now: datetime, interval: str) -> None:
    n, start, end = rules.containing(anchor, now, interval)
    assert start <= now < end
    assert (start, end) == (rules.boundary(anchor, n, interval), rules.boundary(anchor, n + 1, interval))


@given(anchor=instants, n=st.integers(-20, 60))
def test_annual_boundaries_are_monthly_ones(anchor: datetime, n: int) -> None:
    assert rules.boundary(anchor, n, "year") == rules.boundary(anchor, 12 * n)


T0, T1 = at("2026-03-10T00:00:00"), at("2026-04-10T00:00:00")


@pytest.mark.parametrize(
    ("steps", "now", "expected"),
    [
        ([Step(T0, 500, T0)], "2026-03-20T00:00:00", Period(T0, T1, 500)),
        ([Step(T0, 500, T0)], "2026-06-10T00:00:00", Period(at("2026-06-10T00:00:00"), at("2026-07-10T00:00:00"), 500)),
        # An amount planned inside a period counts from the next one.
        ([Step(T0, 500, T0), Step(at("2026-03-15T00:00:00"), 900, T0)], "2026-03-20T00:00:00", Period(T0, T1, 500)),
        (
            [Step(T0, 500, T0), Step(at("2026-03-15T00:00:00"), 900, T0)],
            "2026-04-10T00:00:00",
            Period(T1, at("2026-05-10T00:00:00"), 900),
        ),
        # A new cycle cuts the period it falls into.
        (
            [Step(T0, 100, T0), Step(at("2026-03-17T00:00:00"), 0, at("2026-03-17T00:00:00"))],
            "2026-03-12T00:00:00",
            Period(T0, at("2026-03-17T00:00:00"), 100),
        ),
        (
            [Step(T0, 100, T0), Step(at("2026-03-17T00:00:00"), 0, at("2026-03-17T00:00:00"))],
            "2026-03-17T00:00:00",
            Period(at("2026-03-17T00:00:00"), at("2026-04-17T00:00:00"), 0),
        ),
    ],
)
def test_period_follows_the_steps(steps: list[Step], now: str, expected: Period) -> None:
    assert rules.period_at(steps, at(now)) == expected


def lot(
    number: int, remaining: int, *, kind: str = LotKind.PERIOD, expires: datetime | None = T1, issued: datetime = T0
) -> OpenLot:
    return OpenLot(number, kind, remaining, issued, expires)


def test_lots_that_expire_first_are_spent_first() -> None:
    never = lot(1, 5, kind=LotKind.PROMO, expires=None)
    later = lot(2, 5)
    older = lot(3, 5, issued=T0 - timedelta(days=1))
    first = lot(4, 5, kind=LotKind.PROMO, expires=T1 - timedelta(days=1))
    assert [one.id for one in rules.spending_order([never, later, older, first])] == [4, 3, 2, 1]
    assert rules.draw([never, later, older, first], 12) == [(4, 5), (3, 5), (2, 2)]


def test_draw_refuses_more_than_there_is() -> None:
    with pytest.raises(ValueError, match="less than the balance"):
        rules.draw([lot(1, 5)], 6)


def test_roll_after_missed_periods_is_one_issue() -> None:
    books = Books(balance=37, period_start=T0, period_end=T1, allowance=100, used=70, promo=7)
    lots = [lot(1, 30), lot(2, 7, kind=LotKind.PROMO, expires=None)]
    now = at("2026-07-01T00:00:00")
    period = rules.period_at([Step(T0, 100, T0)], now)
    rolled = rules.roll(books, lots, period, now)
    assert rolled.expired == (rules.Expiry(1, 30, T1),)
    assert rolled.entered == Period(at("2026-06-10T00:00:00"), at("2026-07-10T00:00:00"), 100)
    assert rolled.books == Books(107, at("2026-06-10T00:00:00"), at("2026-07-10T00:00:00"), 100, used=0, promo=7)
    assert rules.roll(rolled.books, [lot(3, 100, expires=at("2026-07-10T00:00:00")), lots[1]], None, now).books == rolled.books


def test_promotion_that_ends_inside_a_period_leaves_the_books() -> None:
    books = Books(balance=130, period_start=T0, period_end=T1, allowance=100, used=10, promo=40)
    ending = lot(2, 30, kind=LotKind.PROMO, expires=at("2026-03-20T00:00:00"))
    rolled = rules.roll(books, [lot(1, 100), ending], None, at("2026-03-20T00:00:00"))
    assert (rolled.books.balance, rolled.books.promo, rolled.books.used) == (100, 10, 10)
    assert rolled.mid_period == (130, 100)


@pytest.mark.parametrize(
    ("before", "after", "allowance", "told", "expected"),
    [
        (110, 100, 500, (), None),
        (100, 99, 500, (), NoticeKind.LOW),
        (99, 98, 500, (), None),
        (150, 90, 500, (NoticeKind.LOW,), None),
        (150, 0, 500, (), NoticeKind.EXHAUSTED),
        (5, 0, 500, (NoticeKind.LOW,), NoticeKind.EXHAUSTED),
        (5, 0, 500, (NoticeKind.EXHAUSTED,), None),
        (150, 90, 99, (), None),
        (50, 0, 99, (), NoticeKind.EXHAUSTED),
        (100, 99, 100, (), NoticeKind.LOW),
        (0, 0, 100, (), None),
    ],
)
def test_notice_is_raised_once_per_crossing(
    before: int, after: int, allowance: int, told: tuple[NoticeKind, ...], expected: NoticeKind | None
) -> None:
    assert rules.crossed(before, after, threshold=100, allowance=allowance, told=frozenset(told)) == expected


@pytest.mark.parametrize(
    ("balance", "expected"),
    [(0, []), (1, [NoticeKind.EXHAUSTED]), (99, [NoticeKind.EXHAUSTED]), (100, [NoticeKind.EXHAUSTED, NoticeKind.LOW])],
)
def test_notices_are_rearmed_by_the_balance(balance: int, expected: list[NoticeKind]) -> None:
    assert rules.rearmed(balance, 100) == expected


# -- Usage by day --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "zone", ["Europe/Paris", "Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham", "America/Santiago", "UTC"]
)
@given(instant=st.integers(0, 10 * 365 * 86_400).map(lambda second: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=second)))
def test_quarters_give_the_days_of_every_zone(zone: str, instant: datetime) -> None:
    local = ZoneInfo(zone)
    first = instant.date() - timedelta(days=3)
    days = rules.day_quarters(first, first + timedelta(days=7), local)
    quarter = rules.quarter_of(instant)
    (found,) = [day for (day, begins), (_, ends) in pairwise(days) if begins <= quarter < ends]
    assert found == instant.astimezone(local).date()


def test_every_zone_is_whole_quarters_from_utc() -> None:
    """What the sums of usage rest on; a zone of another kind would fail here."""
    moments = [datetime(year, month, 1, tzinfo=UTC) for year in range(2015, 2036) for month in (1, 4, 7, 10)]
    odd = {
        name
        for name in available_timezones()
        for moment in moments
        if (moment.astimezone(ZoneInfo(name)).utcoffset() or timedelta()) % rules.QUARTER
    }
    assert odd == set()


# -- How long the credits last -------------------------------------------------------------------------------------------
FIRST, RESET = at("2026-03-01T10:00:00"), at("2026-04-01T10:00:00")


def outlook(available: int, used: int, now: str, before: tuple[int, int] | None = None) -> tuple[str, str]:
    """(what is said, the day); `before` is (used, days) of the period before."""
    past = Spell(before[0], timedelta(days=before[1])) if before else None
    found = rules.forecast(available, Spell(used, at(now) - FIRST), past, now=at(now), end=RESET)
    return found.outlook.value, f"{found.at:%d %b}" if found.at else ""


@pytest.mark.parametrize(
    ("available", "used", "now", "before", "expected"),
    [
        (100, 100, "2026-03-11T10:00:00", None, ("runs_out", "21 Mar")),
        (210, 100, "2026-03-11T10:00:00", None, ("lasts", "")),
        (209, 100, "2026-03-11T10:00:00", None, ("runs_out", "01 Apr")),
        (100, 0, "2026-03-11T10:00:00", None, ("lasts", "")),
        (0, 100, "2026-03-11T10:00:00", None, ("used_up", "")),
        (100, 50, "2026-03-04T09:59:59", None, ("unknown", "")),
        (100, 50, "2026-03-04T10:00:00", None, ("runs_out", "10 Mar")),
        (100, 10, "2026-03-03T10:00:00", (290, 28), ("runs_out", "13 Mar")),  # 300 in 30 days
        (1000, 10, "2026-03-03T10:00:00", (290, 28), ("lasts", "")),
        (100, 10, "2026-03-02T10:00:00", (20, 1), ("unknown", "")),  # two days in all
        (100, 100, "2026-03-11T10:00:00", (9000, 28), ("runs_out", "21 Mar")),  # no longer asked
        (100, 0, "2026-03-01T10:00:00", (0, 28), ("lasts", "")),
    ],
)
def test_forecast(available: int, used: int, now: str, before: tuple[int, int] | None, expected: tuple[str, str]) -> None:
    assert outlook(available, used, now, before) == expected


spells = st.builds(Spell, st.integers(0, 10**9), st.integers(0, 40 * 86_400).map(lambda s: timedelta(seconds=s)))
lefts = st.integers(1, 10**9)


def _at(found: rules.Forecast, end: datetime) -> datetime | None:
    """When it ends, the reset at the latest; None when nothing is said."""
    return None if found.outlook is Outlook.UNKNOWN else found.at or end


@given(lefts, spells, st.none() | spells, st.integers(1, 31 * 86_400), st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)))
def test_forecast_is_within_the_period_and_goes_the_right_way(
    left: int, spell: Spell, before: Spell | None, ahead: int, more: tuple[int, int]
) -> None:
    more_left, more_used = more
    now = at("2026-03-11T10:00:00")
    end = now + timedelta(seconds=ahead)
    found = rules.forecast(left, spell, before, now=now, end=end)
    assert (found.at is not None) == (found.outlook is Outlook.RUNS_OUT)
    if found.at is not None:
        assert now <= found.at < end
    richer = _at(rules.forecast(left + more_left, spell, before, now=now, end=end), end)
    busier = _at(rules.forecast(left, Spell(spell.used + more_used, spell.length), before, now=now, end=end), end)
    said = _at(found, end)
    if said is not None and richer is not None and busier is not None:
        assert busier <= said <= richer
    assert (said is None) == (richer is None) == (busier is None)
