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


@dataclass
class Gmail:
    """A page in Gmail's place, with one mail open or more."""

    context: BrowserContext
    page: Page

    def __post_init__(self) -> None:
        self._tools = self.context.new_cdp_session(self.page)

    def open(self, query: str = "") -> Gmail:
        self.page.goto(f"https://{MAIL}/mail/u/0/{query}")
        return self

    def compose(self, **mail: Any) -> Gmail:
        """Open a mail and wait for its bar."""
        before = len(self.parts("toggle"))
        self.page.evaluate("mail => void openCompose(mail)", mail)
        until(lambda: len(self.parts("toggle")) > before, "a bar")
        return self

    def parts(self, name: str) -> list[int]:
        """Parts of our bars, in the order of the page."""
        root = self._tools.send("DOM.getDocument", {"depth": -1, "pierce": True})["root"]
        found: list[int] = []

        def walk(node: dict[str, Any]) -> None:
            attributes = node.get("attributes", [])
            if name in [attributes[place + 1] for place in range(0, len(attributes), 2) if attributes[place] == "data-part"]:
                found.append(node["backendNodeId"])
            for child in [*node.get("shadowRoots", []), *node.get("children", [])]:
                walk(child)

        walk(root)
        return found

    def _call(self, part: int, function: str) -> Any:
        thing = self._tools.send("DOM.resolveNode", {"backendNodeId": part})["object"]["objectId"]
        answer = self._tools.send(
            "Runtime.callFunctionOn", {"objectId": thing, "functionDeclaration": function, "returnByValue": True}
        )
        return answer["result"].get("value")

    def read(self, name: str, at: int = -1) -> str:
        """The visible words of a part, or "" where it is hidden or gone."""
        for _ in range(3):
            parts = self.parts(name)
            if len(parts) < max(1, at + 1):
                return ""
            try:
                return str(self._call(parts[at], "function () { return this.checkVisibility() ? this.innerText : '' }"))
            except Exception as gone:  # a part may be drawn anew between the two questions
                if "No node" not in str(gone) and "Could not find" not in str(gone):
                    raise
        return ""

    def is_on(self, at: int = -1) -> bool:
        return bool(self._call(self.parts("toggle")[at], "function () { return this.getAttribute('aria-checked') === 'true' }"))

    def press(self, name: str, at: int = -1) -> None:
        """With the mouse, as a person does."""
        part = until(lambda: self.parts(name), name)[at]
        self._tools.send("DOM.scrollIntoViewIfNeeded", {"backendNodeId": part})
        x0, y0, x1, _y1, _x2, y2, *_ = self._tools.send("DOM.getBoxModel", {"backendNodeId": part})["model"]["border"]
        self.page.mouse.click((x0 + x1) / 2, (y0 + y2) / 2)

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
