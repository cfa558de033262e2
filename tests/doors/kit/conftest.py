# SPDX-License-Identifier: Apache-2.0
"""The style guide's own small site, without a database, and a browser that reads it through the test client."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from django.conf import LazySettings
from django.contrib.staticfiles import finders
from django.test import Client
from playwright.sync_api import Browser, Page, Route, ViewportSize, sync_playwright

from sealroom.httpkit.styles import JoinedStyles

# An address a browser trusts as it trusts https; nothing listens there, every request is answered by the test.
HOST = "http://127.0.0.1:9"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".png": "image/png"}


@pytest.fixture(autouse=True)
def site(settings: LazySettings) -> None:
    settings.ROOT_URLCONF = "tests.doors.kit.guide"
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    # Static files are read through the finders here, so nothing has to be collected first.
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "whitenoise" not in name]
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [str(Path(__file__).parent / "templates")]}]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page whose every request is answered here; what it complains about is kept in `page.complaints`."""
    context = browser.new_context(viewport=cast("ViewportSize", getattr(request, "param", {"width": 1440, "height": 900})))
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.complaints = complaints  # type: ignore[attr-defined]
    opened.route("**/*", answer)
    yield opened
    context.close()


def answer(route: Route) -> None:
    """Give the browser what the product would: a page by the test client, a file by the finders."""
    address = route.request.url.removeprefix(HOST)
    if address.startswith("/static/"):
        name = address.removeprefix("/static/")
        route.fulfill(body=_static(name), content_type=TYPES[Path(name).suffix])
        return
    response: Any = Client().get(address)
    route.fulfill(status=200, body=response.content, headers=dict(response.items()))


@functools.cache
def _static(name: str) -> bytes:
    """A file that lies somewhere, or a sheet that is joined when static files are collected."""
    found = finders.find(name)
    if isinstance(found, str):
        return Path(found).read_bytes()
    joined = dict(JoinedStyles().list([]))
    assert name in joined, f"no static file {name}"
    with joined[name].open(name) as file:
        content: bytes = file.read()
        return content
