# SPDX-License-Identifier: Apache-2.0
"""Presets of a team, and the settings a new send begins with."""

from __future__ import annotations

from datetime import datetime

from sealroom.access.rules import Watermark
from sealroom.accounts.rules import Actor
from sealroom.billing import queries as billing_queries
from sealroom.core.errors import NotFound
from sealroom.sends import rules
from sealroom.sends.models import Preset, SendRules
from sealroom.sends.queries.values import PresetRow
from sealroom.sends.rules import SendSettings


def list_presets(actor: Actor) -> tuple[PresetRow, ...]:
    """The team's presets by name, for every member."""
    return tuple(preset_row(one) for one in Preset.objects.filter(team_id=actor.team_id, removed_at=None).order_by("name", "pk"))


def get_preset(actor: Actor, preset_id: str) -> Preset:
    """A preset of the actor's team that was not removed. Raises `NotFound`."""
    found = Preset.objects.filter(team_id=actor.team_id, removed_at=None, public_id=preset_id).first()
    if found is None:
        raise NotFound(kind="preset", id=preset_id)
    return found


def presets_only(actor: Actor) -> bool:
    """Whether a send of the team must follow a preset."""
    return SendRules.objects.filter(team_id=actor.team_id, presets_only=True).exists()


def default_settings(actor: Actor, *, now: datetime) -> tuple[PresetRow | None, SendSettings]:
    """What a new send begins with: the team's default preset and what it says, else no preset and the house's settings, with the
    mark where the plan has it."""
    preset = Preset.objects.filter(team_id=actor.team_id, removed_at=None, is_default=True).first()
    if preset is None:
        return None, house_settings(actor, now=now)
    return preset_row(preset), settings_under(actor, preset, now=now)


def settings_of_preset(actor: Actor, preset_id: str, *, now: datetime) -> tuple[PresetRow, SendSettings]:
    """A preset, and what a send that follows it begins with. Raises `NotFound`."""
    preset = get_preset(actor, preset_id)
    return preset_row(preset), settings_under(actor, preset, now=now)


def house_settings(actor: Actor, *, now: datetime) -> SendSettings:
    """Settings without any preset."""
    has_mark = "watermark" in billing_queries.limits_of(actor.team_id, now=now).features
    return SendSettings(watermark=Watermark() if has_mark else None)


def settings_under(actor: Actor, preset: Preset, *, now: datetime) -> SendSettings:
    """What a preset says for a send made now."""
    return rules.read_settings(preset.settings, base=house_settings(actor, now=now), now=now)


def preset_row(preset: Preset) -> PresetRow:
    """A preset as a plain value."""
    return PresetRow(
        id=preset.public_id,
        name=preset.name,
        settings=dict(preset.settings),
        fixed=tuple(preset.fixed),
        is_default=preset.is_default,
        updated_at=preset.updated_at,
    )
