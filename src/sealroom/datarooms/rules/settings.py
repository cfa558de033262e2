# SPDX-License-Identifier: Apache-2.0
"""The settings of a data room, and why a choice cannot be put in force. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from sealroom.access.rules import Access
from sealroom.datarooms.rules.words import Audience, Right
from sealroom.viewing.rules.conditions import Conditions

MOST_BANNER = 300  # characters
MOST_ABOUT = 20_000  # characters of Markdown


@dataclass(frozen=True)
class RoomSettings:
    """What who leads a room chooses; all stay editable. `conditions` bind every guest besides his own right and dates. `about` is
    Markdown, cleaned where it is shown. `default_group`: public id of the group of those who join by the open link, or ""."""

    name: str
    conditions: Conditions = field(default_factory=Conditions)
    default_right: str = Right.VIEW.value
    default_group: str = ""
    shows_guests: bool = False
    shows_index: bool = True
    sends_updates: bool = True
    question_audience: str = Audience.OWNERS.value
    banner: str = ""
    about: str = ""


_NOT_OF_ROOMS = ("expire_after_opening_s", "max_views", "max_prints")
"""Conditions that count openings of one delivery; in a room, which is read for months, they are not offered."""


def room_errors(settings: RoomSettings) -> dict[str, list[str]]:
    """Reasons by field, besides those of name and conditions."""
    conditions = settings.conditions
    found = {name: ["not_available"] for name in _NOT_OF_ROOMS if getattr(conditions, name) is not None}
    found |= {
        "access": ["not_available"] if conditions.access == Access.ANYONE else [],
        "default_right": [] if settings.default_right in set(Right) else ["unknown"],
        "question_audience": [] if settings.question_audience in set(Audience) else ["unknown"],
        "banner": _banner_reasons(settings.banner),
        "about": ["too_long"] if len(settings.about) > MOST_ABOUT else _control_reasons(settings.about, allowed="\r\n\t"),
    }
    return {name: reasons for name, reasons in found.items() if reasons}


def _banner_reasons(banner: str) -> list[str]:
    return ["too_long"] if len(banner) > MOST_BANNER else _control_reasons(banner)


def _control_reasons(text: str, *, allowed: str = "") -> list[str]:
    return [] if all(c.isprintable() or c in allowed for c in text) else ["control_character"]
