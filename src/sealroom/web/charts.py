# SPDX-License-Identifier: Apache-2.0
"""Geometry of the charts: numbers in, coordinates out. The template draws them; colours stand in the style sheet. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

WIDTH, HEIGHT = 760, 160
LEFT, TOP, BOTTOM = 34, 18, 24


@dataclass(frozen=True)
class Bar:
    """One day's column."""

    day: date
    value: int
    x: float
    y: float
    width: float
    height: float
    middle: float
    label: str
    is_peak: bool
    is_today: bool


@dataclass(frozen=True)
class Line:
    """A line of the grid and its value."""

    y: float
    value: int


@dataclass(frozen=True)
class Chart:
    """A bar chart in the units of its viewBox."""

    width: int
    height: int
    left: int
    floor: float
    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    today_x: float | None


def step_of(most: int) -> int:
    """The distance of the grid's lines: 1, 2, 2.5 or 5 times a power of ten, so that at most four lines stand over the floor.

    >>> [step_of(most) for most in (0, 3, 9, 100, 88, 1200)]
    [1, 1, 5, 25, 25, 500]
    """
    wanted = max(most, 1) / 4
    power = 1
    while True:
        for factor in (1, 2, 2.5, 5):
            step = factor * power
            if step >= wanted and step == int(step):
                return int(step)
        power *= 10


def by_day(used: Mapping[date, int], *, first: date, last: date, today: date) -> Chart:
    """Columns from `first` to `last`, both included. A day on which more came back than was used counts as 0."""
    days = [first + timedelta(days=offset) for offset in range(max((last - first).days, 0) + 1)]
    values = [max(0, used.get(day, 0)) for day in days]
    most = max(values, default=0)
    step = step_of(most)
    top = step * max(1, -(-most // step))
    floor = HEIGHT - BOTTOM
    room = floor - TOP
    slot = (WIDTH - LEFT) / len(days)
    width = min(round(slot * 0.64, 1), 24)
    bars = []
    for index, (day, value) in enumerate(zip(days, values, strict=True)):
        middle = LEFT + slot * (index + 0.5)
        height = room * value / top
        label = str(day.day) if index % 2 == 0 or len(days) <= 16 else ""
        is_peak = value == most and most > 0 and values.index(most) == index
        bars.append(
            Bar(
                day,
                value,
                round(middle - width / 2, 1),
                round(floor - height, 1),
                width,
                round(height, 1),
                round(middle, 1),
                label,
                is_peak,
                day == today,
            )
        )
    lines = tuple(Line(round(floor - room * value / top, 1), value) for value in range(step, top + 1, step))
    today_x = next((round(bar.middle + slot / 2, 1) for bar in bars if bar.is_today), None)
    return Chart(WIDTH, HEIGHT, LEFT, floor, tuple(bars), lines, today_x)
