# SPDX-License-Identifier: Apache-2.0
"""Who read what in a room: counted from real openings, added up by guest, group, file and folder, in few statements."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sealroom.access.models import Grant, Link, Reader
from sealroom.datarooms import queries
from sealroom.datarooms.models import Guest, Item
from sealroom.datarooms.queries import Analytics, UsageList, Use
from sealroom.documents.models import Document
from sealroom.viewing.models import Opening, PageView, PrintJob
from tests.datarooms.plots import Plot, make_room
from tests.factories.accounts import Persona
from tests.factories.viewing import admit

pytestmark = pytest.mark.django_db
ANNA, BEN, CARL = "anna@example.org", "ben@example.org", "carl@example.org"
Pages = dict[int, int]  # page -> milliseconds on screen


def read(link: Link, item: Item, pages: Pages, *, address: str = "", downloads: bool = False, at: datetime) -> Grant:
    """Somebody behind a link opens a file."""
    document = Document.objects.get(item=item)
    assert document.current is not None
    grant, _ = Grant.objects.get_or_create(link=link, document=document)
    opening = Opening.objects.create(
        grant=grant,
        version=document.current,
        address=address or link.address,
        started_at=at,
        last_seen_at=at,
        last_beat_at=at,
        downloaded_at=at if downloads else None,
    )
    views = (PageView(opening=opening, page=page, first_at=at, last_at=at, active_ms=active) for page, active in pages.items())
    PageView.objects.bulk_create(views)
    return grant


class Scene:
    """Two folders in one another, three files of three pages; Anna and Ben bid, Carl belongs to nobody, Dora leads too."""

    def __init__(self, owner: Persona, now: datetime) -> None:
        self.now, self.later = now, now + timedelta(hours=1)
        self.plot = plot = make_room(owner, now=now)
        self.outer = plot.folder("Finance")
        self.inner = plot.folder("2026", self.outer)
        self.report, self.plan = plot.file("Report.pdf", self.inner), plot.file("Plan.pdf", self.outer)
        self.notes = plot.file("=Notes.pdf")
        bidders, advisers = plot.group("Bidders"), plot.group("Advisers")
        self.anna, self.ben = plot.guest(ANNA, bidders, advisers), plot.guest(BEN, bidders)
        self.carl = plot.guest(CARL)
        self.dora = plot.guest("dora@example.com", role="co_owner")

    def read(self, guest: Guest, item: Item, pages: Pages, *, downloads: bool = False) -> Grant:
        assert guest.link is not None
        return read(guest.link, item, pages, at=self.later, downloads=downloads)

    def found(self) -> Analytics:
        self.plot.room.refresh_from_db()
        return queries.analytics(self.plot.room, now=self.later)

    def lived_in(self) -> None:
        """Anna reads two files, one of them twice; Ben a third of one."""
        self.read(self.anna, self.report, {1: 4000, 2: 2000})
        self.read(self.anna, self.report, {1: 1000}, downloads=True)
        self.read(self.anna, self.plan, {1: 500, 2: 500, 3: 500})
        grant = self.read(self.ben, self.report, {3: 9000})
        document = Document.objects.get(item=self.report)
        assert self.ben.link is not None
        held = admit(self.ben.link, document, now=self.later)
        PrintJob.objects.create(
            grant=grant, version=held.version, browser_pass_id=held.pass_pk, first_page=1, last_page=1, made_at=self.later,
            expires_at=self.later,
        )  # fmt: skip


@pytest.fixture
def scene(owner: Persona, now: datetime) -> Scene:
    return Scene(owner, now)


ANNAS = Use(opens=3, pages=5, active_ms=8500, downloads=1, completion=(66 + 100) // 2)
BENS = Use(opens=1, pages=1, active_ms=9000, prints=1, completion=33)


def test_what_each_guest_did(scene: Scene) -> None:
    scene.lived_in()
    assert [(one.guest.address, one.files, one.last_at, one.use) for one in scene.found().guests] == [
        (ANNA, 2, scene.later, ANNAS),
        (BEN, 1, scene.later, BENS),
        (CARL, 0, None, Use()),
    ]


def test_what_groups_did_together(scene: Scene) -> None:
    scene.lived_in()
    both = Use(opens=4, pages=6, active_ms=17_500, downloads=1, prints=1, completion=(66 + 100 + 33) // 3)
    assert [(one.group.name, one.group.guests, one.came, one.use) for one in scene.found().groups] == [
        ("Advisers", 1, 1, ANNAS),
        ("Bidders", 2, 2, both),
    ]


def test_what_was_done_with_files_and_folders(scene: Scene) -> None:
    scene.lived_in()
    report = Use(opens=3, pages=3, active_ms=16_000, downloads=1, prints=1, completion=(66 + 33) // 2)
    plan = Use(opens=1, pages=3, active_ms=1500, completion=100)
    outer = Use(opens=4, pages=6, active_ms=17_500, downloads=1, prints=1, completion=(66 + 33 + 100) // 3)
    assert [(one.path, one.readers, one.use) for one in scene.found().items] == [
        ("Finance", 2, outer),
        ("Finance/2026", 2, report),
        ("Finance/2026/Report.pdf", 2, report),
        ("Finance/Plan.pdf", 1, plan),
        ("=Notes.pdf", 0, Use()),
    ]


def test_the_hottest_come_first(scene: Scene) -> None:
    scene.lived_in()
    heat = scene.found().heat(files=2, guests=2)
    assert [one.item.name for one in heat.files] == ["Report.pdf", "Plan.pdf"]
    assert [one.guest.address for one in heat.guests] == [BEN, ANNA]
    assert (heat.rows, heat.most) == (((9000, 7000), (0, 1500)), 9000)
    assert scene.found().heat(files=0, guests=0).most == 0


def test_who_has_not_come(scene: Scene) -> None:
    scene.plot.guest("early@example.org")
    Guest.objects.filter(address="early@example.org").update(access_from=scene.later + timedelta(days=1))
    scene.plot.guest("gone@example.org")
    Guest.objects.filter(address="gone@example.org").update(revoked_at=scene.now)
    Guest.objects.filter(pk=scene.ben.pk).update(came_at=scene.now, seen_at=scene.now)
    scene.read(scene.anna, scene.plan, {1: 10})
    assert [one.guest.address for one in scene.found().missing] == [CARL, "early@example.org"]


def test_a_visit_after_the_last_reading_counts(scene: Scene) -> None:
    scene.read(scene.anna, scene.plan, {1: 10})
    after = scene.later + timedelta(days=1)
    Guest.objects.filter(pk=scene.anna.pk).update(came_at=scene.now, seen_at=after)
    assert scene.found().guests[0].last_at == after


def test_reading_through_the_open_link_is_the_guests(scene: Scene, owner: Persona) -> None:
    """Ben came by the open link before he got his own; an address without a place is nobody's."""
    open_link = scene.dora.link
    assert open_link is not None
    Guest.objects.filter(pk=scene.dora.pk).update(link=None)
    Link.objects.filter(pk=open_link.pk).update(address="")
    open_link.refresh_from_db()
    scene.plot.change(open_link=open_link)
    Reader.objects.create(link=open_link, address=BEN)
    read(open_link, scene.plan, {1: 700, 2: 300}, address=BEN, at=scene.later)
    read(open_link, scene.plan, {1: 9999}, address="passer-by@example.org", at=scene.later)
    scene.read(scene.ben, scene.plan, {2: 1000})
    assert [(one.guest.address, one.use) for one in scene.found().guests][1] == (
        BEN,
        Use(opens=2, pages=2, active_ms=2000, completion=66),
    )
    assert {one.path: one.readers for one in scene.found().items}["Finance/Plan.pdf"] == 1


