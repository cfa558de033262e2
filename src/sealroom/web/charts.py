# SPDX-License-Identifier: Apache-2.0
"""Geometry of the charts: numbers in, coordinates out. The template draws them; colours stand in the style sheet. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

WIDTH, HEIGHT = 760, 160
LEFT, TOP, BOTTOM = 34, 18, 24
MOST_SHARES = 6
TICK, STRIP_HEIGHT = 6, 22


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

    @property
    def word_x(self) -> float:
        """Where the word beside the line of today begins, or ends when it would not fit before the edge."""
        return (self.today_x or 0) + (6 if self.word_begins else -6)

    @property
    def word_begins(self) -> bool:
        """Whether there is room for that word after the line."""
        return (self.today_x or 0) < self.width - 90


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
    left = max(LEFT, 10 + 8 * len(f"{top:,}"))  # the figures of the grid stand before it
    slot = (WIDTH - left) / len(days)
    width = min(round(slot * 0.64, 1), 24)
    bars = []
    for index, (day, value) in enumerate(zip(days, values, strict=True)):
        middle = left + slot * (index + 0.5)
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
    return Chart(WIDTH, HEIGHT, left, floor, tuple(bars), lines, today_x)


@dataclass(frozen=True)
class Tick:
    """One day of a member's strip."""

    day: date
    value: int
    x: int
    y: float
    height: float


@dataclass(frozen=True)
class Share:
    """What one member used: `key` is theirs, "" for `heads` others together. `percent` is of the whole, `length` the bar's, of the
    longest one's 100."""

    key: str
    heads: int
    used: int
    percent: int
    length: float
    ticks: tuple[Tick, ...]


@dataclass(frozen=True)
class Shares:
    """Members by what they used, most first; all strips have one scale. `table` has a row of the same figures for each day."""

    width: int
    height: int
    rows: tuple[Share, ...]
    table: tuple[tuple[date, tuple[int, ...], int], ...]


def by_member(used: Mapping[date, Mapping[str, int]], *, first: date, last: date, most: int = MOST_SHARES) -> Shares:
    """The members who used most, each with a bar and a strip of days, and the others as one. A single other is named, not counted.
    Who got back more than was used counts as 0 and is left out."""
    totals: dict[str, int] = {}
    for shares in used.values():
        for key, value in shares.items():
            totals[key] = totals.get(key, 0) + value
    ranked = sorted((key for key, total in totals.items() if total > 0), key=lambda key: (-totals[key], key))
    groups: list[tuple[str, ...]] = [(key,) for key in ranked]
    if len(ranked) > most + 1:
        groups = [*groups[:most], tuple(ranked[most:])]
    days = [first + timedelta(days=offset) for offset in range(max((last - first).days, 0) + 1)]
    values = [[max(0, sum(used.get(day, {}).get(key, 0) for key in group)) for day in days] for group in groups]
    sums = [sum(totals[key] for key in group) for group in groups]
    tallest, longest, whole = max(map(max, values), default=0), max(sums, default=0), sum(sums)
    rows = tuple(
        Share(
            key=group[0] if len(group) == 1 else "",
            heads=len(group),
            used=total,
            percent=round(100 * total / whole),
            length=round(100 * total / longest, 1),
            ticks=_ticks(days, of_day, max(tallest, 1)),
        )
        for group, total, of_day in zip(groups, sums, values, strict=True)
    )
    by_day = zip(days, zip(*values, strict=True), strict=True) if values else ()
    table = tuple((day, row, sum(row)) for day, row in by_day if any(row))
    return Shares(TICK * len(days), STRIP_HEIGHT, rows, table)


def _ticks(days: list[date], values: list[int], tallest: int) -> tuple[Tick, ...]:
    heights = [round(max(STRIP_HEIGHT * value / tallest, 1.5), 1) for value in values]
    return tuple(
        Tick(day, value, TICK * place, round(STRIP_HEIGHT - height, 1), height)
        for place, (day, value, height) in enumerate(zip(days, values, heights, strict=True))
        if value
    )
