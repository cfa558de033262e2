# SPDX-License-Identifier: Apache-2.0
"""Which right holds for somebody on an item. Pure; explained with a table in docs/algorithms/rights.md.

The nearest item on which there is a setting for the guest himself or for one of his groups decides, from the item itself up to the
room. There the guest's own setting goes before those of groups, and of several groups' the highest holds. "No access" is a setting
as any other. Where nothing is set up to the room, the room's default holds.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
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
    ROLE = "role"  # who leads the room may do everything


@dataclass(frozen=True)
class Effective:
    """The right that holds, and why: from whose setting (`group`: its primary key) on which item (None: on the room)."""

    right: Right
    source: Source = Source.DEFAULT
    item: int | None = None
    group: int | None = None


LEADING = Effective(Right.CONTRIBUTE, Source.ROLE)  # of the owner and co-owners, on everything


def decide_right(levels: Iterable[tuple[int | None, Sequence[Setting]]], *, default: Right) -> Effective:
    """The right on an item. `levels` go from the item itself upwards and end with the room (None), each with what is set there for
    the guest and his groups."""
    for item, settings in levels:
        if settings:
            return _chosen(item, settings)
    return Effective(default)


def spread_rights(
    tree: Sequence[tuple[int, int]], settings: Mapping[int | None, Sequence[Setting]], *, default: Right
) -> list[Effective]:
    """The right of one person on every item of a room, in the order of `tree`: the same as `decide_right` for each, in one pass
    from the top down.

    `tree` gives each item (primary key) with the place of its folder in this very list, -1 at the top; folders stand before what is
    in them. `settings` holds, by item (None: the room), what is set for the guest and his groups.
    """
    chosen = {item: _chosen(item, found) for item, found in settings.items() if found}
    top = chosen.get(None, Effective(default))
    held: list[Effective] = []
    for item, folder in tree:
        held.append(chosen.get(item) or (held[folder] if folder >= 0 else top))
    return held


def _chosen(item: int | None, settings: Sequence[Setting]) -> Effective:
    own = next((one for one in settings if one.group is None), None)
    chosen = own or max(settings, key=lambda one: one.right.rank)
    return Effective(chosen.right, Source.OWN if own else Source.GROUP, item, chosen.group)
