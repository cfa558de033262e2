# SPDX-License-Identifier: Apache-2.0
"""The gates and the viewer in a real Chromium against a real server: keys, taking back, no shift, no violation, no barrier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import barriers
from tests.journeys.stage import DESK, PHONE, Stage

pytestmark = [pytest.mark.browser, pytest.mark.slow]
# Each to somebody else: codes for one address are limited.
SENDS: dict[str, dict[str, Any]] = {
    "keys": {"to": "keys@example.com", "pages": [12]},
    "zoom": {"to": "zoom@example.com", "pages": [3]},
    "taken back": {"to": "back@example.com", "pages": [12]},
    "idle": {"to": "idle@example.com", "pages": [1], "language": "fr"},
    "no script": {"to": "script@example.com", "pages": [1]},
    "themes": {"to": "themes@example.com", "pages": [2, 1]},
    "en": {"to": "en@example.com", "pages": [3, 1], "language": "en"},
    "fr": {"to": "fr@example.com", "pages": [3, 1], "language": "fr"},
}
SHIFTS = """() => new Promise(done => {
  let sum = 0;
  new PerformanceObserver(list => list.getEntries().forEach(one => { if (!one.hadRecentInput) sum += one.value; }))
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 200);
})"""


@pytest.fixture(scope="module")
def stage(stage: Stage) -> Stage:
    """What was sent, all at once."""
    stage.sent = stage.do("send_all", wishes=SENDS)
    return stage


def _barriers(page: Page) -> list[str]:
    return [f"{theme}: {one['id']}: {one['nodes'][0]['html'][:120]}" for theme, one in barriers.in_both_themes(page)]


def test_reader_turns_pages_with_the_keyboard(stage: Stage, new_page: Callable[..., Page]) -> None:
    page = new_page(viewport=DESK)
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
    page = new_page(viewport=DESK)
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
    page, sent = new_page(viewport=DESK), stage.sent["taken back"]
    stage.enter(page, sent)
    page.locator(".sheet.is-shown").first.wait_for()
    stage.revoke(sent)
    page.keyboard.press("End")
    expect(page.locator("[data-ended-title]")).to_have_text("The sender has ended access.")
    assert page.locator(".sheet, .thumb, .viewer img").count() == 0


def test_idle_viewer_learns_of_the_end_by_itself_and_tells_it_in_its_own_language(
    stage: Stage, new_page: Callable[..., Page]
) -> None:
    page, sent = new_page(viewport=DESK), stage.sent["idle"]
    stage.enter(page, sent)
    page.locator(".sheet.is-shown").first.wait_for()
    stage.revoke(sent)
    expect(page.locator("[data-ended-title]")).to_have_text("L’expéditeur a mis fin à l’accès.", timeout=20_000)
    assert page.locator(".sheet, .thumb, .viewer img").count() == 0


def test_pages_vanish_when_time_is_up(stage: Stage, new_page: Callable[..., Page]) -> None:
    page, sent = new_page(viewport=DESK), stage.send(to="late@example.com", pages=[1], expires_in=15)
    stage.enter(page, sent)
    expect(page.locator("[data-ended-title]")).to_have_text("Access has expired.", timeout=25_000)
    assert page.locator(".sheet, .thumb, .viewer img").count() == 0


def test_reader_without_script_is_told(stage: Stage, new_page: Callable[..., Page]) -> None:
    page = new_page(viewport=DESK, java_script_enabled=False)
    stage.enter(page, stage.sent["no script"])
    expect(page.get_by_text("The viewer needs JavaScript")).to_be_visible()


def test_pages_have_no_barrier(stage: Stage, new_page: Callable[..., Page]) -> None:
    page, sent = new_page(viewport=DESK, color_scheme="dark"), stage.sent["themes"]
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
