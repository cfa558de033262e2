# SPDX-License-Identifier: Apache-2.0
"""The life of a data room: made, archived, closed, thrown away, deleted. No deed touches credits."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from sealroom.access import flows as access
from sealroom.access.rules import Policy, Watermark
from sealroom.accounts.rules import Actor, Capability, clean_name
from sealroom.audit import flows as audit
from sealroom.audit.rules import SYSTEM, Verb, Who
from sealroom.billing.queries import limits_of
from sealroom.core.errors import NotFound
from sealroom.datarooms import queries, rules
from sealroom.datarooms.flows.hands import lead, own
from sealroom.datarooms.flows.places import lock_room, lock_team, make_link
from sealroom.datarooms.flows.settings import Wish, change_room
from sealroom.datarooms.models import DataRoom, Guest
from sealroom.datarooms.rules import RoomState

TRASH_DAYS = timedelta(days=30)


@transaction.atomic
def create_room(actor: Actor, name: str, *, wish: Wish | None = None, now: datetime) -> DataRoom:
    """Open an empty data room owned by the actor, with the mark on where the plan has it, or with the settings that `wish` makes of
    these. Raises `Forbidden`, `Invalid` (name), `RoomQuota` when the plan has none left, and what `change_room` does."""
    actor.require(Capability.MANAGE_ROOMS)
    actor.require_active()
    name = clean_name(name)
    lock_team(actor.team_id)
    limits = limits_of(actor.team_id, now=now)
    rules.require_room(used=queries.rooms_used(actor.team_id), limit=limits.data_rooms)
    mark = Watermark() if "watermark" in limits.features else None
    policy = access.create_policy(actor.team_id, Policy(watermark=mark))
    room = DataRoom.objects.create(team_id=actor.team_id, owner_id=actor.user_id, name=name, policy=policy, created_at=now)
    room.house_link = make_link(room, now=now)
    room.save(update_fields=["house_link"])
    audit.record(actor.who, Verb.DATA_ROOM_CREATED, "data_room", room.public_id, now=now, label=name)
    return room if wish is None else change_room(actor, room.public_id, wish, now=now)


def archive_room(actor: Actor, room_id: str, *, now: datetime) -> None:
    """Let everybody read on, and nothing change. Of those who lead it. Raises `Forbidden`, `NotFound`."""
    _set_state(actor, room_id, RoomState.ARCHIVED, Verb.DATA_ROOM_ARCHIVED, now=now)


def close_room(actor: Actor, room_id: str, *, now: datetime) -> None:
    """Shut the guests out from their next request on; those who lead the room stay. Raises `Forbidden`, `NotFound`."""
    _set_state(actor, room_id, RoomState.CLOSED, Verb.DATA_ROOM_CLOSED, now=now)


def reopen_room(actor: Actor, room_id: str, *, now: datetime) -> None:
    """Open an archived or closed room again, for all who have a place. Raises `Forbidden`, `NotFound`."""
    _set_state(actor, room_id, RoomState.OPEN, Verb.DATA_ROOM_REOPENED, now=now)


@transaction.atomic
def trash_room(actor: Actor, room_id: str, *, now: datetime) -> None:
    """Throw a room away, for 30 days: guests are out, nobody works in it, its places stay taken. Only its owner may. Raises
    `Forbidden`, `NotFound`."""
    room = lock_room(own(actor, room_id, in_trash=True).room)
    if room.trashed_at is None:
        DataRoom.objects.filter(pk=room.pk).update(trashed_at=now)
        audit.record(actor.who, Verb.DATA_ROOM_TRASHED, "data_room", room.public_id, now=now, label=room.name)


@transaction.atomic
def restore_room(actor: Actor, room_id: str, *, now: datetime) -> None:
    """Take a room out of the trash, as it was. Only its owner may. Raises `Forbidden`, `NotFound`."""
    room = lock_room(own(actor, room_id, in_trash=True).room)
    if room.trashed_at is not None:
        DataRoom.objects.filter(pk=room.pk).update(trashed_at=None)
        audit.record(actor.who, Verb.DATA_ROOM_RESTORED, "data_room", room.public_id, now=now, label=room.name)


@transaction.atomic
def delete_room(actor: Actor, room_id: str, *, now: datetime) -> None:
    """Delete a data room for good, out of the trash or not: its place is free, and so are those of guests who are in no other. Only
    its owner may, also when the quotas are exceeded. Raises `Forbidden`, `NotFound`."""
    actor.require(Capability.MANAGE_ROOMS)
    lock_team(actor.team_id)
    _delete(lock_room(own(actor, room_id, in_trash=True).room), who=actor.who, now=now)


def empty_room_trash(*, now: datetime) -> int:
    """Delete the rooms that have been in the trash for 30 days; returns how many."""
    due = DataRoom.objects.filter(deleted_at=None, trashed_at__lte=now - TRASH_DAYS).select_related("team")
    deleted = 0
    for found in due.order_by("pk"):
        with transaction.atomic():
            team = lock_team(found.team_id)
            try:
                room = lock_room(found)
            except NotFound:
                continue  # its owner was quicker
            if room.trashed_at is not None and room.trashed_at <= now - TRASH_DAYS:
                _delete(room, who=Who(SYSTEM.kind, SYSTEM.id, team=team.public_id, route=SYSTEM.route), now=now)
                deleted += 1
    return deleted


def _delete(room: DataRoom, *, who: Who, now: datetime) -> None:
    assert room.policy is not None
    access.revoke_policy(room.policy, now=now)
    guests = Guest.objects.filter(room=room, removed_at=None).update(removed_at=now)
    DataRoom.objects.filter(pk=room.pk).update(deleted_at=now, logo_key=None)
    audit.record(who, Verb.DATA_ROOM_DELETED, "data_room", room.public_id, now=now, label=room.name, guests=guests)


@transaction.atomic
def _set_state(actor: Actor, room_id: str, state: RoomState, verb: Verb, *, now: datetime) -> None:
    room = lock_room(lead(actor, room_id).room)
    if room.state != state:
        DataRoom.objects.filter(pk=room.pk).update(state=state)
        audit.record(actor.who, verb, "data_room", room.public_id, now=now, label=room.name)
