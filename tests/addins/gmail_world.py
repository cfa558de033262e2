# SPDX-License-Identifier: Apache-2.0
"""One installation, one browser with its extension, one member: what the story of the extension is told with."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Playwright, expect

from tests.addins.gmail_browser import Gmail, browser, unpack, until
from tests.addins.gmail_stage import FILES, Desk, desk
from tests.factories.accounts import PASSWORD
from tests.journeys.server import Server, serving
from tests.journeys.story import make_pdf

ORIGIN = f"https://{FILES}"
LINK = re.compile(rf'href="({ORIGIN}/v/[^"]+)"')
OLIVE, ANNA, BEN, CORA = "olive@example.com", "anna@example.net", "ben@example.net", "cora@example.net"


@dataclass
class World:
    """What every part of the story has. `moved` is the ledger as the story left it."""

    server: Server
    desk: Desk
    context: BrowserContext
    gmail: Gmail
    panel: Page
    files: Path
    moved: int = 0

    def file(self, name: str, content: bytes = b"") -> Path:
        """A file to attach."""
        path = self.files / name
        if path.suffix == ".pdf" and not content:
            return path if path.exists() else make_pdf(path, pages=1, title=path.stem)
        path.write_bytes(content)
        return path

    def mail(self, query: str = "", **mail: Any) -> Gmail:
        """A new page of Gmail with one mail in it, protected."""
        gmail = self.gmail.open(query).compose(**{"to": [{"email": ANNA}], **mail})
        gmail.press("toggle")
        until(gmail.is_on, "on")
        return gmail

    def ready(self, *files: Path) -> None:
        """Attach files and wait until they are at the server."""
        self.gmail.pick(*files)
        self.is_ready(len(files))

    def write(self, words: str = "A secret") -> None:
        """Words to protect: they go out as files do, and nothing has to be prepared for them, which takes seconds."""
        self.gmail.page.evaluate("words => document.querySelector('[g_editable]').append(words)", words)
        self.gmail.press("words")

    def is_ready(self, count: int) -> None:
        """So many files of all mails are at the server."""
        gmail = self.gmail
        until(
            lambda: [gmail.read("file", at).count("Ready") for at in range(len(gmail.parts("file")))] == [1] * count,
            f"{count} files ready",
        )

    def left(self, count: int = 1) -> dict[str, Any]:
        """The mail Gmail sent, after which none is left to look at."""
        until(lambda: len(self.desk.mails) >= count, "the mail", pump=self.gmail.page)
        assert len(self.desk.mails) == count
        found = self.desk.mails[-1]
        self.desk.mails.clear()
        return found

    def do(self, deed: str, **words: Any) -> Any:
        """Something behind the installation."""
        return self.server.backstage.do("tests.addins.gmail_deeds", deed, email=OLIVE, **words)

    def moves(self) -> list[list[Any]]:
        """What the ledger has now that it had not when this was last asked."""
        found: list[list[Any]] = self.do("moves")
        self.moved, new = len(found), found[self.moved :]
        return new

    def rule(self, **rule: Any) -> None:
        """The team decides anew, and the extension hears of it."""
        self.do("policy", **rule)
        self.refresh()

    def refresh(self) -> None:
        """The panel asks the server afresh."""
        self.panel.reload()
        expect(self.panel.locator("#mode")).not_to_be_empty()

    def refresh_signed_out(self) -> None:
        """The same when nobody is signed in any more."""
        self.panel.reload()
        expect(self.panel.locator("#sign-in")).to_be_visible()

    def stop_worker(self) -> None:
        """As the browser stops it when it finds it idle, but now."""
        tools = self.context.new_cdp_session(self.panel)
        tools.send("ServiceWorker.enable")
        tools.send("ServiceWorker.stopAllWorkers")
        tools.detach()


def _installation(folder: Path) -> AbstractContextManager[Server]:
    return serving(folder, SEALROOM_BASE_URL=ORIGIN, SEALROOM_EXTRA_HOSTS="127.0.0.1", SEALROOM_TRUSTED_PROXIES="1")


@contextmanager
def world(playwright: Playwright, folder: Path, language: str = "en-US") -> Iterator[World]:
    """The extension is the one the installation hands out."""
    with _installation(folder) as plain, desk(folder, int(plain.base_url.rpartition(":")[2])) as made:
        extension = unpack(download(made.behind, "extension.zip"), folder / "extension")
        with browser(playwright, folder / "profile", made, extension, language) as context:
            worker = context.service_workers[0] if context.service_workers else context.wait_for_event("serviceworker")
            panel = context.new_page()
            panel.goto(worker.url.replace("sw.js", "panel.html"))
            yield World(replace(plain, base_url=ORIGIN), made, context, Gmail(context, context.new_page()), panel, folder)


def download(port: int, name: str) -> bytes:
    """A file of the extension from the installation at a port of this machine."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/integrations/gmail/{name}", timeout=30) as answer:
        content: bytes = answer.read()
    return content


def sign_in(here: World) -> None:
    """A member lets the extension in."""
    here.do("member")
    expect(here.panel.locator("#server")).to_have_value(ORIGIN)
    answer_in_browser(here, "approve")
    expect(here.panel.locator("#sign-out")).to_be_visible()
    expect(here.panel.locator("#who")).to_contain_text(OLIVE)


def answer_in_browser(here: World, answer: str) -> None:
    """Begin to sign in, and approve or deny the code that the panel shows, in the tab it opens."""
    with here.context.expect_page() as opened:
        here.panel.locator("#sign-in").click()
    confirm = opened.value
    confirm.wait_for_load_state()
    if "/accounts/login/" in confirm.url:
        confirm.locator("main input[name=login]").fill(OLIVE)
        confirm.locator("main input[name=password]").fill(PASSWORD)
        confirm.locator("main form button[type=submit].btn-primary").last.click()
    expect(confirm.get_by_text(here.panel.locator("#code").inner_text()).first).to_be_visible()
    confirm.locator(f"button[value={answer}]").click()
    confirm.wait_for_url("**/settings/mail/")
    confirm.close()
