# SPDX-License-Identifier: Apache-2.0
"""Who read what in a room, and who has not come: by guest, group, file and folder, and as a heat map. For those who lead it; whose
room it is, the caller has asked. Co-owners lead and are left out; so are previews, which `viewing` does not count.

The number of statements does not grow with guests or files: everything is put together from what `viewing` counts by link.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from sealroom.datarooms.models import DataRoom, Guest, Item
from sealroom.datarooms.queries.people import GroupRow, GuestRow, GuestState, groups_of, guests_of
from sealroom.datarooms.queries.sight import SeenItem, house_sight
from sealroom.datarooms.rules import Role
from sealroom.viewing import queries as viewing
from sealroom.viewing.queries import Insight


@dataclass(frozen=True)
class Use:
    """What some people did with some files. `pages`: how many different ones were seen, summed over people and files; `active_ms`
    on screen. `completion`: per cent of the pages of what they opened, the mean over people and files."""

    opens: int = 0
    pages: int = 0
    active_ms: int = 0
    downloads: int = 0
    prints: int = 0
    completion: int = 0


@dataclass(frozen=True)
class GuestUse:
    """A guest with all he did, also with what is in the trash now. `files`: how many he opened; `last_at`: when he was in the room
    last, None for who never came."""

    guest: GuestRow
    files: int
    last_at: datetime | None
    use: Use


@dataclass(frozen=True)
class GroupUse:
    """A group with what its guests did; `came`: how many of them were ever in the room."""

    group: GroupRow
    came: int
    use: Use


@dataclass(frozen=True)
class ItemUse:
    """A file, or a folder with all in it at any depth. `readers`: how many guests opened it, or something in it."""

    item: SeenItem
    path: str
    readers: int
    use: Use


@dataclass(frozen=True)
class Heat:
    """Milliseconds on screen by file (rows) and guest (columns), those with the most time first."""

    files: tuple[ItemUse, ...]
    guests: tuple[GuestUse, ...]
    rows: tuple[tuple[int, ...], ...]

    @property
    def most(self) -> int:
        """The hottest cell, to measure others by."""
        return max((cell for row in self.rows for cell in row), default=0)


@dataclass
class _Sum:
    """A `Use` that grows, and whose it is. Completion is a mean over `pairs` of person and file."""

    readers: set[int] = field(default_factory=set)
    opens: int = 0
    pages: int = 0
    active_ms: int = 0
    downloads: int = 0
    prints: int = 0
    completion: int = 0
    pairs: int = 0

    def add(self, guest: int, one: Insight) -> None:
        self.opens += one.opens
        self.pages += one.pages_seen
        self.active_ms += one.active_ms
        self.downloads += one.downloads
        self.prints += one.prints
        if one.opens:
            self.readers.add(guest)
            self.completion += one.completion
            self.pairs += 1

    def add_all(self, other: _Sum) -> None:
        self.readers |= other.readers
        for name in ("opens", "pages", "active_ms", "downloads", "prints", "completion", "pairs"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def use(self) -> Use:
        mean = self.completion // self.pairs if self.pairs else 0
        return Use(self.opens, self.pages, self.active_ms, self.downloads, self.prints, mean)


_Reads = Mapping[tuple[int, int], Insight]  # by guest and document
_NOTHING = _Sum()


class Analytics:
    """What was done in a room until now; not to be kept for another request. Guests by address, groups by name, items in the order
    of the tree."""

    def __init__(self, people: _People, items: Collection[SeenItem], documents: Mapping[int, int], reads: _Reads) -> None:
        self._people, self._items, self._documents, self._reads = people, items, documents, reads

    @cached_property
    def guests(self) -> tuple[GuestUse, ...]:
        """Every guest."""
        found = []
        for pk, guest in self._people.rows.items():
            done = self._by_guest.get(pk, _NOTHING)
            found.append(GuestUse(guest, done.pairs, _latest(guest.seen_at, self._last_reading.get(pk)), done.use))
        return tuple(found)

    @property
    def missing(self) -> tuple[GuestUse, ...]:
        """The guests who may come and have not yet."""
        may = {GuestState.INVITED, GuestState.WAITING}
        return tuple(one for one in self.guests if one.last_at is None and one.guest.state in may)

    @cached_property
    def groups(self) -> tuple[GroupUse, ...]:
        """Every group. Who is in two counts in both."""
        return tuple(self._group(group) for group in self._people.groups)

    @cached_property
    def items(self) -> tuple[ItemUse, ...]:
        """Every folder and file that is not in the trash."""
        paths = {"": ""}
        found = []
        for item in self._items:
            paths[item.id] = f"{paths[item.parent]}/{item.name}".lstrip("/")
            done = self._by_item.get(item.id, _NOTHING)
            found.append(ItemUse(item, paths[item.id], len(done.readers), done.use))
        return tuple(found)

    def heat(self, *, files: int, guests: int) -> Heat:
        """The most read files and the guests who read most, at most so many of each."""
        hot = sorted((one for one in self.items if not one.item.is_folder), key=lambda one: -one.use.active_ms)[:files]
        warm = sorted(self.guests, key=lambda one: -one.use.active_ms)[:guests]
        pk_of = {row.id: pk for pk, row in self._people.rows.items()}
        columns = [pk_of[one.guest.id] for one in warm]
        rows = tuple(tuple(self._time(pk, self._documents.get(one.item.pk, 0)) for pk in columns) for one in hot)
        return Heat(tuple(hot), tuple(warm), rows)

    def _time(self, guest: int, document: int) -> int:
        one = self._reads.get((guest, document))
        return one.active_ms if one is not None else 0

    def _group(self, group: GroupRow) -> GroupUse:
        total, came = _Sum(), 0
        for pk, guest in self._people.rows.items():
            if group.id in guest.groups:
                total.add_all(self._by_guest.get(pk, _NOTHING))
                came += guest.came_at is not None or pk in self._last_reading
        return GroupUse(group, came, total.use)

    @cached_property
    def _by_guest(self) -> dict[int, _Sum]:
        sums: dict[int, _Sum] = defaultdict(_Sum)
        for (guest, _), one in self._reads.items():
            sums[guest].add(guest, one)
        return dict(sums)

    @cached_property
    def _last_reading(self) -> dict[int, datetime]:
        last = dict[int, datetime]()
        for (guest, _), one in self._reads.items():
            if one.last_seen_at is not None:
                last[guest] = max(last.get(guest, one.last_seen_at), one.last_seen_at)
        return last

    @cached_property
    def _by_item(self) -> dict[str, _Sum]:
        """Files, then their folders: from the end of the tree, so that all below an item was added to it when it is its turn."""
        by_document: dict[int, _Sum] = defaultdict(_Sum)
        for (guest, document), one in self._reads.items():
            by_document[document].add(guest, one)
        sums: dict[str, _Sum] = defaultdict(_Sum)
        for item in reversed(list(self._items)):
            done = by_document.get(self._documents.get(item.pk, 0)) if not item.is_folder else sums.get(item.id)
            if done is not None:
                sums[item.id] = done
                if item.parent:
                    sums[item.parent].add_all(done)
        return dict(sums)


@dataclass(frozen=True)
class _People:
    """Guests by primary key, and groups."""

    rows: Mapping[int, GuestRow]
    groups: tuple[GroupRow, ...]


def analytics(room: DataRoom, *, now: datetime) -> Analytics:
    """What was done in a room until now."""
    listed = {one.id: one for one in guests_of(room, now=now) if one.role is not Role.CO_OWNER}
    places = list(Guest.objects.filter(room=room, removed_at=None).order_by("address").values_list("pk", "public_id", "link"))
    rows = {pk: listed[public] for pk, public, _ in places if public in listed}
    links = {link: pk for pk, _, link in places if link is not None and pk in rows}
    documents = dict(Item.objects.filter(room=room).exclude(document=None).values_list("pk", "document"))
    reads = _reads(room, links, {row.address: pk for pk, row in rows.items()})
    return Analytics(_People(rows, tuple(groups_of(room))), house_sight(room).items, documents, reads)


def _reads(room: DataRoom, links: Mapping[int, int], addresses: Mapping[str, int]) -> _Reads:
    """By guest and document, through each guest's own link and through the open one."""
    found = {(links[link], document): one for (link, document), one in viewing.insight_by_link(links).items()}
    for key, one in _by_open_link(room, addresses):
        found[key] = _joined(found[key], one) if key in found else one
    return found


def _by_open_link(room: DataRoom, addresses: Mapping[str, int]) -> Iterator[tuple[tuple[int, int], Insight]]:
    if room.open_link_id is not None:
        for (address, document), one in viewing.insight_by_reader(room.open_link_id).items():
            if address in addresses:
                yield (addresses[address], document), one


def _joined(one: Insight, other: Insight) -> Insight:
    """What one guest did with one document by two ways; pages seen by both are not told apart, so the greater number stands."""
    return replace(
        one,
        opens=one.opens + other.opens,
        last_seen_at=_latest(one.last_seen_at, other.last_seen_at),
        pages_seen=max(one.pages_seen, other.pages_seen),
        active_ms=one.active_ms + other.active_ms,
        completion=max(one.completion, other.completion),
        downloads=one.downloads + other.downloads,
        prints=one.prints + other.prints,
    )


def _latest(*instants: datetime | None) -> datetime | None:
    return max((at for at in instants if at is not None), default=None)
