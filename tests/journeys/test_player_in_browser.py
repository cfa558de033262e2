# SPDX-License-Identifier: Apache-2.0
"""The player in a real Chromium against a real server: it plays under the page's policy, waits for its mark, and is emptied."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests import barriers
from tests.factories.films import need_ffmpeg
from tests.journeys.stage import DESK, PHONE, Stage

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PLAYS = "() => { const film = document.querySelector('[data-film]'); return film.currentTime > 0.2 && film.readyState >= 2; }"


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    need_ffmpeg()
    return new_page(viewport=DESK)


def play(page: Page) -> None:
    page.evaluate("() => document.querySelector('[data-film]').play()")
    page.wait_for_function(PLAYS)


def test_a_film_plays_after_its_copy_was_marked_and_ends_when_access_ends(stage: Stage, page: Page) -> None:
    sent = stage.do("send_film", to="film@example.com", media="")
    stage.enter(page, sent)
    expect(page.locator("[data-stage]")).to_be_visible(timeout=60_000)
    play(page)
    for size in (DESK, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert barriers.violations(page) == []
    stage.revoke(sent)
    page.reload()
    expect(page.locator("h1")).to_contain_text("ended")
    assert page.locator("[data-film]").count() == 0


def test_an_open_player_is_emptied(stage: Stage, page: Page) -> None:
    sent = stage.do("send_film", to="open@example.com", media="laid_over")
    stage.enter(page, sent)
    expect(page.locator("[data-mark] span").first).to_contain_text("open@example.com")
    play(page)
    stage.revoke(sent)
    expect(page.locator("[data-ended]")).to_be_visible(timeout=30_000)
    assert page.evaluate("() => document.querySelector('[data-film]').getAttribute('src')") is None
    assert barriers.violations(page) == []


def test_a_sound_plays(stage: Stage, page: Page) -> None:
    sent = stage.do("send_film", to="sound@example.com", media="", sound=True)
    stage.enter(page, sent)
    play(page)
    expect(page.locator("#main")).to_contain_text("A sound cannot carry a mark")
