# SPDX-License-Identifier: Apache-2.0
"""The catalogue as an operator sees it: what is on offer, and which versions teams still have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count

from sealroom.billing import rules
from sealroom.billing.models import (
    AddOn,
    CatalogueEdition,
    Plan,
    SubscriptionItem,
)
from sealroom.billing.queries import plans


@dataclass(frozen=True)
class Sold:
    """A version of a plan or an add-on, and how many teams have it. `on_offer`: one may still get it."""

    version: int
    teams: int
    on_offer: bool
    plan: rules.Offer | None = None
    addon: rules.Extra | None = None


@dataclass(frozen=True)
class CatalogueState:
    """The catalogue as it is in force: `file` it is read from ("" for the default one) and since when it reads so. Versions that
    are neither on offer nor held are left out."""

    edition: CatalogueEdition
    file: str
    plans: tuple[Sold, ...]
    addons: tuple[Sold, ...]


def catalogue_state() -> CatalogueState:
    """What is on offer now, in its order, and older versions that teams still have, after it."""
    edition = plans.edition()
    rows = Plan.objects.annotate(teams=Count("subscriptions")).order_by("-version")
    newest: set[str] = set()
    found: dict[str, list[Sold]] = {}
    for row in rows:
        on_offer = row.code in edition.plans and row.code not in newest
        newest.add(row.code)
        if on_offer or row.teams:
            found.setdefault(row.code, []).append(Sold(row.version, row.teams, on_offer, plan=plans.offer_of(row)))
    return CatalogueState(edition, settings.SEALROOM_CATALOGUE, _in_order(found, edition.plans), _addons(edition))


def _addons(edition: CatalogueEdition) -> tuple[Sold, ...]:
    held = SubscriptionItem.objects.filter(quantity__gt=0).order_by().values("addon").annotate(teams=Count("pk"))
    teams = {row["addon"]: row["teams"] for row in held}
    newest: set[str] = set()
    found: dict[str, list[Sold]] = {}
    for row in AddOn.objects.order_by("-version"):
        on_offer = row.code in edition.addons and row.code not in newest
        newest.add(row.code)
        if on_offer or row.pk in teams:
            sold = Sold(row.version, teams.get(row.pk, 0), on_offer, addon=plans.extra_of(row))
            found.setdefault(row.code, []).append(sold)
    return _in_order(found, edition.addons)


def _in_order(found: dict[str, list[Sold]], codes: Sequence[str]) -> tuple[Sold, ...]:
    order = [*codes, *sorted(set(found) - set(codes))]
    return tuple(one for code in order for one in found.get(code, []))
