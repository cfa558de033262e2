# SPDX-License-Identifier: Apache-2.0
"""What was read in a data room, and what was done in it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from sealroom.api.app import Limit, actor_of
from sealroom.api.paging import paged
from sealroom.api.v1.datarooms.shapes import ROOM_TAG
from sealroom.api.v1.insight import EventsOut, events_out
from sealroom.core.errors import Invalid
from sealroom.datarooms import flows, queries
from sealroom.datarooms.queries import Analytics, Use

router = Router(tags=[ROOM_TAG])


class UseOut(Schema):
    """What was done. `pages`: different ones seen, summed over people and files; `active_ms`: on screen; `completion`: per cent of
    the pages of what was opened, the mean."""

    opens: int
    pages: int
    active_ms: int
    downloads: int
    prints: int
    completion: int


class GroupUseOut(UseOut):
    """What the guests of a group did; `came`: how many of them were ever in the room."""

    group: str
    name: str
    guests: int
    came: int


class RoomUseOut(Schema):
    """Guests (co-owners are not counted), how many came, and what each group did; who is in two counts in both."""

    guests: int
    came: int
    opens: int
    active_ms: int
    groups: list[GroupUseOut]


class GuestUseOut(UseOut):
    """What a guest did, also with what is in the trash now. `files`: how many he opened; `last_at`: when he was here last."""

    guest: str
    email: str
    state: str
    files: int
    last_at: datetime | None


class GuestUsesOut(Schema):
    """A page of guests, by address."""

    items: list[GuestUseOut]
    next: str | None


class ItemUseOut(UseOut):
    """What guests did with a file, or with all that lies in a folder. `readers`: how many of them opened it."""

    item: str
    kind: Literal["folder", "file"]
    number: str
    path: str
    readers: int


class ItemUsesOut(Schema):
    """A page of items, in the order of the room."""

    items: list[ItemUseOut]
    next: str | None


@router.get("/datarooms/{room_id}/analytics", response=RoomUseOut, summary="What was read in a data room")
def analytics(request: HttpRequest, room_id: str) -> RoomUseOut:
    """Until now, by group. Looks by those who lead the room are not counted."""
    found = _analytics(request, room_id)
    return RoomUseOut(
        guests=len(found.guests),
        came=sum(one.last_at is not None for one in found.guests),
        opens=sum(one.use.opens for one in found.guests),
        active_ms=sum(one.use.active_ms for one in found.guests),
        groups=[
            GroupUseOut(group=one.group.id, name=one.group.name, guests=one.group.guests, came=one.came, **_use(one.use))
            for one in found.groups
        ],
    )


@router.get("/datarooms/{room_id}/analytics/guests", response=GuestUsesOut, summary="What each guest read")
def guests(request: HttpRequest, room_id: str, missing: bool = False, cursor: str = "", limit: Limit = 50) -> GuestUsesOut:
    """`missing`: only those who may come and have not yet."""
    found = _analytics(request, room_id)
    rows, following = paged(found.missing if missing else found.guests, cursor, limit, key=lambda one: one.guest.id)
    items = [
        GuestUseOut(
            guest=one.guest.id,
            email=one.guest.address,
            state=one.guest.state.value,
            files=one.files,
            last_at=one.last_at,
            **_use(one.use),
        )
        for one in rows
    ]
    return GuestUsesOut(items=items, next=following)


@router.get("/datarooms/{room_id}/analytics/items", response=ItemUsesOut, summary="How each file was read")
def items(request: HttpRequest, room_id: str, cursor: str = "", limit: Limit = 50) -> ItemUsesOut:
    """Folders and files that are not in the trash."""
    rows, following = paged(_analytics(request, room_id).items, cursor, limit, key=lambda one: one.item.id)
    listed = [
        ItemUseOut(
            item=one.item.id,
            kind="folder" if one.item.is_folder else "file",
            number=one.item.number,
            path=one.path,
            readers=one.readers,
            **_use(one.use),
        )
        for one in rows
    ]
    return ItemUsesOut(items=listed, next=following)


@router.get("/datarooms/{room_id}/events", response=EventsOut, summary="What was done in a data room")
def events(request: HttpRequest, room_id: str, cursor: str = "", limit: Limit = 50) -> EventsOut:
    """From the audit trail: the room, its people, everything in it, and its files as they were reached through it."""
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise Invalid({"cursor": ["unknown"]})
    room = flows.oversee(actor_of(request), room_id, in_trash=True).room
    return events_out(queries.events_of(room, cursor=cursor or None, limit=limit))


def _analytics(request: HttpRequest, room_id: str) -> Analytics:
    return queries.analytics(flows.oversee(actor_of(request), room_id).room, now=timezone.now())


def _use(one: Use) -> dict[str, int]:
    return {name: getattr(one, name) for name in UseOut.model_fields}
