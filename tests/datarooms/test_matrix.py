# SPDX-License-Identifier: Apache-2.0
"""The rights of a room as those who lead it see and explain them."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sealroom.core.errors import NotFound
from sealroom.datarooms import queries
from sealroom.datarooms.models import Guest
from sealroom.datarooms.queries import Cell
from sealroom.datarooms.rules import Right, Source
from tests.datarooms.plots import make_room
from tests.factories.accounts import Persona

pytestmark = pytest.mark.django_db


class Scene:
    """1 Legal (1.1 Plan.pdf, 1.2 Memo.pdf), 2 Finance; Bidders and Lenders; Nadia in both, Noah in none."""

    def __init__(self, owner: Persona, now: datetime) -> None:
        self.plot = plot = make_room(owner, now=now)
        self.room = plot.room
        self.legal = plot.folder("Legal")
        self.plan, self.memo = plot.file("Plan.pdf", self.legal), plot.file("Memo.pdf", self.legal)
        self.finance = plot.folder("Finance")
        self.lenders, self.bidders = plot.group("Lenders"), plot.group("Bidders")
        self.noah, self.nadia = plot.guest("noah@example.net"), plot.guest("nadia@example.net", self.bidders, self.lenders)


@pytest.fixture
def scene(owner: Persona, now: datetime) -> Scene:
    return Scene(owner, now)


def told(cell: Cell) -> str:
    """The explanation in a few words, * where it is set for this column on this item."""
    whose = {Source.OWN: "own", Source.DEFAULT: "default", Source.GROUP: cell.group}[cell.source]
    where = f" on {cell.item.number} {cell.item.name}" if cell.item else "" if cell.source is Source.DEFAULT else " on the room"
    return f"{'*' if cell.is_here else ''}{cell.right}, {whose}{where}"


def test_columns_are_groups_by_name_then_guests_by_address(scene: Scene, member: Persona, now: datetime) -> None:
    scene.plot.guest(member.email, role="co_owner")
    gone, revoked = scene.plot.guest("gone@example.net"), scene.plot.guest("revoked@example.net")
    Guest.objects.filter(pk=gone.pk).update(removed_at=now)
    Guest.objects.filter(pk=revoked.pk).update(revoked_at=now)
    make_room(scene.plot.owner, "Project Birch", now=now).group("Elsewhere")
    columns = queries.matrix(scene.room).columns
    assert [(one.label, one.is_group, one.is_revoked) for one in columns] == [
        ("Bidders", True, False),
        ("Lenders", True, False),
        ("nadia@example.net", False, False),
        ("noah@example.net", False, False),
        ("revoked@example.net", False, True),
    ]
    assert [one.groups for one in columns] == [(), (), ("Bidders", "Lenders"), (), ()]
    assert [one.id for one in columns[:3]] == [scene.bidders.public_id, scene.lenders.public_id, scene.nadia.public_id]


def test_cells_tell_the_right_and_where_it_comes_from(scene: Scene) -> None:
    scene.plot.set(scene.bidders, None, Right.DOWNLOAD_PDF)
    scene.plot.set(scene.lenders, scene.legal, Right.NONE)
    scene.plot.set(scene.bidders, scene.legal, Right.PRINT)
    scene.plot.set(scene.nadia, scene.plan, Right.NONE)
    scene.plot.set(scene.noah, scene.legal, Right.CONTRIBUTE)
    top = queries.matrix(scene.room)
    assert top.trail == ()
    assert top.here.item is None
    assert [told(cell) for cell in top.here.cells] == [
        "*download_pdf, Bidders on the room",
        "view, default",
        "download_pdf, Bidders on the room",
        "view, default",
    ]
    assert {row.item.name: [told(cell) for cell in row.cells] for row in top.rows if row.item} == {
        "Legal": [
            "*print, Bidders on 1 Legal",
            "*none, Lenders on 1 Legal",
            "print, Bidders on 1 Legal",
            "*contribute, own on 1 Legal",
        ],
        "Finance": ["download_pdf, Bidders on the room", "view, default", "download_pdf, Bidders on the room", "view, default"],
    }
    legal = queries.matrix(scene.room, scene.legal.public_id)
    assert [item.name for item in legal.trail] == ["Legal"]
    assert legal.here == top.rows[0]
    assert {row.item.name: [told(cell) for cell in row.cells] for row in legal.rows if row.item} == {
        "Plan.pdf": [
            "print, Bidders on 1 Legal",
            "none, Lenders on 1 Legal",
            "*none, own on 1.1 Plan.pdf",
            "contribute, own on 1 Legal",
        ],
        "Memo.pdf": [
            "print, Bidders on 1 Legal",
            "none, Lenders on 1 Legal",
            "print, Bidders on 1 Legal",
            "contribute, own on 1 Legal",
        ],
    }


def test_explain_is_the_cell_of_one_guest(scene: Scene) -> None:
    scene.plot.set(scene.bidders, scene.legal, Right.PRINT)
    nadia, plan = scene.nadia.public_id, scene.plan.public_id
    assert told(queries.explain(scene.room, nadia, plan)) == "print, Bidders on 1 Legal"
    assert told(queries.explain(scene.room, nadia)) == "view, default"
    assert queries.explain(scene.room, nadia, plan).right is queries.right_on(scene.nadia, scene.plan).right


def test_what_is_not_of_the_room_is_not_found(scene: Scene, member: Persona, now: datetime) -> None:
    other = make_room(scene.plot.owner, "Project Birch", now=now)
    leader, elsewhere = scene.plot.guest(member.email, role="co_owner"), other.guest("nadia@example.net")
    there = other.folder("There").public_id
    scene.plot.trash(scene.finance)
    for folder in (there, scene.plan.public_id, scene.finance.public_id, "itm_nothing"):
        with pytest.raises(NotFound):
            queries.matrix(scene.room, folder)
    for guest, item in [
        (scene.nadia.public_id, there),
        (scene.nadia.public_id, scene.finance.public_id),
        (elsewhere.public_id, scene.plan.public_id),
        (leader.public_id, scene.plan.public_id),
        ("gst_nobody", scene.plan.public_id),
    ]:
        with pytest.raises(NotFound):
            queries.explain(scene.room, guest, item)


def test_all_rights_of_all_guests(scene: Scene) -> None:
    scene.plot.set(scene.nadia, scene.legal, Right.NONE)
    scene.plot.set(scene.noah, scene.memo, Right.PRINT)
    everything = queries.all_rights(scene.room)
    assert [item.name for item in everything.items] == ["Legal", "Plan.pdf", "Memo.pdf", "Finance"]
    assert [(guest.label, [right.value for right in rights]) for guest, rights in everything.rights()] == [
        ("nadia@example.net", ["none", "none", "none", "view"]),
        ("noah@example.net", ["view", "view", "print", "view"]),
    ]
    assert [(guest.label, [told(cell) for cell in cells]) for guest, cells in everything.cells()] == [
        ("nadia@example.net", ["*none, own on 1 Legal", "none, own on 1 Legal", "none, own on 1 Legal", "view, default"]),
        ("noah@example.net", ["view, default", "view, default", "*print, own on 1.2 Memo.pdf", "view, default"]),
    ]


def test_it_agrees_with_what_each_guest_sees(scene: Scene) -> None:
    scene.plot.change(default_right=Right.NONE)
    scene.plot.set(scene.lenders, scene.legal, Right.DOWNLOAD_ORIGINAL)
    scene.plot.set(scene.nadia, scene.plan, Right.NONE)
    scene.plot.set(scene.noah, scene.finance, Right.VIEW)
    everything = queries.all_rights(scene.room)
    for (column, rights), guest in zip(everything.rights(), [scene.nadia, scene.noah], strict=True):
        assert column.id == guest.public_id
        shown = {item.id: right for item, right in zip(everything.items, rights, strict=True) if right is not Right.NONE}
        assert {item.id: item.right for item in queries.sight_of(guest).items} == shown


def test_number_of_statements_does_not_grow(scene: Scene) -> None:
    with CaptureQueriesContext(connection) as few:
        queries.matrix(scene.room)
    for number in range(10):
        guest = scene.plot.guest(f"{number}@example.net", scene.bidders)
        scene.plot.set(guest, scene.plot.folder(f"Folder {number}"), Right.PRINT)
    with CaptureQueriesContext(connection) as many:
        queries.matrix(scene.room)
    assert len(few) == len(many) == 8
