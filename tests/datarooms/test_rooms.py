# SPDX-License-Identifier: Apache-2.0
"""The life and the settings of a data room, and looks into it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from sealroom.access.errors import NotAdmitted
from sealroom.access.models import Acceptance, Link
from sealroom.access.rules import Access, Permission
from sealroom.audit.models import Event
from sealroom.audit.rules import SYSTEM, Verb
from sealroom.billing import flows as billing
from sealroom.core.errors import Forbidden, Invalid, NotFound
from sealroom.datarooms import flows, queries
from sealroom.datarooms.errors import GuestQuota, RoomClosed, RoomQuota
from sealroom.datarooms.models import DataRoom, Group, Guest, RightRow
from sealroom.datarooms.rules import RoomSettings
from sealroom.viewing.rules.conditions import OwnTerms
from tests.datarooms.plots import Plot
from tests.datarooms.test_people import NADIA, OMAR, invite, is_out, link_of
from tests.factories.access import IP, prove
from tests.factories.accounts import Persona

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(owner: Persona, now: datetime) -> DataRoom:
    return flows.create_room(owner.actor, "Project Alder", now=now)


def fresh(room: DataRoom) -> DataRoom:
    return DataRoom.objects.select_related("policy__terms", "open_link", "house_link", "default_group", "team", "owner").get(
        pk=room.pk
    )


def change(persona: Persona, room: DataRoom, now: datetime, *, conditions: dict[str, Any] | None = None, **more: Any) -> DataRoom:
    before = queries.settings_of(fresh(room))
    settings = replace(before, conditions=replace(before.conditions, **(conditions or {})), **more)
    return flows.change_room(persona.actor, room.public_id, settings, now=now)


def opened(persona: Persona, room: DataRoom, now: datetime, **more: Any) -> Link:
    """The open link of the room, opened to all who prove an address."""
    link = change(persona, room, now, conditions={"access": "anyone_verified"}, **more).open_link
    assert link is not None
    return link


# -- Life --------------------------------------------------------------------------------------------------------------------
def test_new_room_is_protected_and_has_a_link_for_its_owner(room: DataRoom) -> None:
    assert room.policy is not None
    assert room.house_link is not None
    assert (room.policy.value.access, room.policy.value.watermark is not None) == (Access.NAMED_CODE, True)
    assert (room.house_link.rights, room.house_link.address, room.house_link.policy) == ("data_room", "", room.policy)


def test_closing_shuts_guests_out_and_reopening_lets_them_in(room: DataRoom, owner: Persona, now: datetime) -> None:
    (guest,) = invite(owner, room, NADIA, now=now)
    for deed, out in ((flows.archive_room, False), (flows.close_room, True), (flows.reopen_room, False)):
        deed(owner.actor, room.public_id, now=now)
        assert is_out(guest) is out
    verbs = [Verb.DATA_ROOM_ARCHIVED, Verb.DATA_ROOM_CLOSED, Verb.DATA_ROOM_REOPENED]
    assert list(Event.objects.filter(verb__in=verbs).order_by("number").values_list("verb", flat=True)) == verbs


def test_trashed_room_is_out_of_reach_and_comes_back_until_its_days_are_over(room: DataRoom, owner: Persona, now: datetime) -> None:
    (guest,) = invite(owner, room, NADIA, now=now)
    flows.trash_room(owner.actor, room.public_id, now=now)
    assert (is_out(guest), queries.rooms_used(owner.team.pk)) == (True, 1)
    with pytest.raises(NotFound):
        invite(owner, room, OMAR, now=now)
    flows.restore_room(owner.actor, room.public_id, now=now)
    assert is_out(guest) is False
    flows.trash_room(owner.actor, room.public_id, now=now)
    assert flows.empty_room_trash(now=now + timedelta(days=29)) == 0
    assert flows.empty_room_trash(now=now + timedelta(days=30)) == 1
    usage = queries.usage_of(owner.team.pk)
    assert (usage.data_rooms, usage.guests, is_out(guest)) == (0, 0, True)
    with pytest.raises(NotFound):
        flows.restore_room(owner.actor, room.public_id, now=now)


# -- Settings ----------------------------------------------------------------------------------------------------------------
def test_settings_are_in_force_at_once(room: DataRoom, owner: Persona, now: datetime) -> None:
    ends = now + timedelta(days=30)
    after = change(
        owner,
        room,
        now,
        conditions={"expires_at": ends, "allow_ips": (" 192.0.2.7/24",), "passcode": "let me in", "watermark": None},
        name=" Alder II ",
        default_right="none",
        shows_guests=True,
        banner="Bids until Friday",
        about="# Welcome",
        question_audience="group",
    )
    assert after.policy is not None
    policy = after.policy.value
    assert (policy.expires_at, policy.allow_ips, policy.watermark, bool(policy.passcode_hash)) == (
        ends,
        ("192.0.2.0/24",),
        None,
        True,
    )
    assert (after.name, after.default_right, after.shows_guests, after.about, after.revision) == (
        "Alder II",
        "none",
        True,
        "# Welcome",
        room.revision + 1,
    )
    facts = Event.objects.get(verb=Verb.DATA_ROOM_CHANGED).facts
    assert set(facts["changed"]) == {
        "name", "default_right", "shows_guests", "question_audience", "banner", "about",
        "expires_at", "allow_ips", "watermark", "passcode",
    }  # fmt: skip
    kept = change(owner, room, ends + timedelta(days=1), sends_updates=False)  # an end that passed may stay
    assert kept.policy is not None
    assert kept.policy.passcode_hash == after.policy.passcode_hash


@pytest.mark.parametrize(
    ("conditions", "more", "field"),
    [
        ({"access": "anyone"}, {}, "access"),
        ({"access": "domains"}, {}, "domains"),
        ({"max_views": 3}, {}, "max_views"),
        ({"terms": "organization"}, {}, "terms"),
        ({}, {"name": ""}, "name"),
        ({}, {"default_right": "own"}, "default_right"),
        ({}, {"question_audience": "all"}, "question_audience"),
        ({}, {"default_group": "grp_forged"}, "default_group"),
        ({}, {"banner": "x" * 301}, "banner"),
        ({}, {"about": "x" * 20_001}, "about"),
    ],
)
def test_bad_settings_change_nothing(
    room: DataRoom, owner: Persona, now: datetime, *, conditions: dict[str, Any], more: dict[str, Any], field: str
) -> None:
    before = queries.settings_of(fresh(room))
    with pytest.raises(Invalid) as refusal:
        change(owner, room, now, conditions=conditions, **more)
    assert list(refusal.value.errors) == [field]
    assert queries.settings_of(fresh(room)) == before


def test_own_terms_stand_before_the_room(room: DataRoom, owner: Persona, now: datetime) -> None:
    (guest,) = invite(owner, room, NADIA, now=now)
    change(owner, room, now, conditions={"terms": OwnTerms("<p>Keep it.</p>")})
    terms = queries.settings_of(fresh(room)).conditions.terms
    assert isinstance(terms, OwnTerms)
    assert terms.id
    cookie = prove(link_of(guest).public_id, NADIA, now=now)
    with pytest.raises(NotAdmitted) as refusal:
        flows.visit(cookie, link_of(guest).public_id, ip=IP, now=now)
    assert (refusal.value.reason, Acceptance.objects.count()) == ("terms", 0)


def test_open_link_comes_and_goes_with_access(room: DataRoom, owner: Persona, now: datetime) -> None:
    link = opened(owner, room, now)
    change(owner, room, now, conditions={"access": "named_code"})
    link.refresh_from_db()
    assert link.revoked_at == now
    assert opened(owner, room, now) == link
    link.refresh_from_db()
    assert link.revoked_at is None


# -- Joining -----------------------------------------------------------------------------------------------------------------
def test_who_proves_an_address_joins_the_default_group_once(room: DataRoom, owner: Persona, now: datetime) -> None:
    group = flows.create_group(owner.actor, room.public_id, "Newcomers", now=now)
    link = opened(owner, room, now, default_group=group.public_id)
    cookie = prove(link.public_id, NADIA, now=now)
    with pytest.raises(NotAdmitted) as refusal:
        flows.visit(cookie, link.public_id, ip=IP, now=now)
    assert refusal.value.reason == "not_found"
    guest = flows.join(cookie, link.public_id, name="Nadia", ip=IP, now=now)
    assert flows.join(cookie, link.public_id, name="Other", ip=IP, now=now) == guest
    (row,) = queries.guests_of(room, now=now)
    assert (row.address, row.name, row.groups) == (NADIA, "Nadia", (group.public_id,))
    assert flows.visit(cookie, link.public_id, ip=IP, now=now).guest == guest
    assert link_of(guest).address == NADIA
    event = Event.objects.get(verb=Verb.GUEST_JOINED)
    assert (event.subject, event.facts) == (guest.public_id, {"room": room.public_id, "groups": [group.public_id]})
    assert [one.came_at for one in Guest.objects.all()] == [now]


def test_full_and_archived_rooms_take_nobody_in(room: DataRoom, owner: Persona, now: datetime) -> None:
    link = opened(owner, room, now)
    cookie = prove(link.public_id, NADIA, now=now)
    billing.set_quotas(owner.team, {"guests": 0}, who=SYSTEM, now=now)
    with pytest.raises(GuestQuota):
        flows.join(cookie, link.public_id, ip=IP, now=now)
    flows.archive_room(owner.actor, room.public_id, now=now)
    with pytest.raises(RoomClosed):
        flows.join(cookie, link.public_id, ip=IP, now=now)
    flows.close_room(owner.actor, room.public_id, now=now)
    with pytest.raises(NotAdmitted):
        flows.join(cookie, link.public_id, ip=IP, now=now)
    assert Guest.objects.count() == 0


def test_revoked_guest_does_not_join_again(room: DataRoom, owner: Persona, now: datetime) -> None:
    link = opened(owner, room, now)
    cookie = prove(link.public_id, NADIA, now=now)
    guest = flows.join(cookie, link.public_id, ip=IP, now=now)
    flows.revoke_guest(owner.actor, room.public_id, guest.public_id, now=now)
    for deed in (flows.visit, flows.join):
        with pytest.raises(NotAdmitted):
            deed(cookie, link.public_id, ip=IP, now=now)
    assert Guest.objects.count() == 1


def test_links_of_others_lend_nothing_to_who_proves_another_address(room: DataRoom, owner: Persona, now: datetime) -> None:
    """Where access is open a code for any address passes at any link of the room: of a guest, a group, or for its owner."""
    (guest,) = invite(owner, room, NADIA, right="download_original", now=now)
    group = flows.create_group(owner.actor, room.public_id, "Bidders", now=now)
    flows.preview_as_group(owner.actor, room.public_id, group.public_id, cookie=None, user_agent="", now=now)
    opened(owner, room, now)
    house, lent = fresh(room).house_link, Group.objects.get().link
    for link in (link_of(guest), house, lent):
        assert link is not None
        cookie = prove(link.public_id, "attacker@example.net", now=now)
        for deed in (flows.visit, flows.join):
            with pytest.raises(NotAdmitted):
                deed(cookie, link.public_id, ip=IP, now=now)
        assert queries.standing_of(link.pk, "attacker@example.net", "").is_out
    assert Guest.objects.count() == 1


# -- Looks -------------------------------------------------------------------------------------------------------------------
def look(preview: flows.Preview, link: Link, now: datetime) -> flows.Hand:
    return flows.visit(preview.cookie, link.public_id, ip=IP, now=now)


def test_looks_show_what_a_guest_a_group_and_the_house_see(room: DataRoom, owner: Persona, now: datetime) -> None:
    (guest,) = invite(owner, room, NADIA, now=now)
    group = flows.create_group(owner.actor, room.public_id, "Bidders", now=now)
    assert room.policy is not None
    plot = Plot(room, owner, room.policy, now)
    plan, secret = plot.file("Plan.pdf"), plot.file("Secret.pdf")
    plot.set(guest, secret, None)
    RightRow.objects.create(room=room, guest=guest, item=secret, right="none")
    RightRow.objects.create(room=room, group=group, item=plan, right="none")
    who: dict[str, Any] = {"cookie": None, "user_agent": "", "now": now}
    as_guest = flows.preview_as_guest(owner.actor, room.public_id, guest.public_id, **who)
    as_group = flows.preview_as_group(owner.actor, room.public_id, group.public_id, **who)
    as_lead = flows.open_as_lead(owner.actor, room.public_id, **who)
    lent, house = Group.objects.get().link, fresh(room).house_link
    assert lent is not None
    assert house is not None
    seen = {}
    for name, preview, link in (("guest", as_guest, link_of(guest)), ("group", as_group, lent), ("lead", as_lead, house)):
        hand = look(preview, link, now)
        assert (hand.is_preview, hand.leads) == (True, False)
        seen[name] = [item.name for item in queries.sight_for(hand).items]
    assert seen == {"guest": ["Plan.pdf"], "group": ["Secret.pdf"], "lead": ["Plan.pdf", "Secret.pdf"]}
    assert plan.document is not None
    assert queries.standing_of(lent.pk, "", plan.document.public_id).permission is None
    assert queries.standing_of(house.pk, "", plan.document.public_id).permission is Permission.DOWNLOAD_ORIGINAL
    assert Guest.objects.get().came_at is None
    with pytest.raises(Forbidden):
        flows.join(as_guest.cookie, link_of(guest).public_id, ip=IP, now=now)
    with pytest.raises(NotAdmitted):
        look(as_lead, house, now + timedelta(minutes=10))


def test_looks_end_with_leading(room: DataRoom, owner: Persona, member: Persona, now: datetime) -> None:
    (place,) = invite(owner, room, member.email, role="co_owner", now=now)
    preview = flows.open_as_lead(member.actor, room.public_id, cookie=None, user_agent="", now=now)
    house = fresh(room).house_link
    assert house is not None
    assert look(preview, house, now).is_preview
    flows.revoke_guest(owner.actor, room.public_id, place.public_id, now=now)
    with pytest.raises(NotAdmitted):
        look(preview, house, now)


# -- Templates ---------------------------------------------------------------------------------------------------------------
def test_clone_takes_settings_folders_groups_and_rights(room: DataRoom, owner: Persona, now: datetime) -> None:
    group = flows.create_group(owner.actor, room.public_id, "Bidders", now=now)
    (guest,) = invite(owner, room, NADIA, right="print", groups=(group.public_id,), now=now)
    change(owner, room, now, conditions={"passcode": "let me in"}, default_group=group.public_id, banner="Hello")
    assert room.policy is not None
    plot = Plot(fresh(room), owner, room.policy, now)
    outer = plot.folder("Legal")
    inner = plot.folder("Court", outer)
    plot.file("Plan.pdf", inner)
    plot.set(group, inner, None)
    RightRow.objects.create(room=room, group=group, item=inner, right="none")
    bare = flows.clone_room(owner.actor, room.public_id, "Bare", now=now)
    full = flows.clone_room(owner.actor, room.public_id, "Full", with_guests=True, now=now)
    for copy in (fresh(bare), fresh(full)):
        settings, source = queries.settings_of(copy), queries.settings_of(fresh(room))
        assert (settings.conditions, settings.banner) == (source.conditions, "Hello")
        assert (copy.policy_id == room.policy.pk, settings.default_group) == (False, copy.groups.get().public_id)
        assert [(one.name, one.parent.name if one.parent else "") for one in copy.items.order_by("pk")] == [
            ("Legal", ""),
            ("Court", "Legal"),
        ]
        court = copy.items.get(name="Court")
        assert court.path == copy.items.get(name="Legal").own_path
        assert list(court.rights.values_list("group__room", "right")) == [(copy.pk, "none")]
    assert queries.guests_of(bare, now=now) == []
    (row,) = queries.guests_of(full, now=now)
    copied = Guest.objects.get(public_id=row.id)
    assert (row.address, row.groups) == (NADIA, (full.groups.get().public_id,))
    assert (link_of(copied).pk == link_of(guest).pk, link_of(copied).policy.data_room) == (False, full)
    assert list(copied.rights.values_list("right", flat=True)) == ["print"]
    assert queries.guests_used(owner.team.pk) == 1


def test_clone_takes_a_room_of_the_quota(room: DataRoom, owner: Persona, now: datetime) -> None:
    billing.set_quotas(owner.team, {"data_rooms": 1}, who=SYSTEM, now=now)
    with pytest.raises(RoomQuota):
        flows.clone_room(owner.actor, room.public_id, "Again", now=now)
    assert DataRoom.objects.count() == 1


def test_settings_name_what_is_in_force(room: DataRoom) -> None:
    assert isinstance(queries.settings_of(fresh(room)), RoomSettings)
