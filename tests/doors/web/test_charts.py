# SPDX-License-Identifier: Apache-2.0
"""The geometry of the chart."""

import doctest
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sealroom.web import charts

FIRST = date(2026, 12, 14)


def test_examples_hold() -> None:
    assert doctest.testmod(charts).failed == 0


@given(st.lists(st.integers(-5, 100_000), min_size=1, max_size=31))
def test_bars_stay_inside_and_grow_with_their_value(values: list[int]) -> None:
    used = {FIRST + timedelta(days=index): value for index, value in enumerate(values)}
    chart = charts.by_day(used, first=FIRST, last=FIRST + timedelta(days=len(values) - 1), today=FIRST)
    assert [bar.value for bar in chart.bars] == [max(0, value) for value in values]
    assert all(charts.TOP - 0.1 <= bar.y <= chart.floor and bar.x >= charts.LEFT for bar in chart.bars)
    ordered = sorted(chart.bars, key=lambda bar: bar.value)
    assert [bar.height for bar in ordered] == sorted(bar.height for bar in chart.bars)
    assert len(chart.lines) <= 5


def test_only_one_peak_is_marked() -> None:
    used = {FIRST: 7, FIRST + timedelta(days=1): 7}
    chart = charts.by_day(used, first=FIRST, last=FIRST + timedelta(days=2), today=FIRST + timedelta(days=1))
    assert [bar.is_peak for bar in chart.bars] == [True, False, False]
    assert [bar.is_today for bar in chart.bars] == [False, True, False]


def test_grid_leaves_room_for_its_figures() -> None:
    lefts = [charts.by_day({FIRST: most}, first=FIRST, last=FIRST, today=FIRST).left for most in (9, 900, 9_000, 9_000_000)]
    assert lefts == sorted(lefts)
    assert (lefts[0], lefts[-1]) == (charts.LEFT, 90)


def test_word_of_today_stays_inside() -> None:
    last = FIRST + timedelta(days=30)
    early, late = (charts.by_day({}, first=FIRST, last=last, today=today) for today in (FIRST, last))
    assert (early.word_begins, late.word_begins) == (True, False)


def test_members_are_ranked_and_the_rest_is_one() -> None:
    used = {FIRST: {f"u{number}": number for number in range(1, 10)}, FIRST + timedelta(days=1): {"u9": 1, "u1": -1}}
    shares = charts.by_member(used, first=FIRST, last=FIRST + timedelta(days=2), most=3)
    assert [(row.key, row.heads, row.used) for row in shares.rows] == [("u9", 1, 10), ("u8", 1, 8), ("u7", 1, 7), ("", 5, 20)]
    assert [row.length for row in shares.rows] == [50, 40, 35, 100]
    assert shares.table == ((FIRST, (9, 8, 7, 20), 44), (FIRST + timedelta(days=1), (1, 0, 0, 0), 1))
    assert [[tick.value for tick in row.ticks] for row in shares.rows] == [[9, 1], [8], [7], [20]]


def test_a_single_other_is_named() -> None:
    shares = charts.by_member({FIRST: {"a": 3, "b": 2, "c": 1}}, first=FIRST, last=FIRST, most=2)
    assert [row.key for row in shares.rows] == ["a", "b", "c"]


def test_nobody_used_anything() -> None:
    shares = charts.by_member({FIRST: {"a": 0}}, first=FIRST, last=FIRST)
    assert (shares.rows, shares.table) == ((), ())


@given(st.lists(st.dictionaries(st.sampled_from("abcdefghij"), st.integers(-5, 5_000)), min_size=1, max_size=31), st.integers(1, 6))
def test_strips_stay_inside_and_nothing_is_lost(days: list[dict[str, int]], most: int) -> None:
    used = {FIRST + timedelta(days=index): shares for index, shares in enumerate(days)}
    chart = charts.by_member(used, first=FIRST, last=FIRST + timedelta(days=len(days) - 1), most=most)
    totals = [sum(shares.get(key, 0) for shares in days) for key in "abcdefghij"]
    assert sum(row.used for row in chart.rows) == sum(total for total in totals if total > 0)
    assert len(chart.rows) <= most + 1
    assert sum(row.heads for row in chart.rows) == sum(1 for total in totals if total > 0)
    for row in chart.rows:
        assert 0 < row.length <= 100
        for tick in row.ticks:
            assert 0 <= tick.x < chart.width
            assert 0 <= tick.y <= tick.y + tick.height <= chart.height + 0.1
