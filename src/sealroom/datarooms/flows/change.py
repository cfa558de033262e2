# SPDX-License-Identifier: Apache-2.0
"""The frame of every deed on a tree: the room's row is locked, the doer is judged by what is committed at that time, and the trail
and the room's revision follow at the end. Locks are taken in the order team, room, document, trail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import F, Max, QuerySet, Value
from django.db.models.functions import Concat, Substr

from sealroom.audit import flows as audit
from sealroom.audit.rules import SYSTEM, Verb, Who
from sealroom.core.errors import Forbidden, Invalid, NotFound
from sealroom.datarooms import queries, rules
from sealroom.datarooms.errors import RoomClosed
from sealroom.datarooms.flows.hands import Hand
from sealroom.datarooms.models import DataRoom, Guest, Item
from sealroom.datarooms.rules import Right, Role, RoomState
from sealroom.documents import flows as documents
from sealroom.documents.models import Document


class Reach:
    """What a hand may reach in a room. Of what is hidden from a guest it says `NotFound`, of what he may only read `Forbidden`."""

    def __init__(self, hand: Hand, room: DataRoom) -> None:
        self.hand = hand
        self.room = room
        self._rights: dict[int | None, Right] = {}

    @cached_property
    def guest(self) -> Guest | None:
        """The guest as he stands now; None for one who leads. Raises `NotFound` when his place has ended."""
        if self.hand.guest is None:
            return None
        rows = Guest.objects.select_related("room").filter(pk=self.hand.guest.pk, revoked_at=None, removed_at=None)
        guest = rows.first()
        if guest is None:
            raise NotFound
        return guest

    @property
    def arranges(self) -> bool:
        """Whether everything in the room is his to arrange."""
        return self.guest is None or self.guest.role == Role.CO_OWNER

    def right(self, item: Item | None) -> Right:
        """The right on a living item, or (None) at the top."""
        if self.guest is None:
            return Right.CONTRIBUTE
        key = item.pk if item else None
        if key not in self._rights:
            self._rights[key] = queries.right_at(self.guest, item)
        return self._rights[key]

    def require(self, item: Item | None) -> None:
        """Raise unless he contributes there."""
        right = self.right(item)
        if right is Right.NONE:
            raise NotFound(kind="item", id=item.public_id if item else "")
        if right is not Right.CONTRIBUTE:
            raise Forbidden

    def folder(self, folder_id: str) -> Item | None:
        """A folder ("": None, the top) into which he may put something. Raises `Invalid` for a file."""
        folder = queries.get_item(self.room, folder_id) if folder_id else None
        self.require(folder)
        if folder is not None and not folder.is_folder:
            raise Invalid({"folder": ["is_file"]})
        return folder

    def item(self, item_id: str) -> Item:
        """An item he may change: he contributes to it, and to the folder it lies in."""
        item = queries.get_item(self.room, item_id)
        self.require(item)
        if self.right(item.parent) is not Right.CONTRIBUTE:
            raise Forbidden
        return item

    def file(self, item_id: str) -> tuple[Item, Document]:
        """As `item`, of a file. Raises `Invalid` for a folder."""
        item = self.item(item_id)
        if item.document is None:
            raise Invalid({"item": ["is_folder"]})
        return item, item.document

    def items(self, item_ids: Sequence[str]) -> list[Item]:
        """Several, each once; what lies in another of them is left out, for it goes along. Raises `Invalid` when none is named."""
        ids = list(dict.fromkeys(item_ids))
        if not ids:
            raise Invalid({"items": ["required"]})
        rules.require_few(len(ids))
        found = [self.item(item_id) for item_id in ids]
        paths = [item.own_path for item in found]
        return [item for item in found if not any(item.path.startswith(path) for path in paths)]


class Change(Reach):
    """A deed under way, in a transaction that holds the room's row."""

    def free_name(self, folder: Item | None, name: str, *, but: Item | None = None) -> str:
        """The name, or the next of its kind where another than `but` has it. Of a taken one nothing is said, it may be hidden."""
        siblings = self.siblings(folder).exclude(pk=but.pk) if but else self.siblings(folder)
        if not siblings.filter(name_key=rules.name_key(name)).exists():
            return name
        return rules.free_name(name, set(siblings.values_list("name_key", flat=True)))

    def siblings(self, folder: Item | None) -> QuerySet[Item]:
        """What lies directly in a folder or at the top."""
        return queries.living(self.room).filter(parent=folder)

    def last_positions(self, folder: Item | None, count: int = 1) -> list[int]:
        """Positions behind all that lies in a folder."""
        last: int | None = self.siblings(folder).aggregate(last=Max("position"))["last"]
        return rules.positions_between(last, None, count) or []

    def require_space(self, count: int) -> None:
        """Raise `RoomFull` unless so many items fit."""
        rules.require_space(Item.objects.filter(room=self.room).count(), adding=count)

    def add(self, folder: Item | None, name: str, *, document: Document | None = None, now: datetime) -> Item:
        """Put a new item at the end of a folder, by this name or the next free one. Raises `RoomFull`, `TooDeep`."""
        self.require_space(1)
        path = folder.own_path if folder else ""
        rules.require_depth(rules.depth_of(path) + 1)
        name = self.free_name(folder, name)
        if document is not None and document.name != name:
            documents.rename_kept_document(document, name)
        return Item.objects.create(
            room=self.room,
            parent=folder,
            path=path,
            position=self.last_positions(folder)[0],
            name=name,
            name_key=rules.name_key(name),
            document=document,
            added_by=self.hand.address,
            created_at=now,
            changed_at=now,
        )

    def call(self, item: Item, name: str) -> None:
        """Give an item a name, and its document; the item's row is not saved."""
        item.name, item.name_key = name, rules.name_key(name)
        if item.document is not None:
            documents.rename_kept_document(item.document, name)

    def put(self, item: Item, folder: Item | None) -> None:
        """Hang an item into another folder, with all below it, by its name or the next free one; its row is not saved. Raises
        `TooDeep`."""
        path, old = (folder.own_path if folder else ""), item.own_path
        inside = queries.below(item, itself=False)
        deepest = max((rules.depth_of(one) for one in inside.values_list("path", flat=True)), default=rules.depth_of(item.path))
        rules.require_depth(deepest - rules.depth_of(item.path) + rules.depth_of(path) + 1)
        self.call(item, self.free_name(folder, item.name, but=item))
        item.parent, item.path = folder, path
        inside.update(path=Concat(Value(item.own_path), Substr("path", len(old) + 1)))

    def finish(self, verb: Verb, items: Iterable[Item], *, now: datetime, **facts: Any) -> None:
        """Count the change and write it down, a line for each item."""
        DataRoom.objects.filter(pk=self.room.pk).update(revision=F("revision") + 1)
        for item in items:
            audit.record(self.hand.who, verb, "item", item.public_id, now=now, label=item.name, room=self.room.public_id, **facts)


