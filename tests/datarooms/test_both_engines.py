# SPDX-License-Identifier: Apache-2.0
"""What is read of a whole room in few statements is the same on SQLite and PostgreSQL: analytics, and the lists of an export."""

from __future__ import annotations

import pytest

from sealroom.datarooms import flows, queries
from sealroom.datarooms.flows import Asking
from sealroom.datarooms.models import DataRoom
from sealroom.datarooms.rules import Right
from tests.datarooms.test_analytics import read
from tests.datarooms.test_files import add, prepare
from tests.factories.accounts import make_persona
from tests.factories.documents import make_pdf
from tests.factories.rooms import NOW, leader, make_guest, make_room
from tests.processes import Database, do

pytestmark = pytest.mark.slow
ANNA = "anna@example.org"


def fill() -> None:
    """A room with a file in a folder, which a guest read and asked about."""
    owner = make_persona("owner@example.com", team_name="Northwind", now=NOW)
    room = make_room(owner)
    hand = leader(owner, room)
    folder = flows.create_folder(hand, "", "Finance", now=NOW)
    report = add(hand, "Report.pdf", folder, make_pdf(["one", "two"]))
    prepare(report)
    anna = make_guest(owner, room, ANNA, Right.PRINT)
    flows.create_group(owner.actor, room.public_id, "Bidders", guests=[anna.public_id], now=NOW)
    assert anna.link is not None
    read(anna.link, report, {1: 4000, 2: 1500}, downloads=True, at=NOW)
    question = flows.ask_question(hand, Asking("Rent", "How much?", report.public_id), now=NOW)
    flows.reply_to_question(hand, question.public_id, "900.", now=NOW)
    flows.request_export(owner.actor, room.public_id, now=NOW)


def told() -> dict[str, object]:
    """Analytics and lists without what is made at random."""
    room = DataRoom.objects.select_related("policy", "team").get()
    found, taken = queries.analytics(room, now=NOW), queries.snapshot(room, has_short_paths=False)
    use = found.guests[0].use
    return {
        "guests": [(one.guest.address, one.files, one.last_at) for one in found.guests],
        "use": (use.opens, use.pages, use.active_ms, use.downloads, use.completion),
        "groups": [(one.group.name, one.came, one.use.active_ms) for one in found.groups],
        "items": [(one.path, one.readers, one.use.pages) for one in found.items],
        "heat": found.heat(files=5, guests=5).rows,
        "index": [(row[0], row[1], row[5], row[9]) for row in taken.index_rows()],
        "rights": list(taken.rights_rows()),
        "people": [(row[0], row[4], row[7]) for row in queries.guest_rows(room, now=NOW)],
        "questions": [(row[0], row[1], row[5], row[10], row[14]) for row in queries.question_rows(room, taken.paths)],
        "activity": sorted({str(row[1]) for row in queries.activity_rows(room)}),
    }


def made() -> tuple[str, int, str]:
    """State, progress and error of the export after its job."""
    export = DataRoom.objects.get().exports.get()
    flows.make_export(export.pk, now=NOW)
    export.refresh_from_db()
    return export.state, export.progress, export.error_code


def test_figures_and_lists_are_those_of_the_other_engine(database: Database) -> None:
    do(database, fill)
    assert do(database, told) == {
        "guests": [(ANNA, 1, NOW)],
        "use": (1, 2, 5500, 1, 100),
        "groups": [("Bidders", 1, 5500)],
        "items": [("Finance", 1, 2), ("Finance/Report.pdf", 1, 2)],
        "heat": ((5500,),),
        "index": [("1", "Finance", "", "2026-11-22T14:03:00Z"), ("1.1", "Finance/Report.pdf", 2, "2026-11-22T14:03:00Z")],
        "rights": [(ANNA, "Bidders", "1", "Finance", "print"), (ANNA, "Bidders", "1.1", "Finance/Report.pdf", "print")],
        "people": [(ANNA, "Bidders", "2026-11-22T14:03:00Z")],
        "questions": [(1, "Rent", "Finance/Report.pdf", 1, "How much?"), (1, "Rent", "Finance/Report.pdf", 2, "900.")],
        "activity": [
            "data_room.created",
            "data_room.group_changed",
            "data_room.group_created",
            "data_room.guests_invited",
            "data_room.item_added",
            "data_room.question_answered",
            "data_room.question_asked",
            "reading",
        ],
    }
    assert do(database, made) == ("ready", 100, "")
