# SPDX-License-Identifier: Apache-2.0
"""The viewer in a real browser: without a mouse, without a clean picture, without a barrier, and behind a shield."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Error, Page, Route, expect

from tests import barriers
from tests.journeys.stage import DESK, PHONE, Stage
from tests.journeys.test_viewer_in_browser import SHIFTS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SENDS: dict[str, dict[str, Any]] = {
    "all rights": {"to": "rights@example.com", "pages": [12], "permission": "download_original"},
    "view only": {"to": "view@example.com", "pages": [4]},
    "record": {"to": "record@example.com", "pages": [6], "permission": "print"},
    "record too": {"to": "second@example.com", "pages": [6], "permission": "print"},
    "clean": {"to": "clean@example.com", "pages": [6], "permission": "print", "policy": {"watermark": None}},
    "shield": {"to": "shield@example.com", "pages": [5], "policy": {"screen_shield": "medium"}},
    "phone": {"to": "phone@example.com", "pages": [5, 2], "permission": "print", "language": "fr", "expires_in": 5000},
    "axe": {"to": "axe@example.com", "pages": [3, 1], "permission": "download_original", "policy": {"max_prints": 3}},
    "french": {"to": "french@example.com", "pages": [3], "permission": "download_pdf", "language": "fr"},
}
STRUCTURE = {
    "outline": [["First chapter", 1, 0], ["A part of it", 3, 1], ["Last chapter", 9, 0]],
    "links": [[1, 60, 60, 200, 40, 5, ""], [1, 60, 140, 200, 40, 0, "https://example.com/terms"]],
    "sheets": [],
}
HITS = {
    "hits": [{"page": 1, "count": 1, "boxes": [[60, 66, 60, 26]]}, {"page": 7, "count": 1, "boxes": [[60, 66, 60, 26]]}],
    "total": 2,
}
WORDS = {"page": 1, "words": [["Page", 60, 66, 58, 26], ["one", 124, 66, 40, 26]]}


@pytest.fixture(scope="module")
def stage(stage: Stage) -> Stage:
    """What was sent, all at once."""
    stage.sent = stage.do("send_all", wishes=SENDS)
    return stage


@pytest.fixture
def enter(stage: Stage, new_page: Callable[..., Page]) -> Callable[..., Page]:
    """A reader in front of the first page."""

    def come(name: str, **options: Any) -> Page:
        page = new_page(**{"viewport": DESK, **options})
        stage.enter(page, stage.sent[name])
        if not page.locator("[data-viewer]").count():
            page.goto(viewer_of(stage, name))
        page.locator(".sheet.is-shown").first.wait_for()
        return page

    return come


def viewer_of(stage: Stage, name: str) -> str:
    sent = stage.sent[name]
    return f"{stage.server.base_url}/v/d/{sent['link']}/{sent['documents'][0]}/"


def pretend(page: Page, ending: str, body: object) -> None:
    """Answer for the sandbox, which has its own tests."""

    def answer(route: Route) -> None:
        route.fulfill(json=body)

    page.route(re.compile(re.escape(ending) + r"(\?|$)"), answer)


def without_dialog(page: Page) -> None:
    """The browser's own print dialog has nobody to answer it."""
    page.evaluate("() => { window.print = () => { window.printed = document.querySelectorAll('.print-pages img').length; } }")


