# SPDX-License-Identifier: Apache-2.0
"""The pages of the extension for Thunderbird in a browser, with a background page that says what it is told to: nothing bars
anybody in either theme and language, nothing is wider than its window, and the keyboard reaches all there is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from sealroom.web import addins
from tests import barriers
from tests.journeys.conftest import CHROMIUM, FLAGS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Chromium is not installed: apt-get install chromium"),
]

ORIGIN = "https://addin.example"
FILES = addins.files_of("thunderbird")
KINDS = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml", "json": "application/json"}
POLICY = json.loads(FILES["manifest.json"])["content_security_policy"]
STAND_IN = """
  const { words, scenes } = __ALL__;
  const [answers, state] = scenes[new URL(location.href).searchParams.get("scene")];
  const event = { addListener() {} };
  const getMessage = (name, parts = []) => (words[name]?.message ?? "").replace(/\\$(\\d)/g, (_, n) => [parts].flat()[n - 1] ?? "");
  globalThis.asked = [];
  const postMessage = (said) => globalThis.asked.push(said);
  const port = { onMessage: { addListener: (hear) => setTimeout(() => hear(state), 0) }, postMessage, onDisconnect: event };
  globalThis.messenger = {
    i18n: { getMessage },
    runtime: {
      getURL: (path) => `/${path}`,
      connect: () => port,
      openOptionsPage: async () => {},
      sendMessage: async ({ deed }) => answers[deed] ?? { done: null },
    },
    storage: { onChanged: event },
    tabs: { query: async () => [{ id: 1 }], create: async () => {} },
    windows: { openDefaultBrowser() {} },
  };
"""
WHO = {
    "user": {"email": "olive.owner@northwind.example"},
    "team": {"name": "Northwind Partners"},
    "credits": {"available": 1494},
    "policy": {"mode": "ask"},
    "presets": [
        {"id": "a", "name": "Originals, 30 days", "is_default": True},
        {"id": "b", "name": "Board papers", "is_default": False},
    ],
}
SERVER = "https://files.northwind.example"
STATUS = {"server": SERVER, "isFixed": False, "isSignedIn": True, "waits": None, "wishes": {"showPrice": True}}
LETTER = {"isOn": None, "words": False, "preset": None, "isReply": False, "isCommitted": False}
CODE = {"state": "waiting", "code": "WDJB-MJHT", "page": f"{SERVER}/settings/mail/connect/?code=WDJB-MJHT"}
PRICE = {"cost": 6, "available": 1494, "after": 1488, "enough": True, "files": 2, "people": 3}
LONG = "Die_Vereinbarung_über_die_Zusammenarbeit_im_Jahr_2026_endgültige_Fassung_mit_Anlagen.pdf"


def sent(state: str, subject: str, age: str = "2020-03-01T09:30:00Z") -> dict[str, Any]:
    """A line of what was sent."""
    return {"id": f"snd_{state}", "state": state, "subject": subject, "sent_at": age, "opened": 2, "recipients": 3}


HISTORY = [
    sent("active", "Papers for Thursday", "2099-03-01T09:30:00Z"),
    sent("revoked", LONG),
    sent("expired", ""),
    sent("scheduled", "Results of the quarter"),
]
SAID = "The Sealroom server does not answer. Check your connection and try again."
PHASES: dict[str, dict[str, Any]] = {
    "ask": {"files": 2},
    "ended": {},
    "small": {"names": ["image001.png", "image002.png"]},
    "uploading": {"name": LONG, "index": 1, "count": 2, "share": 0.4},
    "inspecting": {},
    "price": {**PRICE, "words": True, "left": 1},
    "refused": {"sentence": SAID, "note": "untouched", "isSignedOut": False},
    "refused-out": {"sentence": SAID, "note": "maybeCharged", "isSignedOut": True},
}
DONE: dict[str, Any] = {"me": WHO, "status": STATUS, "letter": LETTER, "price": PRICE}
SCENES: dict[str, tuple[str, dict[str, Any], dict[str, Any] | None]] = {
    "options": ("pages/options.html", {}, None),
    "options-out": ("pages/options.html", {"status": {**STATUS, "isSignedIn": False, "isFixed": True}}, None),
    "options-waits": ("pages/options.html", {"status": {**STATUS, "isSignedIn": False, "waits": CODE}}, None),
    "options-refused": (
        "pages/options.html",
        {"status": {**STATUS, "isSignedIn": False, "waits": {"state": "refused", "sentence": SAID}}},
        None,
    ),
    "compose": ("pages/compose.html?tab=1", {}, None),
    "compose-reply": ("pages/compose.html?tab=1", {"letter": {**LETTER, "isReply": True}}, None),
    "compose-out": ("pages/compose.html?tab=1", {"me": None}, None),
    "history": ("pages/history.html", {"history": {"items": HISTORY, "waiting": ["snd_active"], "server": SERVER}}, None),
    "history-empty": ("pages/history.html", {"history": {"items": [], "waiting": [], "server": SERVER}}, None),
    "filelink": ("pages/filelink.html", {}, None),
    **{f"send-{name}": ("pages/send.html?tab=1", {}, {"phase": name.split("-")[0], **state}) for name, state in PHASES.items()},
}
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
WIDTHS = {"send": (460, 390), "compose": (372, 372)}
RULES: dict[str, object] = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
}


@pytest.fixture(scope="module")
def engine() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def serve(route: Route) -> None:
    """A file of the package, under the package's own policy."""
    name = route.request.url.removeprefix(f"{ORIGIN}/").split("?", maxsplit=1)[0]
    if name not in FILES:
        route.fulfill(status=404)
        return
    kind = KINDS[name.rpartition(".")[2]]
    route.fulfill(body=FILES[name], content_type=f"{kind}; charset=utf-8", headers={"Content-Security-Policy": POLICY})


