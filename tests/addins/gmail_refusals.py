# SPDX-License-Identifier: Apache-2.0
"""Refusals that no mishap of the story brings about: each is said in its words, and mail, files and credits stay as they were."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect

from sealroom.api.errors import TABLE
from sealroom.web.addins import folder
from tests.addins.gmail_browser import until
from tests.addins.gmail_world import ANNA, ORIGIN, World

# What a commit may be answered with (docs/api/mail-clients.md), and facts that come along.
CODES = (
    *(
        "invalid",
        "insufficient_credits",
        "payment_due",
        "team_suspended",
        "sender_not_allowed",
        "external_blocked",
        "forbidden",
        "not_found",
    ),
    *("stale_draft", "idempotency_conflict", "already_sent", "not_live", "too_large", "too_many_files", "too_many_recipients"),
    *(
        "type_refused",
        "infected",
        "password_required",
        "corrupt",
        "unviewable",
        "limit_pages",
        "document_failed",
        "invalid_recipient",
    ),
    *("no_recipients", "nothing_to_protect", "rate_limited", "storage_quota", "busy", "not_ready"),
)
_HURRY = """() => {
    const now = Date.now;
    let at = now();
    Date.now = () => (at += 70_000);
    globalThis.back = () => (Date.now = now);
}"""
AT_COMMIT = {"insufficient_credits", "not_ready"}
FACTS: dict[str, object] = {"needed": 4, "available": 1, "limit": 3, "recipients": [ANNA], "retry_after": 0.1}
FACTS |= {"signature": "Win.Test", "reason": "disputed"}
_SAID = {
    "insufficient_credits": ("4", "1"),
    "too_large": ("3 bytes",),
    "infected": ("Win.Test",),
    "team_suspended": ("disputed",),
    "too_many_files": ("3",),
    "too_many_recipients": ("3",),
}


def sentence(key: str, *words: str, language: str = "en") -> str:
    """What the extension says under a key, "" where it has no words of its own."""
    known = json.loads((folder("gmail") / "_locales" / language / "messages.json").read_text())
    text = str(known.get(key, {}).get("message", ""))
    return re.sub(r"\$(\d)", lambda place: words[int(place[1]) - 1], text)


def server_refuses(here: World) -> None:
    """Every code of the API's table, some at the moment of the commit; then the same mail goes out, charged once."""
    gmail = here.mail(subject="Refused")
    here.write()
    here.desk.facts, clock = FACTS, here.context.service_workers[-1]
    for code in CODES:
        where = "/commit" if code in AT_COMMIT else "PUT "
        if code == "not_ready":
            clock.evaluate(_HURRY)  # or it would be asked for again for two minutes
        here.desk.trouble = lambda asked, code=code, where=where: code if where in asked else ""  # type: ignore[misc]
        gmail.send_button().click()
        gmail.sees("problem", sentence(f"err_{code}", *_SAID.get(code, (ANNA,))) or str(TABLE[code][1]))
        assert (here.desk.mails, gmail.page.locator("[g_editable]").inner_text()) == ([], "A secret")
    clock.evaluate("() => void back()")
    here.desk.trouble, here.desk.facts = (lambda _asked: ""), {}
    assert here.moves() == []
    gmail.press("act-retry")
    here.left()
    assert here.moves() == [[-1, "gmail"]]


def worker_does_not_answer(here: World) -> None:
    """The worker is gone for good: of a mail, and of a file on its way."""
    gmail = here.mail(subject="Gone")
    gmail.script(
        """() => {
            const { sendMessage, connect } = chrome.runtime;
            const later = setTimeout;
            globalThis.setTimeout = (deed, wait) => later(deed, wait / 50);
            chrome.runtime.sendMessage = async () => null;
            chrome.runtime.connect = () => connect.call(chrome.runtime, { name: "nobody" });
            globalThis.back = () => Object.assign(chrome.runtime, { sendMessage, connect });
        }"""
    )
    gmail.pick(here.file("Gone.csv", b"a;b\n"))
    gmail.sees("file", sentence("err_worker_gone"))
    gmail.send_button().click()
    gmail.sees("problem", sentence("err_worker_gone"))
    gmail.script("() => void back()")
    gmail.press("act-retry")
    assert here.left()["attached"] == []
    assert here.moves() == [[-1, "gmail"]]


def no_server_is_named(here: World) -> None:
    """A package that came from no installation, before its member named one."""
    gmail = here.mail(subject="Nowhere")
    gmail.script(
        """() => {
            const { sendMessage } = chrome.runtime;
            const nowhere = { value: { ...sealroom.page.state, server: "", signedIn: false } };
            const others = (message) => sendMessage.call(chrome.runtime, message);
            chrome.runtime.sendMessage = async (message) => (message.type === "state" ? nowhere : others(message));
        }"""
    )
    gmail.send_button().click()
    gmail.sees("problem", sentence("err_no_server"))
    assert here.desk.mails == []


def gmail_takes_no_file(here: World) -> None:
    """Protection is turned off, and Gmail's picker is not there to be given the file: its sender is told."""
    gmail = here.mail(subject="No picker")
    here.ready(here.file("Picker.csv", b"a;b\n"))
    gmail.page.evaluate("() => document.querySelector('input[type=file]').remove()")
    gmail.press("toggle")
    gmail.sees("problem", sentence("err_add_again"))


def panel_refuses(here: World) -> None:
    """No tab of Gmail; a sign-in that is not confirmed in time; a server that calls itself otherwise; a permission not given.
    Nobody is signed in."""
    panel, problem = here.panel, here.panel.locator("#problem")
    here.gmail.page.goto("about:blank")
    panel.locator("#show").click()
    expect(problem).to_have_text(sentence("err_no_gmail"))
    panel.evaluate("() => { const later = setTimeout; window.setTimeout = (deed, wait) => later(deed, wait / 20); }")
    here.desk.trouble = lambda asked: "expired_token" if asked.endswith("/auth/token") else ""
    with here.context.expect_page() as opened:
        panel.locator("#sign-in").click()
    expect(problem).to_have_text(sentence("err_expired_token"))
    expect(panel.locator("#code-box")).to_be_hidden()
    opened.value.close()
    here.desk.trouble = lambda _asked: ""
    panel.evaluate("server => chrome.storage.local.set({settings: {server}})", f"http://127.0.0.1:{here.desk.behind}")
    panel.locator("#sign-in").click()
    expect(problem).to_have_text(sentence("err_wrong_server"))
    panel.evaluate("server => chrome.storage.local.set({settings: {server}})", ORIGIN)
    panel.evaluate("() => { chrome.permissions.request = async () => false; }")
    panel.locator("#server").fill("https://other.example.com")
    panel.locator("#save-server").click()
    expect(problem).to_have_text(sentence("err_no_permission"))
    panel.reload()
    expect(panel.locator("#server")).to_have_value(ORIGIN)
    until(lambda: panel.locator("#sign-in").is_visible(), "the button to sign in", pump=panel)
