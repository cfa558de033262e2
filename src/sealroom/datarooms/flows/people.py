# SPDX-License-Identifier: Apache-2.0
"""Guests and co-owners: invited, changed, shut out, let in again, removed, reminded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from math import ceil
from typing import Any

from django.db import transaction
from django.db.models import Q

from sealroom.access import flows as access
from sealroom.access.models import Link
from sealroom.accounts.models import User
from sealroom.accounts.rules import Actor, Capability
from sealroom.audit import flows as audit
from sealroom.audit.rules import SYSTEM, Scalar, Verb, Who
from sealroom.core.errors import Invalid, NotFound, RateLimited
from sealroom.core.people import clean_name
from sealroom.datarooms import queries, rules
from sealroom.datarooms.flows import letters
from sealroom.datarooms.flows.hands import lead
from sealroom.datarooms.flows.places import (
    end_looks,
    end_places,
    groups_of,
    lock_room,
    lock_team,
    require_members,
    require_open,
    take_places,
    touch,
)
from sealroom.datarooms.models import DataRoom, GroupMember, Guest
from sealroom.datarooms.rules import GuestChange, Invitation, Invited, Role


@transaction.atomic
def invite(actor: Actor, room_id: str, invitation: Invitation, *, now: datetime) -> list[Guest]:
    """Let people into a room, all or none of them, and write to them if so wished. Returns the new places; who has one already
    gets none, and nothing of his changes. Of those who lead the room.

    Raises `Forbidden`, `NotFound`, `Invalid` (with `lines` for people), `RoomClosed`, `NotAMember` (co-owners from outside), and
    `GuestQuota` when fewer places are left than that needs."""
    actor.require(Capability.MANAGE_ROOMS)
    errors = rules.invitation_errors(invitation, now=now)
    if errors:
        raise Invalid(errors)
    lock_team(actor.team_id)
    room = lock_room(lead(actor, room_id).room)
    require_open(room)
    people = rules.checked_people(invitation.people, owner=room.owner.email)
    guests = _let_in(actor, room, people, invitation, now=now)
    if invitation.has_notice:
        letters.write_soon(guests, letters.INVITATION, now=now)
    return guests


@transaction.atomic
def invite_guests(actor: Actor, room_id: str, addresses: Iterable[str], *, now: datetime) -> list[Guest]:
    """Let people into an own room by their addresses alone, unwritten, all or none of them. Returns the new places; who has one
    already, and the owner, get none. Members of the team take no guest place, a guest of several data rooms takes one.

    Raises `Forbidden`, `NotFound`, `Invalid` (addresses), `RoomClosed`, and `GuestQuota` when fewer places are left than that
    needs.
    """
    actor.require(Capability.MANAGE_ROOMS)
    people = [Invited(address) for address in rules.unique_addresses(addresses)]
    lock_team(actor.team_id)
    room = lock_room(queries.get_owned_room(actor, room_id))
    require_open(room)
    return _let_in(actor, room, people, Invitation((), language=actor.language), now=now)


@transaction.atomic
def change_guest(actor: Actor, room_id: str, guest_id: str, change: GuestChange, *, now: datetime) -> Guest:
    """Give a guest another name, role, dates and groups. Of those who lead the room. Raises `Forbidden`, `NotFound`, `Invalid`,
    `NotAMember`."""
    room, guest = _guest(actor, room_id, guest_id)
    errors = rules.change_errors(change)
    if errors:
        raise Invalid(errors)
    groups = groups_of(room, change.groups)
    if change.role == Role.CO_OWNER:
        require_members([guest.address], queries.members_among(room.team_id, [guest.address]))
    elif guest.role == Role.CO_OWNER:
        end_looks(room, guest.address, now=now)
    guest.name, guest.role = clean_name(change.name) or "", change.role
    guest.access_from, guest.access_until = change.access_from, change.access_until
    guest.save(update_fields=["name", "role", "access_from", "access_until"])
    if guest.link is not None:
        Link.objects.filter(pk=guest.link.pk).update(name=guest.name)
    guest.memberships.all().delete()
    GroupMember.objects.bulk_create([GroupMember(group=group, guest=guest) for group in groups])
    touch(room)
    in_groups = list[Scalar](group.public_id for group in groups)
    _trail(actor, Verb.GUEST_CHANGED, room, guest, now=now, role=guest.role, groups=in_groups)
    return guest


@transaction.atomic
def revoke_guest(actor: Actor, room_id: str, guest_id: str, *, now: datetime) -> None:
    """Shut a guest out from his next request on; he stays listed, keeps his place, and cannot join again. Raises `Forbidden`,
    `NotFound`."""
    room, guest = _guest(actor, room_id, guest_id)
    if guest.revoked_at is None:
        Guest.objects.filter(pk=guest.pk).update(revoked_at=now)
        if guest.link is not None:
            access.revoke_link(guest.link, now=now)
        end_looks(room, guest.address, now=now)
        touch(room)
        _trail(actor, Verb.GUEST_REVOKED, room, guest, now=now)


@transaction.atomic
def restore_guest(actor: Actor, room_id: str, guest_id: str, *, now: datetime) -> None:
    """Let a guest in again who was shut out, as he was. Raises `Forbidden`, `NotFound`."""
    actor.require_active()
    room, guest = _guest(actor, room_id, guest_id)
    if guest.revoked_at is not None:
        Guest.objects.filter(pk=guest.pk).update(revoked_at=None)
        if guest.link is not None:
            access.restore_link(guest.link, now=now)
        touch(room)
        _trail(actor, Verb.GUEST_RESTORED, room, guest, now=now)


@transaction.atomic
def remove_from_room(actor: Actor, room_id: str, guest_id: str, *, now: datetime) -> None:
    """End a place for good; his guest place is free once no room of the team has him. Where access is open he may join anew: to
    keep somebody out, revoke him. The owner has no place to end: he gives the room away. Raises `Forbidden`, `NotFound`."""
    actor.require(Capability.MANAGE_ROOMS)
    lock_team(actor.team_id)
    _room, guest = _guest(actor, room_id, guest_id)
    end_places(Guest.objects.filter(pk=guest.pk), who=actor.who, now=now)


@transaction.atomic
def remove_guest(actor: Actor, address: str, *, rooms: Collection[str] | None = None, now: datetime) -> int:
    """End somebody's places in the data rooms named (default: all the actor owns); the guest place is free once none of the
    team's has them. Returns how many places ended; who has none is left alone, so that it may be asked for again.

    Raises `Forbidden`, `NotFound` (a data room), `Invalid` (address); then no place ends.
    """
    actor.require(Capability.MANAGE_ROOMS)
    (known,) = rules.unique_addresses([address])
    lock_team(actor.team_id)
    chosen = queries.owned_rooms(actor) if rooms is None else [queries.get_owned_room(actor, room) for room in rooms]
    return end_places(queries.current_guests(actor.team_id).filter(room__in=chosen, address=known), who=actor.who, now=now)


@transaction.atomic
def end_places_of_member(team_id: int, user_id: int, *, now: datetime) -> int:
    """End the places a member had in data rooms of the team they leave: they were let in as a colleague, and would from now on
    take guest places nobody asked for. Returns how many ended. Inviting them again makes them a guest."""
    team = lock_team(team_id)
    address = User.objects.only("email").get(pk=user_id).email
    who = Who(SYSTEM.kind, SYSTEM.id, team=team.public_id, route=SYSTEM.route)
    return end_places(queries.current_guests(team_id).filter(address=address), who=who, now=now)


@transaction.atomic
def remind(actor: Actor, room_id: str, *, guests: Sequence[str] = (), now: datetime) -> int:
    """Write again: to the guests named (also who was let in unwritten), or to all who have not come yet. Returns to how many. Each
    at most once an hour: raises `RateLimited` when that leaves nobody. Raises `Forbidden`, `NotFound`, `RoomClosed`."""
    actor.require_active()
    room = lock_room(lead(actor, room_id).room)
    require_open(room)
    living = Guest.objects.filter(room=room, removed_at=None, revoked_at=None)
    wanted = living.filter(public_id__in=guests) if guests else living.filter(came_at=None)
    if guests and wanted.count() != len(set(guests)):
        raise NotFound
    free = wanted.filter(Q(told_at=None) | Q(told_at__lte=now - rules.REMIND_EVERY))
    chosen = list(free.order_by("pk"))
    told_at = wanted.order_by("told_at").values_list("told_at", flat=True).first()
    if not chosen and told_at is not None:
        raise RateLimited(retry_after=ceil((told_at + rules.REMIND_EVERY - now).total_seconds()))
    if chosen:
        letters.write_soon(chosen, letters.REMINDER, now=now)
        ids = [guest.public_id for guest in chosen]
        audit.record(actor.who, Verb.GUESTS_REMINDED, "data_room", room.public_id, now=now, guests=ids)
    return len(chosen)


def _let_in(actor: Actor, room: DataRoom, people: Sequence[Invited], invitation: Invitation, *, now: datetime) -> list[Guest]:
    actor.require_active()
    guests, needed = take_places(room, people, invitation, by=actor.user_id, now=now)
    if guests:
        ids = [guest.public_id for guest in guests]
        audit.record(actor.who, Verb.GUESTS_INVITED, "data_room", room.public_id, now=now, guests=ids, places=needed)
    return guests


def _guest(actor: Actor, room_id: str, guest_id: str) -> tuple[DataRoom, Guest]:
    """The room, locked, and a guest of it. Raises `NotFound` for everybody else's guests."""
    room = lock_room(lead(actor, room_id).room)
    guest = Guest.objects.select_related("link").filter(room=room, public_id=guest_id, removed_at=None).first()
    if guest is None:
        raise NotFound
    return room, guest


def _trail(actor: Actor, verb: Verb, room: DataRoom, guest: Guest, *, now: datetime, **facts: Any) -> None:
    audit.record(actor.who, verb, "guest", guest.public_id, now=now, label=guest.address, room=room.public_id, **facts)
