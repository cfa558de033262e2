# SPDX-License-Identifier: Apache-2.0
"""Reading the operator's catalogue file: plans, add-ons, currencies, tax rates. What is off is told in one sentence naming the
place."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from sealroom.billing.rules.money import Rate
from sealroom.billing.rules.offers import FEATURES, FREE, MONTHS, Extra, Offer
from sealroom.core.money import is_currency, minor_units

DEFAULT = Path(__file__).with_name("catalogue.toml")
GB = 10**9
_CODE = re.compile(r"[a-z][a-z0-9_]{0,19}")
_PERCENT = re.compile(r"[0-9]{1,2}(\.[0-9]{1,4})?")
_PLAN_NUMBERS = ("credits", "users", "data_rooms", "guests", "storage_gb", "media_gb")
_ADDS = ("credits", "users", "data_rooms", "guests", "storage_gb", "media_gb")
_MOST = 10**9
_MOST_DAYS = 3650


class BadCatalogue(ValueError):
    """The file cannot be used; the message is a sentence for the operator."""


@dataclass(frozen=True)
class Catalogue:
    """What an installation sells. The first currency is every new team's."""

    currencies: tuple[str, ...]
    plans: tuple[Offer, ...]
    addons: tuple[Extra, ...]
    taxes: tuple[Rate, ...]