def test_everything_is_done_with_the_keyboard(stage: Stage, enter: Callable[..., Page], new_page: Callable[..., Page]) -> None:
    page = new_page(viewport=DESK)
    pretend(page, "structure.json", STRUCTURE)
    pretend(page, "search/", HITS)
    page.route(re.compile(r"/text/\d+\.json"), lambda route: route.fulfill(json=WORDS))
    stage.enter(page, stage.sent["all rights"])
    page.locator(".sheet.is-shown").first.wait_for()
    field = page.locator("[data-jump] input")
    zoom = page.locator("summary [data-zoom-now]")
    assert page.evaluate(SHIFTS) == 0

    for key, number in [("PageDown", "2"), ("ArrowRight", "3"), ("ArrowLeft", "2"), ("End", "12"), ("Home", "1")]:
        page.keyboard.press(key)
        expect(field).to_have_value(number)
    page.keyboard.press("c")
    page.keyboard.press("PageDown")
    page.locator('.sheet.is-shown[data-page="2"]').wait_for()
    assert page.locator(".sheet").count() == 1
    page.keyboard.press("Space")
    page.keyboard.press("c")
    page.keyboard.press("Home")
    page.keyboard.press("+")
    expect(zoom).to_have_text("110%")
    page.keyboard.press("0")
    page.keyboard.press("r")
    box = page.locator('.sheet[data-page="1"]').bounding_box()
    assert box
    assert box["width"] > box["height"]
    for _turn in range(3):
        page.keyboard.press("r")

    page.keyboard.press("/")
    page.keyboard.type("page")
    expect(page.locator("[data-find-count]")).to_have_text("1 of 2")
    page.keyboard.press("Enter")
    expect(page.locator("[data-find-count]")).to_have_text("2 of 2")
    expect(field).to_have_value("7")
    expect(page.locator(".sheet-hit.is-now")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".sheet-hit")).to_have_count(0)

    page.locator("#tab-pages").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator(".outline-item").nth(2)).to_be_focused()
    page.keyboard.press("Enter")
    expect(field).to_have_value("9")
    expect(page.locator('.outline-item[aria-current="true"]')).to_have_text("Last chapter")

    page.keyboard.press("Home")
    page.locator('.sheet-link[href="#page-5"]').focus()
    page.keyboard.press("Enter")
    expect(field).to_have_value("5")
    page.keyboard.press("Home")
    page.locator('.sheet-link[href^="https"]').focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-away-host]")).to_have_text("example.com")
    link = page.locator("[data-away-link]")
    assert (link.get_attribute("href"), link.get_attribute("rel"), link.get_attribute("target")) == (
        "https://example.com/terms", "noopener noreferrer", "_blank",
    )  # fmt: skip
    page.keyboard.press("Escape")
    assert page.locator('.sheet[data-page="1"] .sheet-text span').all_inner_texts() == ["Page ", "one "]

    without_dialog(page)
    page.keyboard.press("Control+p")
    expect(page.locator("#print-sheet")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_function("() => window.printed")
    assert page.evaluate("window.printed") == 1
    page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
    assert page.locator(".print-pages img").count() == 0


def test_words_and_paper_are_refused_without_the_right(stage: Stage, enter: Callable[..., Page]) -> None:
    page = enter("view only")
    assert [page.locator(f'.bar-tools [data-do="{name}"]').is_visible() for name in ("find", "print")] == [False, False]
    page.keyboard.press("/")
    page.keyboard.press("Control+p")
    expect(page.locator("[data-find-box]")).to_be_hidden()
    expect(page.locator("#print-sheet")).to_be_hidden()
    ask = "path => fetch(path).then(answer => answer.status)"
    assert [page.evaluate(ask, f"{page.url}{ending}") for ending in ("text/1.json", "search/?q=page")] == [403, 403]
    page.emulate_media(media="print")
    assert page.locator("body").inner_text().strip() == "Printing is not allowed. This document can be read on screen only."
    expect(page.locator(".viewer")).to_be_hidden()


def recorded(page: Page, stage: Stage, name: str) -> list[tuple[str, bytes]]:
    """All that a reader's browser is sent while it looks around, zooms, prints."""
    kept: list[tuple[str, bytes]] = []

    def pass_on(route: Route) -> None:
        with suppress(Error):  # the page may have given the request up meanwhile
            answer = route.fetch()
            if answer.ok and answer.headers.get("content-type", "").startswith("image/"):
                kept.append((route.request.url.removeprefix(viewer_of(stage, name)), answer.body()))
            route.fulfill(response=answer)

    page.route(lambda url: url.startswith(stage.server.base_url) and "/static/" not in url, pass_on)
    page.goto(viewer_of(stage, name))
    page.locator(".sheet.is-shown").first.wait_for()
    without_dialog(page)
    for key in ("PageDown", "PageDown", "End", "Home", "+", "+", "0", "c", "PageDown", "c"):
        page.keyboard.press(key)
        page.locator(".sheet.is-shown").first.wait_for()
    page.keyboard.press("Control+p")
    page.locator("#print-sheet [type=submit]").click()
    page.wait_for_function("() => window.printed === 6")
    page.wait_for_load_state("networkidle")
    return kept


def grey(data: bytes) -> np.ndarray[Any, np.dtype[np.int16]]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("L"), dtype=np.int16)


def test_whole_session_is_sent_no_clean_picture(stage: Stage, enter: Callable[..., Page]) -> None:
    first, second, clean = enter("record"), enter("record too"), enter("clean")
    session = recorded(first, stage, "record")
    assert {re.sub(r"prt_\w+", "job", url.split("?")[0]) for url, _ in session} >= {
        "p/1.jpg",
        "p/6.jpg",
        "print/job/1.jpg",
        "print/job/6.jpg",
    }
    seen = set[tuple[str, bool]]()
    for url, data in session:
        number = re.search(r"(\d+)\.jpg", url)
        assert number, url
        ours = grey(data)
        width = int(re.search(r"w=(\d+)", url).group(1)) if "w=" in url else 1600  # type: ignore[union-attr]
        path = f"p/{number.group(1)}.jpg?w={width}"
        if (path, "print" in url) in seen:
            continue
        seen.add((path, "print" in url))
        bare = grey(clean.request.get(viewer_of(stage, "clean") + path).body())
        theirs = grey(second.request.get(viewer_of(stage, "record too") + path).body())
        assert ours.shape == bare.shape == theirs.shape, url
        assert (np.abs(ours - bare) > 8).mean() > 0.002, f"{url} is clean"
        assert (np.abs(ours - theirs) > 8).mean() > 0.0005, f"{url} is the same for two readers"


