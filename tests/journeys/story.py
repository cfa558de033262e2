# SPDX-License-Identifier: Apache-2.0
"""What the people of a story do in a browser; found by role, field or address, so that a story can be told in any language."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from tests.journeys.server import Server, code_in, link_in

PASSCODE = "orange lamp"


def set_scene(server: Server, email: str) -> dict[str, Any]:
    """Let a member of a running server have something on every page of Document Security; see `tests.journeys.scene`."""
    found: dict[str, Any] = server.backstage.do("tests.journeys.scene", "set_scene", email=email)
    return found


def outlined_pdf(*, pages: int = 6) -> bytes:
    """Text with chapters that a reader can jump to."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1)
    for number in range(1, pages + 1):
        title = f"Chapter {number}" if number % 2 else f"A part of chapter {number - 1}"
        canvas.bookmarkPage(f"p{number}")
        canvas.addOutlineEntry(title, f"p{number}", (number + 1) % 2)
        canvas.setFont("Times-Roman", 24)
        canvas.drawString(72, 750, f"{number}. Price and conditions")
        canvas.setFont("Times-Roman", 12)
        for line in range(30):
            canvas.drawString(72, 710 - 20 * line, f"{number}.{line} The investors subscribe for new shares, payable in two parts.")
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def make_pdf(path: Path, *, pages: int, title: str) -> Path:
    """A text PDF."""
    canvas = Canvas(str(path), pagesize=A4, invariant=True)
    for number in range(1, pages + 1):
        canvas.setFont("Helvetica", 22)
        canvas.drawString(72, 760, f"{title}, page {number}")
        canvas.setFont("Helvetica", 11)
        for line in range(30):
            canvas.drawString(72, 720 - 20 * line, f"Clause {number}.{line}: the parties keep what is said here to themselves.")
        canvas.showPage()
    canvas.save()
    return path


def submit(page: Page) -> None:
    """Press the main button of the page's main form."""
    page.locator("main form button[type=submit].btn-primary").last.click()


def enter_code(server: Server, page: Page, address: str, *, before: int, leads_to: str) -> None:
    """Type the code mailed to `address` as its mail number `before + 1`."""
    page.locator("input[name=code]").fill(code_in(server.wait_for_mail(address, count=before + 1)))
    if not re.search(leads_to, page.url):
        submit(page)
    page.wait_for_url(re.compile(leads_to))


def sign_up(server: Server, page: Page, address: str, *, team: str, time_zone: str = "Europe/Paris") -> None:
    """Make an account with a code by e-mail, and a team."""
    before = len(server.mails(address))
    page.goto(f"{server.base_url}/accounts/signup/?by=code")
    page.locator("input[name=email]").fill(address)
    submit(page)
    enter_code(server, page, address, before=before, leads_to="/welcome/")
    page.locator("input[name=name]").fill(team)
    page.locator("select[name=time_zone]").select_option(time_zone)
    submit(page)
    page.wait_for_url(f"{server.base_url}/")


def prepare_send(page: Page, files: list[Path], recipients: str) -> None:
    """Choose files and paste recipients; returns when every file is ready."""
    page.locator("input[type=file]").first.set_input_files([str(path) for path in files])
    field = page.locator("[data-chip-field]")
    field.fill(recipients)
    field.press("Enter")
    expect(page.locator("main .badge-ok")).to_have_count(len(files), timeout=60_000)


def open_link(server: Server, page: Page, address: str) -> None:
    """Follow the link of the invitation and prove the address."""
    server.wait_for_mail(address)
    link = link_in(server.mails(address)[0], "/v/")
    before = len(server.mails(address))
    page.goto(link)
    page.locator("input[name=address]").fill(address)
    submit(page)
    enter_code(server, page, address, before=before, leads_to=r"/v/d/")


def shown_page(page: Page, number: int) -> Locator:
    """The picture of a page in the viewer, once it has pixels."""
    picture = page.locator(f'[data-page="{number}"] img').first
    page.wait_for_function("image => image.complete && image.naturalWidth > 100", arg=picture.element_handle())
    expect(picture).to_be_visible()
    return picture
