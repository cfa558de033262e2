# SPDX-License-Identifier: Apache-2.0
"""Presets as the pages of a sender know them: which may be chosen, what the chosen one brings, and what it holds fast."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from sealroom.accounts.rules import Actor
from sealroom.core.errors import NotFound
from sealroom.sends import queries
from sealroom.sends.queries import PresetRow
from sealroom.sends.rules import PERIOD, SendSettings


@dataclass(frozen=True)
class Choice:
    """A preset that is chosen, or none (`id` is ""): its settings, and the names of those a member may not change."""

    id: str
    settings: SendSettings
    fixed: frozenset[str] = frozenset()

    def held(self, settings: SendSettings) -> SendSettings:
        """Settings with what the preset fixes put in."""
        return replace(settings, **{name: getattr(self.settings, name) for name in self.fixed if hasattr(settings, name)})


def offered(actor: Actor) -> list[tuple[str, str]]:
    """Presets to choose from, by id and name."""
    return [(one.id, one.name) for one in queries.list_presets(actor)]


def default_choice(actor: Actor, *, now: datetime) -> Choice:
    """What a new send begins with: the team's default preset, or the house's settings."""
    row, settings = queries.default_settings(actor, now=now)
    return Choice(row.id, settings, fixed_of(row)) if row else Choice("", settings)


def find_choice(actor: Actor, preset_id: str, *, now: datetime) -> Choice:
    """The preset named; when it is not offered any more, none."""
    if preset_id:
        try:
            row, settings = queries.settings_of_preset(actor, preset_id, now=now)
        except NotFound:
            pass
        else:
            return Choice(row.id, settings, fixed_of(row))
    return Choice("", queries.house_settings(actor, now=now))


def fixed_for(actor: Actor, send_id: str) -> frozenset[str]:
    """What a send's preset fixes now, by the names of `SendSettings`. Raises `NotFound`."""
    preset = queries.get_send(actor, send_id).preset
    return names_of_settings(preset.fixed) if preset else frozenset()


def fixed_of(row: PresetRow | None) -> frozenset[str]:
    """The settings a preset fixes."""
    return names_of_settings(row.fixed if row else ())


def names_of_settings(fixed: Collection[str]) -> frozenset[str]:
    """What is fixed, by the names of `SendSettings`: a fixed length of access fixes both of its ends."""
    names = frozenset(fixed)
    return names - {PERIOD} | {"starts_at", "expires_at"} if PERIOD in names else names
