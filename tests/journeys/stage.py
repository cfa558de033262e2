# SPDX-License-Identifier: Apache-2.0
"""A server with senders behind it, and the windows in which their readers look on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

from tests.journeys.server import Server, code_in

DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@dataclass
class Stage:
    """A server, and what its senders do (see `tests.doors.portal.stage`)."""

    server: Server
    sent: dict[str, dict[str, Any]]

    def send(self, **wish: Any) -> dict[str, Any]:
        """A further send."""
        return self.do("send", **wish)

    def revoke(self, sent: dict[str, Any]) -> None:
        self.do("revoke", owner=sent["owner"], send=sent["send"])

    def do(self, deed: str, **wish: Any) -> dict[str, Any]:
        done: dict[str, Any] = self.server.backstage.do("tests.doors.portal.stage", deed, **wish)
        return done

    def enter(self, page: Page, sent: dict[str, Any]) -> None:
        """Through the gates as a reader goes through them."""
        reader = sent["to"]
        before = len(self.server.mails(reader, subject="code"))
        page.goto(sent["url"])
        page.locator("[name=address]").fill(reader)
        page.locator("main form button[type=submit]").click()
        page.wait_for_url("**/verify/")
        code = code_in(self.server.wait_for_mail(reader, subject="code", count=before + 1))
        page.locator("[name=code]").fill(code)
        page.locator("main form button[type=submit]").first.click()
        page.wait_for_url(re.compile(r"/v/[dr]/"))
