# SPDX-License-Identifier: Apache-2.0
"""Many processes and one place left, on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sealroom.accounts.models import User
from sealroom.accounts.queries import actor_for
from sealroom.accounts.rules import Actor
from sealroom.audit.rules import SYSTEM
from sealroom.billing import flows as billing
from sealroom.core.errors import NotFound
from sealroom.core.models import Job
from sealroom.datarooms import flows, queries
from sealroom.datarooms.errors import ExportRunning, GuestQuota, RoomQuota
from sealroom.datarooms.models import DataRoom, Guest, RoomExport
from sealroom.datarooms.rules import Invitation, Invited
from sealroom.mail.models import OutgoingMail
from tests.factories.access import IP, prove
from tests.factories.accounts import make_persona
from tests.processes import Database, do, race

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
CLIENTS = 32


def found() -> None:
    """A team with a data room, a guest, and one place left of either."""
    persona = make_persona("owner@example.com", team_name="Northwind", now=NOW)
    billing.set_quotas(persona.team, {"data_rooms": 2, "guests": 2}, who=SYSTEM, now=NOW)
    room = flows.create_room(persona.actor, "First", now=NOW)
    flows.invite_guests(persona.actor, room.public_id, ["first@example.org"], now=NOW)


def actor() -> Actor:
    found = actor_for(User.objects.get())
    assert found is not None
    return found


def create(client: int) -> str:
    try:
        flows.create_room(actor(), f"Room {client}", now=NOW)
    except RoomQuota as refusal:
        return f"refused {refusal.facts['used']} {refusal.facts['limit']}"
    return "made"


def invite(client: int) -> str:
    try:
        flows.invite_guests(actor(), DataRoom.objects.get().public_id, [f"g{client}@example.org"], now=NOW)
    except GuestQuota as refusal:
        return f"refused {refusal.facts['used']} {refusal.facts['limit']}"
    return "made"


def invite_or_delete(room: str, client: int) -> str:
    """One deletes the data room while the others invite the same guest into it."""
    try:
        if client == 0:
            flows.delete_room(actor(), room, now=NOW)
        else:
            flows.invite_guests(actor(), room, ["late@example.org"], now=NOW)
    except NotFound:
        return "gone"
    return "done"


def found_open() -> list[tuple[str, str]]:
    """The same with the room open to who proves an address; browsers that did, as (cookie, link)."""
    found()
    room = queries.get_owned_room(actor(), only_room())
    before = queries.settings_of(room)
    opened = replace(before, conditions=replace(before.conditions, access="anyone_verified"))
    link = flows.change_room(actor(), room.public_id, opened, now=NOW).open_link
    assert link is not None
    return [(prove(link.public_id, f"j{client}@example.net", now=NOW), link.public_id) for client in range(8)]


def join_or_invite(cookie: str, link: str, client: int) -> str:
    """Half of them join, the others are invited; one place is left."""
    try:
        if client % 2:
            flows.invite(actor(), only_room(), Invitation((Invited(f"g{client}@example.org"),)), now=NOW)
        else:
            flows.join(cookie, link, ip=IP, now=NOW)
    except GuestQuota as refusal:
        return f"refused {refusal.facts['used']} {refusal.facts['limit']}"
    return "made"


def join_twice(cookie: str, link: str, _client: int) -> str:
    return flows.join(cookie, link, ip=IP, now=NOW).address


def outcome() -> tuple[int, int]:
    """Guests, and mails to them."""
    return Guest.objects.filter(removed_at=None).count(), OutgoingMail.objects.filter(key__startswith="room-").count()


def create_or_clone(client: int) -> str:
    try:
        if client % 2:
            flows.create_room(actor(), f"Room {client}", now=NOW)
        else:
            flows.clone_room(actor(), DataRoom.objects.earliest("pk").public_id, f"Room {client}", with_guests=True, now=NOW)
    except RoomQuota as refusal:
        return f"refused {refusal.facts['used']} {refusal.facts['limit']}"
    return "made"


def only_room() -> str:
    return DataRoom.objects.get().public_id


def ask_for_archive(_client: int) -> str:
    try:
        flows.request_export(actor(), only_room(), now=NOW)
    except ExportRunning:
        return "running"
    return "made"


def archives() -> tuple[int, int]:
    """Archives that were asked for, and jobs that make one."""
    return RoomExport.objects.count(), Job.objects.filter(name="datarooms.make_export").count()


def used() -> tuple[int, int]:
    usage = queries.usage_of(actor().team_id)
    return usage.data_rooms, usage.guests


def late_guests() -> tuple[int, int]:
    """Places that last, and rows of the late guest."""
    return Guest.objects.filter(removed_at=None).count(), Guest.objects.filter(address="late@example.org").count()


def test_last_room_is_given_once(database: Database) -> None:
    do(database, found)
    answers = race(database, create, [(client,) for client in range(CLIENTS)])
    assert sorted(answers) == ["made", *["refused 2 2"] * (CLIENTS - 1)]
    assert do(database, used) == (2, 1)


def test_last_guest_place_is_given_once(database: Database) -> None:
    do(database, found)
    answers = race(database, invite, [(client,) for client in range(CLIENTS)])
    assert sorted(answers) == ["made", *["refused 2 2"] * (CLIENTS - 1)]
    assert do(database, used) == (1, 2)


def test_nobody_becomes_a_guest_of_a_room_that_is_being_deleted(database: Database) -> None:
    do(database, found)
    room = do(database, only_room)
    answers = race(database, invite_or_delete, [(room, client) for client in range(8)])
    assert answers[0] == "done"
    assert do(database, used) == (0, 0)
    lasting, late = do(database, late_guests)
    assert (lasting, late <= 1) == (0, True)


def test_last_place_is_given_once_to_who_joins_or_is_invited(database: Database) -> None:
    browsers = do(database, found_open)
    answers = race(database, join_or_invite, [(*browser, client) for client, browser in enumerate(browsers)])
    assert sorted(answers) == ["made", *["refused 2 2"] * (len(browsers) - 1)]
    assert do(database, used) == (1, 2)
    guests, mails = do(database, outcome)
    assert (guests, mails <= 1) == (2, True)


def test_button_pressed_many_times_joins_once(database: Database) -> None:
    (cookie, link), *_ = do(database, found_open)
    answers = race(database, join_twice, [(cookie, link, client) for client in range(8)])
    assert answers == ["j0@example.net"] * 8
    assert do(database, outcome) == (2, 0)


def test_last_room_is_made_or_cloned_once(database: Database) -> None:
    do(database, found)
    answers = race(database, create_or_clone, [(client,) for client in range(8)])
    assert sorted(answers) == ["made", *["refused 2 2"] * 7]
    assert do(database, used) == (2, 1)


def test_two_who_ask_for_an_archive_get_one(database: Database) -> None:
    do(database, found)
    assert sorted(race(database, ask_for_archive, [(client,) for client in range(2)])) == ["made", "running"]
    assert do(database, archives) == (1, 1)
