# SPDX-License-Identifier: Apache-2.0
"""An admin buys 500 credits in the middle of a cycle: the way there by the words on the page, the price to the cent, the balance,
and the mails. Where nobody pays, by bank transfer, and by card on the provider's page; in English and in French."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sealroom.billing.rules.money import Span, share
from sealroom.core.wording import money_text
from sealroom.credits.rules import boundary
from tests.journeys.server import Server, serving, text_of
from tests.journeys.story import sign_up
from tests.stripe_peer import Peer, Received

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@dataclass(frozen=True)
class Language:
    """The words on the way."""

    code: str
    locale: str
    settings: str
    billing: str
    plan: str
    expand: str
    modify: str
    review: str
    confirm: str
    order: str
    today: str
    added: str
    owed: str
    receipt: str


ENGLISH = Language(
    "en", "en-GB", "Admin Settings", "BILLING", "Plan Usage & Details", "Expand", "Modify plan", "Review & checkout", "Confirm",
    "Order and get the invoice", "Due today", "500 credits added.", "to be transferred", "Receipt",
)  # fmt: skip
FRENCH = Language(
    "fr", "fr-FR", "Paramètres d’administration", "FACTURATION", "Forfait et consommation", "Développer", "Modifier le forfait",
    "Vérification et paiement", "Confirmer", "Commander et recevoir la facture", "À payer aujourd’hui", "500 crédits ajoutés.",
    "à virer", "Reçu",
)  # fmt: skip


def plain(text: str) -> str:
    """Without the spaces that do not break."""
    return re.sub(r"\s+", " ", text.replace("\xa0", " ").replace("\u202f", " "))


@pytest.fixture(params=["none", "invoice"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Server]:
    """An installation with this gateway, begun when it is asked for and ended with the test."""
    running = serving(
        tmp_path, SEALROOM_PAYMENT_GATEWAY=request.param, SEALROOM_SELLER_ACCOUNT="IBAN XX00 0000 0000 0000|BIC EXAMPLEX"
    )

    def begin() -> Server:
        server = running.__enter__()
        request.addfinalizer(lambda: running.__exit__(None, None, None))
        return server

    return begin


@pytest.mark.parametrize("said", [ENGLISH, FRENCH], ids=lambda one: one.code)
def test_admin_buys_credits_in_the_middle_of_a_cycle(
    said: Language, shop: Callable[[], Server], new_page: Callable[..., Page]
) -> None:
    server = shop()
    asks_money = server.environment["SEALROOM_PAYMENT_GATEWAY"] == "invoice"
    page = new_page(locale=said.locale, viewport={"width": 1440, "height": 900})
    sign_up(server, page, "owner@example.com", team="Northwind", time_zone="UTC")
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=16)
    given = server.command("plan", "set", "Northwind", "pro", "--at", start.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert given.returncode == 0, given.stderr

    before = datetime.now(UTC)
    _walk_to_review(page, said)
    prices = _prices(start, before, datetime.now(UTC), said)
    if not asks_money:
        assert "$" not in page.locator("main").inner_text()
        page.get_by_role("button", name=said.confirm).click()
        expect(page.locator("#toasts")).to_contain_text(said.added)
        assert _left(page) == ("1000", "1000")
        return
    shown = plain(page.locator("dd.total").inner_text())
    assert shown in prices
    page.get_by_role("button", name=said.order).click()
    page.wait_for_url(re.compile("/admin/billing/payments/pay_"))
    expect(page.locator("#payment")).to_contain_text("SR-000001")
    assert _left(page) == ("500", "500")  # nothing before the money has come
    owed = server.wait_for_mail("owner@example.com", subject=said.owed)
    assert shown in plain(str(owed["Subject"]))

    server.backstage.do("tests.journeys.scene", "confirm_transfer")
    page.reload()
    expect(page.locator("#payment .alert-ok")).to_contain_text(said.added)
    assert _left(page) == ("1000", "1000")
    receipt = server.wait_for_mail("owner@example.com", subject=said.receipt)
    assert shown in plain(str(receipt["Subject"]))
    assert shown in plain(text_of(receipt))
    _has_its_paper(page, shown)


@pytest.mark.parametrize("said", [ENGLISH, FRENCH], ids=lambda one: one.code)
def test_admin_pays_by_card_on_the_hosted_page_and_then_with_the_saved_card(
    said: Language, stripe_peer: Peer, tmp_path: Path, new_page: Callable[..., Page]
) -> None:
    keys: dict[str, Any] = {
        "SEALROOM_STRIPE_SECRET_KEY": stripe_peer.key,
        "SEALROOM_STRIPE_WEBHOOK_SECRET": stripe_peer.secret,
        "SEALROOM_STRIPE_API_BASE": stripe_peer.url,
    }
    with serving(tmp_path, SEALROOM_PAYMENT_GATEWAY="stripe", **keys) as server:
        stripe_peer.inbox.forward = lambda message: _pass_on(message, server.base_url)
        page = new_page(locale=said.locale, viewport={"width": 1440, "height": 900})
        sign_up(server, page, "owner@example.com", team="Northwind", time_zone="UTC")
        start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=16)
        given = server.command("plan", "set", "Northwind", "pro", "--at", start.strftime("%Y-%m-%dT%H:%M:%SZ"))
        assert given.returncode == 0, given.stderr

        before = datetime.now(UTC)
        _walk_to_review(page, said)
        shown = plain(page.locator("dd.total").inner_text())
        assert shown in _prices(start, before, datetime.now(UTC), said)
        # The browser goes on to the provider's page by itself; there is nobody at that address but the stand-in.
        page.route(f"{stripe_peer.url}/**", lambda route: route.fulfill(body="<title>Pay here</title>", content_type="text/html"))
        page.locator("main form button[type=submit]").filter(has_text=shown_in_button(shown)).click()
        page.wait_for_url(re.compile("/page/cs_test"))
        stripe_peer.front.pay(page.url.rpartition("/")[2])
        page.goto(f"{server.base_url}/admin/plan/")
        assert _left(page) == ("1000", "1000")
        receipt = server.wait_for_mail("owner@example.com", subject=said.receipt)
        assert shown in plain(str(receipt["Subject"]))

        _walk_to_review(page, said)  # now a card is saved: paid at once, on our own page
        expect(page.locator("main")).to_contain_text("4242")
        page.locator("main form button[type=submit]").filter(has_text="$").click()
        expect(page.locator("#toasts")).to_contain_text(said.added.replace(" added.", "").replace(" ajoutés.", ""))
        assert _left(page) == ("1500", "1500")
    stripe_peer.inbox.forward = None


def shown_in_button(amount: str) -> re.Pattern[str]:
    """An amount whatever spaces stand in it."""
    return re.compile(re.escape(amount).replace(r"\ ", r"\s"))


def _pass_on(message: Received, base_url: str) -> int:
    """Hand a message of the provider on to the product; what the product answered."""
    request = urllib.request.Request(
        f"{base_url}/api/v1/billing/events/stripe",
        data=message.body,
        headers={**message.headers, "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code


def _walk_to_review(page: Page, said: Language) -> None:
    """From the dashboard by the words: avatar, Admin Settings, BILLING, Plan Usage & Details, Expand, Modify plan, Review."""
    page.goto(re.sub(r"(https?://[^/]+).*", r"\1/", page.url))
    page.locator(".topbar .account-menu summary, .topbar details[data-menu] summary").first.click()
    page.get_by_role("link", name=said.settings, exact=True).first.click()
    page.locator(".sidebar").get_by_role("link", name=said.billing, exact=True).click()
    page.locator(".sidebar").get_by_role("link", name=said.plan, exact=True).click()
    expect(page.locator("h1")).to_have_text(said.plan)
    page.get_by_text(said.expand, exact=True).click()
    page.get_by_role("link", name=said.modify).click()
    expect(page.locator("h1")).to_have_text(said.modify)
    page.locator('[data-stepper]:has([name="item-credits"]) [data-step="1"]').click()
    expect(page.locator("#quotas .quota-after").first).to_contain_text(re.compile(r"1\D?[05]00"))
    page.locator("#review").get_by_role("button", name=said.review).click()
    page.wait_for_url(re.compile("/admin/plan/review/quo_"))
    expect(page.locator("h1")).to_have_text(said.review)


def _prices(start: datetime, before: datetime, after: datetime, said: Language) -> set[str]:
    """What 500 credits cost for the rest of the cycle, by the second it was asked: $25.00 a month."""
    cycle = Span(start, boundary(start, 1, "month"))
    cents = range(share(2500, cycle, after), share(2500, cycle, before) + 1)
    assert 0 < len(cents) < 4
    return {plain(money_text(amount, "USD", said.code)) for amount in cents}


def _left(page: Page) -> tuple[str, str]:
    """The meter in the top bar: left, of how many."""
    numbers = re.findall(r"\d[\d,\s\u202f\xa0]*", page.locator(".topbar .credits-line span").first.inner_text())
    left, total = (re.sub(r"\D", "", number) for number in numbers[:2])
    return left, total


def _has_its_paper(page: Page, shown: str) -> None:
    page.goto(re.sub(r"(https?://[^/]+).*", r"\1/admin/billing/invoices/", page.url))
    row = page.locator("tbody tr").first
    assert shown in plain(row.inner_text())
    with page.expect_download() as download:
        row.locator("a[href$='/pdf/']").click()
    assert download.value.suggested_filename == "SR-000001.pdf"
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF-")
