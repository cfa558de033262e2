# SPDX-License-Identifier: Apache-2.0
"""Many processes and one place left (SQLite file; each process has its own connection)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sealroom.accounts.models import User
from sealroom.accounts.queries import actor_for
from sealroom.accounts.rules import Actor
from sealroom.audit.rules import SYSTEM
from sealroom.billing import flows as billing
from sealroom.core.errors import NotFound
from sealroom.datarooms import flows, queries
from sealroom.datarooms.errors import GuestQuota, RoomQuota
from sealroom.datarooms.models import DataRoom, Guest
from tests.factories.accounts import make_persona
from tests.processes import do, note, race

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
CLIENTS = 16


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


def create(log: Path, client: int) -> None:
    try:
        flows.create_room(actor(), f"Room {client}", now=NOW)
    except RoomQuota as refusal:
        note(log, f"refused {refusal.facts['used']} {refusal.facts['limit']}")
    else:
        note(log, "made")


def invite(log: Path, client: int) -> None:
    try:
        flows.invite_guests(actor(), DataRoom.objects.get().public_id, [f"g{client}@example.org"], now=NOW)
    except GuestQuota as refusal:
        note(log, f"refused {refusal.facts['used']} {refusal.facts['limit']}")
    else:
        note(log, "made")


def invite_or_delete(log: Path, client: int) -> None:
    """One deletes the data room while the others invite the same guest into it."""
    room = DataRoom.objects.get().public_id
    try:
        if client == 0:
            flows.delete_room(actor(), room, now=NOW)
        else:
            flows.invite_guests(actor(), room, ["late@example.org"], now=NOW)
    except NotFound:
        note(log, "gone")


def assert_last_place_was_given_once(log: Path, rooms: int, guests: int) -> None:
    lines = log.read_text().splitlines()
    assert sorted(lines) == ["made", *["refused 2 2"] * (CLIENTS - 1)]
    assert queries.usage_of(actor().team_id) == queries.Usage(data_rooms=rooms, guests=guests)


def assert_nothing_is_left(log: Path) -> None:
    assert queries.usage_of(actor().team_id) == queries.Usage(data_rooms=0, guests=0)
    assert Guest.objects.filter(removed_at=None).count() == 0
    assert Guest.objects.filter(address="late@example.org").count() <= 1


def test_last_room_is_given_once(file_database: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    do(file_database, found)
    race(file_database, create, [(log, client) for client in range(CLIENTS)])
    do(file_database, assert_last_place_was_given_once, log, 2, 1)


def test_last_guest_place_is_given_once(file_database: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    do(file_database, found)
    race(file_database, invite, [(log, client) for client in range(CLIENTS)])
    do(file_database, assert_last_place_was_given_once, log, 1, 2)


def test_nobody_becomes_a_guest_of_a_room_that_is_being_deleted(file_database: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    do(file_database, found)
    race(file_database, invite_or_delete, [(log, client) for client in range(8)])
    do(file_database, assert_nothing_is_left, log)
