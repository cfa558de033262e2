# SPDX-License-Identifier: Apache-2.0
"""What the people of a deal do in a data room's pages."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import simplejpeg
from playwright.sync_api import Error, Page, Route, expect

from sealroom.access.rules import Viewer, Watermark
from sealroom.documents.ports import Raster
from sealroom.viewing.adapters.stamper import NumpyStamper
from sealroom.viewing.flows.marks import mark_for
from tests.journeys.server import Server, link_in
from tests.journeys.story import enter_code, submit

STAMPER = NumpyStamper()


@dataclass
class Room:
    """A data room as the one who leads it works in it."""

    server: Server
    page: Page
    url: str = ""
    ids: dict[str, str] = field(default_factory=dict)  # of groups and folders, by name

    def found(self, name: str) -> None:
        """Open a room, from the list."""
        self.page.goto(f"{self.server.base_url}/rooms/")
        self.page.locator("#name").fill(name)
        self.page.locator("main button.btn-primary").click()
        self.page.wait_for_url(re.compile(r"/rooms/room_"))
        self.url = self.page.url

    def make_folder(self, name: str) -> None:
        self.page.goto(self.url)
        self.page.locator("#folder-name").fill(name)
        self.page.locator('button[value="folder"]').click()
        row = self.page.locator("tbody tr", has_text=name)
        expect(row).to_be_visible()
        self.ids[name] = row.get_attribute("data-item") or ""

    def upload(self, folder: str, *files: Path) -> None:
        """Put files into a folder, one behind the other; returns when readers could open them."""
        self.page.goto(f"{self.url}?folder={self.ids[folder]}")
        rows = self.page.locator("tbody tr")
        for file in files:
            self.page.locator('[data-dropzone] input[type="file"]').set_input_files(file)
            expect(rows.filter(has_text=file.name)).to_be_visible(timeout=60_000)
        expect(rows.locator('button[name="file"]')).to_have_count(len(files), timeout=60_000)

    def make_group(self, name: str) -> None:
        self.page.goto(f"{self.url}people/")
        self.page.locator("#group-name").fill(name)
        self.page.locator("#group-name").press("Enter")
        self.page.wait_for_url(re.compile("/groups/"))
        self.ids[name] = self.page.url.rstrip("/").rpartition("/")[2]

    def invite(self, people: str, *, group: str = "", role: str = "guest") -> None:
        """Press Invite; what comes of it stands on the page."""
        self.page.goto(f"{self.url}people/")
        self.page.locator("#id_people").fill(people)
        self.page.locator("#id_role").select_option(role)
        if group:
            self.page.locator(f'input[name="groups"][value="{self.ids[group]}"]').check()
        with self.page.expect_navigation():
            self.page.locator("#invite button.btn-primary").click()

    def set_right(self, group: str, right: str, *, on: str = "room", inside: str = "") -> None:
        """Choose a right in the matrix, of the room, or of something in it or in a folder, and put it in force."""
        self.page.goto(f"{self.url}rights/" + (f"?folder={self.ids[inside]}" if inside else ""))
        ending = f'.{self.ids[group]}"]'
        rows = self.page.locator("tbody tr")
        row = rows.first if on == "room" else rows.filter(has=self.page.locator("th", has_text=on))
        row.locator(f'select[name$="{ending}').select_option(right)
        with self.page.expect_navigation():
            self.page.locator('button[value="cells"]').click()

    def change_settings(self, *, audience: str) -> None:
        """The audience of questions, and a mark of the address alone."""
        self.page.goto(f"{self.url}settings/")
        self.page.locator("#id_question_audience").select_option(audience)
        for box in self.page.locator('input[name="mark"]').all():
            box.set_checked(box.get_attribute("value") == "email")
        with self.page.expect_navigation():
            self.page.locator("main form .form-actions button.btn-primary").first.click()


@dataclass
class Bidder:
    """A guest with a browser that keeps every picture of a page it was sent."""

    server: Server
    page: Page
    address: str
    pictures: dict[tuple[str, int], bytes] = field(default_factory=dict)  # by document's page and width
    room: str = ""

    def __post_init__(self) -> None:
        self.page.context.route(re.compile(r"/p/\d+\.jpg"), self._keep)

    def enter(self, link: str = "") -> None:
        """By the mailed link, or another of the room, and a code; lands in the room."""
        link = link or link_in(self.server.wait_for_mail(self.address), "/v/")
        before = len(self.server.mails(self.address))
        self.page.goto(link)
        self.page.locator("input[name=address]").fill(self.address)
        submit(self.page)
        enter_code(self.server, self.page, self.address, before=before, leads_to=r"/v/[rd]/")
        if "/v/r/" in self.page.url:
            self.room = re.sub(r"(/v/r/[^/]+/).*", r"\1", self.page.url)

    def names(self, query: str = "") -> list[str]:
        """What a page of the room lists, with its numbers."""
        self.page.goto(self.room + query)
        rows = self.page.locator(".room-table tbody tr")
        return [
            " ".join([*row.locator(".room-number").all_inner_texts(), row.locator(".room-name").inner_text()]) for row in rows.all()
        ]

    def search(self, text: str) -> list[str]:
        return self.names(f"?q={text}")

    def open(self, name: str) -> None:
        """Open a file that the page lists."""
        self.page.locator("a.room-name", has_text=name).click()
        expect(self.page.locator("[data-viewer]")).to_be_visible()

    def look_up(self, text: str) -> list[str]:
        """What the search for attachments offers."""
        self.page.locator("#find").fill(text)
        with self.page.expect_navigation():
            self.page.locator('button[name="look"]').click()
        return [found.strip() for found in self.page.locator(".room-lookup .check").all_inner_texts()]

    def ask(self, subject: str, *, about: str = "", attach: str = "") -> str:
        """Ask; the address of the question."""
        self.page.goto(f"{self.room}questions/" + (f"?about={about}" if about else ""))
        self.page.locator("#subject").fill(subject)
        self.page.locator("#text").fill(f"{subject} Please tell.")
        if attach:
            self.look_up(attach)
            self.page.locator(".room-lookup .check", has_text=attach).locator("input").check()
        self.page.locator("main form button.btn-primary").click()
        self.page.wait_for_url(re.compile("/questions/qst_"))
        return self.page.url

    def _keep(self, route: Route) -> None:
        """Hand a picture on as it came. Who reads turns pages while some are on their way: what nobody waits for is dropped."""
        with suppress(Error):
            answer = route.fetch()
            if answer.ok:
                address = urlsplit(answer.url)
                width = int(parse_qs(address.query).get("w", ["0"])[0])
                self.pictures[address.path.rpartition("/v/d/")[2].partition("/")[2], width] = answer.body()
            route.fulfill(response=answer)


def empty_page(jpeg: bytes, address: str = "") -> bytes:
    """What an empty page looks like that is as large as a picture: marked for an address, or clean."""
    height, width, _space, _sampling = simplejpeg.decode_jpeg_header(jpeg)
    white = Raster(width, height, 1, np.full((height, width, 1), 255, np.uint8).tobytes())
    if not address:
        return STAMPER.stamp(white, None)
    mark = mark_for(Watermark(fields=("email",)), Viewer(address), width=width, now=datetime(2026, 1, 1, tzinfo=UTC))
    return STAMPER.stamp(white, mark)
