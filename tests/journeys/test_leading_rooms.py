# SPDX-License-Identifier: Apache-2.0
"""The pages of those who lead a data room, in a real Chromium against a real server: on a desk and on a phone, in both themes and
languages, by keyboard, and without a script. With SEALROOM_PICTURES set to a folder, each look is kept there as a picture."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.journeys.server import Server
from tests.journeys.stage import DESK
from tests.journeys.test_rooms_in_browser import inspect

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PATIENCE = 150  # looks, a second apart


@pytest.fixture
def language() -> str:
    """Of the browser; some tests come in two."""
    return "en"


@pytest.fixture
def page(new_page: Callable[..., Page], language: str) -> Page:
    return new_page(viewport=DESK, locale=language)


def led(server: Server, **wish: Any) -> dict[str, str]:
    """Make a room on the server's data."""
    made: dict[str, str] = server.backstage.do("tests.doors.web.led", "led_room", **wish)
    return made


def enter(page: Page, server: Server, made: dict[str, str]) -> str:
    """Sign in; returns the room's address."""
    page.goto(f"{server.base_url}/accounts/login/")
    page.locator("[name=login]").fill(made["email"])
    page.locator("[name=password]").fill(made["password"])
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(f"{server.base_url}/")
    return f"{server.base_url}/rooms/{made['room']}/"


PAGES = ["analytics/?show=items", "analytics/?show=heat", "analytics/?show=missing", "export/", "delete/"]


@pytest.mark.parametrize(("language", "pages"), [("en", ["analytics/", *PAGES]), ("fr", ["analytics/?show=groups", *PAGES])])
def test_pages_of_who_leads_look_right(server: Server, page: Page, language: str, pages: list[str]) -> None:
    room = enter(page, server, led(server, language=language))
    for path in pages:
        page.goto(f"{room}{path}")
        expect(page.locator("html")).to_have_attribute("lang", language)
        inspect(page, f"{path.rstrip('/').replace('/?show=', '-')}-{language}")
    page.goto(f"{room}trash/")
    page.locator("[name=item]").check()
    page.locator("button[value=delete]").click()
    inspect(page, f"trash-delete-{language}")


def test_archive_is_made_by_keyboard_and_proves_itself(server: Server, page: Page, tmp_path: Path) -> None:
    room = enter(page, server, led(server))
    page.goto(f"{room}export/")
    page.locator("button[value=full]").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".room-export .badge")).to_have_text("Ready", timeout=60_000)  # told without a reload
    inspect(page, "export-ready")
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download").click()
    kept = tmp_path / coming.value.suggested_filename
    coming.value.save_as(kept)
    with zipfile.ZipFile(kept) as book:
        assert "files/1.2 Balance sheet.pdf" in [name.replace("1 Corporate/", "") for name in book.namelist()]
    checked = server.command("export", "verify", str(kept))
    assert (checked.returncode, "this installation's" in checked.stdout) == (0, True)


def test_who_leads_opens_a_file_and_comes_back(server: Server, page: Page) -> None:
    made = led(server)
    room = enter(page, server, made)
    page.goto(f"{room}?folder={made['folder']}")
    opener = page.get_by_role("button", name="Balance sheet.pdf", exact=True)
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-viewer]")).to_be_visible()
    expect(page.locator("[data-viewer] img").first).to_be_visible()
    inspect(page, "opened")


def test_uploads_survive_a_dropped_line_and_a_closed_tab(server: Server, page: Page, tmp_path: Path) -> None:
    room = enter(page, server, led(server, guests=0))
    bids = tmp_path / "Bids"
    (bids / "2026").mkdir(parents=True)
    (bids / "Letter.txt").write_text("Dear all")
    (bids / "2026" / "Offer.txt").write_text("Our offer")
    (bids / "Model.txt").write_bytes(b"a line of words that says nothing at all" * 250_000)
    parts: list[str] = []

    def drop(route: Route) -> None:
        """The line is dead after the first part of the large file."""
        if route.request.method == "PATCH":
            parts.append(route.request.headers["upload-offset"])
            if parts[-1] != "0":
                return route.abort("internetdisconnected")
        return route.continue_()

    page.route("**/uploads/**", drop)
    page.goto(room)
    page.set_input_files("[data-room-folder]", bids)
    expect(page.locator("[data-room-count]")).to_have_text("2 of 3 files have arrived", timeout=60_000)
    large = page.locator("[data-room-list] li", has_text="Bids/Model.txt")
    expect(large).to_contain_text("goes on by itself", timeout=60_000)
    inspect(page, "uploads-waiting")
    again = page.context.new_page()  # the other tab is as good as closed: its line stays dead
    again.goto(room)
    left = again.locator("li[data-left-over]")
    expect(left).to_contain_text("Choose the file again")
    expect(again.locator("[data-room-rest]")).to_be_visible()
    inspect(again, "uploads-left-over")
    page.close(run_before_unload=False)
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method in {"PATCH", "POST"}:
            sent.append(request.headers.get("upload-offset", request.url))

    again.on("request", note)
    again.set_input_files("[data-room-folder]", bids)
    expect(again.locator("[data-room-rest]")).to_be_hidden(timeout=60_000)  # loaded anew when all has arrived
    assert sent == [str(8 * 1024 * 1024)], "what had arrived was not sent again"
    again.get_by_role("link", name="Bids", exact=True).click()
    for name in ("Letter.txt", "Model.txt", "2026"):
        expect(again.locator("[data-room-items]")).to_contain_text(name)
    again.close()


def test_pages_work_without_a_script(server: Server, new_page: Callable[..., Page]) -> None:
    page = new_page(java_script_enabled=False)
    room = enter(page, server, led(server))
    page.goto(f"{room}analytics/?show=items")
    page.get_by_role("link", name="Readers").click()
    expect(page.locator("th[aria-sort]")).to_contain_text("Readers")
    page.goto(f"{room}export/")
    page.locator("button[value=short]").click()
    for _ in range(PATIENCE):  # an archive waits behind whatever else the worker has to do
        if page.locator(".room-export .badge").inner_text() == "Ready":
            break
        page.wait_for_timeout(1000)
        page.get_by_role("link", name="Show how far it is").click()
    expect(page.locator(".room-export")).to_contain_text("short paths")
    expect(page.get_by_role("link", name="Download")).to_be_visible()
