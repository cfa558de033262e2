# SPDX-License-Identifier: Apache-2.0
"""Document Security told from both sides, in both languages: the sender changes conditions while somebody reads, and each binds at
once; and the other ways in: a personal link without a code, a link for anybody, and the sender's own look."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.server import Server, link_in, text_of
from tests.journeys.story import PASSCODE, enter_code, make_pdf, prepare_send, shown_page, sign_up, submit

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LANGUAGES = [("en-GB", "en"), ("fr-FR", "fr")]
OTHER = "green door"


def _panel(page: Page, name: str) -> None:
    page.locator(f"#setting-{name} summary").first.click()
    expect(page.locator(f"#setting-{name} .word-panel").first).to_be_visible()


def _send(page: Page) -> str:
    """Press Send & notify; the page of the send."""
    page.locator("#price button[value=notify]").click()
    page.wait_for_url(re.compile(r"/sends/snd_"))
    return page.url.split("?")[0]


def _change(page: Page, where: str, change: Callable[[Page], None]) -> None:
    """Change the settings of a send, also at a price."""
    page.goto(f"{where}settings/")
    change(page)
    with page.expect_navigation():
        page.locator("main form .form-actions button.btn-primary").click()
    if page.locator("button[name=deed][value=confirm]").count():
        with page.expect_navigation():
            page.locator("button[name=deed][value=confirm]").click()
    expect(page.locator(".toast")).to_be_visible()


@pytest.mark.parametrize(("locale", "language"), LANGUAGES)
def test_changes_bind_while_somebody_reads(
    server: Server, new_page: Callable[..., Page], tmp_path: Path, locale: str, language: str
) -> None:
    sender, address = new_page(locale=locale), f"reads.{language}@example.net"
    sign_up(server, sender, f"binds.{language}@example.com", team=f"Binds {language}")
    prepare_send(sender, [make_pdf(tmp_path / "Offer.pdf", pages=30, title="Offer")], address)
    _panel(sender, "period")
    sender.locator("#set-timer_amount").fill("2")
    sender.locator("#set-timer_unit").select_option("3600")
    sender.keyboard.press("Escape")
    _panel(sender, "terms")
    sender.locator("input[name=terms][value=own]").check()
    sender.locator("#set-terms_text").fill("Keep it **secret**.")
    sender.keyboard.press("Escape")
    _panel(sender, "passcode")
    sender.locator("#set-passcode_on").check()
    sender.locator("#set-passcode").fill(PASSCODE)
    sender.keyboard.press("Escape")
    where = _send(sender)

    reader = new_page(locale=locale, viewport={"width": 1440, "height": 900})
    _enters(server, reader, address)
    expect(reader.locator(".bar-badge [data-expiry-words]")).to_have_text(re.compile(r"1\s?h\s59"), timeout=20_000)

    _change(sender, where, lambda page: page.locator("#set-passcode").fill(OTHER))
    _is_sent_back(reader, "passcode")
    _gives_passcode(reader, OTHER)
    shown_page(reader, 1)

    _change(sender, where, lambda page: page.locator("#set-terms_text").fill("Keep it secret, and burn it."))
    _is_sent_back(reader, "terms")
    _accepts(reader, "burn")
    shown_page(reader, 1)
    sender.goto(where)
    expect(sender.locator("tr", has_text="Rita Reader")).to_have_count(2)

    sender.get_by_role("switch", name=re.compile(re.escape(address))).click()
    reader.locator("[data-desk]").press("End")
    expect(reader.locator("[data-ended]")).to_be_visible(timeout=20_000)
    expect(reader.locator("[data-gate]:visible")).to_have_count(0)
    expect(reader.locator("[data-page] img[src]")).to_have_count(0)


def _enters(server: Server, page: Page, address: str) -> None:
    """Code, passcode, terms: in this order."""
    page.goto(link_in(server.wait_for_mail(address), "/v/"))
    page.locator("input[name=address]").fill(address)
    submit(page)
    enter_code(server, page, address, before=1, leads_to="/passcode/")
    _gives_passcode(page, PASSCODE)
    _accepts(page, "secret")
    shown_page(page, 1)


def _gives_passcode(page: Page, passcode: str) -> None:
    page.wait_for_url("**/passcode/")
    page.locator("input[name=passcode]").fill(passcode)
    submit(page)


def _accepts(page: Page, word: str) -> None:
    page.wait_for_url("**/terms/")
    expect(page.locator(".terms-text")).to_contain_text(word)
    page.locator("input[name=name]").fill("Rita Reader")
    submit(page)
    page.wait_for_url("**/v/d/**")


def _is_sent_back(page: Page, gate: str) -> None:
    """The next page is refused: the viewer is emptied and leads to the gate."""
    page.locator("[data-desk]").press("End")
    way = page.locator(f"[data-gate~={gate}] a")
    expect(way).to_be_visible(timeout=20_000)
    expect(page.locator("[data-page] img[src]")).to_have_count(0)
    way.click()


@pytest.mark.parametrize(("locale", "language"), LANGUAGES)
def test_other_ways_in(server: Server, new_page: Callable[..., Page], tmp_path: Path, locale: str, language: str) -> None:
    sender, address = new_page(locale=locale), f"quick.{language}@example.net"
    sign_up(server, sender, f"ways.{language}@example.com", team=f"Ways {language}")
    prepare_send(sender, [make_pdf(tmp_path / "Offer.pdf", pages=2, title="Offer")], address)
    _panel(sender, "access")
    sender.locator("input[name=access][value=named_quick]").check()
    sender.keyboard.press("Escape")
    _panel(sender, "permission")
    sender.locator("input[name=permission][value=download_pdf]").check()
    sender.locator("input[name=protect_pdf]").check()
    sender.keyboard.press("Escape")
    where = _send(sender)

    with sender.context.expect_page() as opened:
        sender.locator(".person-link form[target=_blank] button").click()
    preview = opened.value
    shown_page(preview, 1)
    expect(preview.locator(".viewer-preview")).to_contain_text(address)
    expect(preview.locator(".viewer-mark")).to_contain_text(f"ways.{language}@example.com")
    preview.close()
    sender.reload()
    expect(sender.locator("main .dl").first).to_contain_text(re.compile("0 (of|sur) 1"))

    reader = new_page(locale=locale, viewport={"width": 1440, "height": 900})
    _opens(reader, link_in(server.wait_for_mail(address), "/v/"))
    _takes_the_pdf(server, reader, address, tmp_path)

    _change(sender, where, lambda page: page.locator("input[name=access][value=anyone]").check())
    sender.goto(where)
    stranger = new_page(locale=locale)
    _opens(stranger, sender.locator(".copy input").first.input_value())


def _opens(page: Page, link: str) -> None:
    """One press and no address: opening by GET alone uses nothing up."""
    page.goto(link)
    expect(page.locator("input[name=address]")).to_have_count(0)
    submit(page)
    shown_page(page, 1)


def _takes_the_pdf(server: Server, page: Page, address: str, folder: Path) -> None:
    """The file asks for a password, which comes by mail alone."""
    with page.expect_download() as taken:
        page.locator(".bar-end a[download]").first.click()
    path = folder / "taken.pdf"
    taken.value.save_as(path)
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(path)
    text = text_of(server.wait_for_mail(address, count=2))
    password = re.search(r"^ {4}(\S+)\s*$", text, re.MULTILINE)
    assert password, text
    with pikepdf.open(path, password=password.group(1)) as file:
        assert len(file.pages) == 2
