# SPDX-License-Identifier: Apache-2.0
"""What `access` asks at every request of somebody in a data room: may this person have this document, now?"""

from __future__ import annotations

from collections import defaultdict

from django.db.models import Q

from sealroom.access.ports import Standing
from sealroom.access.rules import Permission
from sealroom.datarooms.models import DataRoom, GroupMember, Guest, Item, RightRow
from sealroom.datarooms.rules import Effective, Right, Role, RoomState, Setting, decide_right, permission_of

OUT = Standing(is_out=True)


def standing_of(link_id: int, address: str, document_id: str) -> Standing:
    """See `access.ports.RightsSource`. Everything is read anew: room, guest, item and rights as they are committed now."""
    guest = guest_behind(link_id, address)
    if guest is None:
        return _house(link_id, document_id)
    room = guest.room
    if guest.revoked_at is not None or not _is_open_to_guests(room):
        return OUT
    permission = None
    if document_id:
        item = _item_of(room, document_id)
        permission = permission_of(right_on(guest, item).right) if item is not None else None
    return Standing(permission, guest.access_from, guest.access_until)


def guest_behind(link_id: int, address: str) -> Guest | None:
    """The guest who reads through a link: the one it was made for, or who proved this address at the room's open link."""
    rows = Guest.objects.select_related("room").filter(removed_at=None)
    return rows.filter(Q(link=link_id) | Q(room__open_link=link_id, address=address)).first()


def right_on(guest: Guest, item: Item) -> Effective:
    """The effective right of a guest on a living item, and why."""
    if guest.role == Role.CO_OWNER:
        return Effective(Right.CONTRIBUTE)
    chain = [item.pk, *(int(part) for part in reversed(item.path.split("/")[:-1]))]
    groups = GroupMember.objects.filter(guest=guest).values("group")
    rows = RightRow.objects.filter(Q(guest=guest) | Q(group__in=groups), Q(item__in=chain) | Q(item=None), room=guest.room_id)
    settings: dict[int | None, list[Setting]] = defaultdict(list)
    for on, group, right in rows.values_list("item", "group", "right"):
        settings[on].append(Setting(Right(right), group))
    levels = [(level, settings.get(level, [])) for level in (*chain, None)]
    return decide_right(levels, default=Right(guest.room.default_right))


def _is_open_to_guests(room: DataRoom) -> bool:
    return room.deleted_at is None and room.trashed_at is None and room.state != RoomState.CLOSED


def _item_of(room: DataRoom, document_id: str) -> Item | None:
    return Item.objects.filter(room=room, document__public_id=document_id, trashed_at=None).first()


def _house(link_id: int, document_id: str) -> Standing:
    """Who leads the room looks at it through a link that names nobody; only a preview's pass is ever made for it."""
    room = DataRoom.objects.filter(house_link=link_id, deleted_at=None).first()
    if room is None:
        return OUT
    has = document_id and _item_of(room, document_id) is not None
    return Standing(Permission.DOWNLOAD_ORIGINAL if has else None)
