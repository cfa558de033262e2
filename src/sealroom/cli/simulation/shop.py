# SPDX-License-Identifier: Apache-2.0
"""What a scenario can buy: the catalogue, and a plan for each monthly allowance the scenario names by its number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from sealroom.billing import flows as billing
from sealroom.billing.catalogue import BadCatalogue
from sealroom.billing.rules import Offer
from sealroom.billing.rules.money import Rate
from sealroom.cli.simulation.scenario import BadFile, Fields, count, need

# A credit of a plan known by its allowance costs what one of the default catalogue's smallest plan does, in minor units.
_MONTH, _YEAR = 28, 192
_LIKE = "team"  # whose quotas and features such a plan has


def open_shop(scenario: Fields, where: str) -> None:
    """Write the catalogue, with the scenario's own plans and taxes. Raises `BadFile`."""
    try:
        catalogue = billing.catalogue_of_installation()
    except BadCatalogue as problem:
        raise BadFile(f"The catalogue cannot be used: {problem}") from problem
    like = next((offer for offer in catalogue.plans if offer.code == _LIKE), catalogue.plans[-1])
    own = [_plan(allowance, like, catalogue.currencies) for allowance in sorted(set(_allowances(scenario, where)))]
    taxes = tuple(_tax(one, where) for one in need(scenario, "team", dict, where).get("taxes") or [])
    billing.ensure_catalogue(replace(catalogue, plans=(*catalogue.plans, *own), taxes=taxes or catalogue.taxes))


def plan_code(given: Fields, where: str) -> str:
    """The code of the plan a team or a step names: by `plan`, else by its allowance. Raises `BadFile`."""
    return need(given, "plan", str, where) if given.get("plan") else _code(count(given, "credits", where))


def _allowances(scenario: Fields, where: str) -> Iterator[int]:
    for given in (scenario["team"], *scenario["steps"]):
        if (
            given.get("op", "") in ("", "upgrade", "downgrade", "quote")
            and given.get("credits") is not None
            and not given.get("plan")
        ):
            yield count(given, "credits", where)


def _plan(allowance: int, like: Offer, currencies: tuple[str, ...]) -> Offer:
    """The more a plan includes the dearer it is, so that up is up; one without credits costs the least there is."""
    prices = {currency: {"month": max(1, allowance * _MONTH), "year": max(1, allowance * _YEAR)} for currency in currencies}
    return replace(
        like, code=_code(allowance), name=f"{allowance} credits", credits=allowance, prices=prices, trial_days=0, addons=True
    )


def _code(allowance: int) -> str:
    return f"credits_{allowance}"


def _tax(given: object, where: str) -> Rate:
    if not isinstance(given, dict):
        raise BadFile(f"{where}: 'taxes' is a list of names and percents.")
    text = need(given, "percent", str, where)
    try:
        percent = Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise BadFile(f"{where}: {text!r} is not a percent.") from error
    return Rate("*", need(given, "name", str, where), percent)
