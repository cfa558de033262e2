# SPDX-License-Identifier: Apache-2.0
"""The data rooms of a person: led, and read as a guest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet

from sealroom.access import queries as access
from sealroom.accounts.rules import Actor, Capability
from sealroom.datarooms.models import DataRoom, Guest, Item, Question
from sealroom.datarooms.queries.find import existing_rooms
from sealroom.datarooms.queries.people import GuestState, guest_state
from sealroom.datarooms.rules import QuestionState, Role, RoomState


@dataclass(frozen=True)
class RoomRow:
    """A room that somebody leads. `is_own`: he owns it; else he is a co-owner. `owner` by name, else by address. `questions` counts
    the open ones."""

    id: str
    name: str
    state: RoomState
    is_own: bool
    owner: str
    files: int
    guests: int
    questions: int
    trashed_at: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class VisitedRoom:
    """A room that somebody may visit as a guest, and his own address of it."""

    name: str
    team: str
    owner: str
    url: str
    until: datetime | None


def led_rooms(actor: Actor) -> list[RoomRow]:
    """The rooms the actor leads, by name; of those in the trash only his own. Raises `Forbidden`."""
    actor.require(Capability.SEE_ROOMS)
    places = Guest.objects.filter(address=actor.email, role=Role.CO_OWNER, revoked_at=None, removed_at=None)
    existing = existing_rooms(actor.team_id)
    shared = existing.filter(pk__in=places.values("room"), trashed_at=None).exclude(owner_id=actor.user_id)
    rooms = (existing.filter(owner_id=actor.user_id) | shared).select_related("owner").order_by("name", "pk")
    return room_rows(actor, list(rooms))


def room_rows(actor: Actor, rooms: Sequence[DataRoom]) -> list[RoomRow]:
    """Rooms that the actor was found to lead, in their order."""
    keys = [room.pk for room in rooms]
    files = _by_room(Item.objects.filter(room__in=keys, trashed_at=None, document__isnull=False))
    guests = _by_room(Guest.objects.filter(room__in=keys, removed_at=None))
    questions = _by_room(Question.objects.filter(room__in=keys, state=QuestionState.OPEN))
    return [
        RoomRow(
            id=room.public_id,
            name=room.name,
            state=RoomState(room.state),
            is_own=room.owner_id == actor.user_id,
            owner=room.owner.name or room.owner.email,
            files=files.get(room.pk, 0),
            guests=guests.get(room.pk, 0),
            questions=questions.get(room.pk, 0),
            trashed_at=room.trashed_at,
            created_at=room.created_at,
        )
        for room in rooms
    ]


def visited_rooms(actor: Actor, *, now: datetime) -> list[VisitedRoom]:
    """The rooms, of any team, that let the actor in as a guest now, by name. Only places he was told of, or has used."""
    places = Guest.objects.filter(
        address=actor.email, role=Role.GUEST, removed_at=None, room__trashed_at=None, room__deleted_at=None, link__isnull=False
    )
    found = places.exclude(room__state=RoomState.CLOSED).exclude(told_at=None, came_at=None)
    rows = found.select_related("room__team", "room__owner", "link").order_by("room__name", "pk")
    return [
        VisitedRoom(
            name=place.room.name,
            team=place.room.team.name,
            owner=place.room.owner.name or place.room.owner.email,
            url=access.link_url(place.link),
            until=place.access_until,
        )
        for place in rows
        if place.link is not None and guest_state(place, now=now) in {GuestState.CAME, GuestState.INVITED}
    ]


def open_questions(room: DataRoom) -> int:
    """How many questions of a room wait for an answer."""
    return room.questions.filter(state=QuestionState.OPEN).count()


def _by_room(rows: QuerySet[Item] | QuerySet[Guest] | QuerySet[Question]) -> dict[int, int]:
    return dict(rows.order_by().values_list("room").annotate(count=Count("pk")))
