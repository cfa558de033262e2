# SPDX-License-Identifier: Apache-2.0
"""What deeds ask of the tree, and what lies in the trash. What people see of a room is found in `sight`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from sealroom.core.errors import NotFound
from sealroom.datarooms.models import DataRoom, GroupMember, Guest, Item, RightRow
from sealroom.datarooms.queries.standing import right_on
from sealroom.datarooms.rules import Right, Role, Setting, decide_right
from sealroom.documents.models import Version

KEPT_BY = "data_room"
"""`Document.kept_by` of what lies in a room."""
TRASH_LASTS = timedelta(days=30)


@dataclass(frozen=True)
class Trashed:
    """Something that was thrown away, with all that lay in it (`files`). `where` are the names of the folders it lay in."""

    id: str
    name: str
    is_folder: bool
    where: tuple[str, ...]
    files: int
    trashed_by: str
    trashed_at: datetime
    lasts_until: datetime


def right_at(guest: Guest, folder: Item | None) -> Right:
    """The effective right of a guest on a living item, or (None) at the top of the room."""
    if folder is not None:
        return right_on(guest, folder).right
    if guest.role == Role.CO_OWNER:
        return Right.CONTRIBUTE
    groups = GroupMember.objects.filter(guest=guest).values("group")
    rows = RightRow.objects.filter(Q(guest=guest) | Q(group__in=groups), room=guest.room_id, item=None)
    settings = [Setting(Right(right), group) for group, right in rows.values_list("group", "right")]
    return decide_right([(None, settings)], default=Right(guest.room.default_right)).right


def living(room: DataRoom) -> QuerySet[Item]:
    """The items of a room that are not in its trash."""
    return Item.objects.filter(room=room, trashed_at=None)


def get_item(room: DataRoom, item_id: str) -> Item:
    """A living item of the room. Raises `NotFound`."""
    item = living(room).select_related("parent", "document").filter(public_id=item_id).first()
    if item is None:
        raise NotFound(kind="item", id=item_id)
    return item


def below(item: Item, *, itself: bool = True) -> QuerySet[Item]:
    """All that lies in an item, the trash included."""
    inside = Q(path__startswith=item.own_path)
    return Item.objects.filter(inside | Q(pk=item.pk) if itself else inside, room=item.room_id)


def fresh_folders(item: Item, *, since: datetime) -> list[str]:
    """The folders above an item, from its own upwards ("": the top), as far as all that lies in them came at that instant or
    later."""
    fresh: list[str] = []
    below: Item | None = item
    while below is not None and not living(item.room).filter(parent=below.parent, created_at__lt=since).exists():
        below = below.parent
        fresh.append(below.public_id if below else "")
    return fresh


def get_trashed(room: DataRoom, item_ids: Collection[str]) -> list[Item]:
    """What was thrown away itself, by id. Raises `NotFound` unless all of them lie in the trash."""
    found = {item.public_id: item for item in _thrown(room).filter(public_id__in=item_ids)}
    for item_id in item_ids:
        if item_id not in found:
            raise NotFound(kind="item", id=item_id)
    return [found[item_id] for item_id in dict.fromkeys(item_ids)]


def list_trash(room: DataRoom) -> list[Trashed]:
    """What was thrown away, the latest first."""
    items = list(_thrown(room).order_by("-trashed_at", "-pk"))
    above = {int(part) for item in items for part in item.path.split("/")[:-1]}
    names = dict(Item.objects.filter(pk__in=above).values_list("pk", "name"))
    files = Counter(Item.objects.filter(trashed_with__in=items, document__isnull=False).values_list("trashed_with", flat=True))
    return [
        Trashed(
            id=item.public_id,
            name=item.name,
            is_folder=item.is_folder,
            where=tuple(names[int(part)] for part in item.path.split("/")[:-1]),
            files=files[item.pk],
            trashed_by=item.trashed_by,
            trashed_at=item.trashed_at,
            lasts_until=item.trashed_at + TRASH_LASTS,
        )
        for item in items
        if item.trashed_at is not None
    ]


def rooms_to_clean(*, now: datetime) -> list[int]:
    """Rooms (primary keys) whose trash holds what has lain there long enough, and deleted ones that still hold anything."""
    due = Q(trashed_at__lte=now - TRASH_LASTS) | Q(room__deleted_at__isnull=False)
    return list(Item.objects.filter(due).order_by("room").values_list("room", flat=True).distinct())


def ripe_items(room: DataRoom, *, now: datetime) -> list[Item]:
    """What is to be deleted for good in such a room."""
    if room.deleted_at is not None:
        return list(Item.objects.filter(room=room, parent=None))
    return list(_thrown(room).filter(trashed_at__lte=now - TRASH_LASTS))


def room_awaiting(version_id: int) -> int | None:
    """The room (primary key) for whose file this is a version that was not published yet; None for every other version."""
    rows = Version.objects.filter(pk=version_id, document__kept_by=KEPT_BY, published_at=None)
    return rows.values_list("document__item__room", flat=True).first()


def _thrown(room: DataRoom) -> QuerySet[Item]:
    return Item.objects.filter(room=room, trashed_at__isnull=False, trashed_with=F("pk"))
