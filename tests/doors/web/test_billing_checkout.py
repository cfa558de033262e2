# SPDX-License-Identifier: Apache-2.0
"""Review & checkout and the payment: charged once and exactly, every way it can end, and other teams' orders do not exist."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from tests.doors.web.billing import DETAILS, INVOICES, MID, MODIFY, PLAN, PREVIEW, key_of, words
from tests.doors.web.conftest import HTMX
from tests.factories.accounts import Persona, make_member

from sealroom.audit.rules import SYSTEM
from sealroom.billing import flows
from sealroom.billing.errors import GatewayDown
from sealroom.billing.flows import Wish
from sealroom.billing.models import BillingProfile, CatalogueEdition, Invoice, Payment, Quote
from sealroom.billing.ports import DECLINES, Answer, Method, Progress, Visit
from sealroom.cli.simulation.till import ScriptedTill
from sealroom.credits import queries as credits

pytestmark = pytest.mark.django_db


def quoted(persona: Persona, wish: Wish | None = None) -> str:
    return flows.quote_change(persona.actor, wish or Wish(items={"credits": 1}), now=MID).public_id


def address_of(quote: str) -> str:
    return f"/admin/plan/review/{quote}/"


def allowance(persona: Persona) -> int:
    return credits.meter(persona.team.pk, now=MID).allowance


def _tax(country: str, name: str, percent: str) -> None:
    newest = CatalogueEdition.objects.latest("pk")
    CatalogueEdition.objects.create(
        at=MID, currencies=newest.currencies, plans=newest.plans, addons=newest.addons,
        taxes=[{"country": country, "name": name, "percent": percent, "reverse_charge": False}],
    )  # fmt: skip


# -- The page ------------------------------------------------------------------------------------------------------------
def test_review_shows_lines_tax_and_what_follows(buyer: Persona, till: ScriptedTill) -> None:
    _tax("FR", "VAT", "20")
    BillingProfile.objects.create(team=buyer.team, country="FR", method_ref="pm_1", method_label="visa 4242")
    page = buyer.client().get(address_of(quoted(buyer, Wish(items={"credits": 1, "data_room": 1}))))
    said = words(page)
    assert "500 credits 15 of 30 days of $25.00 $12.50 1 data room 15 of 30 days of $50.00 $25.00" in said
    assert "Subtotal $37.50 VAT 20% $7.50 Due today $45.00" in said
    assert "From 1 Dec, each month Pro plan $140.00 500 credits $25.00 1 data room $50.00 VAT 20% $43.00 Each month $258.00" in said
    assert "visa 4242 Change Pay $45.00 Added as soon as the payment has gone through." in said
    assert "Price held until 08:15." in said
    assert "Credits 0 of 500 after the order 1,000 Data rooms 0 of 3 after the order 4" in said


def test_review_is_french_for_the_french(buyer: Persona, till: ScriptedTill) -> None:
    client = buyer.client()
    client.cookies["sealroom_language"] = "fr"
    buyer.user.language = "fr"
    buyer.user.save()
    said = words(client.get(address_of(quoted(buyer)), headers={"Accept-Language": "fr"}))
    assert "Vérification et paiement" in said
    assert "500 crédits 15 jours sur 30, sur 25,00 $ 12,50 $ À payer aujourd’hui 12,50 $" in said
    assert "Dès le 1 déc., chaque mois Forfait Pro 140,00 $ 500 crédits 25,00 $ Total mensuel 165,00 $" in said
    assert "Payer 12,50 $" in said


# -- Confirming ----------------------------------------------------------------------------------------------------------
def test_paid_order_is_in_force_and_said(buyer: Persona, till: ScriptedTill) -> None:
    client, address = buyer.client(), address_of(quoted(buyer))
    done = client.post(address, {"key": key_of(client.get(address))}, follow=True)
    assert done.redirect_chain == [(PLAN, 302)]
    assert "Payment received. 500 credits added." in words(done)
    assert ([order.amount for order in till.orders], allowance(buyer)) == ([1250], 1000)


def test_second_press_buys_nothing_more(buyer: Persona, till: ScriptedTill) -> None:
    client, address = buyer.client(), address_of(quoted(buyer))
    key = key_of(client.get(address))
    first, second = client.post(address, {"key": key}), client.post(address, {"key": key})
    assert (first["Location"], second["Location"]) == (PLAN, PLAN)
    other = client.post(address, {"key": "another"})  # the same order from a second tab
    assert other["Location"] == address
    assert "This order was confirmed." in words(client.get(address))
    assert (len(till.orders), allowance(buyer)) == (1, 1000)


@pytest.mark.parametrize("reason", DECLINES)
def test_failed_payment_says_why_and_loses_nothing(reason: str, buyer: Persona, till: ScriptedTill) -> None:
    till.answers = [Answer(Progress.FAILED, "ch_1", reason=reason)]
    client, address = buyer.client(), address_of(quoted(buyer))
    refused = client.post(address, {"key": "one"})
    said = words(refused)
    assert (refused.status_code, "The payment did not go through" in said, "Nothing was changed." in said) == (402, True, True)
    assert ("Pay $12.50" in said, reason in said, allowance(buyer)) == (True, False, 500)
    done = client.post(address, {"key": key_of(refused)}, follow=True)
    assert ("500 credits added." in words(done), allowance(buyer)) == (True, 1000)


def test_silent_gateway_is_said_and_looked_up_later(buyer: Persona, till: ScriptedTill, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(order: object) -> Answer:
        raise GatewayDown

    client, address = buyer.client(), address_of(quoted(buyer))
    with monkeypatch.context() as patch:
        patch.setattr(till, "collect", down)
        refused = client.post(address, {"key": "one"})
    assert (refused.status_code, "The payment provider does not answer" in words(refused)) == (503, True)
    payment = Payment.objects.get()
    assert f"/admin/billing/payments/{payment.public_id}/" in refused.content.decode()
    client.post(f"/admin/billing/payments/{payment.public_id}/check/")
    assert (Payment.objects.get().state, allowance(buyer)) == ("succeeded", 1000)


def test_old_price_is_renewed_and_not_charged(buyer: Persona, till: ScriptedTill, mid: Callable[[datetime], None]) -> None:
    client, address = buyer.client(), address_of(quoted(buyer))
    mid(MID + timedelta(minutes=16))
    assert "This price is no longer valid." in words(client.get(address))
    answer = client.post(address, {"key": "late"}, follow=True)
    assert ("The price was renewed." in words(answer), "Pay $12.49" in words(answer), till.orders) == (True, True, [])
    renewed = client.post(address, {"deed": "renew"})
    assert renewed["Location"] == address_of(Quote.objects.latest("pk").public_id)


def test_changed_plan_leads_back_to_modify(buyer: Persona, till: ScriptedTill) -> None:
    client, address = buyer.client(), address_of(quoted(buyer, Wish(items={"api": 1})))
    client.post(address_of(quoted(buyer, Wish(items={"api": 1}))), {"key": "first"})
    answer = client.post(address, {"key": "second"}, follow=True)
    assert (answer.redirect_chain[0][0], "Your plan has changed meanwhile." in words(answer)) == (MODIFY, True)


# -- Payments ------------------------------------------------------------------------------------------------------------
def test_hosted_page_is_a_link_and_never_a_redirect(buyer: Persona, till: ScriptedTill) -> None:
    till.answers = [Answer(Progress.PENDING, "pi_1", next_url="https://pay.example/3ds")]
    client = buyer.client()
    answer = client.post(address_of(quoted(buyer)), {"key": "one"})
    payment = Payment.objects.get()
    assert answer["Location"] == f"/admin/billing/payments/{payment.public_id}/?go=1"
    page = client.get(answer["Location"]).content.decode()
    assert 'href="https://pay.example/3ds" rel="noreferrer external" data-follow' in page
    back = client.get(f"/admin/billing/payments/{payment.public_id}/").content.decode()
    assert ("data-follow" in back, "load delay:3s" in back, allowance(buyer)) == (False, True, 500)


def test_payment_is_asked_after_by_post_alone(buyer: Persona, till: ScriptedTill) -> None:
    till.answers = [Answer(Progress.PENDING, "pi_1"), Answer(Progress.PENDING, "pi_1"), Answer(Progress.SUCCEEDED, "pi_1")]
    client = buyer.client()
    client.post(address_of(quoted(buyer)), {"key": "one"})
    address = f"/admin/billing/payments/{Payment.objects.get().public_id}/"
    assert client.get(f"{address}check/").status_code == 405
    still = client.post(f"{address}check/", {"looks": "4"}, headers=HTMX).content.decode()
    assert ("Check again" in still, "load delay" in still) == (True, False)  # it does not ask for ever
    done = client.post(f"{address}check/", follow=True)
    assert ("Payment received. 500 credits added." in words(done), allowance(buyer)) == (True, 1000)


def test_payment_that_failed_leads_back_to_its_order(buyer: Persona, till: ScriptedTill) -> None:
    till.answers = [Answer(Progress.PENDING, "pi_1"), Answer(Progress.FAILED, "pi_1", reason="card_declined")]
    client, quote = buyer.client(), quoted(buyer)
    client.post(address_of(quote), {"key": "one"})
    address = f"/admin/billing/payments/{Payment.objects.get().public_id}/"
    page = client.post(f"{address}check/", follow=True)
    assert "The card was declined: ask your bank, or pay with another card. Nothing was changed." in words(page)
    assert f'href="{address_of(quote)}"' in page.content.decode()


def test_transfer_says_where_to_and_counts_when_it_came(buyer: Persona, by_transfer: None) -> None:
    client, address = buyer.client(), address_of(quoted(buyer))
    assert "By bank transfer, with the invoice Order and get the invoice Added as soon as the money has arrived." in words(
        client.get(address)
    )
    page = client.post(address, {"key": "one"}, follow=True)
    said, invoice = words(page), Invoice.objects.get()
    assert "It counts as soon as the money has arrived; until then nothing changes." in said
    assert "Transfer $12.50 and give SR-000001 as the reference. IBAN XX00 0000 0000 0000 BIC EXAMPLEX" in said
    assert f"{INVOICES}{invoice.public_id}/pdf/" in page.content.decode()
    assert "Bea Buyer" in said  # the frame says who is signed in
    assert allowance(buyer) == 500
    assert "$12.50 is to be paid What was ordered counts as soon as the money has arrived." in words(client.get(PLAN))
    flows.confirm_transfer(invoice.public_id, who=SYSTEM, now=MID)
    assert allowance(buyer) == 1000


# -- Whose is it ---------------------------------------------------------------------------------------------------------
def _addresses(buyer: Persona) -> list[tuple[str, str]]:
    quote = quoted(buyer)
    flows.confirm_quote(buyer.actor, quote, key="k", now=MID)
    invoice, payment = Invoice.objects.get(), Payment.objects.get()
    return [
        ("get", address_of(quote)),
        ("post", address_of(quote)),
        ("get", f"{INVOICES}{invoice.public_id}/"),
        ("get", f"{INVOICES}{invoice.public_id}/pdf/"),
        ("post", f"{INVOICES}{invoice.public_id}/pay/"),
        ("get", f"/admin/billing/payments/{payment.public_id}/"),
        ("post", f"/admin/billing/payments/{payment.public_id}/check/"),
    ]


def test_other_teams_orders_and_invoices_do_not_exist(buyer: Persona, stranger: Persona, till: ScriptedTill) -> None:
    client = stranger.client()
    found = {f"{method} {address}": getattr(client, method)(address).status_code for method, address in _addresses(buyer)}
    assert set(found.values()) == {404}
    renewed = client.post(address_of(Quote.objects.get().public_id), {"deed": "renew"})
    assert renewed.status_code == 404


def test_users_are_refused_everywhere(buyer: Persona, till: ScriptedTill) -> None:
    member = make_member(buyer, "user@example.com", now=MID)
    client = member.client()
    fixed = [
        ("get", PLAN), ("get", MODIFY), ("post", MODIFY), ("post", PREVIEW), ("post", "/admin/plan/cancel/"),
        ("post", "/admin/plan/keep/"), ("get", "/admin/billing/"), ("get", INVOICES), ("get", DETAILS), ("post", DETAILS),
        ("post", f"{DETAILS}method/"), ("get", f"{DETAILS}saved/"), ("post", f"{DETAILS}saved/"),
    ]  # fmt: skip
    asked = fixed + _addresses(buyer)
    found = {f"{method} {address}": getattr(client, method)(address).status_code for method, address in asked}
    assert set(found.values()) == {403}


# -- Who pays, and with what ---------------------------------------------------------------------------------------------
def test_details_are_kept_and_refused_by_field(buyer: Persona, till: ScriptedTill) -> None:
    client = buyer.client()
    data = {
        "company": "Northwind",
        "address": "1 Quay\nParis",
        "country": "FR",
        "vat_id": "fr 123",
        "contact_email": "B@Example.com",
    }
    client.post(DETAILS, data)
    profile = BillingProfile.objects.get(team=buyer.team)
    assert (profile.company, profile.country, profile.vat_id, profile.contact_email) == (
        "Northwind",
        "FR",
        "FR123",
        "b@example.com",
    )
    refused = client.post(DETAILS, {**data, "vat_id": "!!", "contact_email": "no address", "country": "ZZ"})
    assert refused.status_code == 422
    page = client.post(DETAILS, {**data, "vat_id": "12"})
    assert ("Write it with its country in front" in words(page), 'value="Northwind"' in page.content.decode()) == (True, True)


def test_method_is_saved_for_the_browser_that_was_sent(buyer: Persona, till: ScriptedTill, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def visit(**given: str) -> Visit:
        asked.append(given["return_url"])
        return Visit("https://pay.example/setup", "seti_1", "cus_1")

    def saved(reference: str) -> Method | None:
        return Method("pm_1", "visa 4242", "2028-04") if reference == "seti_1" else None

    monkeypatch.setattr(till, "visit", visit)
    monkeypatch.setattr(till, "saved_method", saved)
    client = buyer.client()
    page = client.post(f"{DETAILS}method/")
    assert 'href="https://pay.example/setup" rel="noreferrer external"' in page.content.decode()
    assert asked[0].endswith(f"{DETAILS}saved/")
    other = buyer.client()  # a link with somebody else's visit would do nothing
    assert "No payment method was saved." in words(other.post(f"{DETAILS}saved/?session=seti_1", follow=True))
    assert "data-send-now" in client.get(f"{DETAILS}saved/").content.decode()
    assert BillingProfile.objects.get(team=buyer.team).method_ref == ""
    assert "Your payment method is saved." in words(client.post(f"{DETAILS}saved/", follow=True))
    assert "visa 4242 · expires 2028-04" in words(client.get(DETAILS))
