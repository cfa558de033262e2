# SPDX-License-Identifier: Apache-2.0
"""The main story: send 2 documents to 5 people, spend 10 credits, read them under a mark, take them back. In both languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.server import Server, link_in, text_of
from tests.journeys.story import make_pdf, open_link, prepare_send, shown_page, sign_up, submit

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def _recipients(language: str) -> list[str]:
    return [f"{name}.{language}@example.com" for name in ("investor", "auditor", "bank", "counsel", "board")]


def _price(page: Page) -> str:
    return re.sub(r"\s+", " ", page.locator("#price").inner_text())


@pytest.mark.parametrize(("locale", "language"), [("en-US", "en"), ("fr-FR", "fr")])
def test_send_read_and_take_back(server: Server, new_page: Callable[..., Page], tmp_path: Path, locale: str, language: str) -> None:
    """Sign up, send, read, revoke: an open viewer loses its pages; the stranger never sees anything."""
    sender = new_page(locale=locale, viewport={"width": 1440, "height": 900})
    sign_up(server, sender, f"sender.{language}@example.com", team=f"Team {language}")
    files = [make_pdf(tmp_path / "Term sheet.pdf", pages=5, title="Term sheet"), tmp_path / "Forecast.csv"]
    files[1].write_text("month;revenue\n1;1000\n2;2000\n")
    people = _recipients(language)

    prepare_send(sender, files, ", ".join([*people, people[0].upper()]))
    expect(sender.locator("#price")).to_contain_text("10")
    sender.locator("main button.btn-primary:visible").filter(has_text=re.compile("5")).first.click()
    sender.wait_for_url(re.compile(r"/sends/snd_"))
    manage = sender.url

    _reads_under_the_mark(server, new_page, people[0], language)
    _stranger_gets_nothing(server, new_page, people[1])
    _is_taken_back(server, new_page, sender, manage, people[0])
    _credits_tell(server, sender, language)


def _reads_under_the_mark(server: Server, new_page: Callable[..., Page], address: str, language: str) -> None:
    mail = server.wait_for_mail(address)
    assert mail["To"].addresses[0].addr_spec == address
    assert mail["Content-Language"] == language
    assert ("vous" in text_of(mail)) == (language == "fr")
    reader = new_page(viewport={"width": 1440, "height": 900}, locale=f"{language}-XX")
    open_link(server, reader, address)
    reader.locator("a", has_text="Term sheet.pdf").first.click()
    shown_page(reader, 1)
    reader.keyboard.press("End")
    shown_page(reader, 5)
    assert "/v/d/" in reader.url, "the token must be gone from the address"
    reader.context.close()


def _stranger_gets_nothing(server: Server, new_page: Callable[..., Page], address: str) -> None:
    """With the forwarded link: no code for his own address, no file name, no page."""
    stranger = new_page()
    stranger.goto(link_in(server.wait_for_mail(address), "/v/"))
    assert "Term sheet" not in stranger.content()
    assert address not in stranger.content()
    stranger.locator("input[name=address]").fill("stranger@example.org")
    submit(stranger)
    stranger.locator("input[name=code]").fill("123456")
    if "/verify/" in stranger.url:
        submit(stranger)
    stranger.wait_for_load_state()
    assert "Term sheet" not in stranger.content()
    assert server.mails("stranger@example.org") == []
    stranger.context.close()


def _is_taken_back(server: Server, new_page: Callable[..., Page], sender: Page, manage: str, address: str) -> None:
    """The sender ends one person's access while that person reads; later gives it back."""
    reader = new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    open_link(server, reader, address)
    reader.locator("a", has_text="Term sheet.pdf").first.click()
    shown_page(reader, 1)

    sender.goto(manage)
    toggle = sender.get_by_role("switch", name=re.compile(re.escape(address)))
    expect(toggle).to_have_attribute("aria-checked", "true")
    toggle.click()
    expect(sender.get_by_role("switch", name=re.compile(re.escape(address)))).to_have_attribute("aria-checked", "false")

    reader.locator("[data-desk]").press("End")
    expect(reader.locator("[data-ended]")).to_be_visible(timeout=15_000)
    expect(reader.locator("[data-page] img[src]")).to_have_count(0)

    sender.get_by_role("switch", name=re.compile(re.escape(address))).click()
    expect(sender.get_by_role("switch", name=re.compile(re.escape(address)))).to_have_attribute("aria-checked", "true")
    reader.reload()
    shown_page(reader, 1)
    reader.context.close()


def _credits_tell(server: Server, sender: Page, language: str) -> None:
    sender.goto(f"{server.base_url}/credits/")
    text = sender.locator("main").inner_text()
    thousands = "\u202f" if language == "fr" else ","
    assert f"1{thousands}490" in text
    assert "\u221210" in text or "-10" in text
