# SPDX-License-Identifier: Apache-2.0
"""Guests and co-owners of a data room."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import AwareDatetime, Field, StrictBool, field_validator

from sealroom.accounts.rules import Actor, Capability
from sealroom.api.app import Body, Limit, actor_of
from sealroom.api.paging import paged
from sealroom.api.repeats import repeatable
from sealroom.api.v1.datarooms.shapes import ROOM_TAG, Ids, Permission, utc
from sealroom.core.errors import NotFound
from sealroom.datarooms import flows, queries
from sealroom.datarooms.queries import GuestRow
from sealroom.datarooms.rules import GuestChange, Invitation, Invited

router = Router(tags=[ROOM_TAG])
Role = Literal["guest", "co_owner"]


class PersonIn(Body):
    """Somebody with a name."""

    email: str = Field(max_length=320)
    name: str = Field("", max_length=200)


class InvitationIn(Body):
    """People to let in, all or none. `permission` on the whole room; null leaves what the room and the `groups` say ("contribute":
    they bring files). Access from `access_from` on, until before `access_until`. Only members of the team become `co_owner`.
    `notify`: each is written to, in `language`."""

    guests: list[str | PersonIn] = Field(min_length=1, max_length=2_000)
    permission: Permission | None = None
    groups: Ids = []
    access_from: AwareDatetime | None = None
    access_until: AwareDatetime | None = None
    message: str = Field("", max_length=10_000)
    role: Role = "guest"
    notify: StrictBool = True
    language: str = Field("", max_length=10)

    @field_validator("access_from", "access_until")
    @classmethod
    def _utc(cls, value: datetime | None) -> datetime | None:
        return utc(value)


class GuestChangeIn(Body):
    """What somebody is from now on; what is not named stays as it is."""

    name: str | None = Field(None, max_length=200)
    role: Role | None = None
    groups: Ids | None = None
    access_from: AwareDatetime | None = None
    access_until: AwareDatetime | None = None

    @field_validator("access_from", "access_until")
    @classmethod
    def _utc(cls, value: datetime | None) -> datetime | None:
        return utc(value)


class GuestOut(Schema):
    """A guest or co-owner. `state`: invited, came, waiting (the dates have not begun), ended, revoked. `link` is his own; null for
    keys that only read."""

    id: str
    email: str
    name: str
    role: Role
    state: str
    groups: list[str]
    link: str | None
    access_from: datetime | None
    access_until: datetime | None
    added_at: datetime
    told_at: datetime | None
    came_at: datetime | None
    seen_at: datetime | None


class GuestsOut(Schema):
    """A page of people, by address."""

    items: list[GuestOut]
    next: str | None


class InvitedOut(Schema):
    """The new places. Who had one already got none."""

    items: list[GuestOut]


class GuestIdsIn(Body):
    """Guests by id; none named means all who have not come yet."""

    guests: Ids = []


class TellOut(Schema):
    """How many were written to."""

    reminded: int


@router.get("/datarooms/{room_id}/guests", response=GuestsOut, summary="Guests and co-owners")
def list_guests(request: HttpRequest, room_id: str, search: str = "", cursor: str = "", limit: Limit = 50) -> GuestsOut:
    """`search` in addresses and names. The owner is no guest."""
    found = [one for one in _all(actor_of(request), room_id) if search[:200].casefold() in f"{one.email} {one.name}".casefold()]
    items, following = paged(found, cursor, limit, key=lambda one: one.id)
    return GuestsOut(items=items, next=following)


@router.post("/datarooms/{room_id}/guests", response={201: InvitedOut}, summary="Let people in")
@repeatable
def invite(request: HttpRequest, room_id: str, body: InvitationIn) -> Status[InvitedOut]:
    """403 `guest_quota` with used, limit and needed when the plan has too few places; 403 `not_a_member`; `lines` names addresses
    that cannot be written to."""
    actor = actor_of(request)
    invitation = Invitation(
        people=tuple(Invited(one) if isinstance(one, str) else Invited(one.email, one.name) for one in body.guests),
        right=body.permission,
        groups=tuple(body.groups),
        access_from=body.access_from,
        access_until=body.access_until,
        message=body.message,
        role=body.role,
        has_notice=body.notify,
        language=body.language or actor.language,
    )
    guests = flows.invite(actor, room_id, invitation, now=timezone.now())
    made = {one.public_id for one in guests}
    return Status(201, InvitedOut(items=[one for one in _all(actor, room_id) if one.id in made]))


@router.post("/datarooms/{room_id}/guests/remind", response=TellOut, summary="Write again")
@repeatable
def remind(request: HttpRequest, room_id: str, body: GuestIdsIn | None = None) -> TellOut:
    """Each at most once an hour."""
    chosen = (body or GuestIdsIn()).guests
    return TellOut(reminded=flows.remind(actor_of(request), room_id, guests=chosen, now=timezone.now()))


@router.get("/datarooms/{room_id}/guests/{guest_id}", response=GuestOut, summary="One guest")
def read(request: HttpRequest, room_id: str, guest_id: str) -> GuestOut:
    """Also one who was revoked."""
    return _one(actor_of(request), room_id, guest_id)


@router.patch("/datarooms/{room_id}/guests/{guest_id}", response=GuestOut, summary="Change a guest")
@repeatable
def change(request: HttpRequest, room_id: str, guest_id: str, body: GuestChangeIn) -> GuestOut:
    """Name, role, groups, dates. Permissions are set at /permissions."""
    actor = actor_of(request)
    flows.lead(actor, room_id)
    before = _row(actor, room_id, guest_id)
    wished = GuestChange(
        name=body.name if body.name is not None else before.name,
        role=body.role or before.role.value,
        groups=tuple(body.groups) if body.groups is not None else before.groups,
        access_from=body.access_from if "access_from" in body.model_fields_set else before.access_from,
        access_until=body.access_until if "access_until" in body.model_fields_set else before.access_until,
    )
    flows.change_guest(actor, room_id, guest_id, wished, now=timezone.now())
    return _one(actor, room_id, guest_id)


@router.post("/datarooms/{room_id}/guests/{guest_id}/revoke", response=GuestOut, summary="Shut a guest out")
@repeatable
def revoke(request: HttpRequest, room_id: str, guest_id: str) -> GuestOut:
    """From the next request on. He stays listed, keeps his place, and cannot join again."""
    actor = actor_of(request)
    flows.revoke_guest(actor, room_id, guest_id, now=timezone.now())
    return _one(actor, room_id, guest_id)


@router.post("/datarooms/{room_id}/guests/{guest_id}/restore", response=GuestOut, summary="Let a guest in again")
@repeatable
def restore(request: HttpRequest, room_id: str, guest_id: str) -> GuestOut:
    """As he was."""
    actor = actor_of(request)
    flows.restore_guest(actor, room_id, guest_id, now=timezone.now())
    return _one(actor, room_id, guest_id)


@router.delete("/datarooms/{room_id}/guests/{guest_id}", response={204: None}, summary="End a place for good")
@repeatable
def remove(request: HttpRequest, room_id: str, guest_id: str) -> HttpResponse:
    """Frees the guest place unless another data room has him. Where access is open he may join anew: revoke him to keep him out."""
    flows.remove_from_room(actor_of(request), room_id, guest_id, now=timezone.now())
    return HttpResponse(status=204)


def _row(actor: Actor, room_id: str, guest_id: str) -> GuestRow:
    room = flows.oversee(actor, room_id).room
    found = next((one for one in queries.guests_of(room, now=timezone.now()) if one.id == guest_id), None)
    if found is None:
        raise NotFound(kind="guest", id=guest_id)
    return found


def _all(actor: Actor, room_id: str) -> list[GuestOut]:
    room = flows.oversee(actor, room_id).room
    links = queries.links_of(room) if Capability.MANAGE_ROOMS in actor.capabilities else {}
    return [_out(one, links.get(one.id)) for one in queries.guests_of(room, now=timezone.now())]


def _one(actor: Actor, room_id: str, guest_id: str) -> GuestOut:
    found = next((one for one in _all(actor, room_id) if one.id == guest_id), None)
    if found is None:
        raise NotFound(kind="guest", id=guest_id)
    return found


def _out(one: GuestRow, link: str | None) -> GuestOut:
    return GuestOut(
        id=one.id,
        email=one.address,
        name=one.name,
        role=one.role.value,
        state=one.state.value,
        groups=list(one.groups),
        link=link,
        access_from=one.access_from,
        access_until=one.access_until,
        added_at=one.added_at,
        told_at=one.told_at,
        came_at=one.came_at,
        seen_at=one.seen_at,
    )
