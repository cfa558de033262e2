# SPDX-License-Identifier: Apache-2.0
"""Document security as sender and reader live it: passcode, own terms, a timer and the shield; changed after sending; a preset that
holds; people from a file; and somebody who asks for access."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.server import Server, link_in
from tests.journeys.story import enter_code, make_pdf, open_link, prepare_send, shown_page, sign_up, submit

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PASSCODE = "orange lamp"


def panel(page: Page, name: str) -> None:
    """Open the panel behind a sentence's word."""
    page.locator(f"#setting-{name} summary").first.click()
    expect(page.locator(f"#setting-{name} .word-panel").first).to_be_visible()


def close(page: Page) -> None:
    """Close whatever panel is open."""
    page.keyboard.press("Escape")


def choose_conditions(page: Page) -> None:
    """A passcode, own terms, two days from the first opening, a small clear window."""
    panel(page, "period")
    page.locator("#set-timer_amount").fill("2")
    close(page)
    panel(page, "terms")
    page.locator("input[name=terms][value=own]").check()
    page.locator("#set-terms_text").fill("Keep it **secret**.")
    close(page)
    panel(page, "shield")
    page.locator("input[name=screen_shield][value=small]").check()
    close(page)
    panel(page, "passcode")
    page.locator("#set-passcode_on").check()
    page.locator("#set-passcode").fill(PASSCODE)
    close(page)
    expect(page.locator("#word-passcode")).not_to_have_text(re.compile("^(no passcode|aucun)$"))


def send_it(page: Page) -> None:
    """Press Send & notify."""
    page.locator("main button[value=notify]:visible").last.click()
    page.wait_for_url(re.compile(r"/sends/snd_"))


def test_conditions_are_chosen_met_and_changed(server: Server, new_page: Callable[..., Page], tmp_path: Path) -> None:
    sender = new_page(locale="en-GB")
    sign_up(server, sender, "settings@example.com", team="Settings")
    paper = make_pdf(tmp_path / "Term sheet.pdf", pages=2, title="Terms")
    prepare_send(sender, [paper], "gated@example.net")
    choose_conditions(sender)
    send_it(sender)
    said = sender.locator("main .settings").last
    expect(said).to_contain_text("ends 2 days after the first opening")
    expect(said).to_contain_text("on, small window")

    reader = new_page(locale="en-GB")
    server.wait_for_mail("gated@example.net")
    open_gates(server, reader, "gated@example.net")
    shown_page(reader, 1)

    sender.goto(sender.url.split("?")[0] + "settings/")
    sender.locator("#set-passcode_on").uncheck()
    sender.locator("input[name=screen_shield][value='']").check()
    sender.locator("#set-max_views").fill("5")
    sender.locator("main form button[type=submit].btn-primary").last.click()
    expect(sender.locator("main .settings").last).to_contain_text("5 times")
    sender.locator("main a", has_text="Term sheet").first.click()
    expect(sender.locator("main")).to_contain_text("Rita Reader")


def open_gates(server: Server, page: Page, address: str) -> None:
    """Follow the link, prove the address, give the passcode, accept the terms."""
    link = link_in(server.mails(address)[0], "/v/")
    before = len(server.mails(address))
    page.goto(link)
    page.locator("input[name=address]").fill(address)
    submit(page)
    enter_code(server, page, address, before=before, leads_to=r"/passcode/")
    page.locator("input[name=passcode]").fill(PASSCODE)
    submit(page)
    expect(page.locator("main")).to_contain_text("secret")
    page.locator("input[name=name]").fill("Rita Reader")
    for box in page.locator("main form input[type=checkbox]").all():
        box.check()
    submit(page)


def test_preset_holds_what_it_fixes(server: Server, new_page: Callable[..., Page], tmp_path: Path) -> None:
    admin = new_page(locale="en-GB")
    sign_up(server, admin, "presets@example.com", team="Presets")
    admin.goto(f"{server.base_url}/admin/security/presets/new/")
    admin.locator("input[name=name]").fill("Confidential")
    admin.locator("input[name=mark][value=name]").check()
    admin.locator("#card-watermark .toggle").click()
    admin.locator("main form button[type=submit].btn-primary").last.click()
    admin.wait_for_url(f"{server.base_url}/admin/security/presets/")

    admin.goto(f"{server.base_url}/")
    prepare_send(admin, [make_pdf(tmp_path / "Plan.pdf", pages=1, title="Plan")], "held@example.net")
    admin.locator("#preset").select_option(label="Confidential")
    expect(admin.locator("#setting-watermark .lock")).to_be_visible()
    expect(admin.locator("#setting-watermark summary")).to_have_count(0)
    send_it(admin)
    expect(admin.locator("main")).to_contain_text("Confidential")
    expect(admin.locator("main .settings").last).to_contain_text("name")


def test_people_come_from_a_file_with_wrong_lines_named(server: Server, new_page: Callable[..., Page], tmp_path: Path) -> None:
    sender = new_page(locale="en-GB")
    sign_up(server, sender, "lists@example.com", team="Lists")
    table = tmp_path / "people.csv"
    table.write_text("email;name\nann@example.net;Ann\n;Nobody\nbob@example.net;Bob\n")
    sender.locator("details:has(#people) > summary").click()
    sender.locator("#people").set_input_files(str(table))
    sender.locator("button[value=people]").click()
    expect(sender.locator(".fault-lines")).to_contain_text("Line 3: no address")
    expect(sender.locator("[data-chips] .chip")).to_have_count(2)


def test_request_for_access_is_approved_with_its_price(server: Server, new_page: Callable[..., Page], tmp_path: Path) -> None:
    sender = new_page(locale="en-GB")
    sign_up(server, sender, "asked@example.com", team="Asked")
    prepare_send(sender, [make_pdf(tmp_path / "Offer.pdf", pages=1, title="Offer")], "invited@example.net")
    send_it(sender)
    where = sender.url

    guest = new_page(locale="en-GB")
    link = guest_link(server, "invited@example.net")
    guest.goto(link)
    guest.locator("main a", has_text=re.compile("ask|access", re.IGNORECASE)).last.click()
    guest.locator("input[name=address]").fill("uninvited@example.net")
    guest.locator("input[name=name]").fill("Uma Uninvited")
    submit(guest)

    server.wait_for_mail("asked@example.com", subject="access")
    sender.goto(where)
    sender.locator("button", has_text="Approve, 1").click()
    expect(sender.locator("#toasts, main").first).to_be_visible()
    reader = new_page(locale="en-GB")
    open_link(server, reader, "uninvited@example.net")
    shown_page(reader, 1)


def guest_link(server: Server, address: str) -> str:
    """The link mailed to somebody, as he passes it on."""
    return link_in(server.wait_for_mail(address), "/v/")
