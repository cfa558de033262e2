# SPDX-License-Identifier: Apache-2.0
"""Presets: made, changed and removed by admins; and whether a send may go without one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import IntegrityError, transaction

from sealroom.accounts.rules import Actor, Capability
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.core.errors import Invalid
from sealroom.sends import queries, rules
from sealroom.sends.models import Preset, SendRules
from sealroom.viewing.flows.conditions import checked


def save_preset(
    actor: Actor,
    preset_id: str,
    name: str,
    settings: Mapping[str, object],
    fixed: Collection[str],
    *,
    is_default: bool = False,
    now: datetime,
) -> Preset:
    """Make a preset (`preset_id` ""), or replace what one says. `settings` as the API writes them, without instants and passcode;
    `fixed` names those a member may not change. A new default takes the place of the old one. Sends that went out keep their
    settings; what is fixed for them is what the preset fixes now. Raises `Invalid`, `FeatureMissing`, `NotFound`."""
    actor.require(Capability.MANAGE_DOC_SECURITY)
    clean = " ".join(name.split())
    kept = _checked(actor, settings, now=now)
    errors = {
        "name": ["length"] if not 0 < len(clean) <= rules.MAX_PRESET_NAME else [] if clean.isprintable() else ["control_character"],
        "fixed": rules.fixed_errors(fixed),
    }
    if any(errors.values()):
        raise Invalid({field: reasons for field, reasons in errors.items() if reasons})
    names = [one for one in rules.PRESET_SETTINGS if one in fixed]
    try:
        with transaction.atomic():
            preset = queries.get_preset(actor, preset_id) if preset_id else Preset(team_id=actor.team_id, created_at=now)
            if is_default:
                others = Preset.objects.filter(team_id=actor.team_id, is_default=True).exclude(pk=preset.pk)
                others.update(is_default=False, updated_at=now)
            preset.name, preset.settings, preset.fixed = clean, kept, names
            preset.is_default, preset.updated_at = is_default, now
            preset.save()
            audit.record(actor.who, Verb.PRESET_SAVED, "preset", preset.public_id, now=now, label=clean, fixed=names)
    except IntegrityError:
        raise Invalid({"name": ["taken"]}) from None
    return preset


def remove_preset(actor: Actor, preset_id: str, *, now: datetime) -> None:
    """Take a preset away. Sends that followed it stay bound by it; drafts must choose another."""
    actor.require(Capability.MANAGE_DOC_SECURITY)
    with transaction.atomic():
        preset = queries.get_preset(actor, preset_id)
        Preset.objects.filter(pk=preset.pk).update(removed_at=now, is_default=False, updated_at=now)
        audit.record(actor.who, Verb.PRESET_REMOVED, "preset", preset.public_id, now=now, label=preset.name)


def set_presets_only(actor: Actor, on: bool, *, now: datetime) -> None:  # noqa: FBT001 -- the one thing that is set
    """Say whether each new send of the team must follow a preset."""
    actor.require(Capability.MANAGE_DOC_SECURITY)
    with transaction.atomic():
        SendRules.objects.update_or_create(team_id=actor.team_id, defaults={"presets_only": on})
        audit.record(actor.who, Verb.PRESET_SAVED, "team", actor.team, now=now, presets_only=on)


def _checked(actor: Actor, settings: Mapping[str, object], *, now: datetime) -> dict[str, object]:
    """The bundle with its lists in their one spelling. Raises `Invalid`, `FeatureMissing`."""
    wished = rules.read_settings(settings, base=queries.house_settings(actor, now=now), now=now)
    clean = checked(actor, wished, now=now)
    lists = {name: list(getattr(clean, name)) for name in ("domains", "block_domains", "allow_ips", "allow_countries")}
    kept = dict(settings) | {name: value for name, value in lists.items() if name in settings}
    if "screen_shield" in kept:
        kept["screen_shield"] = clean.screen_shield or False
    return kept
