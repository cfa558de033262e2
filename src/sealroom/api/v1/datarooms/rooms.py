# SPDX-License-Identifier: Apache-2.0
"""Data rooms: opened, listed, changed, closed, cloned, given away, deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Field, StrictBool

from sealroom.access import queries as access
from sealroom.accounts.rules import Actor, Capability
from sealroom.api.app import Body, Limit, actor_of
from sealroom.api.paging import paged
from sealroom.api.repeats import repeatable
from sealroom.api.v1.datarooms.shapes import ROOM_TAG, RoomSettingsIn, RoomSettingsOut, room_settings_out
from sealroom.datarooms import flows, queries
from sealroom.datarooms.queries import RoomRow
from sealroom.datarooms.rules import RoomSettings

router = Router(tags=[ROOM_TAG])
State = Literal["all", "open", "archived", "closed", "trash"]


class RoomIn(Body):
    """A new data room. What `settings` does not name begins as the house has it."""

    name: str = Field(max_length=200)
    settings: RoomSettingsIn | None = None


class RoomChangeIn(Body):
    """Another name or other settings."""

    name: str | None = Field(None, max_length=200)
    settings: RoomSettingsIn | None = None


class CloneIn(Body):
    """A copy: settings, folders, groups and rights; with `guests` the people, too, who are not written to; with
    `files` the version of each that readers see, against the storage."""

    name: str = Field(max_length=200)
    guests: StrictBool = False
    files: StrictBool = False


class TransferIn(Body):
    """The member (address) who owns the room from then on."""

    to: str = Field(min_length=3, max_length=320)


class RoomRowOut(Schema):
    """A data room in a list. `state`: open, archived, closed; `trashed_at`: since when it lies in the trash. `role`: owner or
    co_owner. `questions` counts the open ones."""

    id: str
    name: str
    state: str
    role: Literal["owner", "co_owner"]
    owner: str
    files: int
    guests: int
    questions: int
    created_at: datetime
    trashed_at: datetime | None


class RoomsOut(Schema):
    """A page of data rooms, by name."""

    items: list[RoomRowOut]
    next: str | None


class RoomOut(RoomRowOut):
    """A data room. `link` is the one to hand on where access is open to people who were not invited; null for keys that only
    read."""

    link: str | None
    settings: RoomSettingsOut


@router.get("/datarooms", response=RoomsOut, summary="Data rooms you lead")
def list_rooms(request: HttpRequest, state: State = "all", cursor: str = "", limit: Limit = 50) -> RoomsOut:
    """Own ones, and those of colleagues you are a co-owner of. `all` is without those in the trash."""
    rows = [one for one in queries.led_rooms(actor_of(request)) if _is_in(one, state)]
    items, following = paged(rows, cursor, limit, key=lambda one: one.id)
    return RoomsOut(items=[RoomRowOut.model_validate(_row(one)) for one in items], next=following)


@router.post("/datarooms", response={201: RoomOut}, summary="Open a data room")
@repeatable
def create(request: HttpRequest, body: RoomIn) -> Status[RoomOut]:
    """403 `room_quota` with used and limit when the plan has none left. Costs no credits."""
    actor, now = actor_of(request), timezone.now()
    wish = body.settings.applied_to if body.settings is not None else None
    return Status(201, _room(actor, flows.create_room(actor, body.name, wish=wish, now=now).public_id))


@router.get("/datarooms/{room_id}", response=RoomOut, summary="One data room")
def read(request: HttpRequest, room_id: str) -> RoomOut:
    """With its settings; also while it lies in the trash."""
    return _room(actor_of(request), room_id)


@router.patch("/datarooms/{room_id}", response=RoomOut, summary="Change name and settings")
@repeatable
def change(request: HttpRequest, room_id: str, body: RoomChangeIn) -> RoomOut:
    """What is not named stays as it is. Binds every guest from the next request on."""
    actor = actor_of(request)

    def wish(before: RoomSettings) -> RoomSettings:
        after = body.settings.applied_to(before) if body.settings is not None else before
        return after if body.name is None else replace(after, name=body.name)

    flows.change_room(actor, room_id, wish, now=timezone.now())
    return _room(actor, room_id)


@router.delete("/datarooms/{room_id}", response={204: None}, summary="Delete a data room for good")
@repeatable
def delete(request: HttpRequest, room_id: str) -> HttpResponse:
    """The owner only, out of the trash or not. Its place in the plan is free at once, and so are those of guests who are in no
    other; the storage of its files within a day."""
    flows.delete_room(actor_of(request), room_id, now=timezone.now())
    return HttpResponse(status=204)


@router.post("/datarooms/{room_id}/archive", response=RoomOut, summary="Archive: everybody reads on, nothing changes")
@repeatable
def archive(request: HttpRequest, room_id: str) -> RoomOut:
    """Rights can still be changed."""
    return _after(request, room_id, flows.archive_room)


@router.post("/datarooms/{room_id}/close", response=RoomOut, summary="Close: guests are out")
@repeatable
def close(request: HttpRequest, room_id: str) -> RoomOut:
    """From their next request on. Those who lead the room stay."""
    return _after(request, room_id, flows.close_room)


@router.post("/datarooms/{room_id}/reopen", response=RoomOut, summary="Open an archived or closed data room again")
@repeatable
def reopen(request: HttpRequest, room_id: str) -> RoomOut:
    """For all who have a place in it."""
    return _after(request, room_id, flows.reopen_room)


@router.post("/datarooms/{room_id}/discard", response=RoomOut, summary="Put a data room into the trash")
@repeatable
def discard(request: HttpRequest, room_id: str) -> RoomOut:
    """The owner only. Guests are out; after 30 days it is deleted for good. Until then it counts in the plan."""
    return _after(request, room_id, flows.trash_room)


@router.post("/datarooms/{room_id}/restore", response=RoomOut, summary="Take a data room out of the trash")
@repeatable
def restore(request: HttpRequest, room_id: str) -> RoomOut:
    """The owner only. As it was."""
    return _after(request, room_id, flows.restore_room)


@router.post("/datarooms/{room_id}/clone", response={201: RoomOut}, summary="Make another data room of this one")
@repeatable
def clone(request: HttpRequest, room_id: str, body: CloneIn) -> Status[RoomOut]:
    """It is yours. 403 `room_quota` when the plan has none left, `storage_quota` when the files do not fit; 422
    `too_many_items`."""
    actor = actor_of(request)
    made = flows.clone_room(actor, room_id, body.name, with_guests=body.guests, with_files=body.files, now=timezone.now())
    return Status(201, _room(actor, made.public_id))


@router.post("/datarooms/{room_id}/transfer", response=RoomOut, summary="Give a data room to a colleague")
@repeatable
def transfer(request: HttpRequest, room_id: str, body: TransferIn) -> RoomOut:
    """The owner only, who is a co-owner from then on. 403 `not_a_member` for who is not of the team."""
    actor = actor_of(request)
    flows.give_room(actor, room_id, body.to, now=timezone.now())
    return _room(actor, room_id)


def _after(request: HttpRequest, room_id: str, deed: Callable[..., None]) -> RoomOut:
    actor = actor_of(request)
    deed(actor, room_id, now=timezone.now())
    return _room(actor, room_id)


def _is_in(one: RoomRow, state: State) -> bool:
    if state == "trash":
        return one.trashed_at is not None
    return one.trashed_at is None and state in {"all", one.state.value}


def _row(one: RoomRow) -> dict[str, object]:
    names = RoomRow.__dataclass_fields__.keys() & RoomRowOut.model_fields.keys()
    return {name: getattr(one, name) for name in names} | {"role": "owner" if one.is_own else "co_owner", "state": one.state.value}


def _room(actor: Actor, room_id: str) -> RoomOut:
    room = flows.oversee(actor, room_id, in_trash=True).room
    (row,) = queries.room_rows(actor, [room])
    has_link = room.open_link is not None and room.open_link.revoked_at is None and Capability.MANAGE_ROOMS in actor.capabilities
    more = {
        "link": access.link_url(room.open_link) if has_link and room.open_link is not None else None,
        "settings": room_settings_out(queries.told_settings_of(room)),
    }
    return RoomOut.model_validate(_row(row) | more)
