# SPDX-License-Identifier: Apache-2.0
"""Data rooms and guests within their quotas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealroom.accounts import flows as accounts
from sealroom.accounts.rules import Capability
from sealroom.audit.models import Event, Label
from sealroom.audit.rules import SYSTEM, Verb
from sealroom.billing import flows as billing
from sealroom.core.errors import DomainError, Forbidden, Invalid, NotFound
from sealroom.credits.models import Entry
from sealroom.credits.queries import meter
from sealroom.datarooms import flows, queries
from sealroom.datarooms.errors import GuestQuota, RoomQuota
from sealroom.datarooms.models import DataRoom, Guest
from tests.factories.accounts import Persona, make_member, make_persona

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)


def set_quotas(persona: Persona, now: datetime, **quotas: int) -> None:
    billing.set_quotas(persona.team, quotas, who=SYSTEM, now=now)


def used(persona: Persona) -> tuple[int, int]:
    usage = queries.usage_of(persona.team.pk)
    return usage.data_rooms, usage.guests


def facts_of(verb: Verb) -> list[tuple[str, str, dict[str, Any]]]:
    return [(event.actor, event.subject, event.facts) for event in Event.objects.filter(verb=verb).order_by("team", "number")]


@pytest.fixture
def room(owner: Persona, now: datetime) -> DataRoom:
    return flows.create_room(owner.actor, " Series B ", now=now)


# -- Data rooms ------------------------------------------------------------------------------------------------------------
def test_create_room_makes_one_for_its_owner(room: DataRoom, owner: Persona, now: datetime) -> None:
    room.refresh_from_db()
    assert (room.name, room.owner, room.team, room.created_at, room.deleted_at) == ("Series B", owner.user, owner.team, now, None)
    assert facts_of(Verb.DATA_ROOM_CREATED) == [(owner.user.public_id, room.public_id, {})]
    assert Label.objects.get(key=room.public_id).text == "Series B"


def test_every_member_may_create_one(member: Persona, now: datetime) -> None:
    assert flows.create_room(member.actor, "Audit", now=now).owner == member.user


@pytest.mark.parametrize("name", ["", "  ", "x" * 121, "a\nb"])
def test_create_room_wants_a_name(owner: Persona, now: datetime, name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        flows.create_room(owner.actor, name, now=now)
    assert list(refusal.value.errors) == ["name"]
    assert used(owner) == (0, 0)


def test_last_room_is_given_and_the_next_refused_with_the_numbers(owner: Persona, member: Persona, now: datetime) -> None:
    set_quotas(owner, now, data_rooms=2)
    flows.create_room(owner.actor, "One", now=now)
    flows.create_room(member.actor, "Two", now=now)
    with pytest.raises(RoomQuota) as refusal:
        flows.create_room(owner.actor, "Three", now=now)
    assert refusal.value.facts == {"used": 2, "limit": 2}
    assert (DataRoom.objects.count(), len(facts_of(Verb.DATA_ROOM_CREATED))) == (2, 2)


def test_one_team_does_not_use_anothers_rooms(owner: Persona, stranger: Persona, now: datetime) -> None:
    set_quotas(owner, now, data_rooms=1)
    flows.create_room(stranger.actor, "Elsewhere", now=now)
    flows.create_room(owner.actor, "One", now=now)
    assert (used(owner), used(stranger)) == ((1, 0), (1, 0))


def test_deleting_for_good_frees_the_room_and_its_guests(room: DataRoom, owner: Persona, now: datetime) -> None:
    set_quotas(owner, now, data_rooms=2)
    other = flows.create_room(owner.actor, "Audit", now=now)
    flows.invite_guests(owner.actor, room.public_id, ["a@example.org", "b@example.org"], now=now)
    flows.invite_guests(owner.actor, other.public_id, ["b@example.org"], now=now)
    later = now + timedelta(days=1)
    flows.delete_room(owner.actor, room.public_id, now=later)
    assert used(owner) == (1, 1)
    assert sorted(Guest.objects.filter(removed_at=later).values_list("address", "room__name")) == [
        ("a@example.org", "Series B"),
        ("b@example.org", "Series B"),
    ]
    assert facts_of(Verb.DATA_ROOM_DELETED) == [(owner.user.public_id, room.public_id, {"guests": 2})]
    flows.create_room(owner.actor, "Series C", now=later)
    with pytest.raises(NotFound):
        flows.delete_room(owner.actor, room.public_id, now=later)


# -- Guests ----------------------------------------------------------------------------------------------------------------
def test_invite_guests_gives_each_address_one_place(room: DataRoom, owner: Persona, member: Persona, now: datetime) -> None:
    texts = ["g@example.org", " G@EXAMPLE.org. ", member.email.upper(), owner.email, "h@example.org"]
    guests = flows.invite_guests(owner.actor, room.public_id, texts, now=now)
    assert [(guest.address, guest.invited_by, guest.added_at) for guest in guests] == [
        ("g@example.org", owner.user, now),
        (member.email, owner.user, now),
        ("h@example.org", owner.user, now),
    ]
    assert used(owner) == (1, 2)
    ids = [guest.public_id for guest in guests]
    assert facts_of(Verb.GUESTS_INVITED) == [(owner.user.public_id, room.public_id, {"guests": ids, "places": 2})]


def test_inviting_again_changes_nothing(room: DataRoom, owner: Persona, now: datetime) -> None:
    flows.invite_guests(owner.actor, room.public_id, ["g@example.org"], now=now)
    assert flows.invite_guests(owner.actor, room.public_id, ["G@example.org", owner.email], now=now) == []
    assert (Guest.objects.count(), len(facts_of(Verb.GUESTS_INVITED))) == (1, 1)


def test_invitation_is_whole_or_not_at_all(room: DataRoom, owner: Persona, member: Persona, now: datetime) -> None:
    set_quotas(owner, now, guests=2)
    flows.invite_guests(owner.actor, room.public_id, ["a@example.org"], now=now)
    with pytest.raises(GuestQuota) as refusal:
        flows.invite_guests(owner.actor, room.public_id, ["a@example.org", "b@example.org", "c@example.org", member.email], now=now)
    assert refusal.value.facts == {"used": 1, "limit": 2, "needed": 2}
    with pytest.raises(Invalid):
        flows.invite_guests(owner.actor, room.public_id, ["b@example.org", "nobody"], now=now)
    assert list(Guest.objects.values_list("address", flat=True)) == ["a@example.org"]
    flows.invite_guests(owner.actor, room.public_id, ["b@example.org", member.email], now=now)
    assert used(owner) == (1, 2)


def test_guest_place_is_free_when_the_last_room_lets_go(room: DataRoom, owner: Persona, member: Persona, now: datetime) -> None:
    other, third = (flows.create_room(persona.actor, "Audit", now=now) for persona in (owner, member))
    for lead, where in ((owner, room), (owner, other), (member, third)):
        flows.invite_guests(lead.actor, where.public_id, ["g@example.org"], now=now)
    assert flows.remove_guest(owner.actor, "G@example.org", rooms=[room.public_id], now=now) == 1
    assert used(owner) == (3, 1)
    assert flows.remove_guest(owner.actor, "g@example.org", now=now) == 1
    assert used(owner) == (3, 1)  # the colleague's data room is his to lead
    assert flows.remove_guest(member.actor, "g@example.org", now=now) == 1
    assert used(owner) == (3, 0)
    assert flows.remove_guest(member.actor, "g@example.org", now=now) == 0
    assert [facts for *_, facts in facts_of(Verb.GUEST_REMOVED)] == [{"room": one.public_id} for one in (room, other, third)]


def test_removed_guest_who_is_invited_again_gets_a_new_place(room: DataRoom, owner: Persona, now: datetime) -> None:
    (first,) = flows.invite_guests(owner.actor, room.public_id, ["g@example.org"], now=now)
    flows.remove_guest(owner.actor, "g@example.org", now=now)
    (second,) = flows.invite_guests(owner.actor, room.public_id, ["g@example.org"], now=now)
    first.refresh_from_db()
    assert (first.removed_at, second.removed_at, first.pk == second.pk) == (now, None, False)
    assert used(owner) == (1, 1)


def test_database_keeps_one_place_per_room(room: DataRoom, owner: Persona, now: datetime) -> None:
    flows.invite_guests(owner.actor, room.public_id, ["g@example.org"], now=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Guest.objects.create(room=room, address="g@example.org", invited_by=owner.user, added_at=now)


# -- Quotas below use, members, rights ---------------------------------------------------------------------------------------
def test_quota_below_use_keeps_what_exists_and_refuses_more(room: DataRoom, owner: Persona, member: Persona, now: datetime) -> None:
    other = flows.create_room(owner.actor, "Audit", now=now)
    flows.invite_guests(owner.actor, room.public_id, ["a@example.org", "b@example.org"], now=now)
    set_quotas(owner, now, data_rooms=0, guests=1)
    assert used(owner) == (2, 2)
    with pytest.raises(RoomQuota):
        flows.create_room(owner.actor, "More", now=now)
    with pytest.raises(GuestQuota):
        flows.invite_guests(owner.actor, other.public_id, ["c@example.org"], now=now)
    # Who takes no further place is let in; what reduces always works.
    flows.invite_guests(owner.actor, other.public_id, ["a@example.org", member.email], now=now)
    flows.remove_guest(owner.actor, "a@example.org", now=now)
    flows.delete_room(owner.actor, room.public_id, now=now)
    assert used(owner) == (1, 0)


def test_place_of_a_member_ends_with_the_membership(room: DataRoom, owner: Persona, member: Persona, now: datetime) -> None:
    flows.invite_guests(owner.actor, room.public_id, [member.email, "g@example.org"], now=now)
    accounts.remove_member(owner.actor, member.membership.public_id, now=now)
    assert list(queries.current_guests(owner.team.pk).values_list("address", flat=True)) == ["g@example.org"]
    assert used(owner) == (1, 1)
    assert facts_of(Verb.GUEST_REMOVED) == [("system", Guest.objects.get(address=member.email).public_id, {"room": room.public_id})]
    assert Event.objects.get(verb=Verb.GUEST_REMOVED).team == owner.team.public_id
    flows.invite_guests(owner.actor, room.public_id, [member.email], now=now)
    assert used(owner) == (1, 2)


def test_data_rooms_never_touch_credits(room: DataRoom, owner: Persona, now: datetime) -> None:
    before = meter(owner.team.pk, now=now), Entry.objects.count()
    flows.invite_guests(owner.actor, room.public_id, ["g@example.org"], now=now)
    flows.remove_guest(owner.actor, "g@example.org", now=now)
    flows.delete_room(owner.actor, room.public_id, now=now)
    assert (meter(owner.team.pk, now=now), Entry.objects.count()) == before


DEEDS: dict[str, Callable[[Any, str, datetime], object]] = {
    "create": lambda actor, room, now: flows.create_room(actor, "More", now=now),
    "delete": lambda actor, room, now: flows.delete_room(actor, room, now=now),
    "invite": lambda actor, room, now: flows.invite_guests(actor, room, ["x@example.org"], now=now),
    "remove": lambda actor, room, now: flows.remove_guest(actor, "g@example.org", rooms=[room], now=now),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_nothing_is_done_without_the_capability(room: DataRoom, owner: Persona, now: datetime, deed: str) -> None:
    capped = replace(owner.actor, capabilities=frozenset(Capability) - {Capability.MANAGE_ROOMS})
    with pytest.raises(Forbidden):
        DEEDS[deed](capped, room.public_id, now)
    assert used(owner) == (1, 0)


@pytest.mark.parametrize("deed", ["delete", "invite", "remove"])
def test_nobody_but_the_owner_does_it(room: DataRoom, owner: Persona, stranger: Persona, now: datetime, deed: str) -> None:
    guest = make_member(owner, "colleague@example.com", now=now)
    admin = make_member(owner, "admin@example.com", role="admin", now=now)
    flows.invite_guests(owner.actor, room.public_id, ["g@example.org", guest.email], now=now)
    for persona, refusal in ((guest, Forbidden), (admin, NotFound), (stranger, NotFound)):
        with pytest.raises(refusal):
            DEEDS[deed](persona.actor, room.public_id, now)
    assert used(owner) == (1, 1)


def test_remove_guest_ends_no_place_when_one_room_is_not_the_actors(
    room: DataRoom, owner: Persona, member: Persona, now: datetime
) -> None:
    other = flows.create_room(member.actor, "Audit", now=now)
    flows.invite_guests(owner.actor, room.public_id, ["g@example.org"], now=now)
    with pytest.raises(NotFound):
        flows.remove_guest(owner.actor, "g@example.org", rooms=[room.public_id, other.public_id], now=now)
    with pytest.raises(Invalid):
        flows.remove_guest(owner.actor, "g", now=now)
    assert used(owner) == (2, 1)


# -- Any sequence ------------------------------------------------------------------------------------------------------------
NAMES = ["g0@example.org", "G0@EXAMPLE.org", *(f"g{number}@example.org" for number in range(1, 6)), "member@example.com"]
places, people = st.integers(0, 5), st.lists(st.sampled_from(NAMES), min_size=1, max_size=4)
deeds = st.lists(
    st.one_of(
        st.tuples(st.just("create"), st.none(), st.none()),
        st.tuples(st.just("delete"), places, st.none()),
        st.tuples(st.just("invite"), places, people),
        st.tuples(st.just("remove"), st.one_of(st.none(), places), people),
        st.tuples(st.just("quota"), st.integers(0, 3), st.integers(0, 5)),
    ),
    max_size=16,
)


@dataclass
class Story:
    """The flows beside a plain count: data rooms as sets of addresses."""

    lead: Persona
    rooms: dict[str, set[str]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    room_limit: int = 2
    guest_limit: int = 3

    @property
    def counted(self) -> set[str]:
        return set().union(*self.rooms.values()) - {"member@example.com"}

    def do(self, kind: str, first: Any, second: Any) -> None:
        if kind == "quota":
            self.room_limit, self.guest_limit = first, second
            set_quotas(self.lead, START, data_rooms=first, guests=second)
            return
        name = self.names[first] if first is not None and first < len(self.names) else "room_none"
        expected = getattr(self, f"_{kind}")(name, first, [one.lower() for one in second or ()])
        code = ""
        try:
            with transaction.atomic():
                self._flow(kind, name, first, second)
        except DomainError as refusal:
            code = refusal.code
        assert code == expected

    def _flow(self, kind: str, name: str, first: Any, second: Any) -> None:
        actor = self.lead.actor
        if kind == "create":
            room = flows.create_room(actor, "Any", now=START)
            self.rooms[room.public_id] = self.rooms.pop("new")
            self.names.append(room.public_id)
        elif kind == "delete":
            flows.delete_room(actor, name, now=START)
        elif kind == "invite":
            flows.invite_guests(actor, name, second, now=START)
        else:
            flows.remove_guest(actor, second[0], rooms=None if first is None else [name], now=START)

    def _create(self, _name: str, _first: Any, _second: list[str]) -> str:
        if len(self.rooms) >= self.room_limit:
            return "room_quota"
        self.rooms["new"] = set()
        return ""

    def _delete(self, name: str, _first: Any, _second: list[str]) -> str:
        return "not_found" if self.rooms.pop(name, None) is None else ""

    def _invite(self, name: str, _first: Any, second: list[str]) -> str:
        if name not in self.rooms:
            return "not_found"
        after = self.counted | set(second) - {"member@example.com"}
        if len(after) > max(self.guest_limit, len(self.counted)):
            return "guest_quota"
        self.rooms[name].update(second)
        return ""

    def _remove(self, name: str, first: Any, second: list[str]) -> str:
        if first is not None and name not in self.rooms:
            return "not_found"
        for room in self.rooms if first is None else [name]:
            self.rooms[room].discard(second[0])
        return ""

    def check(self) -> None:
        assert used(self.lead) == (len(self.rooms), len(self.counted))
        kept = queries.current_guests(self.lead.team.pk).values_list("room__public_id", "address")
        assert sorted(kept) == sorted((room, one) for room, guests in self.rooms.items() for one in guests)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sequence=deeds)
def test_counts_stay_true_over_any_sequence(db: None, sequence: list[tuple[str, Any, Any]]) -> None:
    with transaction.atomic():
        lead = make_persona("owner@example.com", team_name="Northwind", now=START)
        make_member(lead, "member@example.com", now=START)
        story = Story(lead)
        set_quotas(lead, START, data_rooms=story.room_limit, guests=story.guest_limit)
        for deed in sequence:
            story.do(*deed)
            story.check()
        transaction.set_rollback(True)
