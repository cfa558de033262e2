# SPDX-License-Identifier: Apache-2.0
"""The extension without a mouse: its bar in Gmail, and its own page."""

from __future__ import annotations

from functools import partial

from playwright.sync_api import expect

from tests.addins.gmail_browser import Gmail, until
from tests.addins.gmail_refusals import sentence
from tests.addins.gmail_world import ANNA, LINK, World

# What Tab leads to on the extension's page while somebody is signed in and nothing was written, in order.
PLACES = ["server", "save-server", "sign-out", "enabled", "startOn", "to", "subject", "text", "picker", "send", "price", "refresh"]


def without_a_mouse(here: World) -> None:
    """From the text by Tab into the bar, switched on, the text protected, on to Send; each place can be seen."""
    gmail, keys = here.gmail.open().compose(to=[{"email": ANNA}], subject="Keys"), here.gmail.page.keyboard
    gmail.page.locator("[g_editable]").focus()
    keys.type("By hand")
    for part, key in (("toggle", "Space"), ("price", ""), ("words", "Space"), ("panel", "")):
        for _ in range(2 if part == "toggle" else 1):  # the picker of Gmail stands before our bar
            keys.press("Tab")
        focus = gmail.focus()
        assert (focus["part"], focus["outline"]) == (part, "solid")
        if key:
            keys.press(key)
            until(partial(_is_on, gmail, part), part)
    keys.press("Tab")
    keys.press("Enter")
    mail = here.left()
    assert ("By hand" in mail["body"], len(LINK.findall(mail["body"])), here.moves()) == (False, 1, [[-1, "gmail"]])


def _is_on(gmail: Gmail, part: str) -> bool:
    return bool(gmail.parts(part)[0]["on"])


def panel_without_a_mouse(here: World) -> None:
    """Every place in the order it is read, each with a line around it; Space switches, Enter presses."""
    panel, keys, seen = here.panel, here.panel.keyboard, []
    here.gmail.page.goto("about:blank")
    panel.bring_to_front()
    panel.locator("#server").focus()
    for _ in PLACES:
        seen.append(panel.evaluate("() => [document.activeElement.id, getComputedStyle(document.activeElement).outlineStyle]"))
        if seen[-1][0] == "startOn":
            keys.press("Space")
            expect(panel.locator("#startOn")).to_be_checked()
        keys.press("Tab")
    assert seen == [[place, "solid"] for place in PLACES]
    panel.locator("#show").focus()
    keys.press("Enter")
    expect(panel.locator("#problem")).to_have_text(sentence("err_no_gmail"))
    gmail = here.gmail.open().compose(to=[{"email": ANNA}], subject="On from the start")
    assert gmail.is_on()
    gmail.send_button().click()
    assert (here.left()["subject"], here.moves()) == ("On from the start", [])  # nothing in it to protect
    panel.locator("#startOn").uncheck()
