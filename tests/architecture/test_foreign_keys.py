# SPDX-License-Identifier: Apache-2.0
"""Foreign keys point down the line of rooms (string references escape the import linter)."""

from django.apps import apps
from django.db import models

from tests.architecture.tree import LINE

# Tables that hold data of a team without a key of their own to it, each with the way that binds them.
BOUND_THROUGH = {
    "core.Job": "lane",
    "core.RateBucket": "digest of a subject",
    "core.Rhythm": "a chore of the installation",
    "core.StoredAnswer": "scope",
    "audit.Event": "team (public id)",
    "audit.ChainHead": "team (public id)",
    "audit.Label": "public id of what it names",
    "mail.OutgoingMail": "team (public id)",
    "mail.Suppression": "an address, no team's",
    "accounts.User": "memberships",
    "accounts.Team": "itself",
    "accounts.SetupLink": "the installation",
    "accounts.DeviceRequest": "nobody's until a member answers",
    "billing.Plan": "the catalogue, no team's",
    "billing.AddOn": "the catalogue, no team's",
    "billing.CatalogueEdition": "the catalogue, no team's",
    "billing.GatewayEvent": "a message about a payment, by its reference",
    "billing.Numbering": "the installation",
    "documents.LooseBlob": "a blob no row names",
    "access.Visitor": "a browser, no team's",
    "access.Challenge": "its link, when there is one",
}


def _own_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model.__module__.startswith("sealroom.")]


def test_foreign_keys_point_down() -> None:
    upward = []
    for model in _own_models():
        for field in model._meta.get_fields():
            if not isinstance(field, models.ForeignKey):
                continue
            target = field.remote_field.model._meta.app_label
            if target in LINE and LINE.index(target) > LINE.index(model._meta.app_label):
                upward.append(f"{model._meta.label}.{field.name} -> {target}")
    assert upward == []


def test_every_table_is_bound_to_a_team() -> None:
    def reaches_team(model: type[models.Model], seen: frozenset[str] = frozenset()) -> bool:
        label = model._meta.label
        if label == "accounts.Team" or label in BOUND_THROUGH:
            return label == "accounts.Team"
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey) and not field.null:
                target = field.remote_field.model
                if isinstance(target, type) and target._meta.label not in seen and reaches_team(target, seen | {label}):
                    return True
        return False

    loose = [model._meta.label for model in _own_models() if model._meta.label not in BOUND_THROUGH and not reaches_team(model)]
    assert loose == []


def test_public_ids_are_random_and_unique() -> None:
    weak = [
        model._meta.label
        for model in _own_models()
        for field in model._meta.get_fields()
        if field.name == "public_id" and isinstance(field, models.Field) and (not field.unique or not callable(field.default))
    ]
    assert weak == []
