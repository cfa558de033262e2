# SPDX-License-Identifier: Apache-2.0
"""A running product and a real browser for the stories told here."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.journeys.server import Server, serving
from tests.journeys.stage import Stage

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One installation for all stories of a test process; each story makes teams of its own."""
    with serving(tmp_path_factory.mktemp("journey")) as running:
        yield running


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. For the stories only, which use no database of their own: while it lives, Playwright's event loop runs in
    this thread, and Django refuses database work of other tests beside a running loop."""
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        engine = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield engine
        engine.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Pages, each in a profile of its own; at the end no page may have broken the content security policy or thrown."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def make(**options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda message: complaints.append(f"{page.url}: {message.text}") if "Content Security Policy" in message.text else None,
        )
        page.set_default_timeout(30_000)
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def stage(server: Server) -> Stage:
    """The senders behind the installation; a module starts with limits that nobody has used up."""
    made = Stage(server, {})
    made.do("forget_limits")
    return made


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An installation nobody has set up yet."""
    with serving(tmp_path_factory.mktemp("fresh")) as running:
        yield running
