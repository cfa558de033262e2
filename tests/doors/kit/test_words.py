# SPDX-License-Identifier: Apache-2.0
"""Numbers, sizes, lengths of time and moments in both languages, to the kind of space between them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from sealroom.httpkit.templatetags import kit

NOW = datetime(2027, 1, 5, 9, 37, 12, tzinfo=UTC)
THIN = "\u202f"
WIDE = "\xa0"


@pytest.mark.parametrize(
    ("value", "places", "english", "french"),
    [
        (0, 0, "0", "0"),
        (999, 0, "999", "999"),
        (1428, 0, "1,428", f"1{THIN}428"),
        (1234567, 0, "1,234,567", f"1{THIN}234{THIN}567"),
        (-12, 0, "−12", "−12"),
        ("18.25", 1, "18.3", "18,3"),
        ("-0.004", 2, "0.00", "0,00"),
        (None, 0, "", ""),
    ],
)
def test_number_is_written_in_the_language(value: int | str | None, places: int, english: str, french: str) -> None:
    with translation.override("en"):
        assert kit.number(value, places) == english
    with translation.override("fr"):
        assert kit.number(value, places) == french


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_number_keeps_every_digit(value: int) -> None:
    with translation.override("fr"):
        assert int(kit.number(value).replace(THIN, "").replace("−", "-")) == value


@pytest.mark.parametrize(("value", "text"), [(3, "+3"), (0, "0"), (-1200, "−1,200")])
def test_signed_shows_the_direction(value: int, text: str) -> None:
    assert kit.signed(value) == text


@pytest.mark.parametrize(
    ("size", "english", "french"),
    [
        (0, f"0{WIDE}B", f"0{WIDE}o"),
        (999, f"999{WIDE}B", f"999{WIDE}o"),
        (1_800_000, f"1.8{WIDE}MB", f"1,8{WIDE}Mo"),
        (2_000_000_000, f"2{WIDE}GB", f"2{WIDE}Go"),
        (68_400_000, f"68.4{WIDE}MB", f"68,4{WIDE}Mo"),
        (999_600, f"1.0{WIDE}MB", f"1,0{WIDE}Mo"),
    ],
)
def test_size_is_written_in_the_unit_people_read(size: int, english: str, french: str) -> None:
    with translation.override("en"):
        assert kit.human_size(size) == english
    with translation.override("fr"):
        assert kit.human_size(size) == french


@pytest.mark.parametrize(
    ("seconds", "english", "french"),
    [
        (0, f"0{WIDE}s", f"0{WIDE}s"),
        (59.9, f"59{WIDE}s", f"59{WIDE}s"),
        (60, f"1{WIDE}min", f"1{WIDE}min"),
        (680, f"11{WIDE}min 20{WIDE}s", f"11{WIDE}min 20{WIDE}s"),
        (7_800, f"2{WIDE}h 10{WIDE}min", f"2{WIDE}h 10{WIDE}min"),
        (86_400, f"1{WIDE}day", f"1{WIDE}jour"),
        (273_600, f"3{WIDE}days 4{WIDE}h", f"3{WIDE}jours 4{WIDE}h"),
        (-5, f"0{WIDE}s", f"0{WIDE}s"),
    ],
)
def test_duration_names_its_two_largest_units(seconds: float, english: str, french: str) -> None:
    with translation.override("en"):
        assert kit.duration(seconds) == english
    with translation.override("fr"):
        assert kit.duration(seconds) == french


@pytest.mark.parametrize(
    ("count", "english", "french"),
    [(0, "0 credits", f"0{WIDE}crédit"), (1, "1 credit", f"1{WIDE}crédit"), (1490, "1,490 credits", f"1{THIN}490{WIDE}crédits")],
)
def test_credits_agree_in_number(count: int, english: str, french: str) -> None:
    with translation.override("en"):
        assert kit.credit_count(count) == english
    with translation.override("fr"):
        assert kit.credit_count(count) == french


def test_percent_has_its_narrow_space_in_french() -> None:
    with translation.override("en"):
        assert kit.percent(43) == "43%"
    with translation.override("fr"):
        assert kit.percent(43) == f"43{THIN}%"


@pytest.mark.parametrize(
    ("style", "english", "french"),
    [
        ("moment", "Today, 10:37", f"Aujourd’hui à 10{WIDE}h{WIDE}37"),
        ("date", f"5{WIDE}Jan", f"5{WIDE}janv."),
        ("time", "10:37", f"10{WIDE}h{WIDE}37"),
        ("full", f"5{WIDE}January{WIDE}2027, 10:37", f"5{WIDE}janvier{WIDE}2027 à 10{WIDE}h{WIDE}37"),
    ],
)
def test_moment_is_written_in_the_active_zone_with_utc_beside(style: str, english: str, french: str) -> None:
    for language, text in (("en", english), ("fr", french)):
        with translation.override(language), timezone.override("Europe/Paris"):
            shown = kit.local_time(NOW, style, now=NOW)
        assert shown == f'<time datetime="2027-01-05T09:37:12Z" title="2027-01-05 09:37:12 UTC">{text}</time>'


def test_moment_of_another_year_names_it() -> None:
    assert kit.moment_text(datetime(2025, 12, 14, 9, tzinfo=UTC), "date", now=NOW) == f"14{WIDE}Dec{WIDE}2025"


def test_moment_for_an_unknown_zone_is_marked_for_the_browser() -> None:
    assert 'data-local="full" data-today="Today"' in kit.local_time(NOW, "full", browser=True, now=NOW)


def test_day_has_every_french_month_abbreviated_as_printers_do() -> None:
    with translation.override("fr"):
        days = [kit.day_text(date(2027, month, 1), with_year=False).split(WIDE)[1] for month in range(1, 13)]

    assert days == ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."]


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Team admin", "TA"), ("nadia@example.com", "N"), ("Ana de la Cruz", "AC"), ("", "?"), ("(Zoë) ", "?"), (None, "?")],
)
def test_initials_are_at_most_two_letters(name: str | None, letters: str) -> None:
    assert kit.initials(name) == letters
