# SPDX-License-Identifier: Apache-2.0
"""A browser beside an installation, with a stand-in for Outlook's library in it, and what one does there again and again."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Frame, Page, Route, expect, sync_playwright

from tests import barriers
from tests.addins.outlook_browser import HOME, hosts
from tests.factories.accounts import PASSWORD
from tests.journeys.conftest import CHROMIUM, FLAGS
from tests.journeys.server import Server, code_in, serving

BASE = f"https://{HOME}"
PANE = f"{BASE}/integrations/outlook/pane.html?v=0.1.0"
LIBRARY = Path(__file__).parent / "outlook" / "office.js"
BOSS, CHEF, READER = "boss@northwind.example", "chef@northwind.example", "reader@example.net"


@dataclass
class Desk:
    """An installation behind TLS, and a browser that finds it."""

    server: Server
    browser: Browser
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def do(self, deed: str, **words: Any) -> Any:
        return self.server.backstage.do("tests.addins.outlook_deeds", deed, **words)

    def context(self, mail: dict[str, Any] | None = None, **options: Any) -> BrowserContext:
        """A profile of its own, in which Outlook's library is the stand-in."""
        made = self.browser.new_context(**options)
        self.contexts.append(made)
        made.route("https://appsforoffice.microsoft.com/**", self._library)
        script = f"window.sealroomMail = {json.dumps(mail)};" if mail is not None else "window.sealroomAlone = true;"
        made.add_init_script(script)
        made.on("page", self.listen)
        return made

    def _library(self, route: Route) -> None:
        route.fulfill(body=LIBRARY.read_text(), content_type="text/javascript")

    def listen(self, page: Page) -> None:
        """A page may neither throw nor break its policy."""
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda said: self.complaints.append(f"{page.url}: {said.text}") if "Content Security Policy" in said.text else None,
        )


@contextmanager
def a_desk(folder: Path) -> Iterator[Desk]:
    """With two members whose teams insist on protection; at the end no page may have complained."""
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with (
        serving(folder, SEALROOM_BASE_URL=BASE, SEALROOM_EXTRA_HOSTS="127.0.0.1") as server,
        hosts(folder, int(server.base_url.rpartition(":")[2])) as flags,
    ):
        with sync_playwright() as playwright:
            engine = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
            made = Desk(server, engine)
            for email in (BOSS, CHEF):
                made.do("sender", email=email)
            expect.set_options(timeout=20_000)  # other tests may keep the machine busy
            yield made
            expect.set_options(timeout=5_000)
            engine.close()
        assert made.complaints == []


def attachment(name: str, content: bytes, **more: Any) -> dict[str, Any]:
    """As the stand-in keeps it; `more` in the words of Office.js."""
    made = {"id": f"id {name}", "name": name, "size": len(content), "attachmentType": "file", "isInline": False, "contentId": ""}
    return made | {"content": base64.b64encode(content).decode()} | more


def picture_of(across: int, down: int) -> bytes:
    """A PNG."""
    out = io.BytesIO()
    Image.new("RGB", (across, down), "navy").save(out, "PNG")
    return out.getvalue()


def a_mail(*, sender: str = BOSS, **more: Any) -> dict[str, Any]:
    """A mail to the reader."""
    return {"to": [READER], "from": sender, "subject": "Offer", "body": "<p>Dear reader</p>", **more}


def frame_of(page: Page) -> Frame:
    """The pane in the page that frames it."""
    handle = page.wait_for_selector("iframe")
    found = handle.content_frame() if handle else None
    assert found is not None
    return found


def opens_window(pane: Page | Frame, context: BrowserContext) -> Page:
    """Press Sign in; the window that opens."""
    with context.expect_page() as opened:
        pane.locator("#sign-in").click()
    return opened.value


def answers(window: Page, context: BrowserContext, answer: str, *, email: str) -> Page:
    """Go from the window to the server's page in a tab of its own, and press "approve" or "deny" there."""
    code = window.locator("#code")
    expect(code).to_have_text(re.compile(r"\w{4}-?\w{4}"))
    shown = code.inner_text()
    with context.expect_page() as opened:
        window.locator("#open").click()
    page = opened.value
    page.wait_for_load_state()
    if "/accounts/login/" in page.url:
        page.locator("main input[name=login]").fill(email)
        page.locator("main input[name=password]").fill(PASSWORD)
        page.locator("main form button[type=submit].btn-primary").last.click()
        page.wait_for_url("**/settings/mail/connect/**")
    expect(page.locator("main")).to_contain_text(shown)
    expect(page.locator("main")).to_contain_text("Outlook 0.1.0")
    page.locator(f"button[value={answer}]").click()
    page.wait_for_url("**/settings/mail/")
    return page


def sign_in(desk: Desk, pane: Page | Frame, context: BrowserContext, *, email: str = BOSS) -> None:
    """By the window that shows a code, confirmed on the server's page."""
    desk.do("forget_limits")
    window = opens_window(pane, context)
    page = answers(window, context, "approve", email=email)
    expect(pane.locator("#mail")).to_be_visible()
    assert window.is_closed()
    page.close()


def reads(desk: Desk, link: str) -> Page:
    """The recipient proves the address and stands before what was sent."""
    desk.do("forget_limits")
    reader = desk.context().new_page()
    before = len(desk.server.mails(READER, subject="code"))
    reader.goto(link)
    reader.locator("input[name=address]").fill(READER)
    reader.locator("main form button[type=submit]").click()
    reader.wait_for_url("**/verify/")
    reader.locator("input[name=code]").fill(code_in(desk.server.wait_for_mail(READER, subject="code", count=before + 1)))
    reader.locator("main form button[type=submit]").first.click()
    reader.wait_for_url(re.compile(r"/v/d/"))
    return reader


def barriers_on(page: Page) -> list[str]:
    """What keeps somebody from using the page, in both themes, and how far it is too wide."""
    found = [f"{theme}: {one['id']}: {one['nodes'][0]['html'][:160]}" for theme, one in barriers.in_both_themes(page)]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found + ([f"{wide} pixels too wide"] if wide > 0 else [])
