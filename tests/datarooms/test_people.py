# SPDX-License-Identifier: Apache-2.0
"""Guests, co-owners and groups: who gets in, who is out, and what is refused whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from sealroom.access.models import Link
from sealroom.access.rules import Permission
from sealroom.accounts import flows as accounts
from sealroom.audit.models import Event
from sealroom.audit.rules import SYSTEM, Verb
from sealroom.billing import flows as billing
from sealroom.core.errors import Forbidden, Invalid, NotFound
from sealroom.datarooms import flows, queries
from sealroom.datarooms.errors import GuestQuota, NotAMember, RoomClosed
from sealroom.datarooms.models import DataRoom, Group, Guest, RightRow
from sealroom.datarooms.queries import GuestState
from sealroom.datarooms.rules import GuestChange, Invitation, Invited, Role
from tests.datarooms.plots import Plot
from tests.factories.accounts import Persona, make_member

pytestmark = pytest.mark.django_db
NADIA, OMAR = "nadia@example.net", "omar@example.net"


@pytest.fixture
def room(owner: Persona, now: datetime) -> DataRoom:
    return flows.create_room(owner.actor, "Project Alder", now=now)


@pytest.fixture
def group(room: DataRoom, owner: Persona, now: datetime) -> Group:
    return flows.create_group(owner.actor, room.public_id, "Bidders", now=now)


def invite(persona: Persona, room: DataRoom, *addresses: str, now: datetime, **more: Any) -> list[Guest]:
    people = tuple(Invited(address) for address in addresses)
    return flows.invite(persona.actor, room.public_id, Invitation(people, **{"has_notice": False, **more}), now=now)


def link_of(guest: Guest) -> Link:
    guest.refresh_from_db()
    assert guest.link is not None
    return guest.link


def is_out(guest: Guest) -> bool:
    return queries.standing_of(link_of(guest).pk, guest.address, "").is_out


def revision(room: DataRoom) -> int:
    return DataRoom.objects.get(pk=room.pk).revision


# -- Invitations -----------------------------------------------------------------------------------------------------------
def test_invitation_gives_place_link_right_groups_and_dates(room: DataRoom, group: Group, owner: Persona, now: datetime) -> None:
    begins, ends = now + timedelta(days=1), now + timedelta(days=9)
    invitation = Invitation(
        (Invited(" Nadia@Example.net", "Nadia  Haddad"), Invited("NADIA@example.net"), Invited(OMAR)),
        right="print",
        groups=(group.public_id,),
        access_from=begins,
        access_until=ends,
        language="fr",
        has_notice=False,
    )
    before = revision(room)
    nadia, omar = flows.invite(owner.actor, room.public_id, invitation, now=now)
    assert [(one.address, one.name, one.role) for one in (nadia, omar)] == [
        (NADIA, "Nadia Haddad", "guest"),
        (OMAR, "", "guest"),
    ]
    link = link_of(nadia)
    assert (link.address, link.name, link.language, link.rights, link.policy) == (
        NADIA,
        "Nadia Haddad",
        "fr",
        "data_room",
        room.policy,
    )
    on_the_room = RightRow.objects.filter(room=room, item=None, right="print")
    assert sorted(on_the_room.values_list("guest", flat=True)) == [nadia.pk, omar.pk]
    assert sorted(group.members.values_list("guest", flat=True)) == [nadia.pk, omar.pk]
    assert revision(room) == before + 1
    standing = queries.standing_of(link.pk, NADIA, "")
    assert (standing.starts_at, standing.expires_at, standing.is_out) == (begins, ends, False)
    (row, _) = queries.guests_of(room, now=now)
    assert (row.id, row.state, row.groups, row.role) == (nadia.public_id, GuestState.WAITING, (group.public_id,), Role.GUEST)


def test_who_has_a_place_keeps_it_as_it_is(room: DataRoom, owner: Persona, now: datetime) -> None:
    (first,) = invite(owner, room, NADIA, now=now)
    (second,) = invite(owner, room, NADIA, OMAR, right="none", now=now)
    assert (first.address, second.address, RightRow.objects.count()) == (NADIA, OMAR, 1)


@pytest.mark.parametrize(
    ("people", "reason", "line"),
    [
        (("nobody",), "bad_address", 1),
        ((NADIA, "owner@example.com"), "is_owner", 2),
    ],
)
def test_one_bad_line_refuses_the_whole_invitation(
    room: DataRoom, owner: Persona, now: datetime, *, people: tuple[str, ...], reason: str, line: int
) -> None:
    with pytest.raises(Invalid) as refusal:
        invite(owner, room, *people, now=now)
    assert refusal.value.facts["errors"] == {"addresses": [reason]}
    assert refusal.value.facts["lines"] == [{"line": line, "text": people[-1], "reason": reason}]
    assert (Guest.objects.count(), Link.objects.exclude(address="").count()) == (0, 0)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"right": "own"}, "right"),
        ({"role": "owner"}, "role"),
        ({"groups": ("grp_forged",)}, "groups"),
        ({"language": "xx"}, "language"),
        ({"message": "a\x07"}, "message"),
        ({"access_until": datetime.fromisoformat("2020-01-01T00:00:00+00:00")}, "access_until"),
    ],
)
def test_bad_wishes_are_refused_with_their_field(
    room: DataRoom, owner: Persona, now: datetime, more: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        invite(owner, room, NADIA, now=now, **more)
    assert list(refusal.value.errors) == [field]
    assert Guest.objects.count() == 0


def test_another_rooms_group_is_none_here(room: DataRoom, owner: Persona, now: datetime) -> None:
    other = flows.create_room(owner.actor, "Other", now=now)
    group = flows.create_group(owner.actor, other.public_id, "Bidders", now=now)
    with pytest.raises(Invalid):
        invite(owner, room, NADIA, groups=(group.public_id,), now=now)


def test_quota_refuses_the_whole_invitation(room: DataRoom, owner: Persona, now: datetime) -> None:
    billing.set_quotas(owner.team, {"guests": 1}, who=SYSTEM, now=now)
    with pytest.raises(GuestQuota) as refusal:
        invite(owner, room, NADIA, OMAR, now=now)
    assert refusal.value.facts == {"used": 0, "limit": 1, "needed": 2}
    assert (Guest.objects.count(), queries.guests_used(owner.team.pk)) == (0, 0)


def test_nobody_is_invited_into_a_closed_room(room: DataRoom, owner: Persona, now: datetime) -> None:
    flows.close_room(owner.actor, room.public_id, now=now)
    with pytest.raises(RoomClosed) as refusal:
        invite(owner, room, NADIA, now=now)
    assert refusal.value.facts == {"state": "closed"}


# -- Co-owners ---------------------------------------------------------------------------------------------------------------
def test_only_members_lead(room: DataRoom, owner: Persona, member: Persona, now: datetime) -> None:
    with pytest.raises(NotAMember) as refusal:
        invite(owner, room, member.email, NADIA, role="co_owner", now=now)
    assert refusal.value.facts == {"addresses": [NADIA]}
    assert Guest.objects.count() == 0
    invite(owner, room, member.email, role="co_owner", now=now)
    (guest,) = invite(member, room, NADIA, now=now)
    assert (guest.invited_by, queries.guests_used(owner.team.pk)) == (member.user, 1)
    with pytest.raises(NotAMember):
        flows.change_guest(member.actor, room.public_id, guest.public_id, GuestChange(role="co_owner"), now=now)


def test_co_owner_leads_and_does_not_own(room: DataRoom, owner: Persona, member: Persona, now: datetime) -> None:
    (place,) = invite(owner, room, member.email, role="co_owner", now=now)
    for deed in (flows.delete_room, flows.trash_room):
        with pytest.raises(Forbidden):
            deed(member.actor, room.public_id, now=now)
    with pytest.raises(Forbidden):
        flows.give_room(member.actor, room.public_id, member.email, now=now)
    flows.change_guest(owner.actor, room.public_id, place.public_id, GuestChange(), now=now)
    with pytest.raises(Forbidden):
        invite(member, room, NADIA, now=now)
    flows.revoke_guest(owner.actor, room.public_id, place.public_id, now=now)
    with pytest.raises(NotFound):
        invite(member, room, NADIA, now=now)


# -- One guest ---------------------------------------------------------------------------------------------------------------
def test_change_guest_sets_name_dates_and_groups(room: DataRoom, group: Group, owner: Persona, now: datetime) -> None:
    (guest,) = invite(owner, room, NADIA, now=now)
    ends = now + timedelta(days=2)
    change = GuestChange(name="Nadia", groups=(group.public_id,), access_until=ends)
    flows.change_guest(owner.actor, room.public_id, guest.public_id, change, now=now)
    (row,) = queries.guests_of(room, now=ends)
    assert (row.name, row.groups, row.access_until, row.state) == ("Nadia", (group.public_id,), ends, GuestState.ENDED)
    assert link_of(guest).name == "Nadia"
    with pytest.raises(Invalid):
        flows.change_guest(owner.actor, room.public_id, guest.public_id, GuestChange(access_from=ends, access_until=now), now=now)


def test_revoked_guest_is_out_and_comes_back_as_he_was(room: DataRoom, owner: Persona, now: datetime) -> None:
    (guest,) = invite(owner, room, NADIA, now=now)
    flows.revoke_guest(owner.actor, room.public_id, guest.public_id, now=now)
    assert (is_out(guest), link_of(guest).revoked_at, queries.guests_used(owner.team.pk)) == (True, now, 1)
    assert [row.state for row in queries.guests_of(room, now=now)] == [GuestState.REVOKED]
    flows.restore_guest(owner.actor, room.public_id, guest.public_id, now=now)
    assert (is_out(guest), link_of(guest).revoked_at) == (False, None)


def test_removed_guest_is_gone_and_the_place_is_free(room: DataRoom, owner: Persona, now: datetime) -> None:
    (guest,) = invite(owner, room, NADIA, now=now)
    flows.remove_from_room(owner.actor, room.public_id, guest.public_id, now=now)
    assert (is_out(guest), queries.guests_of(room, now=now), queries.guests_used(owner.team.pk)) == (True, [], 0)
    event = Event.objects.get(verb=Verb.GUEST_REMOVED)
    assert (event.subject, event.facts) == (guest.public_id, {"room": room.public_id})
    with pytest.raises(NotFound):
        flows.restore_guest(owner.actor, room.public_id, guest.public_id, now=now)


DEEDS: dict[str, Callable[[Any, str, str, datetime], object]] = {
    "change": lambda actor, room, guest, now: flows.change_guest(actor, room, guest, GuestChange(), now=now),
    "revoke": lambda actor, room, guest, now: flows.revoke_guest(actor, room, guest, now=now),
    "restore": lambda actor, room, guest, now: flows.restore_guest(actor, room, guest, now=now),
    "remove": lambda actor, room, guest, now: flows.remove_from_room(actor, room, guest, now=now),
    "remind": lambda actor, room, guest, now: flows.remind(actor, room, guests=[guest], now=now),
    "preview": lambda actor, room, guest, now: flows.preview_as_guest(actor, room, guest, cookie=None, user_agent="", now=now),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_guests_of_other_rooms_and_rooms_of_others_are_not_found(
    room: DataRoom, owner: Persona, member: Persona, stranger: Persona, *, now: datetime, deed: str
) -> None:
    other = flows.create_room(owner.actor, "Other", now=now)
    (elsewhere,) = invite(owner, other, NADIA, now=now)
    (here,) = invite(owner, room, OMAR, now=now)
    lines = Event.objects.count()
    attempts = ((owner, elsewhere.public_id), (owner, "gst_forged"), (member, here.public_id), (stranger, here.public_id))
    for persona, guest in attempts:
        with pytest.raises(NotFound):
            DEEDS[deed](persona.actor, room.public_id, guest, now)
    assert (Event.objects.count(), is_out(here), is_out(elsewhere)) == (lines, False, False)


# -- Groups ------------------------------------------------------------------------------------------------------------------
def test_group_lends_its_right_until_it_is_deleted(room: DataRoom, group: Group, owner: Persona, now: datetime) -> None:
    (guest,) = invite(owner, room, NADIA, now=now)
    assert room.policy is not None
    plot = Plot(room, owner, room.policy, now)
    file = plot.file("Plan.pdf")
    assert file.document is not None
    RightRow.objects.create(room=room, group=group, item=file, right="print")
    before = revision(room)
    flows.set_members(owner.actor, room.public_id, group.public_id, [guest.public_id], now=now)
    asked = link_of(guest).pk, NADIA, file.document.public_id
    assert queries.standing_of(*asked).permission is Permission.PRINT
    assert [(row.name, row.guests) for row in queries.groups_of(room)] == [("Bidders", 1)]
    flows.delete_group(owner.actor, room.public_id, group.public_id, now=now)
    assert queries.standing_of(*asked).permission is Permission.VIEW
    assert (revision(room), RightRow.objects.count(), queries.groups_of(room)) == (before + 2, 0, [])


def test_groups_have_one_name_each_and_only_guests_of_the_room(room: DataRoom, group: Group, owner: Persona, now: datetime) -> None:
    with pytest.raises(Invalid) as refusal:
        flows.create_group(owner.actor, room.public_id, " bidders", now=now)
    assert refusal.value.errors == {"name": ["taken"]}
    flows.rename_group(owner.actor, room.public_id, group.public_id, "BIDDERS", now=now)
    other = flows.create_room(owner.actor, "Other", now=now)
    (elsewhere,) = invite(owner, other, NADIA, now=now)
    with pytest.raises(Invalid):
        flows.set_members(owner.actor, room.public_id, group.public_id, [elsewhere.public_id], now=now)
    with pytest.raises(NotFound):
        flows.rename_group(owner.actor, other.public_id, group.public_id, "Mine", now=now)
    assert [(row.name, row.guests) for row in queries.groups_of(room)] == [("BIDDERS", 0)]


# -- Ownership ---------------------------------------------------------------------------------------------------------------
def test_given_room_has_one_owner_and_the_old_one_leads_on(room: DataRoom, owner: Persona, member: Persona, now: datetime) -> None:
    (place,) = invite(owner, room, member.email, role="co_owner", now=now)
    with pytest.raises(NotAMember):
        flows.give_room(owner.actor, room.public_id, NADIA, now=now)
    flows.give_room(owner.actor, room.public_id, member.email, now=now)
    room.refresh_from_db()
    place.refresh_from_db()
    rows = [(row.address, row.role) for row in queries.guests_of(room, now=now)]
    assert (room.owner, place.removed_at, rows) == (member.user, now, [(owner.email, Role.CO_OWNER)])
    with pytest.raises(Forbidden):
        flows.delete_room(owner.actor, room.public_id, now=now)
    invite(owner, room, NADIA, now=now)


def test_rooms_of_a_member_who_leaves_go_to_a_co_owner_or_an_admin(owner: Persona, member: Persona, now: datetime) -> None:
    third = make_member(owner, "third@example.com", now=now)
    led, alone = (flows.create_room(member.actor, name, now=now) for name in ("Led", "Alone"))
    invite(member, led, third.email, role="co_owner", now=now)
    accounts.remove_member(owner.actor, member.membership.public_id, now=now)
    owners = dict(DataRoom.objects.values_list("name", "owner"))
    assert owners == {"Led": third.user.pk, "Alone": owner.user.pk}
    assert (queries.guests_of(led, now=now), queries.guests_of(alone, now=now)) == ([], [])
    assert [event.facts["to"] for event in Event.objects.filter(verb=Verb.DATA_ROOM_GIVEN).order_by("number")] == [
        third.user.public_id,
        owner.user.public_id,
    ]


# -- What guests may know ------------------------------------------------------------------------------------------------------
def test_guests_see_each_other_only_where_the_room_shows_them(room: DataRoom, owner: Persona, now: datetime) -> None:
    (guest, gone) = invite(owner, room, NADIA, OMAR, now=now)
    invite(owner, room, "ada@example.org", now=now)
    assert queries.listed_guests(guest, now=now) == []
    flows.revoke_guest(owner.actor, room.public_id, gone.public_id, now=now)
    DataRoom.objects.filter(pk=room.pk).update(shows_guests=True)
    guest = Guest.objects.select_related("room").get(pk=guest.pk)
    assert queries.listed_guests(guest, now=now) == [queries.ListedGuest("", "example.org")]
