# SPDX-License-Identifier: Apache-2.0
"""What is done with data rooms and their guests. Every deed locks the team's row first, then counts, then writes: the last place is
given once, and nobody becomes a guest of a data room that is just being deleted. No deed touches credits."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from sealroom.accounts.models import Team, User
from sealroom.accounts.rules import Actor, Capability, clean_name
from sealroom.audit import flows as audit
from sealroom.audit.rules import SYSTEM, Verb, Who
from sealroom.billing.queries import limits_of
from sealroom.datarooms import queries, rules
from sealroom.datarooms.models import DataRoom, Guest


@transaction.atomic
def create_room(actor: Actor, name: str, *, now: datetime) -> DataRoom:
    """Open an empty data room owned by the actor. Raises `Forbidden`, `Invalid` (name), and `RoomQuota` when the plan has none
    left."""
    actor.require(Capability.MANAGE_ROOMS)
    name = clean_name(name)
    _lock(actor.team_id)
    rules.require_room(used=queries.rooms_used(actor.team_id), limit=limits_of(actor.team_id, now=now).data_rooms)
    room = DataRoom.objects.create(team_id=actor.team_id, owner_id=actor.user_id, name=name, created_at=now)
    audit.record(actor.who, Verb.DATA_ROOM_CREATED, "data_room", room.public_id, now=now, label=name)
    return room


@transaction.atomic
def delete_room(actor: Actor, room_id: str, *, now: datetime) -> None:
    """Delete a data room for good: its place is free, and so are those of guests who are in no other. Only its owner may, also
    when the quotas are exceeded. Raises `Forbidden`, `NotFound`."""
    actor.require(Capability.MANAGE_ROOMS)
    _lock(actor.team_id)
    room = queries.get_owned_room(actor, room_id)
    guests = Guest.objects.filter(room=room, removed_at=None).update(removed_at=now)
    room.deleted_at = now
    room.save(update_fields=["deleted_at"])
    audit.record(actor.who, Verb.DATA_ROOM_DELETED, "data_room", room.public_id, now=now, label=room.name, guests=guests)


@transaction.atomic
def invite_guests(actor: Actor, room_id: str, addresses: Iterable[str], *, now: datetime) -> list[Guest]:
    """Give each address a place in a data room, all or none of them. Returns the new places; who has one already, and the owner,
    get none. Members of the team take no guest place, a guest of several data rooms takes one.

    Raises `Forbidden`, `NotFound`, `Invalid` (addresses), and `GuestQuota` when fewer places are left than that needs.
    """
    actor.require(Capability.MANAGE_ROOMS)
    invited = rules.unique_addresses(addresses)
    _lock(actor.team_id)
    room = queries.get_owned_room(actor, room_id)
    members = queries.members_among(actor.team_id, invited)
    needed = rules.places_needed(invited, members=members, guests=queries.guests_among(actor.team_id, invited))
    limit = limits_of(actor.team_id, now=now).guests
    rules.require_places(needed, used=queries.guests_used(actor.team_id), limit=limit)
    present = {actor.email, *room.guests.filter(removed_at=None, address__in=invited).values_list("address", flat=True)}
    guests = [Guest(room=room, address=one, invited_by_id=actor.user_id, added_at=now) for one in invited if one not in present]
    if guests:
        Guest.objects.bulk_create(guests)
        ids = [guest.public_id for guest in guests]
        audit.record(actor.who, Verb.GUESTS_INVITED, "data_room", room.public_id, now=now, guests=ids, places=needed)
    return guests


@transaction.atomic
def remove_guest(actor: Actor, address: str, *, rooms: Collection[str] | None = None, now: datetime) -> int:
    """End somebody's places in the data rooms named (default: all the actor owns); the guest place is free once none of the
    team's has them. Returns how many places ended; who has none is left alone, so that it may be asked for again.

    Raises `Forbidden`, `NotFound` (a data room), `Invalid` (address); then no place ends.
    """
    actor.require(Capability.MANAGE_ROOMS)
    (known,) = rules.unique_addresses([address])
    _lock(actor.team_id)
    chosen = queries.owned_rooms(actor) if rooms is None else [queries.get_owned_room(actor, room) for room in rooms]
    return _end_places(queries.current_guests(actor.team_id).filter(room__in=chosen, address=known), who=actor.who, now=now)


@transaction.atomic
def end_places_of_member(team_id: int, user_id: int, *, now: datetime) -> int:
    """End the places a member had in data rooms of the team they leave: they were let in as a colleague, and would from now on
    take guest places nobody asked for. Returns how many ended. Inviting them again makes them a guest."""
    team = _lock(team_id)
    address = User.objects.only("email").get(pk=user_id).email
    who = Who(SYSTEM.kind, SYSTEM.id, team=team.public_id, route=SYSTEM.route)
    return _end_places(queries.current_guests(team_id).filter(address=address), who=who, now=now)


def _end_places(guests: QuerySet[Guest], *, who: Who, now: datetime) -> int:
    ended = 0
    for guest in guests.select_related("room").order_by("pk"):
        guest.removed_at = now
        guest.save(update_fields=["removed_at"])
        room = guest.room.public_id
        audit.record(who, Verb.GUEST_REMOVED, "guest", guest.public_id, now=now, label=guest.address, data_room=room)
        ended += 1
    return ended


def _lock(team_id: int) -> Team:
    """Counts and changes of a team's data rooms and guests are serialised on the team's row, as seats are."""
    return Team.objects.select_for_update(no_key=True).get(pk=team_id)
