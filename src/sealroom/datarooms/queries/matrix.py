# SPDX-License-Identifier: Apache-2.0
"""All rights of a room for those who lead it: as a matrix to look at and change, and as a list to take along. Each right comes with
its explanation, as data: which right, from whose setting, on what. Whose room it is, the caller has asked (`flows.hands.lead`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Q

from sealroom.core.errors import NotFound
from sealroom.datarooms.models import DataRoom, Group, GroupMember, Guest, RightRow
from sealroom.datarooms.queries.reading import Settings, steadily
from sealroom.datarooms.queries.sight import SeenItem, Sight, house_sight_now
from sealroom.datarooms.rules import TOP, Effective, Right, Role, Setting, Source, Tree, decide_right, spread_rights


@dataclass(frozen=True)
class Column:
    """A guest or a group of the matrix. `label` is the group's name or the guest's address; `groups` the names of the guest's."""

    id: str
    label: str
    is_group: bool
    name: str = ""
    groups: tuple[str, ...] = ()
    is_revoked: bool = False


@dataclass(frozen=True)
class Cell:
    """The right of one guest or group on one item, and why.

    `is_here`: something is set for exactly this column on exactly this item, so that it can be cleared. `source` says whence the
    right comes: `group` is the name of the group it was set for ("" of an own right), `item` the item it was set on (None: on the
    room; where `source` is the default, nowhere).
    """

    right: Right
    source: Source
    is_here: bool
    group: str = ""
    item: SeenItem | None = None


@dataclass(frozen=True)
class Row:
    """An item (None: the whole room) with a cell for each column."""

    item: SeenItem | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Matrix:
    """`trail` leads to the folder shown; `here` is the folder itself, or the room; `rows` is what lies directly in it."""

    columns: tuple[Column, ...]
    trail: tuple[SeenItem, ...]
    here: Row
    rows: tuple[Row, ...]


def matrix(room: DataRoom, folder_id: str = "") -> Matrix:
    """Groups (by name), then guests (by address; co-owners may do everything and have no column), over what lies in a folder
    ("": at the top). Raises `NotFound` for what is no folder of the room."""
    ground = steadily(room.pk, _ground)
    trail = ground.sight.trail(folder_id) if folder_id else []
    if trail and not trail[-1].is_folder:
        raise NotFound
    people: list[Group | Guest] = [*ground.groups, *ground.guests]
    above = _chain_of(trail)

    def row(item: SeenItem | None, chain: Sequence[int | None]) -> Row:
        return Row(item, tuple(ground.cell(person, item, ground.right_on(person, chain)) for person in people))

    rows = tuple(row(item, (item.pk, *above)) for item in ground.sight.children(folder_id))
    return Matrix(tuple(map(ground.column, people)), tuple(trail), row(trail[-1] if trail else None, above), rows)


def _chain_of(trail: Sequence[SeenItem]) -> tuple[int | None, ...]:
    """The way from the end of a trail up to the room."""
    return (*(item.pk for item in reversed(trail)), None)


def explain(room: DataRoom, guest_id: str, item_id: str = "") -> Cell:
    """The right of one guest on one item ("": on the room, where nothing is set further down), and why. Raises `NotFound`, also for
    a co-owner, whose role is the whole explanation."""
    ground = steadily(room.pk, _ground)
    guest = next((one for one in ground.guests if one.public_id == guest_id), None)
    if guest is None:
        raise NotFound
    trail = ground.sight.trail(item_id) if item_id else []
    return ground.cell(guest, trail[-1] if trail else None, ground.right_on(guest, _chain_of(trail)))


def all_rights(room: DataRoom) -> AllRights:
    """The rights of a whole room, read of one instant."""
    return steadily(room.pk, all_rights_now)


def all_rights_now(room: DataRoom) -> AllRights:
    """The same, for who reads something else of the same instant (`reading.steadily`)."""
    return AllRights(_ground(room))


_RightsBy = Mapping[int | None, Right]  # by item (None: the room)
_Sources = tuple[_RightsBy, list[tuple[int, _RightsBy]]]


