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


MOST_RIGHT_CHANGES = 2_000  # in one deed


@dataclass(frozen=True)
class RightChange:
    """A right to be set, or cleared (`right` None): on an item ("": on the whole room) for a guest or for a group. Public ids."""

    item: str
    guest: str
    group: str
    right: Right | None


def check_right_changes(changes: Sequence[RightChange]) -> dict[str, list[str]]:
    """What is wrong with some changes in themselves; empty when nothing is."""
    reasons = []
    if not changes:
        reasons.append("required")
    if len(changes) > MOST_RIGHT_CHANGES:
        reasons.append("too_many")
    if any(bool(one.guest) == bool(one.group) for one in changes):
        reasons.append("one_person")  # a guest or a group, not both and not neither
    if len({(one.item, one.guest, one.group) for one in changes}) < len(changes):
        reasons.append("twice")
    return {"changes": reasons} if reasons else {}


def decide_right(levels: Iterable[tuple[int | None, Sequence[Setting]]], *, default: Right) -> Effective:
    """The right on an item. `levels` go from the item itself upwards and end with the room (None), each with what is set there for
    the guest and his groups."""
    for item, settings in levels:
        if settings:
            return _chosen(item, settings)
    return Effective(default)


def spread_rights(
    items: Sequence[int], above: Sequence[int], settings: Mapping[int | None, Sequence[Setting]], *, default: Right
) -> list[Effective]:
    """The right of one person on every item of a room, in the order of `items`: the same as `decide_right` for each, in one pass
    from the top down.

    `items` are primary keys, a folder before what is in it; `above` gives for each the place of its folder in this very list, -1 at
    the top (`seeing.Tree`). `settings` holds, by item (None: the room), what is set for the guest and his groups.
    """
    chosen = {item: _chosen(item, found) for item, found in settings.items() if found}
    held: list[Effective] = []
    top = chosen.get(None, Effective(default))
    for item, folder in zip(items, above, strict=True):
        held.append(chosen.get(item) or (held[folder] if folder >= 0 else top))
    return held


def _chosen(item: int | None, settings: Sequence[Setting]) -> Effective:
    own = next((one for one in settings if one.group is None), None)
    chosen = own or max(settings, key=lambda one: (one.right.rank, -(one.group or 0)))  # of equals the same one each time
    return Effective(chosen.right, Source.OWN if own else Source.GROUP, item, chosen.group)
