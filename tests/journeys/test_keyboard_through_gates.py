# SPDX-License-Identifier: Apache-2.0
"""Document Security with the keyboard alone: conditions set on Send Files, met at the gates, and the viewer with all it can do."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.server import Server, code_in, link_in
from tests.journeys.story import PASSCODE, make_pdf, outlined_pdf, shown_page, sign_up
from tests.journeys.test_keyboard_only import tab_to

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DESK = {"width": 1440, "height": 900}
READER = "gates.reader@example.com"


def test_gates_and_viewer_by_keyboard(server: Server, new_page: Callable[..., Page], tmp_path: Path) -> None:
    sender = new_page(viewport=DESK)
    sign_up(server, sender, "gates@example.com", team="Example Partners")
    _sets_conditions(sender, tmp_path)
    reader = new_page(viewport=DESK)
    _passes_gates(server, reader)
    _reads(reader)


def _opens_panel(page: Page, name: str) -> None:
    tab_to(page, f"#setting-{name} summary", at_most=90)
    page.keyboard.press("Enter")
    expect(page.locator(f"#setting-{name} .word-panel").first).to_be_visible()


def _picks(page: Page, name: str, value: str) -> None:
    """Move within a group of radio buttons by its arrows."""
    tab_to(page, f"input[name={name}]")
    for _step in range(6):
        if page.evaluate("document.activeElement.value") == value:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"no {value} in {name}")


def _sets_conditions(page: Page, folder: Path) -> None:
    """Rights, own terms and a passcode, each in the panel of its sentence."""
    book = folder / "Book.pdf"
    book.write_bytes(outlined_pdf())
    tab_to(page, "input[name=files]")
    page.locator("input[name=files]").set_input_files([book, make_pdf(folder / "Short.pdf", pages=1, title="Short")])
    expect(page.locator("main .badge-ok")).to_have_count(2, timeout=60_000)
    tab_to(page, "[data-chip-field]")
    page.keyboard.type(READER)
    page.keyboard.press("Enter")

    _opens_panel(page, "permission")
    _picks(page, "permission", "download_pdf")
    page.keyboard.press("Escape")
    expect(page.locator("#setting-permission summary")).to_be_focused()
    _opens_panel(page, "terms")
    _picks(page, "terms", "own")
    tab_to(page, "#set-terms_text")
    page.keyboard.type("Keep it secret.")
    page.keyboard.press("Escape")
    _opens_panel(page, "passcode")
    tab_to(page, "#set-passcode_on")
    page.keyboard.press("Space")
    tab_to(page, "#set-passcode")
    page.keyboard.type(PASSCODE)
    page.keyboard.press("Escape")
    tab_to(page, "#price button[value=notify]")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/sends/snd_"))


def _passes_gates(server: Server, page: Page) -> None:
    """Code, passcode, terms, each once: the address of a file leads to it, also when it is opened again between two gates. Then the
    list of files."""
    link, file = link_in(server.wait_for_mail(READER), "/v/"), _id_of(server, "Short.pdf")
    page.goto(f"{link}?file={file}")
    expect(page.locator("input[name=address]")).to_be_focused()
    page.keyboard.type(READER)
    page.keyboard.press("Enter")
    page.wait_for_url("**/verify/")
    page.keyboard.type(code_in(server.wait_for_mail(READER, count=2)))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/passcode/?file={file}")
    page.goto(f"{link}?file={file}")
    page.wait_for_url(f"**/passcode/?file={file}")
    expect(page.locator("input[name=passcode]")).to_be_focused()
    page.keyboard.type(PASSCODE)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/terms/?file={file}")
    tab_to(page, ".terms-text")
    tab_to(page, "input[name=name]")
    page.keyboard.type("Rita Reader")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/v/d/*/{file}/")
    shown_page(page, 1)
    page.goto(link)
    page.wait_for_url(re.compile(r"/v/d/\w+/$"))
    tab_to(page, "a.parcel-row")
    page.keyboard.press("Enter")


def _id_of(server: Server, name: str) -> str:
    """The sender's document of that name."""
    statement = (
        "SELECT d.public_id FROM documents_document d JOIN accounts_user u ON u.id = d.owner_id WHERE d.name = ? AND u.email = ?"
    )
    with closing(sqlite3.connect(server.data / "sealroom.sqlite3", timeout=30)) as database:
        return str(database.execute(statement, (name, "gates@example.com")).fetchone()[0])


def _reads(page: Page) -> None:
    """Outline, find, zoom, one page at a time, and the dialog that prints."""
    shown_page(page, 1)
    now = page.locator("[data-jump] input")
    tab_to(page, "#tab-pages")
    page.keyboard.press("ArrowRight")
    tab_to(page, ".outline-item")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(now).to_have_value("3")

    page.keyboard.press("/")
    page.keyboard.type("5. Price")
    expect(page.locator("[data-find-count]")).to_have_text("1 of 1", timeout=30_000)
    expect(now).to_have_value("5")
    page.keyboard.press("Escape")

    zoom = page.locator("summary [data-zoom-now]")
    before = zoom.inner_text()
    tab_to(page, "[data-desk]")
    page.keyboard.press("+")
    expect(zoom).not_to_have_text(before)
    page.keyboard.press("0")
    expect(zoom).to_have_text(before)
    page.keyboard.press("c")
    expect(page.locator(".sheet")).to_have_count(1)
    page.keyboard.press("c")

    tab_to(page, "button[data-do=print]")
    page.keyboard.press("Enter")
    expect(page.locator("#print-sheet")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#print-sheet input[value=one]")).to_be_checked()
    page.keyboard.press("Escape")
    expect(page.locator("#print-sheet")).to_be_hidden()
    expect(page.locator(".viewer-bar button[data-do=print]")).to_be_focused()
