# SPDX-License-Identifier: Apache-2.0
"""What the people of a story do in a browser, in the words of the page's language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page, expect
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from tests.journeys.server import Server, code_in, link_in

PASSWORD = "a long sentence nobody guesses"


@dataclass(frozen=True)
class Words:
    """The words a story looks for, in one language."""

    language: str
    send: str
    sent: str
    open_documents: str
    allowed: str
    ended: str
    end_all: str
    price: str
    left: str
    view_only: str


ENGLISH = Words(
    "en", "Send & notify", "Sent to 5", "Open the documents", "allowed", "ended", "End access for all",
    "2 files × 5 people = 10 credits", "1,490", "View only",
)  # fmt: skip
FRENCH = Words(
    "fr", "Envoyer", "Envoyé", "Ouvrir les documents", "autorisé", "terminé", "Mettre fin",
    "10 crédits", "1\u202f490", "Lecture seule",
)  # fmt: skip


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


def read_code(server: Server, page: Page, address: str, words: Words, *, before: int) -> None:
    """Type the code that was mailed to `address` after `before` mails, and go in."""
    mail = server.wait_for_mail(address, count=before + 1)
    page.locator("input[name=code]").fill(code_in(mail))
    if "/verify/" in page.url:
        button = page.get_by_role("button", name=words.open_documents)
        if button.count():
            button.click()
    page.wait_for_url(re.compile(r"/v/d/"))


def open_link(server: Server, page: Page, address: str, words: Words) -> None:
    """Follow the link of the invitation and prove the address."""
    link = link_in(server.wait_for_mail(address), "/v/")
    before = len(server.mails(address))
    page.goto(link)
    page.locator("input[name=address]").fill(address)
    page.locator("main form button[type=submit]").last.click()
    read_code(server, page, address, words, before=before)


def shown_page(page: Page, number: int) -> Locator:
    """The picture of a page in the viewer, once it has pixels."""
    picture = page.locator(f'[data-page="{number}"] img').first
    expect(picture).to_be_visible()
    page.wait_for_function("image => image.complete && image.naturalWidth > 100", arg=picture.element_handle())
    return picture
