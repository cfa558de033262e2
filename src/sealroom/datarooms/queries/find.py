# SPDX-License-Identifier: Apache-2.0
"""What is asked of data rooms: one by its id for who may see it, and how much of the quotas a team uses. Team membership alone
opens no data room, an admin's neither."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from sealroom.accounts.models import Membership
from sealroom.accounts.rules import Actor
from sealroom.core.errors import Forbidden, NotFound
from sealroom.core.prepared import Prepared
from sealroom.datarooms.models import DataRoom, Guest


@dataclass(frozen=True)
class Usage:
    """Standing quotas in use that data rooms count."""

    data_rooms: int
    guests: int


def get_room(actor: Actor, room_id: str) -> DataRoom:
    """A data room the actor owns or is a guest of, in the trash or not. Raises `NotFound`, also for a colleague's and for one
    deleted for good."""
    room = _seen_room.first(team=actor.team_id, user=actor.user_id, address=actor.email, room=room_id)
    if room is None:
        raise NotFound
    return room


def _room_seen_by(*, team: int, user: int, address: str, room: str) -> QuerySet[DataRoom]:
    guest = current_guests(team).filter(room=OuterRef("pk"), address=address, revoked_at=None)
    seen = existing_rooms(team).filter(Q(owner_id=user) | Exists(guest), public_id=room)
    return seen.select_related("team", "owner", "policy__terms", "house_link", "open_link", "default_group")


_seen_room = Prepared(_room_seen_by, texts=("address", "room"), numbers=("team", "user"))


def get_owned_room(actor: Actor, room_id: str) -> DataRoom:
    """A data room the actor owns. Raises `NotFound`; `Forbidden` to who sees it without owning it."""
    room = get_room(actor, room_id)
    if room.owner_id != actor.user_id:
        raise Forbidden
    return room


def owned_rooms(actor: Actor) -> QuerySet[DataRoom]:
    """The data rooms the actor owns, oldest first."""
    return existing_rooms(actor.team_id).filter(owner_id=actor.user_id).order_by("created_at", "pk")


def usage_of(team_id: int) -> Usage:
    """How much of both quotas a team uses; for whoever shows them beside `billing.queries.limits_of`."""
    return Usage(data_rooms=rooms_used(team_id), guests=guests_used(team_id))


def rooms_used(team_id: int) -> int:
    """Data rooms that are not deleted for good."""
    return existing_rooms(team_id).count()


def guests_used(team_id: int) -> int:
    """Distinct addresses over all data rooms of the team that are not members of it."""
    guests = current_guests(team_id).exclude(address__in=_member_addresses(team_id))
    return guests.values("address").distinct().count()


def members_among(team_id: int, addresses: Collection[str]) -> set[str]:
    """Which of these canonical addresses belong to members of the team."""
    return set(_member_addresses(team_id).filter(user__email__in=addresses))


def guests_among(team_id: int, addresses: Collection[str]) -> set[str]:
    """Which of these canonical addresses are a guest of any data room of the team."""
    return set(current_guests(team_id).filter(address__in=addresses).values_list("address", flat=True))


def existing_rooms(team_id: int) -> QuerySet[DataRoom]:
    """Rows of the data rooms that count."""
    return DataRoom.objects.filter(team_id=team_id, deleted_at=None)


def current_guests(team_id: int) -> QuerySet[Guest]:
    """Rows of the places that have not ended, members' among them."""
    return Guest.objects.filter(room__team_id=team_id, room__deleted_at=None, removed_at=None)


def _member_addresses(team_id: int) -> QuerySet[Membership, str]:
    return Membership.objects.filter(team_id=team_id, removed_at=None).values_list("user__email", flat=True)