@contextmanager
def reader(engine: Browser, language: str = "en", theme: str = "light") -> Iterator[Callable[..., Page]]:
    """Somebody who opens pages in their scenes, in a window of some width; they may not break their policy, nor throw."""
    words = json.loads(FILES[f"_locales/{language}/messages.json"])
    scenes = {
        name: ({deed: {"done": done} for deed, done in {**DONE, **changed}.items()}, state)
        for name, (_place, changed, state) in SCENES.items()
    }
    context = engine.new_context(color_scheme=theme)  # type: ignore[arg-type]
    context.route("**/*", serve)
    context.add_init_script(STAND_IN.replace("__ALL__", json.dumps({"words": words, "scenes": scenes})))
    page, complaints = context.new_page(), list[str]()
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.on("console", lambda said: complaints.append(f"{page.url}: {said.text}") if said.type == "error" else None)

    def show(scene: str, width: int = 1440) -> Page:
        place = SCENES[scene][0]
        page.set_viewport_size({"width": width, "height": 700})
        page.goto(f"{ORIGIN}/{place}{'&' if '?' in place else '?'}scene={scene}")
        page.locator("main :is(button, a):visible").first.wait_for()
        page.evaluate(TWO_FRAMES)
        return page

    try:
        yield show
        assert complaints == []
    finally:
        context.close()


def too_wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@pytest.mark.parametrize(("language", "theme", "narrow"), [("en", "light", False), ("fr", "dark", True)])
def test_no_page_bars_anybody(engine: Browser, language: str, theme: str, narrow: bool) -> None:
    found = {}
    with reader(engine, language, theme) as show:
        for scene in SCENES:
            page = show(scene, WIDTHS.get(scene.partition("-")[0], (1440, 390))[narrow])
            barred = [(one["id"], [node["html"] for node in one["nodes"]]) for one in barriers.violations(page, RULES)]
            if barred or too_wide(page):
                found[scene] = barred
    assert found == {}


def stops(page: Page) -> list[str]:
    """What Tab reaches from the top, in its order, by id or words."""
    page.evaluate("document.activeElement?.blur()")
    found: list[str] = []
    name = "(() => { const one = document.activeElement; return one === document.body ? '' : one.id || one.textContent; })()"
    while len(found) < 40:
        page.keyboard.press("Tab")
        here = str(page.evaluate(name))
        if not here or here in found:
            break
        found.append(here)
    return found


def test_the_keyboard_reaches_all_there_is(engine: Browser) -> None:
    """In the order in which it stands; a window that asks has the focus on its first answer, and Escape goes back."""
    with reader(engine) as show:
        page = show("compose", 372)
        assert stops(page) == ["on", "words", "preset", "ask-price", "history", "settings"]
        page.locator("#ask-price").press("Enter")
        page.get_by_text("6 credits · 2 files · 3 recipients").wait_for()
        page.get_by_text("1,488 credits are left after it.").wait_for()
        assert stops(show("options-out")) == ["server", "Sign in", "show-price", "Sent with Sealroom"]
        assert stops(show("options-waits")) == ["page", "give-up", "show-price", "Sent with Sealroom"]
        names = ["Papers for Thursday", "Revoke", "Call back", LONG, "Restore", "(no subject)", "Results of the quarter"]
        assert stops(show("history")) == [*names, "Settings of Sealroom"]
        page = show("send-small", 460)
        assert page.evaluate("document.activeElement.dataset.choice") == "leave"
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("asked") == ["protect"]
        page = show("send-price", 460)
        page.keyboard.press("Escape")
        assert page.evaluate("asked") == ["back"]
