# SPDX-License-Identifier: Apache-2.0
"""Money, numbers, days and what is sold, in the words of both languages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import translation

from sealroom.billing.catalogue import DEFAULT, read_catalogue
from sealroom.billing.queries.words import item_words, line_words, quota_words, span_words, tax_words
from sealroom.billing.rules.money import Line, LineKind, Priced, Span, charge, credit, full
from sealroom.billing.rules.offers import Extra
from sealroom.core.wording import country_name, currency_name, day_text, money_text, number_text
from sealroom.httpkit.templatetags import kit

PLANS = {"team": "Team"}
ADDONS = {extra.code: extra for extra in read_catalogue(DEFAULT).addons}
CYCLE = Span(datetime(2026, 11, 14, 9, 30, tzinfo=UTC), datetime(2026, 12, 14, 9, 30, tzinfo=UTC))
LATE = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)  # 18 days before the end


# -- Money -----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("minor", "currency", "english", "french"),
    [
        (35000, "USD", "$350.00", "350,00\xa0$"),
        (35000, "EUR", "€350.00", "350,00\xa0€"),
        (-500, "USD", "−$5.00", "−5,00\xa0$"),
        (0, "USD", "$0.00", "0,00\xa0$"),
        (1, "GBP", "£0.01", "0,01\xa0£"),
        (123_456_789, "USD", "$1,234,567.89", "1\u202f234\u202f567,89\xa0$"),
        (1200, "JPY", "¥1,200", "1\u202f200\xa0¥"),
        (1_234_567, "KWD", "KWD\xa01,234.567", "1\u202f234,567\xa0KWD"),
        (500, "CAD", "CA$5.00", "5,00\xa0$CA"),
        (500, "CHF", "CHF\xa05.00", "5,00\xa0CHF"),
        (5, "XXQ", "XXQ\xa00.05", "0,05\xa0XXQ"),
    ],
)
def test_money_is_written_as_the_language_asks(minor: int, currency: str, english: str, french: str) -> None:
    assert (money_text(minor, currency, "en"), money_text(minor, currency, "fr")) == (english, french)


def test_a_language_nobody_knows_is_english() -> None:
    assert money_text(500, "USD", "xx-yy") == "$5.00"


def test_currencies_and_countries_have_names() -> None:
    assert [currency_name(code, "en") for code in ("USD", "EUR", "XXQ")] == ["US dollars", "euros", "XXQ"]
    assert [currency_name(code, "fr") for code in ("USD", "EUR", "GBP")] == ["dollars US", "euros", "livres sterling"]
    assert [country_name("DE", "en"), country_name("DE", "fr"), country_name("??", "en")] == ["Germany", "Allemagne", "??"]


def test_numbers_keep_their_decimals() -> None:
    assert [number_text(1490, "en"), number_text(Decimal("8.10"), "en"), number_text(-12, "en")] == ["1,490", "8.1", "−12"]
    assert [number_text(1490, "fr"), number_text(Decimal("8.1"), "fr")] == ["1\u202f490", "8,1"]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_days_and_numbers_read_as_on_pages(language: str) -> None:
    days = [date(2027, month, 1) for month in range(1, 13)]
    with translation.override(language):
        assert [day_text(day, language) for day in days] == [kit.day_text(day) for day in days]
        assert day_text(days[0], language, with_year=False) == kit.day_text(days[0], with_year=False)
        assert number_text(1_234_567, language) == kit.number(1_234_567)


def test_pages_write_money_in_the_active_language() -> None:
    page = Template("{% load kit %}{{ amount|money:currency }} {{ currency|currency_name }}{{ nothing|money:currency }}")
    context = Context({"amount": -35000, "currency": "USD", "nothing": None})
    assert page.render(context) == "−$350.00 US dollars"
    with translation.override("fr"):
        assert page.render(context) == "−350,00\xa0$ dollars US"


# -- What is sold ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("item", "quantity", "english", "french"),
    [
        ("plan:team", 1, "Team plan", "Forfait Team"),
        ("plan:gone", 1, "gone plan", "Forfait gone"),
        ("credits", 1, "500 credits", "500 crédits"),
        ("credits", 2, "1,000 credits", "1\u202f000 crédits"),
        ("user", 1, "1 user", "1 utilisateur"),
        ("user", 3, "3 users", "3 utilisateurs"),
        ("data_room", 1, "1 data room", "1 salle de données"),
        ("data_room", 2, "2 data rooms", "2 salles de données"),
        ("guests", 1, "25 guests", "25 invités"),
        ("media", 2, "100 GB of media a month", "100\xa0Go de médias par mois"),
        ("watermark", 1, "Dynamic watermark", "Filigrane dynamique"),
        ("screen_shield", 1, "Screen shield", "Protection d’écran"),
        ("api", 1, "API", "API"),
        ("refund", 1, "Refund", "Remboursement"),
        ("<b>pack</b>", 1, "<b>pack</b>", "<b>pack</b>"),
        ("pack", 1200, "1,200 × pack", "1\u202f200 × pack"),
    ],
)
def test_items_have_words(item: str, quantity: int, english: str, french: str) -> None:
    assert item_words(item, quantity, PLANS, ADDONS) == english
    with translation.override("fr"):
        assert item_words(item, quantity, PLANS, ADDONS) == french


def test_addons_of_an_operator_are_called_by_what_they_add() -> None:
    own = {
        "five": Extra("five", {"users": 5}),
        "box": Extra("box", {"storage_bytes": 250 * 10**9}),
        "both": Extra("both", {"users": 5, "guests": 5}),
        "secret": Extra("secret", feature="secret"),
        "odd": Extra("odd", {"odd": 1}),
    }
    words = [item_words(code, 2, PLANS, own) for code in own]
    assert words == ["10 users", "500 GB of storage", "2 × both", "2 × secret", "2 × odd"]
    assert quota_words("odd", 1) == ""


# -- Why it costs that -------------------------------------------------------------------------------------------------------
def detail(line: Line, currency: str = "USD") -> tuple[str, str]:
    english = line_words(line, currency, PLANS, ADDONS)[1]
    with translation.override("fr"):
        return english, line_words(line, currency, PLANS, ADDONS)[1]


def test_whole_days_are_told_in_days() -> None:
    line = charge(Priced("credits", 2500), cycle=CYCLE, since=LATE)
    assert (line.amount, *detail(line)) == (1500, "18 of 30 days of $25.00", "18\xa0jours sur\xa030, sur\xa025,00\xa0$")
    several = charge(Priced("user", 2500, 3), cycle=CYCLE, since=LATE)
    assert detail(several)[0] == "18 of 30 days of $75.00"
    last = charge(Priced("user", 2500), cycle=CYCLE, since=CYCLE.end - timedelta(days=1))
    assert detail(last) == ("1 of 30 days of $25.00", "1\xa0jour sur\xa030, sur\xa025,00\xa0$")


def test_seconds_that_change_no_cent_are_rounded_away() -> None:
    line = charge(Priced("credits", 2500), cycle=CYCLE, since=LATE + timedelta(seconds=20))
    assert detail(line)[0] == "18 of 30 days of $25.00"


def test_a_span_that_is_no_whole_days_is_told_by_its_moments() -> None:
    line = charge(Priced("credits", 2500), cycle=CYCLE, since=datetime(2026, 11, 26, 14, 3, tzinfo=UTC))
    english, french = detail(line)
    assert english == "26\xa0Nov, 14:03 to 14\xa0Dec\xa02026, 09:30 UTC, of $25.00"
    assert french == "Du 26\xa0nov. à 14\xa0h\xa003 au 14\xa0déc.\xa02026 à 9\xa0h\xa030 UTC, sur\xa025,00\xa0$"


def test_a_share_of_nothing_is_told_by_its_moments() -> None:
    line = charge(Priced("credits", 2500), cycle=CYCLE, since=CYCLE.end - timedelta(seconds=1))
    assert (line.amount, detail(line)[0]) == (0, "14\xa0Dec, 09:29 to 14\xa0Dec\xa02026, 09:30 UTC, of $25.00")


def test_unused_time_is_told_and_a_capped_credit_names_no_price() -> None:
    line = credit(Priced("plan:team", 35000), cycle=CYCLE, since=LATE)
    assert detail(line) == (
        "Unused time: 18 of 30 days of $350.00",
        "Temps non utilisé\u202f: 18\xa0jours sur\xa030, sur\xa0350,00\xa0$",
    )
    capped = credit(Priced("plan:team", 35000, paid=100), cycle=CYCLE, since=LATE)
    assert detail(capped)[0] == "Unused time: 26\xa0Nov, 09:30 to 14\xa0Dec\xa02026, 09:30 UTC"


@pytest.mark.parametrize(
    ("start", "end", "days", "of"),
    [
        (datetime(2027, 1, 31, tzinfo=UTC), datetime(2027, 2, 28, tzinfo=UTC), 14, 28),
        (datetime(2027, 1, 29, tzinfo=UTC), datetime(2027, 2, 28, tzinfo=UTC), 15, 30),
        (datetime(2027, 2, 28, tzinfo=UTC), datetime(2027, 3, 31, tzinfo=UTC), 10, 31),
        (datetime(2026, 12, 14, tzinfo=UTC), datetime(2027, 12, 14, tzinfo=UTC), 100, 365),
        (datetime(2027, 12, 31, tzinfo=UTC), datetime(2028, 12, 31, tzinfo=UTC), 100, 366),
    ],
)
def test_days_are_those_of_the_cycle_that_was_billed(start: datetime, end: datetime, days: int, of: int) -> None:
    line = charge(Priced("plan:team", 294_000), cycle=Span(start, end), since=end - timedelta(days=days))
    assert detail(line)[0] == f"{days} of {of} days of $2,940.00"


def test_a_cycle_is_told_by_its_first_and_last_day() -> None:
    month = full(Priced("plan:team", 35000), cycle=Span(datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)))
    assert detail(month) == ("1\xa0Dec to 31\xa0Dec\xa02026", "Du 1\xa0déc. au 31\xa0déc.\xa02026")
    assert span_words(CYCLE.start, CYCLE.end) == "14\xa0Nov to 13\xa0Dec\xa02026"
    year = Span(datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 12, 1, tzinfo=UTC))
    assert span_words(year.start, year.end) == "1\xa0Dec\xa02026 to 30\xa0Nov\xa02027"


def test_blocks_given_up_before_their_term_say_why() -> None:
    following = Span(CYCLE.end, datetime(2027, 1, 14, 9, 30, tzinfo=UTC))
    line = full(Priced("credits", 2500, 2), cycle=following, kind=LineKind.TERM)
    assert detail(line) == (
        "Next cycle, 14\xa0Dec\xa02026 to 13\xa0Jan\xa02027, because these credits are given up before their term",
        "Cycle suivant, du 14\xa0déc.\xa02026 au 13\xa0janv.\xa02027, car ces crédits sont rendus avant leur terme",
    )


def test_a_refund_is_called_one() -> None:
    line = Line(LineKind.REFUND, "refund", -5000, 1, -5000, LATE, LATE)
    assert line_words(line, "USD", PLANS, ADDONS) == ("Refund", "Paid back")


def test_taxes_have_words() -> None:
    assert [tax_words("VAT", "20"), tax_words("MwSt", "8.1")] == ["VAT 20%", "MwSt 8.1%"]
    with translation.override("fr"):
        assert [tax_words("TVA", "20"), tax_words("TVA", "8.1")] == ["TVA 20\u202f%", "TVA 8,1\u202f%"]
