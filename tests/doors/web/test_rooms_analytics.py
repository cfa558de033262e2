# SPDX-License-Identifier: Apache-2.0
"""Analytics of a data room on its page: lists that sort and come in pages, heat, who has not come, a workbook; and for whom not."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime
from typing import Any

import pytest
from tests.datarooms.plots import Plot, make_room
from tests.datarooms.test_analytics import read
from tests.factories.accounts import Persona, make_member

from sealroom.audit.models import Event
from sealroom.datarooms.models import DataRoom, Guest, Item

pytestmark = pytest.mark.django_db


@pytest.fixture
def plot(owner: Persona, present: datetime) -> Plot:
    """Anna read two files of three, Ben one for longer, Carl has not come."""
    made = make_room(owner, now=present)
    folder, bidders = made.folder("Finance"), made.group("Bidders")
    report, plan = made.file("Report.pdf", folder), made.file("Plan.pdf")
    made.file("Notes.pdf")
    people = [made.guest(f"{name}@example.org", bidders) for name in ("anna", "ben", "carl")]
    anna, ben = (one.link for one in people[:2])
    assert anna is not None
    assert ben is not None
    read(anna, report, {1: 60_000, 2: 30_000}, at=present)
    read(anna, plan, {1: 5_000}, at=present)
    read(ben, report, {3: 240_000}, at=present, downloads=True)
    return made


def at(room: DataRoom) -> str:
    return f"/rooms/{room.public_id}/analytics/"


def shown(owner: Persona, room: DataRoom, query: str = "") -> str:
    return owner.client().get(f"{at(room)}{query}").content.decode()


def firsts(page: str) -> list[str]:
    """What the rows are about, in their order."""
    return re.findall(r'<th scope="row".*?<a href="[^"]*">([^<]*)</a>', page)


def cells(page: str, row: str) -> list[str]:
    """The cells of a row in words."""
    body = page.split(f">{row}</a>")[1].split("</tr>", maxsplit=1)[0]
    return [re.sub("<[^>]*>", "", cell).replace("\xa0", " ") for cell in re.findall(r"<td.*?>(.*?)</td>", body)]


def test_guests_by_time_and_by_any_column(owner: Persona, plot: Plot) -> None:
    page = shown(owner, plot.room)
    assert firsts(page) == ["ben@example.org", "anna@example.org", "carl@example.org"]
    assert cells(page, "anna@example.org")[1:] == ["2", "2", "1 min 35 s", "49%", "0", "0"]
    assert cells(page, "carl@example.org") == ["not yet", "0", "0", "–", "–", "0", "0"]
    assert 'aria-sort="descending"' in page
    assert firsts(shown(owner, plot.room, "?sort=name"))[0] == "anna@example.org"
    assert firsts(shown(owner, plot.room, "?sort=-files"))[0] == "anna@example.org"
    assert firsts(shown(owner, plot.room, "?sort=odd&show=odd")) == firsts(page)
    figures = [re.sub(r"\s+", " ", words) for words in re.findall(r'stat-value">(.*?)</p>', page)]
    assert figures == ["2 of 3", "2 of 3", "5 min 35 s", "1"]


def test_groups_and_files_with_their_folders(owner: Persona, plot: Plot) -> None:
    assert cells(shown(owner, plot.room, "?show=groups"), "Bidders")[:3] == ["2", "3", "5 min 35 s"]
    page = shown(owner, plot.room, "?show=items")
    assert [name.partition(" ")[2] for name in firsts(page)] == ["Finance", "Report.pdf", "Plan.pdf", "Notes.pdf"]
    assert cells(page, firsts(page)[0])[:3] == ["2", "2", "5 min 30 s"]
    in_order = firsts(shown(owner, plot.room, "?show=items&sort=place"))
    assert [name.partition(" ")[0] for name in in_order] == sorted(name.partition(" ")[0] for name in in_order)


def test_heat_names_what_was_read_and_by_whom(owner: Persona, plot: Plot) -> None:
    page = shown(owner, plot.room, "?show=heat")
    assert [name.partition(" ")[2] for name in firsts(page)] == ["Report.pdf", "Plan.pdf"]
    labels = [words.replace("\xa0", " ") for words in re.findall(r'role="img" aria-label="([^"]*)"', page)]
    assert labels[:3] == ["ben@example.org: 4 min", "anna@example.org: 1 min 30 s", "carl@example.org: not read"]
    assert re.findall(r'<rect class="heat-(\d)" (?:width="30"|x=".5" y=".5" width="29")', page)[:3] == ["5", "2", "0"]


def test_who_has_not_come_can_be_reminded(owner: Persona, plot: Plot, present: datetime) -> None:
    page = shown(owner, plot.room, "?show=missing")
    assert (firsts(page), "Remind all who have not come" in page) == (["carl@example.org"], True)
    Guest.objects.update(came_at=present, seen_at=present)
    assert "Everybody has come" in shown(owner, plot.room, "?show=missing")


def test_nothing_is_said_honestly(owner: Persona, present: datetime) -> None:
    plot = make_room(owner, now=present)
    assert "Nobody is invited yet" in shown(owner, plot.room)
    plot.guest("anna@example.org")
    assert "Nobody has read anything yet" in shown(owner, plot.room, "?show=heat")
    assert "No groups yet" in shown(owner, plot.room, "?show=groups")
    assert "Nothing lies in this room yet" in shown(owner, plot.room, "?show=items")


def test_ten_thousand_files_come_in_pages_of_fifty(owner: Persona, plot: Plot, present: datetime) -> None:
    Item.objects.bulk_create(
        Item(room=plot.room, position=10_000_000 + n, name=f"F{n:05}", name_key=f"f{n:05}", created_at=present, changed_at=present)
        for n in range(10_000)
    )
    pages = [shown(owner, plot.room, f"?show=items&sort=place&page={number}") for number in (2, 201)]
    assert [len(firsts(page)) for page in pages] == [50, 4]
    assert "51 to 100 of 10,004" in pages[0]


def test_workbook_has_every_row_and_leaves_a_trace(owner: Persona, plot: Plot) -> None:
    for which, row in (("guests", b"carl@example.org"), ("items", b"Notes.pdf"), ("groups", b"Bidders"), ("heat", b"Report.pdf")):
        answer: Any = owner.client().post(f"{at(plot.room)}export/", {"list": which})
        with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as book:
            assert row in b"".join(book.read(name) for name in book.namelist())
    assert Event.objects.filter(verb="data.exported", subject=plot.room.public_id).count() == 4
    assert owner.client().post(f"{at(plot.room)}export/", {"list": "odd"}).status_code == 422


def test_analytics_exist_for_nobody_else(owner: Persona, plot: Plot, present: datetime) -> None:
    member = make_member(owner, "member@example.com", now=present)
    found = [member.client().get(at(plot.room)), member.client().post(f"{at(plot.room)}export/", {"list": "guests"})]
    assert [one.status_code for one in found] == [404, 404]
