# SPDX-License-Identifier: Apache-2.0
"""A data room in a real Chromium against a real server: on a desk and on a phone, in both themes and languages, by keyboard; whole
folders that are chosen arrive with their tree. With SEALROOM_PICTURES set to a folder, each look is kept there as a picture."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests import barriers
from tests.journeys.stage import DESK, PHONE, Stage

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NARROW = PHONE | {"width": 390}


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page(viewport=DESK)


def inspect(page: Page, name: str) -> None:
    """No axe violation and nothing wider than the window, in both themes, on a desk and on a phone."""
    for size in (DESK, NARROW):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), (name, size)
            faults = barriers.violations(page, None if scheme == "light" else barriers.COLOURS)
            assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in faults] == [], (name, size, scheme)
            if folder := os.environ.get("SEALROOM_PICTURES"):
                page.screenshot(path=Path(folder) / f"{name}-{size['width']}-{scheme}.png", full_page=True)


def room_of(stage: Stage, **wish: Any) -> dict[str, Any]:
    return stage.do("room", **wish)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_pages_of_a_room_look_right(stage: Stage, page: Page, language: str) -> None:
    made = room_of(stage, to=f"guest.{language}@example.com", language=language)
    stage.enter(page, made)
    expect(page.locator("h1")).to_contain_text("Project Alder")
    inspect(page, f"room-{language}")
    for name in ("about", "guests", "?q=quince", "?folder=" + made["folder"], "?folder=" + made["hollow"]):
        page.goto(f"{made['room']}{name}" + ("/" if name in {"about", "guests"} else ""))
        inspect(page, f"{name.strip('?').split('=')[0]}-{language}-{name[-3:]}")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_questions_look_right(stage: Stage, page: Page, language: str) -> None:
    made = room_of(stage, to=f"asker.{language}@example.com", language=language)
    stage.enter(page, made)
    for name, address in (("list", f"?about={made['folder']}"), ("thread", f"{made['question']}/")):
        page.goto(f"{made['room']}questions/{address}")
        expect(page.locator("#text")).to_be_visible()
        inspect(page, f"questions-{name}-{language}")
    page.locator("#text").evaluate("field => { field.required = false; field.form.submit() }")
    expect(page.locator("#text-error")).to_be_visible()
    inspect(page, f"questions-error-{language}")


def test_keyboard_opens_folder_file_and_comes_back(stage: Stage, page: Page) -> None:
    made = room_of(stage, to="keys@example.com")
    stage.enter(page, made)
    page.locator("a.room-name", has_text="Legal").focus()
    page.keyboard.press("Enter")
    expect(page.locator("nav .crumbs [aria-current]")).to_contain_text("Legal")
    page.locator("a.room-name", has_text="Contract.pdf").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-viewer]")).to_be_visible()
    inspect(page, "viewer")
    expect(page.locator(".bar-back")).to_be_visible()  # on the phone, where the look ended
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    page.locator(".bar-back").focus()
    page.keyboard.press("Enter")
    expect(page.locator("nav .crumbs [aria-current]")).to_contain_text("Legal")
    page.keyboard.press("/")
    assert page.evaluate("() => document.activeElement.name") == "q"


def test_files_that_are_chosen_arrive_in_the_folder(stage: Stage, page: Page) -> None:
    made = room_of(stage, to="giver@example.com", right="contribute")
    stage.enter(page, made)
    inspect(page, "contribute")
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    files: list[FilePayload] = [{"name": f"Bid {n}.txt", "mimeType": "text/plain", "buffer": b"our bid"} for n in (1, 2)]
    page.set_input_files('input[type="file"]', files)
    expect(page.locator(".room-table")).to_contain_text("Bid 2.txt", timeout=30_000)
    expect(page.locator(".room-table")).to_contain_text("Bid 1.txt")
    page.locator("summary[aria-label='More for Bid 1.txt']").click()
    inspect(page, "menu")


def test_folder_that_is_chosen_arrives_with_its_tree(stage: Stage, page: Page, tmp_path: Path) -> None:
    made = room_of(stage, to="tree@example.com", right="contribute")
    # Listened for from the start: the browser learns of it on another way than of keys, and a key may come first.
    page.on("filechooser", lambda chooser: chooser.set_files(tmp_path / "Bids"))
    stage.enter(page, made)
    (tmp_path / "Bids" / "2026").mkdir(parents=True)
    (tmp_path / "Bids" / "Letter.txt").write_text("Dear all")
    (tmp_path / "Bids" / "2026" / "Offer.txt").write_text("Our offer")
    page.get_by_role("button", name="Choose a folder").focus()
    page.keyboard.press("Enter")
    page.locator("a.room-name", has_text="Bids").click()
    expect(page.locator(".room-table")).to_contain_text("Letter.txt")
    page.locator("a.room-name", has_text="2026").first.click()
    expect(page.locator(".room-table")).to_contain_text("Offer.txt")