@dataclass(frozen=True)
class _Ground:
    """Everything rights follow from, read of one instant. Co-owners are left out: nothing is set for them."""

    default: Right
    sight: Sight
    groups: Sequence[Group]
    guests: Sequence[Guest]
    groups_of: Mapping[int, set[int]]  # by guest
    own: Mapping[int, _RightsBy]  # by guest, then item
    shared: Mapping[int, _RightsBy]  # by group, then item

    def right_on(self, person: Guest | Group, chain: Sequence[int | None]) -> Effective:
        """On one item; `chain` goes from it up to the room (None)."""
        return decide_right([(item, self._set_on(item, person)) for item in chain], default=self.default)

    def spread(self, person: Guest | Group) -> list[Effective]:
        """On every item, in the order of the tree."""
        return spread_rights(*self._tree, self._settings_of(person), default=self.default)

    def cell(self, person: Guest | Group, item: SeenItem | None, held: Effective) -> Cell:
        """A right in words of ids and names."""
        set_here = self.own if isinstance(person, Guest) else self.shared
        is_here = (item.pk if item else None) in set_here.get(person.pk, ())
        group = self._names[held.group] if held.group is not None else ""
        return Cell(held.right, held.source, is_here, group, self.sight.find_key(held.item) if held.item is not None else None)

    def column(self, person: Guest | Group) -> Column:
        """Who stands above a column."""
        if isinstance(person, Group):
            return Column(person.public_id, person.name, is_group=True)
        groups = tuple(group.name for group in self.groups if group.pk in self.groups_of.get(person.pk, ()))
        is_revoked = person.revoked_at is not None
        return Column(person.public_id, person.address, is_group=False, name=person.name, groups=groups, is_revoked=is_revoked)

    def _settings_of(self, person: Guest | Group) -> Settings:
        mine, shared = self._sources(person)
        items = set(mine).union(*(found for _group, found in shared))
        return {item: self._set_on(item, person) for item in items}

    def _set_on(self, item: int | None, person: Guest | Group) -> list[Setting]:
        mine, shared = self._sources(person)
        own = [Setting(mine[item])] if item in mine else []
        return own + [Setting(found[item], group) for group, found in shared if item in found]

    def _sources(self, person: Guest | Group) -> _Sources:
        """What is set for somebody himself, and for each of his groups (a group is its own only one)."""
        return self._sources_by[person]

    @cached_property
    def _sources_by(self) -> dict[Guest | Group, _Sources]:
        found: dict[Guest | Group, _Sources] = {group: ({}, [(group.pk, self.shared.get(group.pk, {}))]) for group in self.groups}
        for guest in self.guests:
            groups = self.groups_of.get(guest.pk, ())
            found[guest] = self.own.get(guest.pk, {}), [(group, self.shared.get(group, {})) for group in groups]
        return found

    @cached_property
    def _tree(self) -> Tree:
        places = {"": TOP} | {item.id: place for place, item in enumerate(self.sight.items)}
        return Tree([item.pk for item in self.sight.items], [places.get(item.parent, TOP) for item in self.sight.items])

    @cached_property
    def _names(self) -> dict[int, str]:
        return {group.pk: group.name for group in self.groups}


class AllRights:
    """The right of every guest on every item, as it was at one instant. `items` are in the order of the tree, and so is what is
    told of each guest. Guests come one after the other, so that a large room need not fit into memory at once."""

    def __init__(self, ground: _Ground) -> None:
        self._ground = ground
        self.items = tuple(ground.sight.items)

    def rights(self) -> Iterator[tuple[Column, list[Right]]]:
        """Each guest with the right on each item."""
        for guest, held in self._held():
            yield self._ground.column(guest), [one.right for one in held]

    def cells(self) -> Iterator[tuple[Column, list[Cell]]]:
        """The same with explanations."""
        for guest, held in self._held():
            pairs = zip(self.items, held, strict=True)
            yield self._ground.column(guest), [self._ground.cell(guest, item, one) for item, one in pairs]

    def _held(self) -> Iterator[tuple[Guest, list[Effective]]]:
        return ((guest, self._ground.spread(guest)) for guest in self._ground.guests)


def _ground(room: DataRoom) -> _Ground:
    living = Guest.objects.filter(room=room, removed_at=None).exclude(role=Role.CO_OWNER)
    groups_of: dict[int, set[int]] = defaultdict(set)
    for guest, group in GroupMember.objects.filter(group__room=room).values_list("guest", "group"):
        groups_of[guest].add(group)
    own: dict[int, dict[int | None, Right]] = defaultdict(dict)
    shared: dict[int, dict[int | None, Right]] = defaultdict(dict)
    rows = RightRow.objects.filter(Q(item=None) | Q(item__trashed_at=None), room=room)
    for item, guest, group, right in rows.values_list("item", "guest", "group", "right"):
        (own[guest] if guest is not None else shared[group])[item] = Right(right)
    return _Ground(
        default=Right(room.default_right),
        sight=house_sight_now(room),
        groups=list(Group.objects.filter(room=room).order_by("name", "pk")),
        guests=list(living.order_by("address", "pk")),
        groups_of=groups_of,
        own=own,
        shared=shared,
    )
