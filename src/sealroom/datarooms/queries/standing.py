# SPDX-License-Identifier: Apache-2.0
"""What `access` asks at every request of somebody in a data room: may this person have this document, now?

Each page of each reader asks, so the statements are written once (docs/decisions/0158); their answers never are kept.
"""

from __future__ import annotations

from functools import cache

from django.db.models import Q, QuerySet

from sealroom.access.ports import Standing
from sealroom.access.rules import Permission
from sealroom.core.prepared import Prepared
from sealroom.datarooms.models import DataRoom, GroupMember, Guest, Item, RightRow
from sealroom.datarooms.queries.looks import OUT, is_open_to_guests, living_item, standing_without_place
from sealroom.datarooms.queries.reading import by_item, steadily
from sealroom.datarooms.rules import LEADING, Effective, Right, Role, decide_right, permission_of

_NO_ITEM = 0


def standing_of(link_id: int, address: str, document_id: str) -> Standing:
    """See `access.ports.RightsSource`. Everything is read anew: room, guest, item and rights as they are committed now."""
    guest = guest_behind(link_id, address)
    if guest is None:
        return standing_without_place(link_id, address, document_id)
    if guest.revoked_at is not None or not is_open_to_guests(guest.room):
        return OUT
    permission = _permission_on(guest, document_id) if document_id else None
    return Standing(permission, guest.access_from, guest.access_until)


def guest_behind(link_id: int, address: str) -> Guest | None:
    """The guest who reads through a link: the one it was made for, by his own address, or who proved this address at the room's
    open link. Where access is open others can prove theirs at a guest's link as well; his rights are not theirs."""
    return _by_link.first(link=link_id, address=address) or _by_open_link.first(link=link_id, address=address)


def right_on(guest: Guest, item: Item) -> Effective:
    """The effective right of a guest on a living item, and why."""
    if guest.role == Role.CO_OWNER:
        return LEADING
    chain = [item.pk, *(int(part) for part in reversed(item.path.split("/")[:-1]))]
    rows = _settings_on(chain, guest)
    settings = by_item((row.item_id, row.group_id, row.right) for row in rows)
    levels = [(level, settings.get(level, ())) for level in (*chain, None)]
    return decide_right(levels, default=Right(guest.room.default_right))


def _permission_on(guest: Guest, document_id: str) -> Permission | None:
    def read(room: DataRoom) -> Permission | None:
        guest.room = room
        item = living_item(room, document_id)
        return permission_of(right_on(guest, item).right) if item is not None else None

    return steadily(guest.room_id, read, just_read=guest.room)


def _settings_on(chain: list[int], guest: Guest) -> list[RightRow]:
    """What is set for a guest and his groups on these items and on the room."""
    places = 8
    while places < len(chain):
        places *= 2
    filled = [*chain, *[_NO_ITEM] * (places - len(chain))]
    values = {_place(number): pk for number, pk in enumerate(filled)}
    return _on_chain(places).all(guest=guest.pk, room=guest.room_id, **values)


def _place(number: int) -> str:
    return f"item{number}"


@cache
def _on_chain(places: int) -> Prepared[RightRow]:
    """One statement for each of a few lengths of the way up: a prepared list cannot grow."""
    names = tuple(_place(number) for number in range(places))

    def build(guest: int, room: int, **items: int) -> QuerySet[RightRow]:
        groups = GroupMember.objects.filter(guest=guest).values("group")
        on = Q(item__in=list(items.values())) | Q(item=None)
        return RightRow.objects.filter(Q(guest=guest) | Q(group__in=groups), on, room=room)

    return Prepared(build, numbers=("guest", "room", *names))


def _places() -> QuerySet[Guest]:
    return Guest.objects.select_related("room").filter(removed_at=None)


_by_link = Prepared(lambda link, address: _places().filter(link=link, address=address), texts=("address",), numbers=("link",))
_by_open_link = Prepared(
    lambda link, address: _places().filter(room__open_link=link, address=address), texts=("address",), numbers=("link",)
)
