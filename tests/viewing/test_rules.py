# SPDX-License-Identifier: Apache-2.0
"""The words of a mark, and how much of a claimed time is believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealroom.access.rules import Viewer, Watermark
from sealroom.core.errors import Invalid
from sealroom.viewing import rules
from sealroom.viewing.rules import Claim, Layout, Look, PageTime, Size

NOW = datetime(2026, 11, 22, 14, 3, 59, tzinfo=UTC)
NADIA = Viewer("nadia@example.com", "Nadia Noor", "203.0.113.7")

LINES = [
    (("email", "time", "ip"), "", NADIA, ("nadia@example.com · 2026-11-22 14:03 UTC · 203.0.113.7",)),
    (("ip", "email", "time"), "", NADIA, ("nadia@example.com · 2026-11-22 14:03 UTC · 203.0.113.7",)),
    (("email",), "", NADIA, ("nadia@example.com",)),
    (("name", "time"), "", NADIA, ("2026-11-22 14:03 UTC", "Nadia Noor")),
    (("email",), "Board only", NADIA, ("nadia@example.com", "Board only")),
    ((), "Board only", NADIA, ("Board only",)),
    (("email", "ip"), "", Viewer("", "", ""), ("2026-11-22 14:03 UTC",)),
    (("name",), "", Viewer("a@example.com", "", ""), ("2026-11-22 14:03 UTC",)),
    (("name",), "", Viewer("", "Eve\u202e\nMallory\u0007", ""), ("Eve Mallory",)),
    (("email",), "", Viewer("a@example.com", "", ""), ("a@example.com",)),
]


@pytest.mark.parametrize(("fields", "text", "viewer", "expected"), LINES)
def test_watermark_lines(fields: tuple[str, ...], text: str, viewer: Viewer, expected: tuple[str, ...]) -> None:
    assert rules.watermark_lines(Watermark(fields=fields, text=text), viewer, now=NOW) == expected


def test_watermark_time_is_utc() -> None:
    paris = NOW.astimezone(timezone(timedelta(hours=1)))
    assert rules.watermark_lines(Watermark(fields=("time",)), NADIA, now=paris) == ("2026-11-22 14:03 UTC",)


CLIPPED = [
    ("short", 10, "short"),
    ("abcdefghij", 10, "abcdefghij"),
    ("abcdefghijk", 10, "abcdef…ijk"),
    ("a" * 5 + "e\u0301" + "b" * 9, 10, "aaaaa…bbb"),
    ("aaaaaa" + "\u200d" + "b" * 20, 10, "aaaaa…bbb"),
]


@pytest.mark.parametrize(("text", "most", "expected"), CLIPPED)
def test_clip_keeps_both_ends(text: str, most: int, expected: str) -> None:
    assert rules.clip(text, most) == expected


@given(st.text(max_size=400), st.integers(10, 100))
def test_clip_is_never_longer(text: str, most: int) -> None:
    assert len(rules.clip(text, most)) <= most


@given(st.text(max_size=300))
def test_one_line_is_one_line(text: str) -> None:
    line = rules.one_line(text)
    assert line.splitlines() in ([], [line])
    assert rules.one_line(line) == line


def test_name_of_300_characters_keeps_its_ends() -> None:
    name = "Wolfeschlegelsteinhausen " * 11 + "the last word of it ends here"
    line = rules.watermark_lines(Watermark(fields=("name",)), Viewer("", name, ""), now=NOW)[0]
    assert (len(line) <= rules.FIELD_CHARACTERS, line.startswith("Wolfeschlegel"), line.endswith("ends here")) == (True, True, True)


SETTINGS = [
    (None, None),
    ({}, Watermark()),
    ({"fields": ["time", "name"]}, Watermark(fields=("name", "time"))),
    ({"fields": [], "text": " Draft\n2 "}, Watermark(fields=(), text="Draft 2")),
    (
        {"size": "large", "color": "#AA0000", "angle": -45, "layout": "center"},
        Watermark(size="large", color="#aa0000", angle=-45, layout="center"),
    ),
]


@pytest.mark.parametrize(("settings", "expected"), SETTINGS)
def test_read_watermark(settings: dict[str, object] | None, expected: Watermark | None) -> None:
    assert rules.read_watermark(settings) == expected


BAD = [
    ({"fields": ["email", "phone"]}, "fields", "invalid"),
    ({"fields": "email"}, "fields", "invalid"),
    ({"fields": []}, "fields", "empty"),
    ({"text": 5}, "text", "invalid"),
    ({"text": "x" * 201}, "text", "invalid"),
    ({"size": "huge"}, "size", "invalid"),
    ({"color": "red"}, "color", "invalid"),
    ({"color": "#ffffff"}, "color", "invalid"),
    ({"angle": 91}, "angle", "invalid"),
    ({"angle": True}, "angle", "invalid"),
    ({"angle": "30"}, "angle", "invalid"),
    ({"layout": "spiral"}, "layout", "invalid"),
    ({"opacity": 0}, "opacity", "unknown"),
]


@pytest.mark.parametrize(("settings", "field", "reason"), BAD)
def test_read_watermark_refuses(settings: dict[str, object], field: str, reason: str) -> None:
    with pytest.raises(Invalid) as caught:
        rules.read_watermark(settings)
    assert caught.value.errors == {f"watermark.{field}": [reason]}


LOOKS = [
    (Watermark(), Look()),
    (Watermark(size="large", color="#102030", angle=-10, layout="edges"), Look(Size.LARGE, (16, 32, 48), -10, Layout.EDGES)),
    (Watermark(size="?", color="grey", angle=500, layout="?"), Look(angle=90)),
    (Watermark(angle=0), Look(angle=0)),
]


@pytest.mark.parametrize(("mark", "look"), LOOKS)
def test_look_of(mark: Watermark, look: Look) -> None:
    assert rules.look_of(mark) == look


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


# pages known {page: (handed out at, believed so far)}, last beat at, now, claims, what is added; the opening starts at 0
BEATS = [
    ("honest", {1: (0, 0)}, 0, 10, [(1, 9_000)], {1: 9_000}),
    ("two pages share the time", {1: (0, 0), 2: (4, 0)}, 0, 10, [(1, 6_000), (2, 4_000)], {1: 6_000, 2: 4_000}),
    ("more than passed", {1: (0, 0)}, 0, 10, [(1, 60_000)], {1: 10_000}),
    ("sum of pages", {1: (0, 0), 2: (0, 0)}, 0, 10, [(1, 8_000), (2, 8_000)], {1: 8_000, 2: 2_000}),
    ("page never handed out", {1: (0, 0)}, 0, 10, [(2, 5_000)], {}),
    ("before it was handed out", {1: (0, 0), 2: (8, 0)}, 0, 10, [(2, 9_000)], {2: 2_000}),
    ("away for an hour", {1: (0, 0)}, 0, 3600, [(1, 3_600_000)], {1: 60_000}),
    ("since the last beat only", {1: (0, 5_000)}, 20, 25, [(1, 20_000)], {1: 5_000}),
    ("two beats at once", {1: (0, 10_000)}, 10, 10, [(1, 10_000)], {}),
    ("two windows", {1: (0, 10_000)}, 5, 10, [(1, 5_000)], {}),
    ("clock went back", {1: (0, 0)}, 20, 10, [(1, 5_000)], {}),
    ("negative", {1: (0, 0)}, 0, 10, [(1, -5_000)], {}),
    ("same page twice", {1: (0, 0)}, 0, 10, [(1, 6_000), (1, 6_000)], {1: 10_000}),
]


@pytest.mark.parametrize(("pages", "last", "now", "claims", "expected"), [row[1:] for row in BEATS], ids=[row[0] for row in BEATS])
def test_believed(
    pages: dict[int, tuple[float, int]], last: float, now: float, claims: list[tuple[int, int]], expected: dict[int, int]
) -> None:
    known = {page: PageTime(at(first), active) for page, (first, active) in pages.items()}
    told = [Claim(page, claimed) for page, claimed in claims]
    assert rules.believed(told, known, started_at=at(0), last_beat_at=at(last), now=at(now)) == expected


_claims = st.lists(st.tuples(st.integers(0, 6), st.integers(-(10**6), 10**12)), max_size=8)
_steps = st.lists(st.tuples(st.floats(-30, 4000), st.integers(1, 5), _claims), max_size=12)


@given(_steps)
def test_believed_time_is_never_longer_than_the_wall_clock(steps: list[tuple[float, int, list[tuple[int, int]]]]) -> None:
    """Whatever a client claims in whatever order, with pages handed out on the way and a clock that may jump back."""
    now = latest = last_beat = 0.0
    first: dict[int, float] = {}
    active: dict[int, int] = {}
    for wait, page, claims in steps:
        now += wait
        latest = max(latest, now)
        first.setdefault(page, now)
        active.setdefault(page, 0)
        known = {page: PageTime(at(first[page]), active[page]) for page in first}
        told = [Claim(*claim) for claim in claims]
        added = rules.believed(told, known, started_at=at(0), last_beat_at=at(last_beat), now=at(now))
        last_beat = max(last_beat, now)
        for seen, milliseconds in added.items():
            assert milliseconds > 0
            active[seen] += milliseconds
            assert active[seen] <= (now - first[seen]) * 1000 + 1
        assert sum(active.values()) <= max(0.0, latest) * 1000 + 1


COMPLETION = [(0, 10, 0), (1, 3, 33), (2, 3, 66), (3, 3, 100), (5, 3, 100), (0, 0, 0), (1, None, 0)]


@pytest.mark.parametrize(("seen", "pages", "expected"), COMPLETION)
def test_completion(seen: int, pages: int | None, expected: int) -> None:
    assert rules.completion(seen, pages) == expected