def test_what_is_in_the_trash_counts_for_its_readers_only(scene: Scene) -> None:
    scene.lived_in()
    scene.plot.trash(scene.plan)
    found = scene.found()
    assert found.guests[0].use == ANNAS
    assert [(one.path, one.use.opens) for one in found.items] == [
        ("Finance", 3),
        ("Finance/2026", 3),
        ("Finance/2026/Report.pdf", 3),
        ("=Notes.pdf", 0),
    ]


def test_another_room_is_not_counted(scene: Scene, owner: Persona, now: datetime) -> None:
    other = Scene(owner, now)
    other.lived_in()
    assert {one.use for one in scene.found().guests} == {Use()}


def _statements(plot: Plot, now: datetime) -> int:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        found = queries.analytics(plot.room, now=now)
        assert (len(found.guests) > 0, len(found.items) > 0, len(found.groups) > 0) == (True, True, True)
        found.heat(files=10, guests=10)
    return len(asked)


def test_more_guests_and_files_need_no_more_statements(scene: Scene) -> None:
    scene.lived_in()
    few = _statements(scene.plot, scene.later)
    for number in range(20):
        guest, item = scene.plot.guest(f"guest{number}@example.org"), scene.plot.file(f"{number}.pdf", scene.inner)
        scene.read(guest, item, {1: 100})
    assert _statements(scene.plot, scene.later) == few


def _table(found: Analytics, which: UsageList) -> tuple[Sequence[str], list[tuple[object, ...]]]:
    head, rows = queries.usage_table(found, which)
    return head, [tuple(row) for row in rows]


def test_lists_to_take_along(scene: Scene) -> None:
    scene.lived_in()
    found = scene.found()
    use = ("opens", "pages", "seconds", "downloads", "prints", "completion")
    at = "2026-11-22T15:03:00Z"
    assert _table(found, UsageList.GUESTS) == (
        ("address", "name", "state", "told_at", "last_seen_at", "files", *use),
        [
            (ANNA, "", "invited", "", at, 2, 3, 5, 8, 1, 0, 83),
            (BEN, "", "invited", "", at, 1, 1, 1, 9, 0, 1, 33),
            (CARL, "", "invited", "", "", 0, 0, 0, 0, 0, 0, 0),
        ],
    )
    assert _table(found, UsageList.GROUPS) == (
        ("group", "guests", "came", *use),
        [("Advisers", 1, 1, 3, 5, 8, 1, 0, 83), ("Bidders", 2, 2, 4, 6, 17, 1, 1, 66)],
    )
    head, rows = _table(found, UsageList.ITEMS)
    assert (head, rows[2]) == (
        ("number", "path", "kind", "readers", *use),
        ("1.1.1", "Finance/2026/Report.pdf", "file", 2, 3, 3, 16, 1, 1, 49),
    )
    assert _table(found, UsageList.HEAT) == (
        ("number", "path", BEN, ANNA, CARL),
        [
            ("1.1.1", "Finance/2026/Report.pdf", 9, 7, 0),
            ("1.2", "Finance/Plan.pdf", 0, 1, 0),
            ("2", "=Notes.pdf", 0, 0, 0),
        ],
    )


def test_a_workbook_has_no_formulas(scene: Scene) -> None:
    book = b"".join(queries.usage_workbook(scene.found(), UsageList.ITEMS))
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        names = parts.read("xl/workbook.xml").decode()
    assert ('name="items"' in names, "'=Notes.pdf" in sheet, ">=Notes.pdf" in sheet, "<f>" in sheet) == (True, True, False, False)
