# SPDX-License-Identifier: Apache-2.0
"""The trash of a room: what lies there exists for nobody but those who lead the room, for thirty days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from sealroom.audit.rules import Verb
from sealroom.core.errors import Forbidden
from sealroom.datarooms import queries
from sealroom.datarooms.flows.change import Change, begin, lock_room, look, system_in
from sealroom.datarooms.flows.hands import Hand
from sealroom.datarooms.models import Item
from sealroom.datarooms.queries import Trashed
from sealroom.documents import flows as documents


@transaction.atomic
def throw_away(hand: Hand, item_ids: Sequence[str], *, now: datetime) -> None:
    """Put items into the trash, with all that lies in them: gone at every guest's next request. A guest may do so with what he
    brought himself, and with a folder only if all in it is his. Raises `NotFound`, `Forbidden`, `RoomClosed`, `TooManyItems`."""
    change = begin(hand)
    items = change.items(item_ids)
    for item in items:
        inside = queries.below(item).filter(trashed_at=None)
        if not change.arranges and inside.exclude(added_by=hand.address).exists():
            raise Forbidden
        inside.update(trashed_at=now, trashed_by=hand.address, trashed_with=item)
    change.finish(Verb.ITEM_TRASHED, items, now=now)


def trash_of(hand: Hand) -> list[Trashed]:
    """What was thrown away, the latest first. Raises `Forbidden` to who does not lead the room."""
    hand.require_lead()
    return queries.list_trash(look(hand).room)


@transaction.atomic
def restore(hand: Hand, item_ids: Sequence[str], *, now: datetime) -> list[Item]:
    """Put back what was thrown away, with all that was thrown away in it: to where it was, else to the nearest folder above that is
    there, by its name or the next free one. Raises `NotFound` (not in the trash any more), `Forbidden`, `RoomClosed`."""
    hand.require_lead()
    change = begin(hand)
    items = queries.get_trashed(change.room, item_ids)
    for item in items:
        _put_back(change, item)
    change.finish(Verb.ITEM_RESTORED, items, now=now)
    return items


@transaction.atomic
def delete_for_good(hand: Hand, item_ids: Sequence[str], *, now: datetime) -> None:
    """Delete from the trash what was thrown away, with all that lies in it, every version too. Raises as `restore`."""
    hand.require_lead()
    change = begin(hand)
    _delete(change, queries.get_trashed(change.room, item_ids), now=now)


def clean_trash(*, now: datetime) -> int:
    """Delete what has lain in the trash of a room for thirty days, and all of rooms that were deleted for good; returns how many
    were deleted, those that lay in others not counted. Each room in a transaction of its own."""
    return sum(_clean(room_id, now=now) for room_id in queries.rooms_to_clean(now=now))


@transaction.atomic
def _clean(room_id: int, *, now: datetime) -> int:
    room = lock_room(room_id)
    items = queries.ripe_items(room, now=now)
    _delete(Change(Hand(room, system_in(room), ""), room), items, now=now)
    return len(items)


def _put_back(change: Change, item: Item) -> None:
    home = item.parent
    while home is not None and home.trashed_at is not None:
        home = home.parent
    if home != item.parent:
        change.put(item, home)
    else:
        change.call(item, change.free_name(home, item.name))
    siblings = change.siblings(home)
    if siblings.filter(position=item.position).exists():
        item.position = change.last_positions(home)[0]
    item.save(update_fields=["parent", "path", "name", "name_key", "position"])
    Item.objects.filter(trashed_with=item).update(trashed_at=None, trashed_by="", trashed_with=None)


def _delete(change: Change, items: Iterable[Item], *, now: datetime) -> None:
    items = list(items)
    for item in items:
        for one in queries.below(item).filter(document__deleted_at=None).exclude(document=None).select_related("document__team"):
            assert one.document is not None
            documents.delete_kept_document(one.document, who=change.hand.who, now=now)
    Item.objects.filter(pk__in=[item.pk for item in items]).delete()
    change.finish(Verb.ITEM_DELETED, items, now=now)
