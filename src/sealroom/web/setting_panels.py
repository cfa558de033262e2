# SPDX-License-Identifier: Apache-2.0
"""What a page with settings shows besides its own: the sentences, the form behind them, and what the plan leaves out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.urls import reverse

from sealroom.access import queries as access
from sealroom.accounts.rules import Actor, Capability
from sealroom.billing import queries as billing
from sealroom.documents import queries as documents
from sealroom.sends.rules import SendSettings
from sealroom.web import conditions
from sealroom.web.forms.security import SettingsForm
from sealroom.web.setting_words import ShownSetting, shown_settings

MOST_DOCUMENTS = 50
_IN_PRESETS = {"period": "web/settings/preset_period.html", "terms": "web/settings/preset_terms.html"}


def context(
    actor: Actor,
    settings: SendSettings,
    *,
    fixed: Collection[str] = (),
    errors: Mapping[str, Collection[str]] | None = None,
    form: SettingsForm | None = None,
    now: datetime,
) -> dict[str, Any]:
    """The variables of `web/settings/*.html`. `form` is a bound one that was refused."""
    features = billing.limits_of(actor.team_id, now=now).features
    return {
        "settings": shown_settings(settings, zone=actor.time_zone, fixed=fixed, features=features, errors=errors),
        "form": form or empty_form(actor, settings),
        "zone": actor.time_zone.rsplit("/", 1)[-1].replace("_", " "),
        "has_passcode": settings.passcode is not None,
        "has_countries": access.has_countries(),
        "plan_url": reverse("web:plan_modify") if actor.may(Capability.BUY) else "",
    }


def empty_form(actor: Actor, settings: SendSettings) -> SettingsForm:
    """The form as these settings fill it."""
    return SettingsForm(initial=conditions.initial_of(settings), documents=pdfs_of(actor))


def pdfs_of(actor: Actor) -> list[tuple[str, str]]:
    """The member's latest PDFs that can be read: they may serve as terms."""
    items = documents.list_documents(actor, limit=MOST_DOCUMENTS).items
    return [(one.id, one.name) for one in items if one.state == "ready" and one.name.lower().endswith(".pdf")]


def for_preset(shown: tuple[ShownSetting, ...]) -> list[ShownSetting]:
    """The groups a preset may hold, with the panels that differ there."""
    return [replace(one, panel=_IN_PRESETS.get(one.name, one.panel)) for one in shown if one.name != "passcode"]
