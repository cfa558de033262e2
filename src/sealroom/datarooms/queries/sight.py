# SPDX-License-Identifier: Apache-2.0
"""What one person sees of a room: the only list of items any page, count, search, archive or notice may start from. Everything is
read anew at each call; what is hidden from the person is not in it and leaves no trace in numbers and counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import NamedTuple, Protocol

from sealroom.core.errors import NotFound
from sealroom.datarooms.models import DataRoom, Group, Guest, Item
from sealroom.datarooms.queries.facts import Facts, facts_of, readable_in
from sealroom.datarooms.queries.reading import Settings, settings_of_group, settings_of_guest, steadily
from sealroom.datarooms.rules import LEADING, TOP, Node, Right, Role, in_order, see, spread_rights
from sealroom.documents.words import fold

MOST_BRANCHES = 100  # a longer tree helps nobody find anything


class SeenItem(NamedTuple):
    """A folder or file as one person sees it. `parent` is the id of the nearest folder above that he sees ("": at the top), so not
    always the one it lies in; two items may have the same name there. `number` is "1.2.3", "" where the room shows none.

    Of files: the current version's facts (`size` in bytes, `pages` 0 where none are known, `state` of `documents`). `files` counts
    the files he sees below a folder.
    """

    pk: int
    id: str
    name: str
    number: str
    parent: str
    is_folder: bool
    right: Right
    document_id: str
    extension: str
    kind: str
    pages: int
    size: int
    state: str
    is_media: bool
    sha256: str
    added_at: datetime
    changed_at: datetime
    files: int


class Branch(NamedTuple):
    """A folder in a tree beside its contents. `depth` counts from 0; `is_open`: folders in it follow."""

    item: SeenItem
    depth: int
    has_folders: bool
    is_open: bool


class FolderName(NamedTuple):
    """A folder to choose from a list; `depth` is 1 at the top."""

    id: str
    name: str
    number: str
    depth: int


class _Place(NamedTuple):
    """An item as far as the tree and the rights say: enough to find, count and number it."""

    pk: int
    id: str
    name: str
    is_folder: bool
    number: str
    parent: str
    right: Right
    files: int


class Sight:
    """What one person sees at this instant; not to be kept for another request. Which items, where, and with which rights is
    settled when it is made; a page shows few of ten thousand, so what else is told of them is read when they are asked for."""

    def __init__(self, places: Sequence[_Place] = (), room_pk: int = 0) -> None:
        self._places = places
        self._room_pk = room_pk
        self._made: dict[int, SeenItem] = {}

    @cached_property
    def items(self) -> list[SeenItem]:
        """Everything he sees, in the order of the tree."""
        return self._items(self._places)

    @cached_property
    def files(self) -> list[SeenItem]:
        """All files, in the order of the tree."""
        return self._items([place for place in self._places if not place.is_folder])

    def readable_files(self, least: Right, limit: int) -> tuple[list[SeenItem], int]:
        """The first files that can be read page by page and on which he has at least this right, in the order of the tree; and how
        many such files there are."""
        readable = readable_in(self._room_pk)
        places = [place for place in self._places if _is_held(place, least) and place.pk in readable]
        return self._items(places[:limit]), len(places)

    def has_files_with(self, least: Right) -> bool:
        """Whether there is any such file."""
        return any(_is_held(place, least) for place in self._places)

    def find(self, item_id: str) -> SeenItem:
        """An item by its id. Raises `NotFound`, also for one that exists and is hidden."""
        return self._only(self._by_id.get(item_id))

    def find_all(self, item_ids: Collection[str]) -> list[SeenItem]:
        """Those of some ids that he sees, in the order of the tree."""
        return self._items([place for place in self._places if place.id in item_ids])

    def find_key(self, pk: int) -> SeenItem:
        """An item by its primary key. Raises `NotFound`."""
        return self._made.get(pk) or self._only(self._by_pk.get(pk))

    def children(self, folder_id: str = "") -> list[SeenItem]:
        """What he sees directly in a folder ("": at the top). Raises `NotFound`."""
        if folder_id and folder_id not in self._by_id:
            raise NotFound
        return self._items(self._by_parent.get(folder_id, ()))

    def trail(self, item_id: str) -> list[SeenItem]:
        """The folders that lead to an item as he sees them, from the top, and the item itself. Raises `NotFound`."""
        trail = self._trail(item_id)
        found = self._items(trail)
        if len(found) < len(trail):
            raise NotFound
        return found

    def way_to(self, item_id: str) -> list[str]:
        """The names of the folders that lead to an item, from the top. Raises `NotFound`."""
        return [place.name for place in self._trail(item_id)[:-1]]

    def below(self, folder_id: str = "") -> list[SeenItem]:
        """Everything he sees under a folder at any depth, in the order of the tree. Raises `NotFound`."""
        if not folder_id:
            return list(self.items)
        self.find(folder_id)
        inside, found = {folder_id}, []
        for place in self._places:
            if place.parent in inside:
                inside.add(place.id)
                found.append(place)
        return self._items(found)

    def folders(self) -> list[FolderName]:
        """All folders, in the order of the tree."""
        depths, found = {"": 0}, []
        for place in self._places:
            if place.is_folder:
                depths[place.id] = depths[place.parent] + 1
                found.append(FolderName(place.id, place.name, place.number, depths[place.id]))
        return found

    def branches(self, folder_id: str = "") -> list[Branch]:
        """The folders at the top and those in each folder on the way to one, in the order of the tree, at most `MOST_BRANCHES`.
        Raises `NotFound`."""
        trail = {place.id for place in self._trail(folder_id)} if folder_id else set()
        folders = [place for place in self._places if place.is_folder]
        full = {place.parent for place in folders}
        shown = [place for place in folders if not place.parent or place.parent in trail][:MOST_BRANCHES]
        depths = {"": -1}
        for place in shown:
            depths[place.id] = depths[place.parent] + 1
        items = self._items(shown)
        return [Branch(one, depths[one.id], one.id in full, one.id in trail and one.id in full) for one in items]

    def search(self, text: str, limit: int | None = None) -> list[SeenItem]:
        """The first items whose name has `text` in it (None: all of them); case and accents do not matter. Blank finds nothing."""
        wanted = fold(text)
        if not wanted:
            return []
        return self._items(list(islice((place for place in self._places if wanted in fold(place.name)), limit)))

    def _trail(self, item_id: str) -> list[_Place]:
        trail, above = [], item_id
        while above:
            place = self._by_id.get(above)
            if place is None:
                raise NotFound
            trail.append(place)
            above = place.parent
        return trail[::-1]

    def _only(self, place: _Place | None) -> SeenItem:
        found = self._items([place]) if place else []
        if not found:
            raise NotFound
        return found[0]

    def _items(self, places: Sequence[_Place]) -> list[SeenItem]:
        """Put together; without those that were taken away after the tree was read."""
        wanted = [place for place in places if place.pk not in self._made]
        if wanted:
            facts = facts_of(self._room_pk, [place.pk for place in wanted])
            self._made |= {place.pk: _item(place, facts[place.pk]) for place in wanted if place.pk in facts}
        return [self._made[place.pk] for place in places if place.pk in self._made]

    @cached_property
    def _by_id(self) -> dict[str, _Place]:
        return {place.id: place for place in self._places}

    @property
    def keys(self) -> Collection[int]:
        """The primary keys of everything he sees."""
        return self._by_pk.keys()

    @cached_property
    def _by_pk(self) -> dict[int, _Place]:
        return {place.pk: place for place in self._places}

    @cached_property
    def _by_parent(self) -> dict[str, list[_Place]]:
        below: dict[str, list[_Place]] = defaultdict(list)
        for place in self._places:
            below[place.parent].append(place)
        return below


class Looker(Protocol):
    """Somebody in a room (`flows.hands.Hand`): a guest; one who leads it and looks as a `group` would; or one who leads it."""

    @property
    def room(self) -> DataRoom: ...  # noqa: D102 -- told above
    @property
    def guest(self) -> Guest | None: ...  # noqa: D102 -- told above
    @property
    def group(self) -> Group | None: ...  # noqa: D102 -- told above


def sight_for(hand: Looker) -> Sight:
    """What somebody sees who was let into the room."""
    if hand.guest is not None:
        return sight_of(hand.guest)
    return house_sight(hand.room) if hand.group is None else group_sight(hand.room, hand.group)


def sight_of(guest: Guest) -> Sight:
    """What a guest sees by his rights; nothing once his place was revoked or has ended. Whether he may come in at all (gates,
    dates, a closed room) is for `flows.hands.visit` to say."""
    return steadily(guest.room_id, lambda room: _of_guest(room, guest.pk))


def group_sight(room: DataRoom, group: Group) -> Sight:
    """What somebody would see who is in this group only, and for whom nothing else was set."""
    return steadily(room.pk, lambda room: _seen(room, settings_of_group(room.pk, group.pk)))


def house_sight(room: DataRoom) -> Sight:
    """Everything, as those who lead the room see it."""
    return steadily(room.pk, house_sight_now)


def house_sight_now(room: DataRoom) -> Sight:
    """The same, for who reads something else of the same instant (`reading.steadily`)."""
    return _seen(room, None)


def _of_guest(room: DataRoom, guest_pk: int) -> Sight:
    here = Guest.objects.filter(pk=guest_pk, room=room, removed_at=None, revoked_at=None)
    role = here.values_list("role", flat=True).first()
    if role is None:
        return Sight()
    return _seen(room, None if role == Role.CO_OWNER else settings_of_guest(room.pk, guest_pk))


def _seen(room: DataRoom, settings: Settings | None) -> Sight:
    """`settings` None: of somebody who leads the room."""
    living = Item.objects.filter(room=room, trashed_at=None).order_by()
    rows = {row[0]: row for row in living.values_list("pk", "parent", "position", "document", "public_id", "name")}
    tree = in_order(Node(*row[:3]) for row in rows.values())
    default = Right(room.default_right)
    held = [LEADING] * len(tree.items) if settings is None else spread_rights(*tree, settings, default=default)
    shown = [one.right is not Right.NONE for one in held]
    seen = see(tree, shown=shown, is_file=[rows[pk][3] is not None for pk in tree.items])
    ids, places = {TOP: ""}, []
    for place, above in seen.above.items():
        pk, _parent, _position, document, ids[place], name = rows[tree.items[place]]
        number = seen.numbers[place] if room.shows_index else ""
        places.append(_Place(pk, ids[place], name, document is None, number, ids[above], held[place].right, seen.files[place]))
    return Sight(places, room.pk)


def _is_held(place: _Place, least: Right) -> bool:
    return not place.is_folder and place.right.rank >= least.rank


def _item(place: _Place, facts: Facts) -> SeenItem:
    own = place.pk, place.id, place.name, place.number, place.parent, place.is_folder, place.right
    return SeenItem(*own, **facts._asdict(), files=place.files)
