# SPDX-License-Identifier: Apache-2.0
"""Which right holds for somebody on an item. Pure; explained with a table in docs/algorithms/rights.md.

The nearest item on which there is a setting for the guest himself or for one of his groups decides, from the item itself up to the
room. There the guest's own setting goes before those of groups, and of several groups' the highest holds. "No access" is a setting
as any other. Where nothing is set up to the room, the room's default holds.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sealroom.datarooms.rules.words import Right


@dataclass(frozen=True)
class Setting:
    """A right that was set on one item for the guest himself (`group` None) or for a group of his (its primary key)."""

    right: Right
    group: int | None = None


class Source(enum.StrEnum):
    """Where an effective right comes from."""

    OWN = "own"
    GROUP = "group"
    DEFAULT = "default"


@dataclass(frozen=True)
class Effective:
    """The right that holds, and why: from whose setting (`group`: its primary key) on which item (None: on the room)."""

    right: Right
    source: Source = Source.DEFAULT
    item: int | None = None
    group: int | None = None


def decide_right(levels: Iterable[tuple[int | None, Sequence[Setting]]], *, default: Right) -> Effective:
    """The right on an item. `levels` go from the item itself upwards and end with the room (None), each with what is set there for
    the guest and his groups."""
    for item, settings in levels:
        if settings:
            own = next((one for one in settings if one.group is None), None)
            chosen = own or max(settings, key=lambda one: one.right.rank)
            return Effective(chosen.right, Source.OWN if own else Source.GROUP, item, chosen.group)
    return Effective(default)