def read_catalogue(path: Path) -> Catalogue:
    """Read and check a file. Raises `BadCatalogue`."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadCatalogue(f"{path.name} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadCatalogue(f"{path.name} is not TOML: {error}.") from error
    return parse(content)


def parse(content: Mapping[str, Any]) -> Catalogue:
    """Check the content of a file. Raises `BadCatalogue`."""
    _known(content, {"currencies", "plans", "addons", "taxes"}, "the catalogue")
    currencies = tuple(_list(content, "currencies", "the catalogue"))
    if not currencies or not all(is_currency(one) for one in currencies) or len(set(currencies)) < len(currencies):
        raise BadCatalogue("currencies is a list of ISO codes such as USD, each once.")
    plans = tuple(_plan(one, currencies) for one in _tables(content, "plans"))
    addons = tuple(_addon(one, currencies) for one in _tables(content, "addons"))
    for kind, codes in (("plan", [one.code for one in plans]), ("add-on", [one.code for one in addons])):
        if len(set(codes)) < len(codes):
            raise BadCatalogue(f"Two of the {kind}s have the same code.")
    _check_free(plans)
    taxes = tuple(_tax(one) for one in _tables(content, "taxes"))
    for tax in taxes:
        if sum((one.country, one.name) == (tax.country, tax.name) for one in taxes) > 1:
            raise BadCatalogue(f"tax {tax.name} stands twice for {tax.country}.")
    return Catalogue(currencies, plans, addons, taxes)


def _check_free(plans: tuple[Offer, ...]) -> None:
    """What a cancelled team has costs nothing and does not end."""
    free = next((one for one in plans if one.code == FREE), None)
    if free is None:
        raise BadCatalogue(f"The plan {FREE!r} is missing: it is what a cancelled team has.")
    if free.sold or free.trial_days:
        raise BadCatalogue(f"plan {FREE}: it is what a cancelled team has, so it has neither prices nor trial_days.")


def tax_rows(taxes: tuple[Rate, ...]) -> list[dict[str, object]]:
    """Tax rates as they are kept."""
    return [
        {"country": one.country, "name": one.name, "percent": str(one.percent), "reverse_charge": one.reverse_charge}
        for one in taxes
    ]


def rates_of(rows: list[dict[str, Any]]) -> dict[str, list[Rate]]:
    """Kept tax rates by country."""
    rates: dict[str, list[Rate]] = {}
    for row in rows:
        rate = Rate(row["country"], row["name"], Fraction(row["percent"]), row["reverse_charge"])
        rates.setdefault(rate.country, []).append(rate)
    return rates


def _plan(given: Mapping[str, Any], currencies: tuple[str, ...]) -> Offer:
    code = _code(given, "a plan")
    where = f"plan {code}"
    _known(given, {"code", "name", "features", "trial_days", "prices", "addons", *_PLAN_NUMBERS}, where)
    numbers = {name: _number(given, name, where) for name in _PLAN_NUMBERS}
    prices = given.get("prices", {})
    if not isinstance(prices, dict):
        raise BadCatalogue(f"{where}: prices are given by currency.")
    return Offer(
        code=code,
        name=_text(given, "name", where),
        credits=numbers["credits"],
        users=numbers["users"],
        data_rooms=numbers["data_rooms"],
        guests=numbers["guests"],
        storage_bytes=numbers["storage_gb"] * GB,
        media_bytes=numbers["media_gb"] * GB,
        features=_features(_list(given, "features", where), where),
        trial_days=_number({"trial_days": 0, **given}, "trial_days", where, most=_MOST_DAYS),
        prices=_prices(prices, currencies, where),
        addons=_flag(given, "addons", where, default=True),
    )


def _addon(given: Mapping[str, Any], currencies: tuple[str, ...]) -> Extra:
    code = _code(given, "an add-on")
    where = f"add-on {code}"
    _known(given, {"code", "adds", "feature", "prices"}, where)
    adds = given.get("adds", {})
    if not isinstance(adds, dict) or bool(adds) == bool(given.get("feature")):
        raise BadCatalogue(f"{where} either adds numbers or is a feature.")
    _known(adds, set(_ADDS), where)
    numbers = {name: _number(adds, name, where) for name in adds}
    prices = given.get("prices", {})
    if not isinstance(prices, dict):
        raise BadCatalogue(f"{where}: prices are given by currency.")
    monthly = {currency: {"month": price} for currency, price in prices.items()}
    parsed = {currency: by["month"] for currency, by in _prices(monthly, currencies, where, intervals=("month",)).items()}
    return Extra(
        code,
        {_in_bytes(name): number * (GB if name.endswith("_gb") else 1) for name, number in numbers.items()},
        _features([_text(given, "feature", where)], where)[0] if "feature" in given else "",
        {currency: {interval: price * months for interval, months in MONTHS.items()} for currency, price in parsed.items()},
    )


def _features(names: list[str], where: str) -> tuple[str, ...]:
    for name in names:
        if name not in FEATURES:
            raise BadCatalogue(f"{where}: {name!r} is none of the features {', '.join(FEATURES)}.")
    if len(set(names)) < len(names):
        raise BadCatalogue(f"{where} names a feature twice.")
    return tuple(names)


def _in_bytes(name: str) -> str:
    return f"{name.removesuffix('_gb')}_bytes" if name.endswith("_gb") else name


def _prices(
    given: Mapping[str, Any], currencies: tuple[str, ...], where: str, *, intervals: tuple[str, ...] = tuple(MONTHS)
) -> dict[str, dict[str, int]]:
    if given and set(given) != set(currencies):
        raise BadCatalogue(f"{where} needs a price in each of {', '.join(currencies)}, or none at all.")
    prices: dict[str, dict[str, int]] = {}
    for currency, by_interval in given.items():
        if not isinstance(by_interval, dict) or set(by_interval) != set(intervals):
            raise BadCatalogue(f"{where}: the price in {currency} is given for {' and '.join(intervals)}.")
        try:
            prices[currency] = {interval: minor_units(text, currency) for interval, text in by_interval.items()}
        except ValueError as error:
            raise BadCatalogue(f"{where}: {error}.") from error
        if not all(prices[currency].values()):
            raise BadCatalogue(f"{where}: a price of nothing; leave the prices out where nothing is sold.")
    return prices


def _tax(given: Mapping[str, Any]) -> Rate:
    where = f"tax {given.get('name')}"
    _known(given, {"country", "name", "percent", "reverse_charge"}, where)
    country, percent = _text(given, "country", where), _text(given, "percent", where)
    if country != "*" and not re.fullmatch(r"[A-Z]{2}", country):
        raise BadCatalogue(f"{where}: country is a code such as FR, or *.")
    if not _PERCENT.fullmatch(percent):
        raise BadCatalogue(f"{where}: percent is a text such as '20' or '8.1'.")
    return Rate(country, _text(given, "name", where), Fraction(percent), _flag(given, "reverse_charge", where, default=False))


def _tables(content: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = content.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise BadCatalogue(f"{name} is a list of tables.")
    return value


def _known(given: Mapping[str, Any], names: set[str], where: str) -> None:
    strange = sorted(set(given) - names)
    if strange:
        raise BadCatalogue(f"{where} has unknown entries: {', '.join(strange)}.")


def _code(given: Mapping[str, Any], what: str) -> str:
    code = given.get("code")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise BadCatalogue(f"The code of {what} is a short lower-case word, not {code!r}.")
    return code


def _text(given: Mapping[str, Any], name: str, where: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > 60:
        raise BadCatalogue(f"{where} needs a text as its {name}.")
    return value.strip()


def _number(given: Mapping[str, Any], name: str, where: str, *, most: int = _MOST) -> int:
    value = given.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise BadCatalogue(f"{where} needs a whole number from 0 to {most} as its {name}.")
    return value


def _flag(given: Mapping[str, Any], name: str, where: str, *, default: bool) -> bool:
    value = given.get(name, default)
    if not isinstance(value, bool):
        raise BadCatalogue(f"{where}: {name} is true or false.")
    return value


def _list(given: Mapping[str, Any], name: str, where: str) -> list[str]:
    value = given.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadCatalogue(f"{where}: {name} is a list of texts.")
    return value
