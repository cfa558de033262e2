# SPDX-License-Identifier: Apache-2.0
"""A preset between its form and the sends room. A preset holds no instants and no passcode: access lasts so long from the sending
on, and terms are the organisation's or none."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, replace

from sealroom.sends.queries import PresetRow
from sealroom.sends.rules import PERIOD, SendSettings
from sealroom.web.conditions import GROUPS, Group, initial_of, settings_of
from sealroom.web.forms.security import PresetForm

_LEFT_OUT = {"starts_at", "expires_at", "passcode"}


def groups() -> tuple[Group, ...]:
    """What a preset may say."""
    return tuple(one for one in GROUPS if one.name != "passcode")


def names_of(group: str) -> tuple[str, ...]:
    """The settings of a group, by the names presets have for them."""
    keys = next((one.keys for one in groups() if one.name == group), ())
    return (PERIOD, "expire_after_opening_s") if group == "period" else keys


def fixed_names(chosen: Collection[str]) -> list[str]:
    """What is fixed when these groups are."""
    return [name for group in groups() if group.name in chosen for name in names_of(group.name)]


def bundle_of(form: PresetForm, *, before: SendSettings) -> dict[str, object]:
    """What a valid form makes of a preset, as the API writes settings."""
    settings = settings_of(form, before=replace(before, passcode=None))
    amount = form.cleaned_data["lasts_amount"]
    written: dict[str, object] = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in settings.__dict__.items()
        if name not in _LEFT_OUT
    }
    mark = settings.watermark
    written["watermark"] = None if mark is None else asdict(mark) | {"fields": list(mark.fields)}
    written["terms"] = settings.terms if isinstance(settings.terms, str) else None
    written["screen_shield"] = settings.screen_shield or False
    written[PERIOD] = amount * int(form.cleaned_data["lasts_unit"] or 86400) if amount else None
    return written


def initial_of_preset(row: PresetRow | None, settings: SendSettings) -> dict[str, object]:
    """A preset as its form's initial values."""
    seconds = row.settings.get(PERIOD) if row else None
    lasts = initial_of(SendSettings(expire_after_opening_s=seconds if isinstance(seconds, int) else None))
    return {
        **initial_of(settings),
        "name": row.name if row else "",
        "is_default": row.is_default if row else False,
        "lasts_amount": lasts["timer_amount"],
        "lasts_unit": lasts["timer_unit"],
    }
