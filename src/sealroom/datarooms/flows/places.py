# SPDX-License-Identifier: Apache-2.0
"""Places in rooms: taken within the quota, all or none, and ended. The inner half of inviting, joining, cloning and removing.

The order of locks is always team, then room: the last place is given once, and nobody becomes a guest of a room that is just being
deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import F, QuerySet

from sealroom.access import flows as access
from sealroom.access.flows import LinkSpec
from sealroom.access.models import Link
from sealroom.accounts.models import Team
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb, Who
from sealroom.billing.queries import limits_of
from sealroom.core.errors import Invalid, NotFound
from sealroom.datarooms import queries, rules
from sealroom.datarooms.errors import NotAMember, RoomClosed
from sealroom.datarooms.models import DataRoom, Group, GroupMember, Guest, RightRow
from sealroom.datarooms.rules import Invitation, Invited, Role, RoomState

RIGHTS = "data_room"  # `Link.rights` of every link into a room


def lock_team(team_id: int) -> Team:
    """Counts and changes of a team's data rooms and guests are serialised on the team's row, as seats are."""
    return Team.objects.select_for_update(no_key=True).get(pk=team_id)


def lock_room(room: DataRoom) -> DataRoom:
    """The room as it is now, held until the caller's transaction ends. Raises `NotFound` when it was deleted meanwhile."""
    rows = DataRoom.objects.select_for_update(of=("self",), no_key=True).filter(pk=room.pk, deleted_at=None)
    locked = rows.select_related("team", "owner", "policy__terms", "house_link", "open_link", "default_group").first()
    if locked is None:
        raise NotFound
    return locked


def require_open(room: DataRoom) -> None:
    """Raise `RoomClosed` unless things in the room may change."""
    if room.state != RoomState.OPEN:
        raise RoomClosed(state=room.state)


def touch(room: DataRoom) -> None:
    """Note that tree or rights of a room changed."""
    DataRoom.objects.filter(pk=room.pk).update(revision=F("revision") + 1)


def make_link(room: DataRoom, *, address: str = "", name: str = "", language: str = "", now: datetime) -> Link:
    """A link into a room under its one policy."""
    return make_links(room, [LinkSpec(address, name)], language=language, now=now)[0]


def make_links(room: DataRoom, specs: Sequence[LinkSpec], *, language: str = "", now: datetime) -> list[Link]:
    """A link for each reader, in the order given."""
    assert room.policy is not None  # every room has had one since migration 0011
    tongue = language or room.owner.language
    return access.create_links(
        specs, team_id=room.team_id, policy=room.policy, language=tongue, documents=(), now=now, rights=RIGHTS
    )


def take_places(
    room: DataRoom, people: Sequence[Invited], invitation: Invitation, *, by: int, now: datetime
) -> tuple[list[Guest], int]:
    """New places for who has none in the room, and how many of the quota that takes. Members of the team take none of it, a guest
    of several rooms takes one. The caller holds the locks. Raises `GuestQuota`; `NotAMember` for co-owners from outside;
    `Invalid` (`groups`)."""
    addresses = [person.email for person in people]
    members = queries.members_among(room.team_id, addresses)
    if invitation.role == Role.CO_OWNER:
        require_members(addresses, members)
    groups = groups_of(room, invitation.groups)
    needed = rules.places_needed(addresses, members=members, guests=queries.guests_among(room.team_id, addresses))
    limit = limits_of(room.team_id, now=now).guests
    rules.require_places(needed, used=queries.guests_used(room.team_id), limit=limit)
    present = {room.owner.email, *room.guests.filter(removed_at=None, address__in=addresses).values_list("address", flat=True)}
    newcomers = [person for person in people if person.email not in present]
    specs = [LinkSpec(person.email, person.name) for person in newcomers]
    links = make_links(room, specs, language=invitation.language, now=now) if specs else []
    guests = [
        Guest(
            room=room,
            address=person.email,
            name=person.name,
            role=invitation.role,
            link=link,
            access_from=invitation.access_from,
            access_until=invitation.access_until,
            message=invitation.message,
            invited_by_id=by,
            added_at=now,
            updates_told_at=now,
        )
        for person, link in zip(newcomers, links, strict=True)
    ]
    Guest.objects.bulk_create(guests)
    GroupMember.objects.bulk_create([GroupMember(group=group, guest=guest) for guest in guests for group in groups])
    if invitation.right is not None:
        RightRow.objects.bulk_create([RightRow(room=room, guest=guest, right=invitation.right) for guest in guests])
    if guests:
        touch(room)
    return guests, needed


def require_members(addresses: Iterable[str], members: set[str]) -> None:
    """Raise `NotAMember` when one of the addresses is no member's."""
    outside = sorted(set(addresses) - members)
    if outside:
        raise NotAMember(addresses=outside)


def groups_of(room: DataRoom, ids: Iterable[str]) -> list[Group]:
    """Groups of a room by their public ids. Raises `Invalid` (`groups`) when one is not its."""
    wanted = set(ids)
    found = list(room.groups.filter(public_id__in=wanted).order_by("pk"))
    if len(found) != len(wanted):
        raise Invalid({"groups": ["unknown"]})
    return found


def end_places(guests: QuerySet[Guest], *, who: Who, now: datetime) -> int:
    """End places for good: their links open nothing any more, and a co-owner's looks end. Returns how many."""
    ended = 0
    for guest in guests.select_related("room__policy", "link").order_by("pk"):
        guest.removed_at = now
        guest.save(update_fields=["removed_at"])
        if guest.link is not None:
            access.revoke_link(guest.link, now=now)
        end_looks(guest.room, guest.address, now=now)
        touch(guest.room)
        room = guest.room.public_id
        audit.record(who, Verb.GUEST_REMOVED, "guest", guest.public_id, now=now, label=guest.address, room=room)
        ended += 1
    return ended


def end_looks(room: DataRoom, address: str, *, now: datetime) -> None:
    """End the previews of somebody who leads the room no longer."""
    assert room.policy is not None
    access.end_previews(room.policy, by=address, now=now)
