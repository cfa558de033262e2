# SPDX-License-Identifier: Apache-2.0
"""A browser with the extension, and hands that reach into its bar. The bar is in a closed shadow root, which no script of the page
can open, so it is read and pressed here as the browser's own tools do."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, FilePayload, Page, Playwright

from tests.addins.gmail_stage import MAIL, Desk
from tests.journeys.conftest import CHROMIUM, FLAGS

PATIENCE = 40.0  # seconds


@contextmanager
def browser(
    playwright: Playwright, profile: Path, desk: Desk, extension: Path | None, language: str = "en-US"
) -> Iterator[BrowserContext]:
    """Debian's Chromium with an unpacked extension, or with what policies bring."""
    loads = [f"--disable-extensions-except={extension}", f"--load-extension={extension}"] if extension else []
    flags = [flag for flag in FLAGS if extension or flag != "--disable-background-networking"]
    context = playwright.chromium.launch_persistent_context(
        str(profile),
        executable_path=CHROMIUM,
        headless=True,
        args=[*flags, *desk.flags, f"--lang={language}", *loads],
        ignore_default_args=[]
        if extension
        else ["--disable-background-networking", "--disable-extensions", "--disable-component-update"],
        locale=language,
        viewport={"width": 1280, "height": 900},
        env={"LANGUAGE": language[:2]},
    )
    context.set_default_timeout(30_000)
    try:
        yield context
    finally:
        context.close()


def unpack(archive: bytes, folder: Path) -> Path:
    """The downloaded extension as a folder."""
    file = folder.with_suffix(".zip")
    file.write_bytes(archive)
    with zipfile.ZipFile(file) as book:
        book.extractall(folder)
    return folder


def until(found: Callable[[], Any], what: str, *, pump: Page | None = None) -> Any:
    """The first answer that is true. `pump`: a page whose news must be heard for it, which happens in calls to it alone."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := found()):
        assert time.monotonic() < deadline, f"{what} never was"
        if pump:
            pump.wait_for_timeout(80)
        else:
            time.sleep(0.08)
    return answer


# What the bar is in is closed to the page; the browser opens it to the extension's own scripts. Roots are kept for the time after
# the extension was replaced, when it opens nothing any more.
_FIND = """const found = (name) => {
  globalThis.roots ??= new Map();
  for (const host of document.querySelectorAll("div:not([class]):not([role])")) {
    if (roots.has(host)) continue;
    try {
      const root = chrome.dom.openOrClosedShadowRoot(host);
      if (root) roots.set(host, root);
    } catch {
      break; // the extension was replaced
    }
  }
  const there = [...roots.keys()].filter((one) => one.isConnected).sort((a, b) => (a.compareDocumentPosition(b) & 4 ? -1 : 1));
  return there.flatMap((one) => [...roots.get(one).querySelectorAll(`[data-part="${name}"]`)]);
};"""
_PARTS = f"""(name) => {{ {_FIND}
  const isOn = (one) => one.checked === true || one.getAttribute("aria-checked") === "true";
  const words = (one) => (one.checkVisibility() ? one.innerText : "");
  return found(name).map((one, place) => ({{ place, words: words(one), on: isOn(one) }})); }}"""
_MIDDLE = f"""(name, place) => {{ {_FIND}
  const part = found(name)[place];
  part.scrollIntoViewIfNeeded();
  const box = part.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2]; }}"""


@dataclass
class Gmail:
    """A page in Gmail's place, with one mail open or more."""

    context: BrowserContext
    page: Page

    def __post_init__(self) -> None:
        self._world = 0  # where the extension's scripts run in this page
        self._tools = self.context.new_cdp_session(self.page)
        self._tools.on("Runtime.executionContextCreated", self._note)
        self._tools.send("Runtime.enable")

    def _note(self, event: dict[str, Any]) -> None:
        made = event["context"]
        if made["origin"].startswith("chrome-extension://") and made["auxData"].get("type") == "isolated":
            self._world = made["id"]

    def script(self, function: str, *words: Any) -> Any:
        """Call a function among the extension's scripts in this page; what it promises is waited for."""
        until(lambda: self._world, "the extension's scripts", pump=self.page)
        question = {"functionDeclaration": function, "executionContextId": self._world, "awaitPromise": True, "returnByValue": True}
        answer = self._tools.send("Runtime.callFunctionOn", {**question, "arguments": [{"value": one} for one in words]})
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def open(self, query: str = "") -> Gmail:
        self.page.goto(f"https://{MAIL}/mail/u/0/{query}")
        return self

    def compose(self, **mail: Any) -> Gmail:
        """Open a mail and wait for its bar."""
        before = len(self.parts("toggle"))
        self.page.evaluate("mail => void openCompose(mail)", mail)
        until(lambda: len(self.parts("toggle")) > before, "a bar")
        return self

    def parts(self, name: str) -> list[dict[str, Any]]:
        """Parts of our bars, in the order of the page: their visible words, and whether they are on."""
        found: list[dict[str, Any]] = self.script(_PARTS, name)
        return found

    def read(self, name: str, at: int = -1) -> str:
        """The visible words of a part, or "" where it is hidden or gone."""
        parts = self.parts(name)
        return str(parts[at]["words"]) if len(parts) > max(0, at) else ""

    def is_on(self, at: int = -1) -> bool:
        return bool(self.parts("toggle")[at]["on"])

    def press(self, name: str, at: int = -1) -> None:
        """With the mouse, as a person does."""
        part = until(lambda: self.parts(name), name)[at]
        x, y = self.script(_MIDDLE, name, part["place"])
        self.page.mouse.click(x, y)

    def focus(self) -> dict[str, str]:
        """The part of our bars the keyboard is at, and the line around it."""
        found: dict[str, str] = self.script(
            """() => {
                for (const root of globalThis.roots.values()) {
                    const one = root.activeElement;
                    if (one) return { part: one.dataset.part, outline: getComputedStyle(one).outlineStyle };
                }
                return { part: "", outline: "" };
            }"""
        )
        return found

    def sees(self, name: str, words: str, at: int = -1) -> str:
        """Wait until a part says these words."""
        last = [""]

        def look() -> bool:
            last[0] = self.read(name, at)
            return words in last[0]

        try:
            until(look, words)
        except AssertionError:
            raise AssertionError(f"{name} says {last[0]!r}, not {words!r}; problem: {self.read('problem')!r}") from None
        return last[0]

    def drop(self, files: list[Path], on: str) -> None:
        """Drag files from the desktop: what the page gets is trusted."""
        box = self.page.locator(on).last.bounding_box()
        assert box
        data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self._tools.send(
                "Input.dispatchDragEvent", {"type": kind, "x": box["x"] + 20, "y": box["y"] + box["height"] / 2, "data": data}
            )

    def pick(self, *files: Path, at: int = -1) -> None:
        """By the mail's own picker. Given as names and bytes: a browser may be in a locale that knows no path beyond ASCII."""
        pickers = self.page.locator("input[type=file]")
        (pickers.last if at == -1 else pickers.nth(at)).set_input_files(
            [FilePayload(name=file.name, mimeType="application/octet-stream", buffer=file.read_bytes()) for file in files]
        )

    def pick_from_disk(self, file: Path) -> None:
        """A large one, which the browser reads as it needs it."""
        self.page.locator("input[type=file]").last.set_input_files(str(file))

    def send_button(self, at: int = -1) -> Any:
        buttons = self.page.locator(".aoO")
        return buttons.last if at == -1 else buttons.nth(at)
