# SPDX-License-Identifier: Apache-2.0
"""Who sees a data room, and what counts."""

from __future__ import annotations

from datetime import datetime

import pytest

from sealroom.core.errors import Forbidden, NotFound
from sealroom.datarooms import flows, queries
from sealroom.datarooms.models import DataRoom
from tests.factories.accounts import Persona, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(owner: Persona, member: Persona, now: datetime) -> DataRoom:
    """Belongs to a plain member; `owner` is the admin of the team."""
    return flows.create_room(member.actor, "Series B", now=now)


def test_owner_sees_and_leads_the_room(room: DataRoom, member: Persona) -> None:
    assert queries.get_room(member.actor, room.public_id) == room
    assert queries.get_owned_room(member.actor, room.public_id) == room


def test_membership_alone_opens_no_room(room: DataRoom, owner: Persona, stranger: Persona) -> None:
    for persona in (owner, stranger):
        for query in (queries.get_room, queries.get_owned_room):
            with pytest.raises(NotFound):
                query(persona.actor, room.public_id)


def test_guest_of_the_team_sees_the_room_and_may_not_lead_it(
    room: DataRoom, owner: Persona, member: Persona, now: datetime
) -> None:
    flows.invite_guests(member.actor, room.public_id, [owner.email], now=now)
    assert queries.get_room(owner.actor, room.public_id) == room
    with pytest.raises(Forbidden):
        queries.get_owned_room(owner.actor, room.public_id)
    flows.remove_guest(member.actor, owner.email, now=now)
    with pytest.raises(NotFound):
        queries.get_room(owner.actor, room.public_id)


def test_guest_of_another_team_does_not_find_it_as_a_member(
    room: DataRoom, member: Persona, stranger: Persona, now: datetime
) -> None:
    flows.invite_guests(member.actor, room.public_id, [stranger.email], now=now)
    with pytest.raises(NotFound):
        queries.get_room(stranger.actor, room.public_id)


def test_room_deleted_for_good_is_gone(room: DataRoom, member: Persona, now: datetime) -> None:
    flows.delete_room(member.actor, room.public_id, now=now)
    with pytest.raises(NotFound):
        queries.get_room(member.actor, room.public_id)
    assert list(queries.owned_rooms(member.actor)) == []


def test_owned_rooms_are_the_actors_own_oldest_first(room: DataRoom, owner: Persona, member: Persona, now: datetime) -> None:
    flows.create_room(owner.actor, "Another's", now=now)
    second = flows.create_room(member.actor, "Audit", now=now)
    assert list(queries.owned_rooms(member.actor)) == [room, second]


def test_usage_counts_addresses_once_over_all_rooms_of_the_team(
    room: DataRoom, owner: Persona, member: Persona, stranger: Persona, now: datetime
) -> None:
    other = flows.create_room(owner.actor, "Audit", now=now)
    flows.invite_guests(member.actor, room.public_id, ["a@example.org", "b@example.org", owner.email], now=now)
    flows.invite_guests(owner.actor, other.public_id, ["B@example.org", "c@example.org", member.email], now=now)
    elsewhere = flows.create_room(stranger.actor, "Elsewhere", now=now)
    flows.invite_guests(stranger.actor, elsewhere.public_id, ["a@example.org", owner.email], now=now)
    assert queries.usage_of(owner.team.pk) == queries.Usage(data_rooms=2, guests=3)
    assert queries.usage_of(stranger.team.pk) == queries.Usage(data_rooms=1, guests=2)


def test_guest_who_joins_the_team_frees_the_place(room: DataRoom, owner: Persona, member: Persona, now: datetime) -> None:
    flows.invite_guests(member.actor, room.public_id, ["new@example.com", "b@example.org"], now=now)
    assert queries.guests_used(owner.team.pk) == 2
    make_member(owner, "new@example.com", now=now)
    assert queries.guests_used(owner.team.pk) == 1
