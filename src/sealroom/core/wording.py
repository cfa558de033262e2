# SPDX-License-Identifier: Apache-2.0
"""How money, numbers, days and the names of currencies and countries are written in a language. Pure: the language is an argument,
so that mails, invoices and pages say the same. The words of the world come from CLDR (Babel); where the product writes otherwise,
it stands here.

Between digits stands the narrow no-break space where CLDR's language has one, before a unit or a sign the wide one; a minus is
U+2212. How many decimals a currency has is `core.money`'s to say, because amounts are kept by it.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal, get_currency_name, get_currency_symbol

from sealroom.core.money import Money, exponent

WIDE_SPACE = "\xa0"
MINUS = "\N{MINUS SIGN}"
# Alone they mean these and no other: a Canadian dollar stays CA$, in French $CA. Where it matters the currency is named beside.
_SIGNS = {"USD": "$", "GBP": "£", "JPY": "¥"}
# CLDR has "dollars des États-Unis"; people say the short form.
_NAMES = {("USD", "fr"): "dollars US"}


def money_text(minor: int, currency: str, language: str) -> str:
    """An amount with its sign.

    >>> money_text(123450, "USD", "en"), money_text(-500, "USD", "en"), money_text(35000, "EUR", "fr")
    ('$1,234.50', '−$5.00', '350,00\\xa0€')
    """
    amount = abs(Money(minor, currency).decimal)
    decimals = exponent(currency)
    digits = _decimal(amount, "#,##0." + "0" * decimals if decimals else "#,##0", language)
    pattern = _locale(language).currency_formats["standard"].pattern
    sign = _SIGNS.get(currency) or get_currency_symbol(currency, locale=_locale(language))
    if pattern.startswith("¤"):
        text = f"{sign}{WIDE_SPACE if sign[-1:].isalpha() else ''}{digits}"
    else:
        text = f"{digits}{WIDE_SPACE}{sign}"
    return f"{MINUS}{text}" if minor < 0 else text


def number_text(value: int | Decimal, language: str) -> str:
    """A number as it stands, grouped, with all its decimals: 1,490 and 8.1, in French 1 490 and 8,1."""
    text = _decimal(abs(Decimal(value)), "#,##0.######", language)
    return f"{MINUS}{text}" if value < 0 else text


def currency_name(code: str, language: str) -> str:
    """What a currency is called, in the plural: "US dollars". The code where nobody has a name for it."""
    return _NAMES.get((code, language)) or get_currency_name(code, count=2, locale=_locale(language))


def country_name(code: str, language: str) -> str:
    """What a country is called. The code where it is none."""
    return str(_locale(language).territories.get(code, code))


def day_text(day: date, language: str, *, with_year: bool = True) -> str:
    """A day with its month shortened: 5 Jan 2027, 5 Jan; no line breaks inside."""
    text: str = format_date(day, "d MMM y" if with_year else "d MMM", locale=_locale(language))
    return text.replace(" ", WIDE_SPACE)


def _decimal(value: Decimal, pattern: str, language: str) -> str:
    return str(format_decimal(value, format=pattern, locale=_locale(language)))


@cache
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")
