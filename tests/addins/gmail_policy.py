# SPDX-License-Identifier: Apache-2.0
"""An organisation installs the extension by policy, from its own installation, and settles the server's address with it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Playwright, expect

from tests.addins.gmail_browser import Gmail, browser, until
from tests.addins.gmail_refusals import sentence
from tests.addins.gmail_world import ANNA, ORIGIN, World, download

POLICIES = Path("/etc/chromium/policies/managed")


@contextmanager
def policy(rules: dict[str, object]) -> Iterator[None]:
    """For every Chromium of this machine, until the end."""
    made = [folder for folder in (POLICIES, *POLICIES.parents) if not folder.exists()]
    POLICIES.mkdir(parents=True, exist_ok=True)
    file = POLICIES / f"sealroom-test-{os.getpid()}.json"
    try:
        file.write_text(json.dumps(rules))
        yield
    finally:
        file.unlink(missing_ok=True)
        for folder in made:
            if not any(folder.iterdir()):
                folder.rmdir()


def installed_by_policy(here: World, playwright: Playwright) -> None:
    """A browser of its own that knows nothing but the policy; run as root, whose the policies of a machine are."""
    own = download(here.desk.behind, "updates.xml").decode().split('appid="')[1][:32]
    rules: dict[str, object] = {
        "ExtensionInstallForcelist": [f"{own};{ORIGIN}/integrations/gmail/updates.xml"],
        "DeveloperToolsAvailability": 1,  # else our own tools may not look into what a policy installed
        "3rdparty": {"extensions": {own: {"serverUrl": ORIGIN, "mode": "force", "internalDomains": ["example.com"]}}},
    }
    here.desk.uploads.clear()
    with policy(rules), browser(playwright, here.files / "managed", here.desk, None, "fr") as context:
        gmail = Gmail(context, context.new_page())
        until(lambda: context.service_workers, "the worker", pump=gmail.page)
        panel = context.new_page()
        panel.goto(f"chrome-extension://{own}/panel.html")
        gmail.open()
        expect(panel.locator("#managed")).to_be_visible(
            timeout=40_000
        )  # it comes seconds after the extension, and no page is loaded anew
        expect(panel.locator("#server")).to_have_value(ORIGIN)
        assert panel.locator("#server").get_attribute("readonly") is not None
        gmail.page.bring_to_front()
        gmail.compose(to=[{"email": ANNA}], subject="Managed")
        gmail.pick(here.file("Sheet.csv", b"a;b\n"))
        until(gmail.is_on, "protection")
        gmail.send_button().click()
        gmail.sees("problem", sentence("err_signed_out", language=panel.locator("html").get_attribute("lang") or ""))
        assert (here.desk.uploads, here.desk.mails) == ([], [])
    assert not list(POLICIES.glob("sealroom-test-*"))
