# SPDX-License-Identifier: Apache-2.0
"""The catalogue file becomes rows."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from sealroom.billing.catalogue import DEFAULT, Catalogue, read_catalogue, tax_rows
from sealroom.billing.models import AddOn, CatalogueEdition, Plan
from sealroom.billing.queries import catalogue_changes, extra_of, offer_of
from sealroom.billing.rules import Extra, Offer


def catalogue_of_installation() -> Catalogue:
    """The operator's file, else the default one. Raises `BadCatalogue`."""
    return read_catalogue(Path(settings.SEALROOM_CATALOGUE) if settings.SEALROOM_CATALOGUE else DEFAULT)


@transaction.atomic
def ensure_catalogue(catalogue: Catalogue | None = None) -> list[str]:
    """Write the catalogue into the database. A plan or add-on that was written before and reads otherwise now becomes a new
    version: who has the old one keeps it. Doing it again changes nothing. Returns what changed, a sentence each (see
    `queries.catalogue_changes`). Raises `BadCatalogue`."""
    catalogue = catalogue or catalogue_of_installation()
    changes = catalogue_changes(catalogue)
    for offer in catalogue.plans:
        _write_plan(offer)
    for extra in catalogue.addons:
        _write_addon(extra)
    edition = {
        "currencies": list(catalogue.currencies),
        "taxes": tax_rows(catalogue.taxes),
        "plans": [one.code for one in catalogue.plans],
        "addons": [one.code for one in catalogue.addons],
    }
    newest = CatalogueEdition.objects.order_by("-pk").values(*edition).first()
    if newest != edition or changes:
        CatalogueEdition.objects.create(at=timezone.now(), **edition)
    return changes


def _write_plan(offer: Offer) -> None:
    known = Plan.objects.filter(code=offer.code).order_by("-version").first()
    if known is not None and offer_of(known) == offer:
        return
    version = known.version + 1 if known else 1
    Plan.objects.create(
        code=offer.code,
        version=version,
        name=offer.name,
        credits=offer.credits,
        users=offer.users,
        data_rooms=offer.data_rooms,
        guests=offer.guests,
        storage_bytes=offer.storage_bytes,
        media_bytes=offer.media_bytes,
        features=list(offer.features),
        trial_days=offer.trial_days,
        prices={currency: dict(by) for currency, by in offer.prices.items()},
        addons=offer.addons,
    )


def _write_addon(extra: Extra) -> None:
    known = AddOn.objects.filter(code=extra.code).order_by("-version").first()
    if known is not None and extra_of(known) == extra:
        return
    version = known.version + 1 if known else 1
    AddOn.objects.create(
        code=extra.code,
        version=version,
        adds=dict(extra.adds),
        feature=extra.feature,
        prices={currency: dict(by) for currency, by in extra.prices.items()},
    )
