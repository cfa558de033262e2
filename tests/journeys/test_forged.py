# SPDX-License-Identifier: Apache-2.0
"""Two teams never see each other; what is short is refused with its numbers and charges nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.server import Server
from tests.journeys.story import make_pdf, prepare_send, sign_up

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_too_few_credits_send_nothing_and_other_teams_see_nothing(
    server: Server, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    """A team with 3 credits is refused 5; a stranger gets 404 for its send."""
    page = new_page()
    sign_up(server, page, "short@example.com", team="Short of credits")
    done = server.command("plan", "set", "Short of credits", "team", "--credits", "3")
    assert done.returncode == 0, done.stderr

    people = [f"person{number}@example.net" for number in range(5)]
    page.goto(server.base_url)
    prepare_send(page, [make_pdf(tmp_path / "Offer.pdf", pages=1, title="Offer")], "\n".join(people))
    page.locator("main button.btn-primary:visible").last.click()
    alert = page.locator("main [role=alert], main .alert-danger, main .alert-warn").first
    expect(alert).to_contain_text(re.compile(r"5.*3|3.*5", re.DOTALL))
    assert server.mails("person0@example.net") == []

    prepare = page.locator("[data-chip]").filter(has_text="person4")
    prepare.locator("[data-chip-remove]").click()
    page.locator("[data-chip]").filter(has_text="person3").locator("[data-chip-remove]").click()
    page.locator("main button.btn-primary:visible").filter(has_text=re.compile("3")).last.click()
    page.wait_for_url(re.compile(r"/sends/snd_"))
    theirs = page.url
    server.wait_for_mail("person2@example.net")
    server.wait_for_mail("short@example.com", subject="credits")

    stranger = new_page()
    sign_up(server, stranger, "other@example.com", team="Another team")
    answer = stranger.goto(theirs)
    assert answer is not None
    assert answer.status == 404
    assert "Offer" not in stranger.content()
