# SPDX-License-Identifier: Apache-2.0
"""Presets: bundles of settings as the API writes them, and what a member may still change.

A preset is for sends to come, so it holds no instants and no passcode: `expires_after_s` counts from the moment a send is made, and
a passcode kept in a bundle would be a secret in clear."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sealroom.access.rules import Shield, TermsMode, Watermark
from sealroom.core.errors import Invalid
from sealroom.viewing.rules.conditions import TIMER
from sealroom.viewing.rules.conditions import Conditions as SendSettings

PERIOD = "expires_after_s"
MAX_PRESET_NAME = 80


def read_settings(values: Mapping[str, object], *, base: SendSettings, now: datetime) -> SendSettings:
    """The settings a bundle makes of `base` for a send made at `now`. Raises `Invalid` with a reason by field for what is no
    setting or of the wrong kind; what a value means is for `setting_errors` to judge."""
    errors: dict[str, list[str]] = {}
    found: dict[str, object] = {}
    for name, value in values.items():
        reader = _READERS.get(name)
        if reader is None:
            errors[name] = ["not_in_presets"]
            continue
        try:
            found[name] = reader(value)
        except (TypeError, ValueError):
            errors[name] = ["invalid"]
    if errors:
        raise Invalid(errors)
    if PERIOD in found:
        seconds = found.pop(PERIOD)
        found["expires_at"] = now + timedelta(seconds=seconds) if isinstance(seconds, int) else None
    return replace(base, **found)  # type: ignore[arg-type]


def fixed_errors(fixed: Collection[str]) -> list[str]:
    """Reasons against a list of names that a member may not change."""
    return [] if set(fixed) <= set(_READERS) else ["unknown"]


def broken(bundle: SendSettings, fixed: Collection[str], wished: SendSettings) -> dict[str, list[str]]:
    """Which fixed settings a wish for a new send leaves, each with its reason. A fixed period is not compared: it is counted anew
    whenever the send is written down (`held`)."""
    names = [name for name in fixed if name != PERIOD and getattr(bundle, name) != getattr(wished, name)]
    return {name: ["fixed_by_preset"] for name in sorted(names)}


def held(bundle: SendSettings, fixed: Collection[str], wished: SendSettings) -> SendSettings:
    """The wish with the fixed period in the place of what a draft remembers of it."""
    return replace(wished, expires_at=bundle.expires_at) if PERIOD in fixed else wished


def changed_fixed(fixed: Collection[str], before: SendSettings, after: SendSettings) -> dict[str, list[str]]:
    """Which fixed settings of a send a change would touch, each with its reason."""
    fields = {name: "expires_at" if name == PERIOD else name for name in fixed}
    names = [name for name in fields.values() if getattr(before, name) != getattr(after, name)]
    return {name: ["fixed_by_preset"] for name in sorted(names)}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | None):
        raise TypeError
    return value


def _period(value: object) -> int | None:
    seconds = _number(value)
    if seconds is not None and not TIMER[0] <= seconds <= TIMER[1]:
        raise ValueError
    return seconds


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError
    return tuple(_text(one) for one in value)


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _terms(value: object) -> str | None:
    if value not in {None, TermsMode.ORGANIZATION.value}:
        raise ValueError
    return None if value is None else TermsMode.ORGANIZATION.value


def read_shield(value: object) -> str:
    """The clear window by the API's words: off, on (of medium size), or a size."""
    if isinstance(value, bool):
        return Shield.MEDIUM.value if value else Shield.OFF.value
    return Shield(_text(value)).value


def _mark(value: object) -> Watermark | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not set(value) <= set(Watermark.__dataclass_fields__):
        raise TypeError
    kinds: dict[str, Callable[[object], object]] = {"fields": _texts, "angle": _number}
    return Watermark(**{name: kinds.get(name, _text)(part) for name, part in value.items()})  # type: ignore[arg-type]


_READERS: dict[str, Callable[[object], object]] = {
    "access": _text,
    "permission": _text,
    PERIOD: _period,
    "watermark": _mark,
    "expire_after_opening_s": _number,
    "terms": _terms,
    "screen_shield": read_shield,
    "max_views": _number,
    "max_prints": _number,
    "domains": _texts,
    "block_domains": _texts,
    "allow_ips": _texts,
    "allow_countries": _texts,
    "protect_pdf": _switch,
}
PRESET_SETTINGS = tuple(_READERS)
