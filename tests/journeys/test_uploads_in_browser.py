# SPDX-License-Identifier: Apache-2.0
"""Large files from the page in a real Chromium: over a line that drops, after the tab was closed, and in another file's place."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.journeys.server import Server
from tests.journeys.stage import DESK
from tests.journeys.story import set_scene, sign_up

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SIZE = 20 * 1024 * 1024


@pytest.fixture
def context(server: Server, new_page: Callable[..., Page]) -> BrowserContext:
    """A browser in which somebody is signed in."""
    page = new_page(viewport=DESK)
    sign_up(server, page, f"{uuid4().hex}@example.com", team="Long notes")
    page.close()
    return page.context


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "Long notes.txt"
    line = b"a line of words that says nothing at all\n"
    made.write_bytes((line * (SIZE // len(line) + 1))[:SIZE])
    return made


def opened(context: BrowserContext, server: Server) -> Page:
    page = context.new_page()
    page.goto(f"{server.base_url}/?new=1")
    return page


def choose(page: Page, *files: Path) -> None:
    page.locator("[data-uploads] input[type=file]").set_input_files([str(file) for file in files])


def test_a_line_that_drops_is_no_matter(server: Server, context: BrowserContext, file: Path) -> None:
    page = opened(context, server)
    seen = [0]

    def drop_the_second(route: Route) -> None:
        if route.request.method == "PATCH":
            seen[0] += 1
            if seen[0] == 2:
                return route.abort("connectionreset")
        return route.continue_()

    page.route("**/uploads/**", drop_the_second)
    choose(page, file)
    expect(page.locator("[data-upload-list] [name=document]")).to_have_count(1, timeout=60_000)
    assert seen[0] >= 4, "one of three parts was sent again"
    assert page.evaluate("() => Object.keys(localStorage).filter(key => key.startsWith('sealroom-upload:'))") == []


def test_a_closed_tab_goes_on_when_the_file_is_chosen_again(server: Server, context: BrowserContext, file: Path) -> None:
    page = opened(context, server)
    offsets: list[str] = []

    def stop_after_the_first(route: Route) -> None:
        if route.request.method == "PATCH":
            offsets.append(route.request.headers["upload-offset"])
            if offsets[-1] != "0":
                return route.abort("internetdisconnected")
        return route.continue_()

    page.route("**/uploads/**", stop_after_the_first)
    choose(page, file)
    expect(page.locator("[data-step]")).to_contain_text("goes on by itself", timeout=60_000)
    page.close(run_before_unload=False)
    again = opened(context, server)
    row = again.locator("li[data-left-over]")
    expect(row).to_contain_text("Long notes.txt")
    expect(row).to_contain_text("Choose the file again")
    expect(row.locator("[data-pause]")).to_have_text("Continue")
    begun: list[str] = []
    again.on(
        "request", lambda request: begun.append(request.headers.get("upload-offset", "")) if request.method == "PATCH" else None
    )
    choose(again, file)
    expect(again.locator("[data-upload-list] [name=document]")).to_have_count(1, timeout=60_000)
    assert begun[0] == str(8 * 1024 * 1024), "what had arrived was not sent again"
    expect(again.locator("li[data-left-over]")).to_have_count(0)


def test_pause_and_continue(server: Server, context: BrowserContext, file: Path, tmp_path: Path) -> None:
    page = opened(context, server)
    page.route("**/uploads/**", lambda route: route.abort() if route.request.method == "PATCH" else route.continue_())
    given_up = [tmp_path / f"Volume {number}.txt" for number in range(3)]
    for one in given_up:
        one.write_bytes(b"six million times nothing" * 240_000)
    choose(page, *given_up)
    rows = page.locator("[data-upload-list] li")
    for _ in given_up:
        rows.first.locator("[data-pause]").click()
        expect(rows.first.locator("[data-step]")).to_contain_text("Paused")
        rows.first.locator("[data-remove-file]").click()
    expect(rows).to_have_count(0)
    choose(page, file)
    pause = page.locator("[data-upload-list] [data-pause]")
    pause.click()
    expect(page.locator("[data-step]")).to_contain_text("Paused")
    page.unroute("**/uploads/**")
    pause.click()
    expect(page.locator("[data-upload-list] [name=document]")).to_have_count(1, timeout=60_000)


def replacing(server: Server, new_page: Callable[..., Page]) -> tuple[Page, str]:
    """The page on which a sent file is replaced, and its address."""
    page, sender = new_page(viewport=DESK), f"{uuid4().hex}@example.com"
    sign_up(server, page, sender, team="Second thoughts")
    sent = set_scene(server, sender)["gated"]
    address = f"{server.base_url}/sends/{sent['send']}/files/{sent['documents'][0]}/replace/"
    page.goto(address)
    return page, address


def test_a_replacement_goes_on_after_the_tab_was_closed(server: Server, new_page: Callable[..., Page], file: Path) -> None:
    page, address = replacing(server, new_page)
    offsets: list[str] = []

    def stop_after_the_first(route: Route) -> None:
        if route.request.method == "PATCH":
            offsets.append(route.request.headers["upload-offset"])
            if offsets[-1] != "0":
                return route.abort("internetdisconnected")
        return route.continue_()

    page.route("**/uploads/**", stop_after_the_first)
    page.locator("#file").set_input_files(str(file))
    page.locator("main form button[type=submit]").click()
    expect(page.locator("[data-row] [data-step]")).to_contain_text("goes on by itself", timeout=60_000)
    if folder := os.environ.get("SEALROOM_PICTURES"):
        page.screenshot(path=Path(folder) / "replace-on-its-way.png")
    page.close(run_before_unload=False)
    again = page.context.new_page()
    begun: list[str] = []
    again.on(
        "request", lambda request: begun.append(request.headers.get("upload-offset", "")) if request.method == "PATCH" else None
    )
    again.goto(address)
    again.locator("#file").set_input_files(str(file))
    again.locator("main form button[type=submit]").click()
    again.wait_for_url(f"{address}ver_*/", timeout=60_000)
    assert begun[0] == str(8 * 1024 * 1024), "what had arrived was not sent again"
    expect(again.locator("main")).to_contain_text("Long notes.txt")
    assert again.evaluate("() => Object.keys(localStorage).filter(key => key.startsWith('sealroom-upload:'))") == []


def test_a_refused_replacement_says_so_and_can_be_tried_again(
    server: Server, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    page, _address = replacing(server, new_page)
    program = tmp_path / "Setup.exe"
    program.write_bytes(b"MZ" + b"\0" * 6_000_000)
    page.locator("#file").set_input_files(str(program))
    page.locator("main form button[type=submit]").click()
    expect(page.locator("[data-refused]")).to_contain_text("Setup.exe")
    expect(page.locator("main form button[type=submit]")).to_be_enabled()
    expect(page.locator("[data-row]")).to_be_hidden()
