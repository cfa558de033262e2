# SPDX-License-Identifier: Apache-2.0
"""The pages as a browser shows them: nothing refused by the policy, no barrier, nothing wider than the window."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page
from tests import barriers
from tests.doors.kit.conftest import HOST, answer

pytestmark = pytest.mark.browser
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
# 1440 wide at 200 % zoom has the room of 720.
ZOOMED = {"width": 720, "height": 450}


SEEN = [("guide", "light", DESKTOP), ("guide", "dark", DESKTOP), ("guide", "light", PHONE), ("guide", "dark", PHONE)]
SEEN += [
    (name, theme, size)
    for name in ("narrow", "error", "article", "viewer")
    for theme, size in (("light", DESKTOP), ("dark", PHONE))
]


@pytest.mark.parametrize(
    ("name", "theme", "page"), SEEN, indirect=["page"], ids=[f"{name}-{theme}-{size['width']}" for name, theme, size in SEEN]
)
def test_page_has_no_barrier(page: Page, name: str, theme: str) -> None:
    page.goto(f"{HOST}/en/{name}/?theme={theme}")

    # A fading message is measured while it is still pale, so everything that moves is let come to rest.
    page.evaluate("Promise.all(document.getAnimations().filter(a => a.effect.getTiming().iterations === 1).map(a => a.finished))")
    found = [(violation["id"], [node["target"] for node in violation["nodes"]]) for violation in barriers.violations(page)]

    assert found == []
    assert page.complaints == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["guide", "narrow", "error", "article"])
@pytest.mark.parametrize(
    "page", [DESKTOP, ZOOMED, PHONE, {"width": 320, "height": 640}], indirect=True, ids=["1440", "720", "390", "320"]
)
def test_page_is_not_wider_than_its_window(page: Page, name: str) -> None:
    page.goto(f"{HOST}/fr/{name}/")

    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_controls_are_large_enough_for_a_thumb(page: Page) -> None:
    page.goto(f"{HOST}/en/guide/")

    small = page.evaluate(
        """[...document.querySelectorAll(".btn, .bottom-link, .segment, .menu-item")]
        .map(e => [e.textContent.trim(), e.getBoundingClientRect().height])
        .filter(([, height]) => height > 0 && height < 43.5)"""
    )

    assert small == []


def test_menu_closes_by_escape_and_gives_the_focus_back(page: Page) -> None:
    page.goto(f"{HOST}/en/guide/")
    page.click("summary.account")
    menu = page.locator("details:has(> summary.account)")
    assert menu.get_attribute("open") == ""

    page.keyboard.press("Escape")

    assert menu.get_attribute("open") is None
    assert page.evaluate("document.activeElement.className") == "account"


def test_dialog_opens_and_closes(page: Page) -> None:
    page.goto(f"{HOST}/en/guide/")
    page.click("[data-dialog-open='live-dialog']")
    assert page.evaluate("document.getElementById('live-dialog').open") is True

    page.click("#live-dialog [data-dialog-close]")

    assert page.evaluate("document.getElementById('live-dialog').open") is False


def test_code_shows_its_digits_in_boxes_and_drops_the_rest(page: Page) -> None:
    page.goto(f"{HOST}/en/narrow/")

    page.evaluate("document.execCommand('insertText', false, '407 12')")

    assert page.input_value("#code") == "40712"
    assert page.locator(".code-box").all_text_contents() == ["4", "0", "7", "1", "2", ""]


def test_stepper_moves_by_its_step(page: Page) -> None:
    page.goto(f"{HOST}/en/guide/")

    page.click("[data-stepper] [data-step='1']")

    assert page.input_value("[data-stepper] input") == "1000"


def test_toast_can_be_closed(page: Page) -> None:
    page.goto(f"{HOST}/en/guide/")
    page.evaluate("document.dispatchEvent(new CustomEvent('kit:toast', { detail: '<b>Saved</b>' }))")
    toast = page.locator("#toasts .toast")
    assert toast.locator(".toast-text").inner_html() == "&lt;b&gt;Saved&lt;/b&gt;"

    toast.locator("[data-toast-close]").click()
    toast.wait_for(state="detached")

    assert page.locator("#toasts .toast").count() == 0


def test_slash_goes_to_the_search(page: Page) -> None:
    page.goto(f"{HOST}/en/guide/")

    page.keyboard.press("/")

    assert page.evaluate("document.activeElement.id") == "search"
    assert page.input_value("#search") == ""


def test_narrow_space_of_french_is_inters_own(page: Page) -> None:
    page.goto(f"{HOST}/fr/guide/")

    width = page.evaluate(
        """document.fonts.load("100px Inter", "1").then(() => {
          const pen = document.createElement("canvas").getContext("2d");
          pen.font = "100px Inter";
          return pen.measureText("\u202f").width;
        })"""
    )

    # 0.18 em; a fallback font would have 0.2 or nothing.
    assert round(width) == 18


@pytest.mark.parametrize(("language", "text"), [("en", "5 January 2027, 18:37"), ("fr", "5 janvier 2027 à 18 h 37")])
def test_moment_is_written_again_in_the_zone_of_the_browser(browser: Browser, language: str, text: str) -> None:
    context = browser.new_context(timezone_id="Asia/Tokyo")
    page = context.new_page()
    page.route("**/*", answer)

    page.goto(f"{HOST}/{language}/viewer/")

    assert page.locator("time").text_content() == text.replace(" ", "\xa0").replace(",\xa0", ", ").replace("\xa0à\xa0", " à ")
    assert page.locator("time").get_attribute("title") == "2027-01-05 09:37:12 UTC"
    context.close()
