# SPDX-License-Identifier: Apache-2.0
"""What a catalogue file would change, a sentence each, for the operator who is about to use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.db.models import Count

from sealroom.billing.catalogue import Catalogue, rates_of
from sealroom.billing.models import AddOn, CatalogueEdition, Plan, Subscription, SubscriptionItem
from sealroom.billing.queries.plans import extra_of, offer_of
from sealroom.billing.rules import Extra, Offer
from sealroom.billing.rules.money import Rate, percent_text
from sealroom.core.money import Money

_NUMBERS = ("credits", "users", "data_rooms", "guests", "storage_bytes", "media_bytes", "trial_days")


def catalogue_changes(catalogue: Catalogue) -> list[str]:
    """What writing this catalogue would change; empty when it reads as what is in force."""
    edition = CatalogueEdition.objects.order_by("-pk").first() or CatalogueEdition(currencies=[])
    return [*_plans(catalogue, edition), *_addons(catalogue, edition), *_edition(catalogue, edition)]


def _plans(catalogue: Catalogue, edition: CatalogueEdition) -> Iterator[str]:
    known = {row.code: row for row in Plan.objects.order_by("version")}
    holders = _counts(Subscription.objects.order_by().values_list("plan__code").annotate(Count("pk")))
    for offer in catalogue.plans:
        row = known.get(offer.code)
        if row is None:
            yield f"plan {offer.code} is new."
        elif offer_of(row) != offer:
            what = "; ".join(_plan_differences(offer_of(row), offer))
            yield f"plan {offer.code} becomes version {row.version + 1}: {what}.{_keep(holders.get(offer.code, 0))}"
        elif offer.code not in edition.plans:
            yield f"plan {offer.code} is on offer again."
    for code in _gone(edition.plans, [one.code for one in catalogue.plans]):
        yield f"plan {code} is not on offer any more.{_keep(holders.get(code, 0))}"


def _addons(catalogue: Catalogue, edition: CatalogueEdition) -> Iterator[str]:
    known = {row.code: row for row in AddOn.objects.order_by("version")}
    held = SubscriptionItem.objects.filter(quantity__gt=0).order_by()
    holders = _counts(held.values_list("kind").annotate(Count("pk")))
    for extra in catalogue.addons:
        row = known.get(extra.code)
        if row is None:
            yield f"add-on {extra.code} is new."
        elif extra_of(row) != extra:
            what = "; ".join(_addon_differences(extra_of(row), extra))
            yield f"add-on {extra.code} becomes version {row.version + 1}: {what}.{_keep(holders.get(extra.code, 0))}"
        elif extra.code not in edition.addons:
            yield f"add-on {extra.code} is on offer again."
    for code in _gone(edition.addons, [one.code for one in catalogue.addons]):
        yield f"add-on {code} is not on offer any more.{_keep(holders.get(code, 0))}"


def _edition(catalogue: Catalogue, edition: CatalogueEdition) -> Iterator[str]:
    new, old = list(catalogue.currencies), edition.currencies
    for code in new:
        if code not in old:
            yield f"currency {code} is new."
    paying = _counts(Subscription.objects.order_by().values_list("currency").annotate(Count("pk")))
    for code in _gone(old, new):
        warning = _keep(paying.get(code, 0)).replace(" sold.", " sold and cannot buy more.")
        yield f"currency {code} is not used any more.{warning}"
    if old and new[0] != old[0]:
        yield f"new teams pay in {new[0]}, not in {old[0]}."
    yield from _taxes(catalogue.taxes, [rate for rates in rates_of(edition.taxes).values() for rate in rates])
    for what, order, before in (
        ("plans", [one.code for one in catalogue.plans], edition.plans),
        ("add-ons", [one.code for one in catalogue.addons], edition.addons),
    ):
        if sorted(order) == sorted(before) and order != before:
            yield f"the order of the {what} becomes {', '.join(order)}."


def _taxes(new: tuple[Rate, ...], old: list[Rate]) -> Iterator[str]:
    before = {(rate.country, rate.name): rate for rate in old}
    for rate in new:
        known = before.pop((rate.country, rate.name), None)
        if known is None:
            yield f"tax {_rate(rate)} is new."
        elif known != rate:
            yield f"tax {_rate(known)} becomes {_rate(rate)}."
    for rate in before.values():
        yield f"tax {_rate(rate)} is not charged any more."


def _rate(rate: Rate) -> str:
    reverse = ", reverse charge" if rate.reverse_charge else ""
    return f"{rate.name} {percent_text(rate.percent)}% ({'every other country' if rate.country == '*' else rate.country}{reverse})"


def _plan_differences(old: Offer, new: Offer) -> Iterator[str]:
    if old.name != new.name:
        yield f"its name {old.name} becomes {new.name}"
    for name in _NUMBERS:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield f"{name} {before:,} becomes {after:,}"
    if old.features != new.features:
        yield f"features {_listed(old.features)} become {_listed(new.features)}"
    if old.addons != new.addons:
        yield "it takes add-ons" if new.addons else "it takes no add-ons"
    yield from _price_differences(old.prices, new.prices, ("month", "year"))


def _addon_differences(old: Extra, new: Extra) -> Iterator[str]:
    if (dict(old.adds), old.feature) != (dict(new.adds), new.feature):
        yield f"{_adds(old)} becomes {_adds(new)}"
    yield from _price_differences(old.prices, new.prices, ("month",))


def _price_differences(
    old: Mapping[str, Mapping[str, int]], new: Mapping[str, Mapping[str, int]], intervals: tuple[str, ...]
) -> Iterator[str]:
    for currency in dict.fromkeys([*old, *new]):
        for interval in intervals:
            before, after = old.get(currency, {}).get(interval), new.get(currency, {}).get(interval)
            if before != after:
                yield f"a {interval} in {currency} {_price(before, currency)} becomes {_price(after, currency)}"


def _adds(extra: Extra) -> str:
    return extra.feature or ", ".join(f"{count:,} {name}" for name, count in extra.adds.items())


def _price(minor: int | None, currency: str) -> str:
    return "(not sold)" if minor is None else f"{Money(minor, currency).decimal:,}"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "(none)"


def _gone(before: list[str], now: list[str]) -> list[str]:
    return [code for code in before if code not in now]


def _keep(count: int) -> str:
    if not count:
        return ""
    return f" {_teams(count)} {'keeps what it was' if count == 1 else 'keep what they were'} sold."


def _teams(count: int) -> str:
    return "1 team" if count == 1 else f"{count:,} teams"


def _counts(rows: object) -> dict[str, int]:
    return dict(rows)  # type: ignore[call-overload,no-any-return]
