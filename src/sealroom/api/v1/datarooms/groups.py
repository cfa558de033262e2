# SPDX-License-Identifier: Apache-2.0
"""Groups of guests in a data room."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Field

from sealroom.accounts.rules import Actor
from sealroom.api.app import Body, Limit, actor_of
from sealroom.api.paging import paged
from sealroom.api.repeats import repeatable
from sealroom.api.v1.datarooms.shapes import ROOM_TAG, Ids
from sealroom.core.errors import NotFound
from sealroom.datarooms import flows, queries

router = Router(tags=[ROOM_TAG])


class GroupIn(Body):
    """A group, with the ids of the guests in it."""

    name: str = Field(max_length=200)
    guests: Ids = []


class GroupChangeIn(Body):
    """Another name, or exactly these guests; what is not named stays as it is."""

    name: str | None = Field(None, max_length=200)
    guests: Ids | None = None


class GroupOut(Schema):
    """A group. `is_default`: who joins by the room's open link comes into it (settings, `default_group`)."""

    id: str
    name: str
    guests: list[str]
    is_default: bool


class GroupsOut(Schema):
    """A page of groups, by name."""

    items: list[GroupOut]
    next: str | None


@router.get("/datarooms/{room_id}/groups", response=GroupsOut, summary="Groups of guests")
def list_groups(request: HttpRequest, room_id: str, cursor: str = "", limit: Limit = 50) -> GroupsOut:
    """With the ids of their guests."""
    items, following = paged(_all(actor_of(request), room_id), cursor, limit, key=lambda one: one.id)
    return GroupsOut(items=items, next=following)


@router.post("/datarooms/{room_id}/groups", response={201: GroupOut}, summary="Make a group")
@repeatable
def create(request: HttpRequest, room_id: str, body: GroupIn) -> Status[GroupOut]:
    """Names are unique in a room."""
    actor = actor_of(request)
    made = flows.create_group(actor, room_id, body.name, guests=body.guests, now=timezone.now())
    return Status(201, _one(actor, room_id, made.public_id))


@router.get("/datarooms/{room_id}/groups/{group_id}", response=GroupOut, summary="One group")
def read(request: HttpRequest, room_id: str, group_id: str) -> GroupOut:
    """With the ids of its guests."""
    return _one(actor_of(request), room_id, group_id)


@router.patch("/datarooms/{room_id}/groups/{group_id}", response=GroupOut, summary="Rename a group, or fill it")
@repeatable
def change(request: HttpRequest, room_id: str, group_id: str, body: GroupChangeIn) -> GroupOut:
    """Who leaves it loses what he had through it."""
    actor = actor_of(request)
    flows.change_group(actor, room_id, group_id, name=body.name, guests=body.guests, now=timezone.now())
    return _one(actor, room_id, group_id)


@router.delete("/datarooms/{room_id}/groups/{group_id}", response={204: None}, summary="Delete a group")
@repeatable
def delete(request: HttpRequest, room_id: str, group_id: str) -> HttpResponse:
    """Its guests stay, and lose what they had through it."""
    flows.delete_group(actor_of(request), room_id, group_id, now=timezone.now())
    return HttpResponse(status=204)


def _all(actor: Actor, room_id: str) -> list[GroupOut]:
    room = flows.oversee(actor, room_id).room
    guests = queries.guests_of(room, now=timezone.now())
    return [
        GroupOut(id=row.id, name=row.name, guests=[one.id for one in guests if row.id in one.groups], is_default=row.is_default)
        for row in queries.groups_of(room)
    ]


def _one(actor: Actor, room_id: str, group_id: str) -> GroupOut:
    found = next((one for one in _all(actor, room_id) if one.id == group_id), None)
    if found is None:
        raise NotFound(kind="group", id=group_id)
    return found
