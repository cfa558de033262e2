# SPDX-License-Identifier: Apache-2.0
"""The tree of a room: folders made, things named, moved, put in order. Each deed is done whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.core.errors import Forbidden, Invalid, NotFound
from sealroom.datarooms import queries, rules
from sealroom.datarooms.errors import NameTaken
from sealroom.datarooms.flows.change import Change, begin
from sealroom.datarooms.flows.hands import Hand
from sealroom.datarooms.models import Item
from sealroom.datarooms.rules import Right


@transaction.atomic
def create_folder(hand: Hand, parent_id: str, name: str, *, now: datetime) -> Item:
    """Make a folder in another ("": at the top), by this name or the next free one. Raises `NotFound`, `Forbidden`, `RoomClosed`,
    `Invalid` (name), `RoomFull`, `TooDeep`."""
    change = begin(hand)
    folder = change.add(change.folder(parent_id), rules.item_name(name), now=now)
    change.finish(Verb.ITEM_ADDED, [folder], now=now)
    return folder


@transaction.atomic
def create_path(hand: Hand, parent_id: str, path: str, *, now: datetime) -> Item:
    """Make a chain of folders ("Contracts/2026"), as far as it is not there yet; returns the last. Doing it again changes nothing.

    A name that something hidden or a file has is left to it, and the next free one is taken. Raises as `create_folder`, and
    `Invalid` for a path that is absolute or leads upwards; then no folder of it is made.
    """
    names = rules.split_path(path)
    change = begin(hand)
    folder = change.folder(parent_id)
    made = []
    for name in names:
        folder, is_new = _step(change, folder, name, now=now)
        if is_new:
            made.append(folder)
    if made:
        change.finish(Verb.ITEM_ADDED, made, now=now)
    assert folder is not None
    return folder


@transaction.atomic
def rename(hand: Hand, item_id: str, name: str, *, now: datetime) -> Item:
    """Give an item another name. Raises `NameTaken` where a sibling that he may see has it; where a hidden one does, the next free
    name is taken. Raises `NotFound`, `Forbidden`, `RoomClosed`, `Invalid` too."""
    name = rules.item_name(name)
    change = begin(hand)
    item = change.item(item_id)
    if name == item.name:
        return item
    clash = change.siblings(item.parent).exclude(pk=item.pk).filter(name_key=rules.name_key(name)).first()
    if clash is not None and change.right(clash) is not Right.NONE:
        raise NameTaken(name=name)
    change.call(item, change.free_name(item.parent, name, but=item))
    item.changed_at = now
    item.save(update_fields=["name", "name_key", "changed_at"])
    change.finish(Verb.ITEM_CHANGED, [item], now=now, what="name")
    return item


@transaction.atomic
def move(hand: Hand, item_ids: Sequence[str], to_folder_id: str, *, before_id: str = "", now: datetime) -> list[Item]:
    """Hang items into a folder ("": the top), in the order named, before one of its items ("": behind all). Within one folder this
    is how its order is changed. A name that is taken there becomes the next free one.

    Raises `NotFound`, `Forbidden` (he must contribute to what is moved, where it lies and where it goes), `RoomClosed`, `Cycle`,
    `TooDeep`, `TooManyItems`, `Invalid`; then nothing has moved.
    """
    change = begin(hand)
    folder = change.folder(to_folder_id)
    items = change.items(item_ids)
    rules.require_no_ring([item.own_path for item in items], folder.own_path if folder else "")
    places = _places(change, folder, items, before_id)
    for item, place in zip(items, places, strict=True):
        if item.parent_id != (folder.pk if folder else None):
            change.put(item, folder)
        item.position = place
        item.save(update_fields=["parent", "path", "name", "name_key", "position"])
    change.finish(Verb.ITEM_MOVED, items, now=now, to=folder.public_id if folder else "")
    return items


@transaction.atomic
def sort_folder(hand: Hand, folder_id: str, *, now: datetime) -> None:
    """Put what lies directly in a folder ("": at the top) in order: folders first, then files, each by name as people count. Of
    those who arrange the room. Raises `NotFound`, `Forbidden`, `RoomClosed`, `Invalid` (a file)."""
    change = begin(hand)
    folder = change.folder(folder_id)
    if not change.arranges:
        raise Forbidden
    items = list(change.siblings(folder))
    items.sort(key=lambda item: (not item.is_folder, rules.counting_key(item.name), item.pk))
    for item, place in zip(items, rules.positions_between(None, None, len(items)) or [], strict=True):
        item.position = place
    Item.objects.bulk_update(items, ["position"], batch_size=500)
    change.finish(Verb.ITEM_MOVED, [folder] if folder else [], now=now, what="order")
    if folder is None:
        room = change.room
        audit.record(hand.who, Verb.DATA_ROOM_CHANGED, "data_room", room.public_id, now=now, label=room.name, changed=["order"])


def _step(change: Change, folder: Item | None, name: str, *, now: datetime) -> tuple[Item, bool]:
    """The folder of that name, and whether it had to be made."""
    number = 1
    while True:
        candidate = rules.numbered(name, number)
        there = change.siblings(folder).filter(name_key=rules.name_key(candidate)).first()
        if there is None:
            return change.add(folder, candidate, now=now), True
        if there.is_folder and change.right(there) is not Right.NONE:
            change.require(there)
            return there, False
        number += 1


def _places(change: Change, folder: Item | None, items: list[Item], before_id: str) -> list[int]:
    """Positions for items that go into a folder; makes room among its siblings where there is none."""
    others = change.siblings(folder).exclude(pk__in=[item.pk for item in items])
    if not before_id:
        last: int | None = others.aggregate(last=Max("position"))["last"]
        return rules.positions_between(last, None, len(items)) or []
    before = queries.get_item(change.room, before_id)
    if change.right(before) is Right.NONE:
        raise NotFound(kind="item", id=before_id)
    if before.parent_id != (folder.pk if folder else None) or before in items:
        raise Invalid({"before": ["unknown"]})
    ordered = list(others.order_by("position", "pk"))
    index = ordered.index(before)
    lower = ordered[index - 1].position if index else None
    found = rules.positions_between(lower, before.position, len(items))
    if found is not None:
        return found
    places = rules.positions_between(None, 0, len(ordered) + len(items)) or []
    free = places[index : index + len(items)]
    for sibling, place in zip(ordered, [*places[:index], *places[index + len(items) :]], strict=True):
        sibling.position = place
    Item.objects.bulk_update(ordered, ["position"], batch_size=500)
    return free
