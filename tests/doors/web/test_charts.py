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