def test_shield_shows_a_window_and_hides_all_when_nobody_looks(stage: Stage, enter: Callable[..., Page]) -> None:
    page = enter("shield")
    window = page.locator("[data-shield-window]")
    page.mouse.move(700, 300)
    before = window.bounding_box()
    page.mouse.move(800, 600)
    page.wait_for_function(
        "y => document.querySelector('[data-shield-window]').getBoundingClientRect().y > y + 100", arg=before["y"] if before else 0
    )
    shown = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    place = window.bounding_box()
    assert place
    desk = shown.getpixel((1300, 100))
    assert shown.getpixel((720, 120)) == desk, "the page shows outside of the window"
    assert shown.getpixel((round(place["x"] + 40), round(place["y"] + 60))) != desk, "nothing shows in the window"

    window.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowUp")
    after = window.bounding_box()
    assert after
    assert round(place["y"] - after["y"]) == 192
    for name, back in [("blur", "focus"), ("beforeprint", "afterprint")]:
        page.evaluate("name => window.dispatchEvent(new Event(name))", name)
        expect(page.locator(".shield-veil")).to_be_visible()
        assert page.locator(".ground").evaluate("one => getComputedStyle(one).visibility") == "hidden"
        page.evaluate("name => window.dispatchEvent(new Event(name))", back)
        expect(page.locator(".shield-veil")).to_be_hidden()
    page.keyboard.press("PrintScreen")
    expect(page.locator(".shield-veil")).to_be_visible()
    expect(page.locator(".shield-veil")).to_be_hidden(timeout=6000)
    assert page.locator(".thumb img").count() == 0


def test_phone_reads_in_french_and_saves_data(stage: Stage, enter: Callable[..., Page]) -> None:
    page = enter("phone", viewport=PHONE, has_touch=True, locale="fr-FR")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert page.evaluate(SHIFTS) == 0
    expect(page.locator(".bar-expiry")).to_contain_text("Expire dans")
    page.locator('.foot-button[data-dialog-open="access-sheet"]').click()
    page.locator("[data-saving]").check()
    page.locator("#access-sheet [data-dialog-close]").click()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    page.reload()
    page.locator(".sheet.is-shown").first.wait_for()
    page.wait_for_load_state("networkidle")
    pictures = [one for one in asked if ".jpg" in one]
    assert all(int(one.partition("w=")[2]) <= 1200 for one in pictures)
    assert {one.partition(".")[0] for one in pictures} <= {"1", "2"}
    page.locator('.foot-button[data-dialog-open="zoom-sheet"]').click()
    page.locator("#zoom-sheet").get_by_text("Une page", exact=True).click()
    page.locator("#zoom-sheet [data-dialog-close]").click()
    assert page.locator(".sheet").count() == 1


def test_viewer_says_what_must_be_done_when_a_gate_is_asked_for_again(stage: Stage, enter: Callable[..., Page]) -> None:
    page = enter("french", locale="fr-FR")
    problem = {
        "title": "Le code d’accès a changé.",
        "detail": "Saisissez le nouveau.",
        "status": 403,
        "code": "passcode",
        "gate": "passcode",
    }
    page.route(
        re.compile(r"/seen/"),
        lambda route: route.fulfill(status=403, content_type="application/problem+json", body=json.dumps(problem)),
    )
    page.evaluate("() => window.dispatchEvent(new Event('online'))")
    expect(page.locator("[data-ended-title]")).to_have_text("Le code d’accès a changé.")
    expect(page.get_by_role("link", name="Saisissez le code d’accès")).to_be_visible()
    assert page.locator(".sheet, .thumb, .viewer-desk img").count() == 0


def test_viewer_has_no_barrier(stage: Stage, enter: Callable[..., Page]) -> None:
    page = enter("axe", color_scheme="dark")
    found = barriers_of(page)
    page.locator("#tab-outline").click()
    page.keyboard.press("/")
    found += barriers_of(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+p")
    found += barriers_of(page)
    assert found == []


def barriers_of(page: Page) -> list[str]:
    found = barriers.in_both_themes(page)
    return [f"{theme}: {one['id']}: {one['nodes'][0]['html'][:160]}" for theme, one in found]
