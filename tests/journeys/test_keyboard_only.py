# SPDX-License-Identifier: Apache-2.0
"""Sign in, send and read with the keyboard alone, the focus always to be seen; and the same ways without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.server import Server, code_in, link_in
from tests.journeys.story import make_pdf, shown_page, submit
from tests.journeys.test_pages_are_accessible import PASSWORD, set_up

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# What has the focus, and whether it or what stands for it is drawn with an outline.
FOCUS = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return ["", true];
  const drawn = (element) => {
    const style = getComputedStyle(element);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1.5;
  };
  let seen = drawn(at) || [...at.querySelectorAll("*")].some(drawn);
  for (let up = at.parentElement, step = 0; !seen && up && step < 4; up = up.parentElement, step += 1) {
    seen = drawn(up) || [...up.children].some(drawn);
  }
  return [`${at.tagName} ${at.id} ${at.className} ${(at.textContent || "").trim().slice(0, 40)}`, seen];
}"""


def tab_to(page: Page, css: str, *, at_most: int = 60) -> None:
    """Press Tab until the focus is on `css`; every stop on the way must be visible."""
    for _ in range(at_most):
        page.keyboard.press("Tab")
        name, seen = page.evaluate(FOCUS)
        assert seen, f"{page.url}: the focus cannot be seen on {name}"
        if page.evaluate("css => document.activeElement.matches(css)", css):
            return
    raise AssertionError(f"{page.url}: Tab never came to {css}")


def test_keyboard_alone(own_server: Server, new_page: Callable[..., Page], tmp_path: Path) -> None:
    """No pointer from the sign-in to the last page; then the plain forms without JavaScript."""
    server = own_server
    page = new_page(viewport={"width": 1440, "height": 900})
    set_up(server, page, "owner")
    page.context.clear_cookies()
    page.goto(f"{server.base_url}/accounts/login/")
    _signs_in(page)
    page.wait_for_url(f"{server.base_url}/")

    tab_to(page, "input[name=files]")
    page.locator("input[name=files]").set_input_files(make_pdf(tmp_path / "Offer.pdf", pages=3, title="Offer"))
    expect(page.locator("main .badge-ok")).to_have_count(1, timeout=60_000)
    tab_to(page, "[data-chip-field]")
    page.keyboard.type("reader@example.com")
    page.keyboard.press("Enter")
    expect(page.locator("#price")).to_contain_text("1 credit")
    tab_to(page, "#price button[value=notify]")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/sends/snd_"))
    _is_read(server, new_page(viewport={"width": 1440, "height": 900}))

    _ends_access(page)
    _without_script(server, new_page, tmp_path)


def _signs_in(page: Page) -> None:
    if not page.evaluate("document.activeElement.matches('main input[type=email], main input[name=login]')"):
        tab_to(page, "main input[name=login]")
    page.keyboard.type("owner@example.com")
    tab_to(page, "main input[name=password]")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")


def _is_read(server: Server, reader: Page) -> None:
    mail = server.wait_for_mail("reader@example.com")
    reader.goto(link_in(mail, "/v/"))
    if not reader.evaluate("document.activeElement.matches('input[name=address]')"):
        tab_to(reader, "input[name=address]")
    reader.keyboard.type("reader@example.com")
    reader.keyboard.press("Enter")
    reader.wait_for_url(re.compile("/verify/"))
    expect(reader.locator("input[name=code]")).to_be_focused()
    reader.keyboard.type(code_in(server.wait_for_mail("reader@example.com", count=2)))
    reader.keyboard.press("Enter")
    reader.wait_for_url(re.compile("/v/d/"))
    shown_page(reader, 1)
    tab_to(reader, "[data-desk]")
    reader.keyboard.press("End")
    shown_page(reader, 3)
    reader.context.close()


def _ends_access(page: Page) -> None:
    tab_to(page, "button[role=switch]", at_most=80)
    page.keyboard.press("Space")
    expect(page.locator("button[role=switch]").first).to_have_attribute("aria-checked", "false")


def _without_script(server: Server, new_page: Callable[..., Page], tmp_path: Path) -> None:
    """Sign in and send by the plain forms; the recipient proves the address and is told what the viewer needs."""
    page = new_page(java_script_enabled=False)
    page.goto(f"{server.base_url}/accounts/login/")
    page.locator("main input[name=login]").fill("owner@example.com")
    page.locator("main input[name=password]").fill(PASSWORD)
    submit(page)
    page.goto(f"{server.base_url}/?new")
    page.locator("input[name=files]").set_input_files(make_pdf(tmp_path / "Plain.pdf", pages=1, title="Plain"))
    page.locator("textarea[name=recipients]").fill("counsel@example.org")
    page.locator("#price button[value=notify]").click()
    page.wait_for_url(re.compile(r"/sends/snd_"))

    reader = new_page(java_script_enabled=False)
    reader.goto(link_in(server.wait_for_mail("counsel@example.org"), "/v/"))
    reader.locator("input[name=address]").fill("counsel@example.org")
    submit(reader)
    reader.locator("input[name=code]").fill(code_in(server.wait_for_mail("counsel@example.org", count=2)))
    submit(reader)
    reader.wait_for_url(re.compile("/v/d/"))
    expect(reader.locator("[data-needs-script]")).to_be_visible()
