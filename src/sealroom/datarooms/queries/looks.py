# SPDX-License-Identifier: Apache-2.0
"""How somebody stands in a room without a place in it: who leads it and looks, at everything or as a group would; and who proved
an address at the open link and has not joined yet."""

from __future__ import annotations

from django.db.models import Q

from sealroom.access.ports import Standing
from sealroom.access.rules import Permission
from sealroom.core.prepared import Prepared
from sealroom.datarooms.models import DataRoom, Group, Item
from sealroom.datarooms.queries.reading import settings_of_group
from sealroom.datarooms.rules import Effective, Right, RoomState, decide_right, permission_of

OUT = Standing(is_out=True)


def standing_without_place(link_id: int, address: str, document_id: str) -> Standing:
    """Of a reader who is no guest. The links for looks name nobody and are for previews alone, whose reader has no address: where
    access is open, a stranger could prove an address of his own at one, and he is out."""
    room = _by_own_link.first(link=link_id)
    if room is not None and room.open_link_id == link_id:
        return Standing() if address and is_open_to_guests(room) else OUT
    if address:
        return OUT
    if room is not None:
        has = document_id and living_item(room, document_id) is not None
        return Standing(Permission.DOWNLOAD_ORIGINAL if has else None)
    group = group_behind(link_id)
    if group is None:
        return OUT
    item = living_item(group.room, document_id) if document_id else None
    return Standing(permission_of(right_of_group(group, item).right) if item is not None else None)


def room_behind(link_id: int) -> DataRoom | None:
    """The room that those who lead it see whole through this link."""
    return DataRoom.objects.filter(house_link=link_id, deleted_at=None).first()


def group_behind(link_id: int) -> Group | None:
    """The group whose eyes this link lends to those who lead the room."""
    return Group.objects.select_related("room").filter(link=link_id, room__deleted_at=None).first()


def right_of_group(group: Group, item: Item) -> Effective:
    """The right of somebody who is in this group alone, on a living item."""
    chain = [item.pk, *(int(part) for part in reversed(item.path.split("/")[:-1]))]
    settings = settings_of_group(group.room_id, group.pk)
    return decide_right([(level, settings.get(level, ())) for level in (*chain, None)], default=Right(group.room.default_right))


def is_open_to_guests(room: DataRoom) -> bool:
    """Whether guests are let in at all."""
    return room.deleted_at is None and room.trashed_at is None and room.state != RoomState.CLOSED


def living_item(room: DataRoom, document_id: str) -> Item | None:
    """The file of a document in a room."""
    return _item.first(room=room.pk, document=document_id)


_by_own_link = Prepared(
    lambda link: DataRoom.objects.filter(Q(house_link=link) | Q(open_link=link), deleted_at=None), numbers=("link",)
)
_item = Prepared(
    lambda room, document: Item.objects.filter(room=room, document__public_id=document, trashed_at=None),
    texts=("document",),
    numbers=("room",),
)
