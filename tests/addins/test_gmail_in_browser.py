# SPDX-License-Identifier: Apache-2.0
"""The extension in Debian's Chromium, in a page that stands in Gmail's place, against a running installation. One browser and one
installation for all of it, because a start of either costs more than most of what is shown here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect, sync_playwright

from tests.addins.gmail_browser import CHROMIUM, Gmail, browser, until, unpack
from tests.addins.gmail_stage import FILES, MAIL, Desk, desk
from tests.barriers import in_both_themes
from tests.journeys.server import Server, link_in, serving
from tests.journeys.story import enter_code, make_pdf, sign_up, submit

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="apt-get install chromium")]

ORIGIN = f"https://{FILES}"
OLIVE, ANNA, BEN, CORA = "olive@example.com", "anna@example.net", "ben@example.net", "cora@example.net"


@dataclass
class World:
    """What every part of the story has."""

    server: Server
    desk: Desk
    context: BrowserContext
    gmail: Gmail
    panel: Page
    files: Path

    def file(self, name: str, content: bytes = b"") -> Path:
        path = self.files / name
        if path.suffix == ".pdf" and not content:
            return path if path.exists() else make_pdf(path, pages=1, title=path.stem)
        path.write_bytes(content)
        return path

    def left(self, count: int) -> dict[str, Any]:
        """The last mail Gmail sent, once there are so many."""
        until(lambda: len(self.desk.mails) >= count, f"mail {count}")
        assert len(self.desk.mails) == count
        return self.desk.mails[-1]

    def charges(self) -> list[int]:
        """Charges in the ledger, oldest first."""
        found: list[int] = self.server.backstage.do("tests.addins.gmail_deeds", "charges", email=OLIVE)
        return found


@contextmanager
def world(playwright: Playwright, folder: Path, language: str = "en-US") -> Iterator[World]:
    with serving(folder, SEALROOM_BASE_URL=ORIGIN, SEALROOM_EXTRA_HOSTS="127.0.0.1", SEALROOM_TRUSTED_PROXIES="1") as plain, desk(folder, _port(plain)) as made:
        server = replace(plain, base_url=ORIGIN)
        extension = _download(plain, folder)
        with browser(playwright, folder / "profile", made, extension, language) as context:
            worker = context.service_workers[0] if context.service_workers else context.wait_for_event("serviceworker")
            panel = context.new_page()
            panel.goto(worker.url.replace("sw.js", "panel.html"))
            yield World(server, made, context, Gmail(context, context.new_page()), panel, folder)


def _port(server: Server) -> int:
    return int(server.base_url.rpartition(":")[2])


def _download(server: Server, folder: Path) -> Path:
    import urllib.request  # noqa: PLC0415

    with urllib.request.urlopen(f"{server.base_url}/integrations/gmail/extension.zip", timeout=30) as answer:
        return unpack(answer.read(), folder / "extension")


def test_gmail(tmp_path: Path) -> None:
    with sync_playwright() as playwright, world(playwright, tmp_path) as here:
        _signs_in(here)
        _compose_quote_send(here)


def _signs_in(here: World) -> None:
    member = here.context.new_page()
    sign_up(here.server, member, OLIVE, team="Olive")
    panel = here.panel
    panel.reload()
    expect(panel.locator("#server")).to_have_value(ORIGIN)
    with here.context.expect_page() as opened:
        panel.locator("#sign-in").click()
    confirm = opened.value
    expect(confirm.get_by_text(panel.locator("#code").inner_text()).first).to_be_visible()
    confirm.locator("button[value=approve]").click()
    expect(panel.locator("#who")).to_contain_text(f"{OLIVE}, team Olive")
    confirm.close()
    member.close()


def _compose_quote_send(here: World) -> None:
    gmail = here.gmail.open().compose(to=[{"email": ANNA, "name": "Anna"}], cc=[{"email": BEN}], subject="The plan")
    gmail.press("toggle")
    until(gmail.is_on, "on")
    gmail.pick(here.file("Plan.pdf"), here.file("Zahlen für Überblick.csv", b"a;b\n1;2\n"))
    until(lambda: "Ready" in gmail.read("file", 0) and "Ready" in gmail.read("file", 1), "uploads")
    gmail.press("price")
    gmail.sees("status", "4 credits needed, 1500 left")
    gmail.send_button().click()
    mail = here.left(1)
    print(mail)
