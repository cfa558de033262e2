# SPDX-License-Identifier: Apache-2.0
"""What one person sees of a room: the only list of items any page, count, search, archive or notice may start from. Everything is
read anew at each call; what is hidden from the person is not in it and leaves no trace in numbers and counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple, Protocol

from django.db.models import BooleanField, CharField, ExpressionWrapper, Q
from django.db.models.functions import Cast

from sealroom.core.errors import NotFound
from sealroom.datarooms.models import DataRoom, Group, Guest, Item
from sealroom.datarooms.queries.reading import Settings, settings_of_group, settings_of_guest, steadily
from sealroom.datarooms.rules import LEADING, TOP, Node, Right, Role, in_order, see, spread_rights
from sealroom.documents.rules import extension_of
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


class Sight:
    """What one person sees at this instant; not to be kept for another request. `items` are in the order of the tree. A page shows
    few of ten thousand items, so each is put together only when it is asked for."""

    def __init__(self, places: Sequence[_Place] = ()) -> None:
        self._places = places

    @cached_property
    def items(self) -> list[SeenItem]:
        """Everything he sees, in the order of the tree."""
        return [_item(place) for place in self._places]

    @cached_property
    def files(self) -> list[SeenItem]:
        """All files, in the order of the tree."""
        return [item for item in self.items if not item.is_folder]

    def find(self, item_id: str) -> SeenItem:
        """An item by its id. Raises `NotFound`, also for one that exists and is hidden."""
        place = self._by_id.get(item_id)
        if place is None:
            raise NotFound
        return _item(place)

    def children(self, folder_id: str = "") -> list[SeenItem]:
        """What he sees directly in a folder ("": at the top). Raises `NotFound`."""
        if folder_id and folder_id not in self._by_id:
            raise NotFound
        return [_item(place) for place in self._by_parent.get(folder_id, ())]

    def trail(self, item_id: str) -> list[SeenItem]:
        """The folders that lead to an item as he sees them, from the top, and the item itself. Raises `NotFound`."""
        trail = [self.find(item_id)]
        while trail[-1].parent:
            trail.append(self.find(trail[-1].parent))
        return trail[::-1]

    def below(self, folder_id: str = "") -> list[SeenItem]:
        """Everything he sees under a folder at any depth, in the order of the tree. Raises `NotFound`."""
        if not folder_id:
            return list(self.items)
        self.find(folder_id)
        inside, found = {folder_id}, []
        for place in self._places:
            if place.parent in inside:
                inside.add(place.id)
                found.append(_item(place))
        return found

    def branches(self, folder_id: str = "") -> list[Branch]:
        """The folders at the top and those in each folder on the way to one, in the order of the tree, at most `MOST_BRANCHES`.
        Raises `NotFound`."""
        trail = {one.id for one in self.trail(folder_id)} if folder_id else set()
        folders = [place for place in self._places if place.is_folder]
        full = {place.parent for place in folders}
        depths, found = {"": -1}, []
        for place in folders:
            if not place.parent or place.parent in trail:
                depths[place.id] = depths[place.parent] + 1
                is_open = place.id in trail and place.id in full
                found.append(Branch(_item(place), depths[place.id], place.id in full, is_open))
        return found[:MOST_BRANCHES]

    def search(self, text: str, limit: int) -> list[SeenItem]:
        """The first items whose name has `text` in it; case and accents do not matter. Blank finds nothing."""
        wanted = fold(text)
        if not wanted:
            return []
        hits = (place for place in self._places if wanted in fold(place.name))
        return [_item(place) for place in islice(hits, limit)]

    @cached_property
    def _by_id(self) -> dict[str, _Place]:
        return {place.id: place for place in self._places}

    @cached_property
    def _by_parent(self) -> dict[str, list[_Place]]:
        below: dict[str, list[_Place]] = defaultdict(list)
        for place in self._places:
            below[place.parent].append(place)
        return below


class _Place(NamedTuple):
    """An item before it is put together: what the database says of it, and what was worked out."""

    row: tuple[Any, ...]
    number: str
    parent: str
    right: Right
    files: int

    @property
    def id(self) -> str:
        id_: str = self.row[4]
        return id_

    @property
    def name(self) -> str:
        name: str = self.row[5]
        return name

    @property
    def is_folder(self) -> bool:
        return self.row[3] is None


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
    rows = {row[0]: row for row in _rows(room)}
    tree = in_order(Node(*row[:3]) for row in rows.values())
    default = Right(room.default_right)
    held = [LEADING] * len(tree.items) if settings is None else spread_rights(*tree, settings, default=default)
    shown = [one.right is not Right.NONE for one in held]
    seen = see(tree, shown=shown, is_file=[rows[pk][3] is not None for pk in tree.items])
    ids, places = {TOP: ""}, []
    for place, above in seen.above.items():
        row = rows[tree.items[place]]
        ids[place] = row[4]
        number = seen.numbers[place] if room.shows_index else ""
        places.append(_Place(row, number, ids[above], held[place].right, seen.files[place]))
    return Sight(places)


def _rows(room: DataRoom) -> Any:
    """Instants come as texts: Django takes longer to read 20,000 of them than everything else takes together."""
    living = Item.objects.filter(room=room, trashed_at=None).annotate(
        added_text=Cast("created_at", CharField()),
        changed_text=Cast("changed_at", CharField()),
        is_media=ExpressionWrapper(Q(document__current__media__isnull=False), output_field=BooleanField()),
    )
    current = [f"document__current__{name}" for name in ("name", "kind", "pages", "size", "state", "sha256")]
    own = ("pk", "parent", "position", "document__public_id", "public_id", "name", "added_text", "changed_text", "is_media")
    return living.values_list(*own, *current)


def _item(place: _Place) -> SeenItem:
    row, number, parent, right, files = place
    pk, _, _, document, public_id, name, added, changed, is_media, file, kind, pages, size, state, sha256 = row
    added_at, changed_at = _instant(added), _instant(changed)
    if document is None:
        return SeenItem(
            pk, public_id, name, number, parent, True, right, "", "", "", 0, 0, "", False, "", added_at, changed_at, files
        )
    version = (extension_of(file or ""), kind or "", pages or 0, size or 0, state or "", bool(is_media), sha256 or "")
    return SeenItem(pk, public_id, name, number, parent, False, right, document, *version, added_at, changed_at, 0)


def _instant(text: str) -> datetime:
    """What the database wrote as text: SQLite without a zone, PostgreSQL with that of the connection; UTC is meant by both."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
