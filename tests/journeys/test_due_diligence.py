# SPDX-License-Identifier: Apache-2.0
"""A due diligence from its first folder to its signed archive: an owner, a co-owner and two sides of bidders in browsers of their
own, with real mails. What a side may not see is there all the time, named with one word that no page of that side may hold."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from tests.journeys.deal import Bidder, Room, empty_page
from tests.journeys.server import Server, link_in, text_of
from tests.journeys.story import enter_code, make_pdf, shown_page, sign_up, submit

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SECRET = "Quince"
ANNA, ARNO, BELA = "anna@aspen.example", "arno@aspen.example", "bela@birch.example"
CO_OWNER = "carla@northwind.example"


def _price_list(path: Path) -> Path:
    """Thirty pages, the second of them empty: there the mark stands alone."""
    canvas = Canvas(str(path), pagesize=A4, invariant=True)
    for number in range(1, 31):
        if number != 2:
            canvas.drawString(72, 760, f"Prices of the {SECRET} works, page {number}")
        canvas.showPage()
    canvas.save()
    return path


@dataclass
class Cast:
    """Everybody in the deal."""

    server: Server
    room: Room
    co_owner: Room
    anna: Bidder
    bela: Bidder


def test_due_diligence(server: Server, new_page: Callable[..., Page], tmp_path: Path) -> None:
    """One room, told in the order of a deal."""
    owner = new_page(locale="en-GB", viewport={"width": 1440, "height": 900})
    sign_up(server, owner, "olive@northwind.example", team="Northwind")
    co_owner = new_page(locale="en-GB")
    _joins_the_team(server, owner, co_owner)

    room = _fills_the_room(server, owner, tmp_path)
    _invites(room)
    desk = {"locale": "en-GB", "viewport": {"width": 1440, "height": 900}}
    anna, bela = (Bidder(server, new_page(**desk), address) for address in (ANNA, BELA))
    cast = Cast(server, room, Room(server, co_owner, room.url, room.ids), anna, bela)
    _each_side_sees_its_own(cast)
    _questions_are_seen_by_their_audience(cast)
    _discloses_and_takes_back(cast)
    _pictures_carry_their_readers(cast)
    _ends_access(cast, new_page(**desk))
    _exports(cast, tmp_path)


def _joins_the_team(server: Server, owner: Page, page: Page) -> None:
    owner.goto(f"{server.base_url}/admin/members/")
    owner.locator("#id_email").fill(CO_OWNER)
    submit(owner)
    expect(owner.locator("main")).to_contain_text(CO_OWNER)
    way = link_in(server.wait_for_mail(CO_OWNER), "/join/")
    page.goto(f"{server.base_url}/accounts/signup/?by=code&next={way.removeprefix(server.base_url)}")
    page.locator("input[name=email]").fill(CO_OWNER)
    submit(page)
    enter_code(server, page, CO_OWNER, before=1, leads_to="/(join|welcome)/")
    page.goto(way)
    submit(page)
    page.wait_for_url(f"{server.base_url}/")


def _fills_the_room(server: Server, owner: Page, folder: Path) -> Room:
    room = Room(server, owner)
    room.found("Project Alder")
    for name in ("Corporate", "Financial", "Legal"):
        room.make_folder(name)
    articles, minutes = (make_pdf(folder / f"{name}.pdf", pages=2, title=name) for name in ("Articles", "Minutes"))
    room.upload("Corporate", articles, minutes)
    room.upload("Financial", _price_list(folder / f"{SECRET} prices.pdf"), make_pdf(folder / "Loans.pdf", pages=1, title="Loans"))
    room.upload("Legal", make_pdf(folder / f"{SECRET} lawsuit.pdf", pages=1, title=SECRET))
    room.change_settings(audience="everyone")
    return room


def _invites(room: Room) -> None:
    """A member of the team may lead the room, nobody else; of a pasted list all come or none."""
    page = room.page
    room.invite("counsel@outside.example", role="co_owner")
    expect(page.locator("main")).to_contain_text("Only members of the team lead its data rooms")
    room.invite(CO_OWNER, role="co_owner")
    expect(page.locator(".room-person")).to_have_count(1)
    for group in ("Aspen", "Birch"):
        room.make_group(group)
    pasted = f"Anna Aspen <{ANNA}>\nno address at all\n{ARNO}; {ANNA.upper()}"
    room.invite(pasted, group="Aspen")
    expect(page.locator("#id_people_error")).to_contain_text("no address at all")
    expect(page.locator(".room-person")).to_have_count(1)
    assert room.server.mails(ANNA) == []
    room.invite(pasted.replace("no address at all\n", ""), group="Aspen")
    expect(page.locator(".room-person")).to_have_count(3)
    room.invite(BELA, group="Birch")
    for group in ("Aspen", "Birch"):
        room.set_right(group, "none")
    room.set_right("Aspen", "download_original", on="Corporate")
    room.set_right("Birch", "none", on="Financial")
    room.set_right("Birch", "view", on=SECRET, inside="Financial")


def _each_side_sees_its_own(cast: Cast) -> None:
    """Lists, numbers, counts, search, archive and direct addresses tell of nothing else."""
    anna, bela = cast.anna, cast.bela
    anna.enter()
    assert anna.names() == ["1 Corporate"]
    expect(anna.page.locator(".room-count")).to_have_text("1 folder, 0 files")
    _holds_no_secret(anna)
    anna.page.locator("a.room-name").click()
    expect(anna.page.locator(".room-count")).to_have_text("0 folders, 2 files")
    assert anna.search("minutes") == ["1.2 Minutes.pdf", "1.2 Minutes.pdf"], "by its name, and by its words"
    assert anna.search(SECRET.lower()) == []
    with anna.page.expect_download() as taken:
        anna.page.goto(anna.room)
        anna.page.locator('#room-zip button[name="all"]').click()
    with zipfile.ZipFile(taken.value.path()) as archive:
        assert {name.rpartition("/")[2] for name in archive.namelist()} - {""} == {"1.1 Articles.pdf", "1.2 Minutes.pdf"}

    bela.enter()
    assert bela.names() == [f"1 {SECRET} prices.pdf"], "alone and first, wherever it lies"
    expect(bela.page.locator(".room-count")).to_have_text("0 folders, 1 file")
    assert bela.search(SECRET) == [f"1 {SECRET} prices.pdf"]
    assert bela.search("articles") == []
    bela.page.goto(bela.room)
    bela.open("prices")
    hidden = re.sub(r"/v/d/[^/]+/", f"/v/d/{anna.room.rstrip('/').rpartition('/')[2]}/", bela.page.url)
    for address in (hidden, f"{anna.room}i/{cast.room.ids['Financial']}/", f"{anna.room}?folder={cast.room.ids['Legal']}"):
        answer = anna.page.goto(address)
        assert (answer and answer.status) == 404, address
        _holds_no_secret(anna)


def _holds_no_secret(guest: Bidder) -> None:
    assert SECRET not in guest.page.content()


def _questions_are_seen_by_their_audience(cast: Cast) -> None:
    """Anna asks about a file that only her side sees, and about the room with an attachment; everybody hears what is said of the
    room, and nobody of what he does not see."""
    server, anna, bela = cast.server, cast.anna, cast.bela
    anna.page.goto(f"{anna.room}questions/")
    assert anna.look_up(SECRET.lower()) == []
    _asks_about_a_file(anna)
    asked = anna.ask("When is the closing?", attach="Articles.pdf")
    expect(anna.page.locator(".room-post-files")).to_contain_text("Articles.pdf")

    lead = cast.co_owner.page
    lead.goto(f"{cast.co_owner.url}questions/")
    expect(lead.locator("main .row-title")).to_contain_text(["When is the closing?", "Who signs?"])
    lead.get_by_role("link", name="When is the closing?").click()
    expect(lead.locator(".room-post")).to_contain_text("Anna Aspen")
    lead.locator("#id_text").fill("In March.")
    lead.locator("#find").fill(SECRET)
    with lead.expect_navigation():
        lead.locator('button[name="look"]').click()
    lead.locator(".room-lookup .check", has_text="prices").locator("input").check()
    with lead.expect_navigation():
        lead.locator("form:has(#id_text) button.btn-primary").click()
    expect(lead.locator(".room-post")).to_have_count(2)

    told = server.wait_for_mail(ANNA, subject="answer")
    assert "When is the closing?" in text_of(told)
    assert "In March" not in text_of(told)
    assert SECRET not in text_of(told)
    anna.page.goto(asked)
    expect(anna.page.locator(".room-answer")).to_contain_text("In March.")
    expect(anna.page.locator(".room-answer .room-post-files")).to_have_count(0)
    _holds_no_secret(anna)

    bela.page.goto(f"{bela.room}questions/")
    expect(bela.page.locator("main .room-subject")).to_have_text(re.compile(r"^\s*1\s+When is the closing\?\s*$"))
    bela.page.locator("main .room-subject a").click()
    expect(bela.page.locator(".room-author").first).to_have_text("Another guest")
    expect(bela.page.locator(".room-post-files a")).to_have_text([f"{SECRET} prices.pdf"])
    for word in ("Anna", "aspen", "Articles"):
        assert word not in bela.page.content(), word


def _asks_about_a_file(anna: Bidder) -> None:
    anna.page.goto(anna.room)
    anna.page.locator("a.room-name").click()
    anna.page.get_by_role("link", name="Ask about Minutes.pdf").click()
    about = anna.page.url.rpartition("about=")[2]
    anna.ask("Who signs?", about=about)


def _discloses_and_takes_back(cast: Cast) -> None:
    """A change of rights is there at the next request; an open viewer is emptied."""
    anna, room = cast.anna, cast.room
    room.set_right("Aspen", "view", on="Financial")
    assert anna.names() == ["1 Corporate", "2 Financial"]
    anna.page.locator("a.room-name", has_text="Financial").click()
    anna.open("prices")
    shown_page(anna.page, 1)
    anna.page.locator("[data-desk]").press("PageDown")
    shown_page(anna.page, 2)
    reading = anna.page.url
    room.set_right("Aspen", "", on="Financial")
    anna.page.locator("[data-desk]").press("End")
    expect(anna.page.locator("[data-ended]")).to_be_visible(timeout=20_000)
    expect(anna.page.locator("[data-page] img[src]")).to_have_count(0)
    answer = anna.page.goto(reading)
    assert (answer and answer.status) == 404
    _holds_no_secret(anna)
    assert anna.names() == ["1 Corporate"]


def _pictures_carry_their_readers(cast: Cast) -> None:
    """The same page is another picture for each, marked with his own address; never once did a clean one come."""
    anna, bela = cast.anna, cast.bela
    shown = bela.names()
    assert shown == [f"1 {SECRET} prices.pdf"]
    bela.open("prices")
    bela.page.locator("[data-desk]").press("PageDown")
    shown_page(bela.page, 2)
    common = anna.pictures.keys() & bela.pictures.keys()
    assert {page.rpartition("/p/")[2] for page, _width in common} >= {"1.jpg", "2.jpg"}
    assert [key for key in common if anna.pictures[key] == bela.pictures[key]] == []
    empty = [(page, width) for page, width in common if page.endswith("/p/2.jpg") and width > 160]
    assert empty
    for key in empty:
        assert anna.pictures[key] == empty_page(anna.pictures[key], ANNA)
        assert bela.pictures[key] == empty_page(bela.pictures[key], BELA)
    for guest in (anna, bela):
        blank = [data for (page, _), data in guest.pictures.items() if page.endswith("/p/2.jpg") and page in dict(empty)]
        assert [data for data in blank if data == empty_page(data)] == []


def _ends_access(cast: Cast, page: Page) -> None:
    """A direct address leads through the gates to what it names; who is shut out hears of it everywhere alike."""
    server, room, arno = cast.server, cast.room, Bidder(cast.server, page, ARNO)
    arno.enter()
    inside = f"{arno.room}?folder={room.ids['Corporate']}"
    page.context.clear_cookies()
    arno.enter(inside)
    assert page.url == inside
    arno.open("Minutes")
    reading = page.url
    room.page.goto(f"{room.url}people/")
    room.page.locator(".room-person a", has_text=ARNO).click()
    with room.page.expect_navigation():
        room.page.locator('button[value="revoke"]').click()
    for address in (arno.room, inside, reading):
        answer = page.goto(address)
        assert (answer and answer.status) == 410, address
    stranger = page.context.browser.new_context().new_page() if page.context.browser else page
    answer = stranger.goto(reading)
    assert (answer and answer.status) == 401
    stranger.context.close()
    assert server.mails("counsel@outside.example") == []


def _exports(cast: Cast, folder: Path) -> None:
    """The archive of everything is as its signed statement says, and one with a changed byte is refused."""
    page, archive = cast.co_owner.page, folder / "room.zip"
    page.goto(f"{cast.co_owner.url}export/")
    page.locator('button[value="full"]').click()
    with page.expect_download() as taken:
        page.locator('a[id^="get-"]').click(timeout=60_000)
    taken.value.save_as(archive)
    told = cast.server.command("export", "verify", str(archive))
    assert (told.returncode, told.stderr) == (0, ""), told.stdout
    assert "all as they were" in told.stdout
    with zipfile.ZipFile(archive) as whole:
        files = {name.rpartition("/")[2] for name in whole.namelist() if "/files/" in f"/{name}"} - {""}
        assert files == {
            "1.1 Articles.pdf", "1.2 Minutes.pdf", f"2.1 {SECRET} prices.pdf", "2.2 Loans.pdf", f"3.1 {SECRET} lawsuit.pdf"
        }  # fmt: skip
        assert "In March." in whole.read(next(one for one in whole.namelist() if one.endswith("questions.csv"))).decode()
        forged = folder / "forged.zip"
        with zipfile.ZipFile(forged, "w") as other:
            for one in whole.infolist():
                data = whole.read(one)
                other.writestr(one, data.replace(b"In March.", b"In April.") if one.filename.endswith("questions.csv") else data)
    told = cast.server.command("export", "verify", str(forged))
    assert told.returncode == 1
    assert re.search(r"questions\.csv: changed", told.stdout), told.stdout
