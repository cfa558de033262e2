# SPDX-License-Identifier: Apache-2.0
"""What `access` asks at every request of somebody in a data room: may this person have this document, now?"""

from __future__ import annotations

from collections import defaultdict

from django.db.models import Q

from sealroom.access.ports import Standing
from sealroom.datarooms.models import GroupMember, Guest, Item, RightRow
from sealroom.datarooms.queries.looks import OUT, is_open_to_guests, living_item, standing_without_place
from sealroom.datarooms.rules import Effective, Right, Role, Setting, decide_right, permission_of


def standing_of(link_id: int, address: str, document_id: str) -> Standing:
    """See `access.ports.RightsSource`. Everything is read anew: room, guest, item and rights as they are committed now."""
    guest = guest_behind(link_id, address)
    if guest is None:
        return standing_without_place(link_id, address, document_id)
    room = guest.room
    if guest.revoked_at is not None or not is_open_to_guests(room):
        return OUT
    permission = None
    if document_id:
        item = living_item(room, document_id)
        permission = permission_of(right_on(guest, item).right) if item is not None else None
    return Standing(permission, guest.access_from, guest.access_until)


def guest_behind(link_id: int, address: str) -> Guest | None:
    """The guest who reads through a link: the one it was made for, by his own address, or who proved this address at the room's
    open link. Where access is open others can prove theirs at a guest's link as well; his rights are not theirs."""
    rows = Guest.objects.select_related("room").filter(removed_at=None)
    return rows.filter(Q(link=link_id) | Q(room__open_link=link_id), address=address).first()


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