def look(hand: Hand) -> Reach:
    """Judge a hand that only looks."""
    return Reach(hand, hand.room)


def begin(hand: Hand) -> Change:
    """Lock the room for a change until the transaction ends. Raises `NotFound` (the room or the place has ended), `Forbidden` (a
    preview), `RoomClosed`."""
    hand.require_may_change()
    return _judged(hand, lock_room(hand.room.pk))


def foresee(hand: Hand) -> Change:
    """Refuse early what `begin` would refuse, by the room as it stands now and without its lock; nothing is changed with it."""
    hand.require_may_change()
    return _judged(hand, DataRoom.objects.get(pk=hand.room.pk))


def _judged(hand: Hand, room: DataRoom) -> Change:
    change = Change(hand, room)
    if room.deleted_at is not None:
        raise NotFound
    is_still = room.state == RoomState.ARCHIVED or (not change.arranges and room.state != RoomState.OPEN)
    if room.trashed_at is not None or is_still:
        raise RoomClosed(state=room.state)
    return change


def lock_room(room_id: int) -> DataRoom:
    """A room's row, held until the transaction ends."""
    return DataRoom.objects.select_for_update(no_key=True).get(pk=room_id)


def system_in(room: DataRoom) -> Who:
    """The system as the one who does something in a room, on the trail of its team."""
    return Who(SYSTEM.kind, SYSTEM.id, team=room.team.public_id, route=SYSTEM.route)
