# SPDX-License-Identifier: Apache-2.0
"""The gates and the viewer in a real Chromium against a real server: keys, taking back, no shift, no violation, no barrier."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.journeys.server import Server, code_in, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ROOT = Path(__file__).parents[3]
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# Each to somebody else: codes for one address are limited.
SENDS: dict[str, dict[str, Any]] = {
    "keys": {"to": "keys@example.com", "pages": [12]},
    "zoom": {"to": "zoom@example.com", "pages": [3]},
    "taken back": {"to": "back@example.com", "pages": [12]},
    "idle": {"to": "idle@example.com", "pages": [1]},
    "no script": {"to": "script@example.com", "pages": [1]},
    "light": {"to": "light@example.com", "pages": [2, 1]},
    "dark": {"to": "dark@example.com", "pages": [2, 1]},
    "en": {"to": "en@example.com", "pages": [3, 1], "language": "en"},
    "fr": {"to": "fr@example.com", "pages": [3, 1], "language": "fr"},
}
SHIFTS = """() => new Promise(done => {
  let sum = 0;
  new PerformanceObserver(list => list.getEntries().forEach(one => { if (!one.hadRecentInput) sum += one.value; }))
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 200);
})"""


@dataclass
class Stage:
    """A server, and what its senders do."""

    server: Server
    sent: dict[str, dict[str, Any]]

    def send(self, **wish: Any) -> dict[str, Any]:
        """A further send."""
        return self._do(deed="send", **wish)

    def revoke(self, sent: dict[str, Any]) -> None:
        self._do(deed="revoke", owner=sent["owner"], send=sent["send"])

    def enter(self, page: Page, sent: dict[str, Any]) -> None:
        """Through the gates as a reader goes through them."""
        reader = sent["to"]
        before = len(self._codes(reader))
        page.goto(sent["url"])
        page.locator("[name=address]").fill(reader)
        page.locator("main form button[type=submit]").click()
        page.wait_for_url("**/verify/")
        code = code_in(self.server.wait_for_mail(reader, subject="code", count=before + 1))
        page.locator("[name=code]").fill(code)
        page.locator("main form button[type=submit]").first.click()
        page.wait_for_url(re.compile(r"/v/[dr]/"))

    def _codes(self, reader: str) -> list[str]:
        return [str(mail["Subject"]) for mail in self.server.mails(reader) if "code" in str(mail["Subject"]).lower()]

    def _do(self, **wish: Any) -> dict[str, Any]:
        command = [sys.executable, "-m", "tests.doors.portal.stage", json.dumps(wish)]
        environment = self.server.environment | {"DJANGO_SETTINGS_MODULE": "sealroom.project.settings"}
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One server for this file."""
    with serving(tmp_path_factory.mktemp("portal")) as server:
        made = Stage(server, {})
        made.sent = made._do(deed="send_all", wishes=SENDS)
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        engine = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield engine
        engine.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Pages in profiles of their own; none may throw or break the content security policy."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def make(**options: Any) -> Page:
        context = browser.new_context(**{"viewport": DESK, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


def _barriers(page: Page) -> list[str]:
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in Axe().run(page).response["violations"]]


def test_reader_turns_pages_with_the_keyboard(stage: Stage, new_page: Callable[..., Page]) -> None:
    page = new_page()
    stage.enter(page, stage.sent["keys"])
    page.locator(".sheet.is-shown").first.wait_for()
    shift = page.evaluate(SHIFTS)
    field = page.locator("[data-jump] input")
    for key, number in [("PageDown", "2"), ("ArrowRight", "3"), ("ArrowLeft", "2"), ("End", "12"), ("Home", "1")]:
        page.keyboard.press(key)
        expect(field).to_have_value(number)
    page.keyboard.press("g")
    page.keyboard.type("9")
    page.keyboard.press("Enter")
    page.locator('.sheet.is-shown[data-page="9"]').wait_for()

    assert shift == 0
    expect(field).to_have_value("9")
    assert page.locator('.thumb[aria-current="page"]').inner_text() == "9"


def test_zoom_and_rotation_keep_the_page(stage: Stage, new_page: Callable[..., Page]) -> None:
    page = new_page()
    stage.enter(page, stage.sent["zoom"])
    page.locator(".sheet.is-shown").first.wait_for()
    zoom = page.locator("summary [data-zoom-now]")
    page.keyboard.press("PageDown")
    expect(page.locator("[data-jump] input")).to_have_value("2")
    read = []
    for key in ("+", "-", "-", "0"):
        page.keyboard.press(key)
        read.append(zoom.inner_text())
    box = page.locator('.sheet[data-page="2"]').bounding_box()
    page.keyboard.press("r")
    turned = page.locator('.sheet[data-page="2"]').bounding_box()

    assert read == ["110%", "100%", "90%", "100%"]
    assert box
    assert turned
    assert box["width"] < box["height"]
    assert turned["width"] > turned["height"]
    expect(page.locator("[data-jump] input")).to_have_value("2")


def test_open_viewer_loses_everything_when_the_send_is_taken_back(stage: Stage, new_page: Callable[..., Page]) -> None:
    page, sent = new_page(), stage.sent["taken back"]
    stage.enter(page, sent)
    page.locator(".sheet.is-shown").first.wait_for()
    stage.revoke(sent)
    page.keyboard.press("End")
    expect(page.locator("[data-ended-title]")).to_have_text("The sender has ended access.")
    assert page.locator(".sheet, .thumb, .viewer img").count() == 0


def test_idle_viewer_learns_of_the_end_by_itself(stage: Stage, new_page: Callable[..., Page]) -> None:
    page, sent = new_page(), stage.sent["idle"]
    stage.enter(page, sent)
    page.locator(".sheet.is-shown").first.wait_for()
    stage.revoke(sent)
    expect(page.locator("[data-ended-title]")).to_have_text("The sender has ended access.", timeout=20_000)
    assert page.locator(".sheet, .thumb, .viewer img").count() == 0


def test_pages_vanish_when_time_is_up(stage: Stage, new_page: Callable[..., Page]) -> None:
    page, sent = new_page(), stage.send(to="late@example.com", pages=[1], expires_in=15)
    stage.enter(page, sent)
    expect(page.locator("[data-ended-title]")).to_have_text("Access has expired.", timeout=25_000)
    assert page.locator(".sheet, .thumb, .viewer img").count() == 0


def test_reader_without_script_is_told(stage: Stage, new_page: Callable[..., Page]) -> None:
    page = new_page(java_script_enabled=False)
    stage.enter(page, stage.sent["no script"])
    expect(page.get_by_text("The viewer needs JavaScript")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_have_no_barrier(stage: Stage, new_page: Callable[..., Page], scheme: str) -> None:
    page, sent = new_page(color_scheme=scheme), stage.sent[scheme]
    found: dict[str, list[str]] = {}
    page.goto(sent["url"])
    found["address"] = _barriers(page)
    page.locator("[name=address]").fill(sent["to"])
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/verify/")
    found["code"] = _barriers(page)
    stage.enter(page, sent)
    found["files"] = _barriers(page)
    page.locator("a.parcel-row").first.click()
    page.locator(".sheet.is-shown").first.wait_for()
    found["viewer"] = _barriers(page)
    page.locator("[data-dialog-open=access-sheet]:visible").last.click()
    found["about"] = _barriers(page)
    assert found == {"address": [], "code": [], "files": [], "viewer": [], "about": []}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_phone_reads_with_a_thumb(stage: Stage, new_page: Callable[..., Page], language: str) -> None:
    page, sent = new_page(viewport=PHONE, is_mobile=True, has_touch=True), stage.sent[language]
    stage.enter(page, sent)
    page.locator("a.parcel-row").first.click()
    page.locator(".sheet.is-shown").first.wait_for()
    width = page.evaluate("document.documentElement.scrollWidth")
    page.locator(".viewer-foot [data-do=pages]").tap()
    page.locator(".thumb").nth(1).tap()
    page.locator('.sheet.is-shown[data-page="2"]').wait_for()

    assert width <= PHONE["width"]
    assert {"en": "Page 2 of 3", "fr": "Page 2 sur 3"}[language] == page.locator("[data-pill]").inner_text()
    assert _barriers(page) == []
