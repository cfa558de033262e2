# SPDX-License-Identifier: Apache-2.0
"""The people of a data room: invited, changed, shut out; groups; the rights they have."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from tests.factories.accounts import Persona, make_member

from sealroom.billing import flows as billing
from sealroom.datarooms import flows, queries
from sealroom.datarooms.models import DataRoom, Group, Guest, Item, RightRow
from sealroom.datarooms.rules import Invitation, Invited, Right, RightChange

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(owner: Persona, present: datetime) -> DataRoom:
    """An open room of the owner with a folder, one guest and one group."""
    made = flows.create_room(owner.actor, "Project Alder", now=present)
    flows.create_folder(flows.lead(owner.actor, made.public_id), "", "Financial", now=present)
    flows.invite(owner.actor, made.public_id, Invitation((Invited("li@example.net", "Li"),), has_notice=False), now=present)
    flows.create_group(owner.actor, made.public_id, "Bidders", now=present)
    return made


@pytest.fixture
def li(room: DataRoom) -> Guest:
    """The guest."""
    return Guest.objects.get(room=room)


@pytest.fixture
def bidders(room: DataRoom) -> Group:
    """The group."""
    return Group.objects.get(room=room)


def invite(client: Client, room: DataRoom, people: str, **data: Any) -> tuple[int, str]:
    """The answer to an invitation by form."""
    posted = {"deed": "invite", "people": people, "language": "en", "role": "guest", **data}
    answer = client.post(f"/rooms/{room.public_id}/people/", posted)
    return answer.status_code, answer.content.decode()


def test_people_are_invited_from_a_pasted_list(owner: Persona, room: DataRoom, bidders: Group) -> None:
    people = "Ann <ann@example.net>; bob@example.net\nann@example.net"
    status, _page = invite(owner.client(), room, people, right="print", groups=bidders.public_id, notify="on", message="Hello")
    guests = Guest.objects.filter(room=room).exclude(address="li@example.net").order_by("address")
    assert (status, [(one.address, one.name) for one in guests]) == (302, [("ann@example.net", "Ann"), ("bob@example.net", "")])
    assert RightRow.objects.filter(guest__in=guests, item=None, right="print").count() == 2
    page = owner.client().get(f"/rooms/{room.public_id}/people/").content.decode()
    assert all(words in page for words in ("ann@example.net", "Bidders", "Invited"))


@pytest.mark.parametrize(
    ("people", "data", "said"),
    [
        ("", {}, "This field is required"),
        ("ann@example.net, nobody", {}, "These are no e-mail addresses: nobody"),
        ("owner@example.com", {}, "The owner of the room needs no invitation."),
        ("ann@example.net", {"access_until": "2020-01-01T10:00"}, "This moment has passed"),
    ],
)
def test_invitation_that_does_not_fit_lets_nobody_in(
    owner: Persona, room: DataRoom, people: str, data: dict[str, str], said: str
) -> None:
    status, page = invite(owner.client(), room, people, **data)
    assert (status, said in page, Guest.objects.filter(room=room).count()) == (422, True, 1)


def test_co_owner_from_outside_is_refused(owner: Persona, room: DataRoom) -> None:
    status, page = invite(owner.client(), room, "ann@example.net", role="co_owner", message="See you on Monday.")
    assert (status, Guest.objects.filter(room=room).count()) == (403, 1)
    assert "Not in the team: ann@example.net." in page
    assert "See you on Monday.</textarea>" in page


def test_guest_is_changed_revoked_restored_and_removed(owner: Persona, room: DataRoom, li: Guest, bidders: Group) -> None:
    client, at = owner.client(), f"/rooms/{room.public_id}/people/{li.public_id}/"
    posted = {"deed": "save", "name": "Li Wei", "role": "guest", "groups": bidders.public_id}
    assert client.post(at, posted).status_code == 302
    li.refresh_from_db()
    assert (li.name, li.memberships.get().group) == ("Li Wei", bidders)
    client.post(at, {"deed": "revoke"})
    assert "Access revoked" in client.get(at).content.decode()
    client.post(at, {"deed": "restore"})
    assert "Access revoked" not in client.get(at).content.decode()
    assert client.post(at, {"deed": "remind"}).status_code == 302
    client.post(at, {"deed": "remove"})
    assert client.get(at).status_code == 404
    assert client.post(at, {"deed": "revoke"}).status_code == 404


def test_guest_that_does_not_fit_stays(owner: Persona, room: DataRoom, li: Guest) -> None:
    at = f"/rooms/{room.public_id}/people/{li.public_id}/"
    dates = {"access_from": "2030-01-02T10:00", "access_until": "2030-01-01T10:00"}
    answer = owner.client().post(at, {"deed": "save", "role": "guest", **dates})
    assert (answer.status_code, "before it begins" in answer.content.decode()) == (422, True)


def test_guest_of_another_room_is_unknown(owner: Persona, room: DataRoom, li: Guest, bidders: Group, present: datetime) -> None:
    other, client = flows.create_room(owner.actor, "Project Birch", now=present), owner.client()
    paths = (f"people/{li.public_id}/", f"groups/{bidders.public_id}/")
    assert [client.get(f"/rooms/{other.public_id}/{path}").status_code for path in paths] == [404, 404]
    eyes = [client.post(f"/rooms/{other.public_id}/open/", {"eyes": one.public_id}).status_code for one in (li, bidders)]
    assert eyes == [404, 404]


def test_reminder_goes_to_who_has_not_come(owner: Persona, room: DataRoom) -> None:
    client, at = owner.client(), f"/rooms/{room.public_id}/people/"
    assert client.post(at, {"deed": "remind"}).status_code == 302
    assert client.post(at, {"deed": "odd"}).status_code == 422


def test_group_is_made_filled_renamed_and_deleted(owner: Persona, room: DataRoom, li: Guest) -> None:
    client = owner.client()
    people = f"/rooms/{room.public_id}/people/"
    answer = client.post(people, {"deed": "group", "name": "Advisers"})
    made = Group.objects.get(room=room, name="Advisers")
    at = f"/rooms/{room.public_id}/groups/{made.public_id}/"
    assert answer["Location"] == at
    taken = client.post(people, {"deed": "group", "name": "bidders"})
    assert (taken.status_code, "Another group has this name." in taken.content.decode()) == (422, True)
    client.post(at, {"name": "Counsel", "guest": li.public_id})
    assert [(one.name, one.guests) for one in queries.groups_of(room)] == [("Bidders", 0), ("Counsel", 1)]
    assert client.post(at, {"name": " "}).status_code == 422
    client.post(at, {"deed": "delete"})
    assert client.get(at).status_code == 404


def test_who_leads_sees_through_the_eyes_of_others(owner: Persona, room: DataRoom, li: Guest, bidders: Group) -> None:
    client = owner.client()
    found = [client.post(f"/rooms/{room.public_id}/open/", {"eyes": one.public_id}) for one in (li, bidders)]
    assert [(one.status_code, one["Location"][:4]) for one in found] == [(302, "http"), (302, "http")]


def test_co_owner_leaves_the_room(owner: Persona, room: DataRoom, present: datetime) -> None:
    member = make_member(owner, "lead@example.com", now=present)
    places = Invitation((Invited("lead@example.com"),), role="co_owner")
    (place,) = flows.invite(owner.actor, room.public_id, places, now=present)
    answer = member.client().post(f"/rooms/{room.public_id}/people/{place.public_id}/", {"deed": "remove"})
    assert (answer.status_code, answer["Location"]) == (302, "/rooms/")
    assert member.client().get(f"/rooms/{room.public_id}/").status_code == 404


# -- Rights ----------------------------------------------------------------------------------------------------------------
def test_matrix_says_what_holds_and_why(owner: Persona, room: DataRoom, bidders: Group, present: datetime) -> None:
    folder = Item.objects.get(room=room)
    change = RightChange(folder.public_id, "", bidders.public_id, Right.PRINT)
    flows.set_rights(owner.actor, room.public_id, [change], now=present)
    page = owner.client().get(f"/rooms/{room.public_id}/rights/").content.decode()
    assert all(words in page for words in ("Print, set here", "View, from the room’s settings", "Bidders", "1 Financial"))


def test_only_cells_that_differ_are_changed(owner: Persona, room: DataRoom, li: Guest, bidders: Group) -> None:
    at, folder = f"/rooms/{room.public_id}/rights/", Item.objects.get(room=room).public_id
    first, second = f"{folder}.{bidders.public_id}", f"room.{li.public_id}"
    posted = {f"was.{first}": "", first: "none", f"was.{second}": "view", second: "view"}
    assert owner.client().post(at, posted).status_code == 302
    assert [(row.group, row.right) for row in RightRow.objects.filter(room=room)] == [(bidders, "none")]
    owner.client().post(at, {f"was.{first}": "none", first: ""})
    assert RightRow.objects.filter(room=room).count() == 0


def test_many_rights_are_set_at_once(owner: Persona, room: DataRoom, li: Guest, bidders: Group) -> None:
    at, folder = f"/rooms/{room.public_id}/rights/", Item.objects.get(room=room).public_id
    people = [li.public_id, bidders.public_id]
    posted = {"deed": "many", "item": ["room", folder], "who": people, "many_right": "download_pdf"}
    assert owner.client().post(at, posted).status_code == 302
    assert RightRow.objects.filter(room=room, right="download_pdf").count() == 4


@pytest.mark.parametrize("posted", [{}, {"deed": "many"}, {"was.room.gst_x": "", "room.gst_x": "everything"}])
def test_rights_that_say_too_little_are_refused(owner: Persona, room: DataRoom, posted: dict[str, str]) -> None:
    assert owner.client().post(f"/rooms/{room.public_id}/rights/", posted).status_code == 422


def test_rights_on_files_are_locked_where_the_plan_has_none(
    owner: Persona, room: DataRoom, bidders: Group, present: datetime
) -> None:
    billing.set_plan(owner.team, "pro", at=present, interval="month", who=owner.actor.who, now=present)
    hand = flows.lead(owner.actor, room.public_id)
    file = flows.add_file(hand, "", iter([b"words"]), name="Note.txt", size=5, now=present)
    client, at = owner.client(), f"/rooms/{room.public_id}/rights/"
    page = client.get(at).content.decode()
    assert ("Rights for single files are not in it." in page, page.count(" disabled>")) == (True, 2)
    cell = f"{file.public_id}.{bidders.public_id}"
    assert client.post(at, {f"was.{cell}": "", cell: "print"}).status_code == 403
