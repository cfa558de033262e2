# SPDX-License-Identifier: Apache-2.0
"""Invoices: listed, shown, on paper, paid."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from tests.doors.web.billing import INVOICES, MID, NEXT, words
from tests.factories.accounts import Persona
from tests.factories.billing import make_invoice

from sealroom.billing import flows
from sealroom.billing.flows import Wish
from sealroom.billing.models import Invoice, InvoiceStatus
from sealroom.billing.ports import Answer, Progress
from sealroom.cli.simulation.till import ScriptedTill

pytestmark = pytest.mark.django_db


def owed(persona: Persona) -> Invoice:
    flows.renew(persona.team.pk, now=NEXT + timedelta(hours=1))
    return Invoice.objects.get(kind="renewal")


def test_empty_list_teaches(buyer: Persona, till: ScriptedTill) -> None:
    said = words(buyer.client().get(INVOICES))
    assert ("Every purchase is here" in said, "Complete your details" in said) == (True, True)


def test_list_says_what_each_was_for(buyer: Persona, till: ScriptedTill) -> None:
    quote = flows.quote_change(buyer.actor, Wish(items={"credits": 2, "user": 1, "guests": 1}), now=MID)
    flows.confirm_quote(buyer.actor, quote.public_id, key="k", now=MID)
    said = words(buyer.client().get(INVOICES))
    assert "SR-000001 16 Nov 1,000 credits, 1 user and more $50.00 Paid PDF" in said
    assert "Payments Date Invoice Amount Status Details" in said
    assert "SR-000001 $50.00 Received Details" in said


def test_list_is_paged(buyer: Persona, till: ScriptedTill) -> None:
    for number in range(1, 28):
        make_invoice(buyer.team, number=number)
    client = buyer.client()
    first = words(client.get(INVOICES))
    assert ("SR-000027" in first, "SR-000003" in first, "SR-000002" in first, "Older" in first) == (True, True, False, True)
    second = words(client.get(f"{INVOICES}?cursor=3"))
    assert ("SR-000002" in second, "Newest" in second) == (True, True)
    assert client.get(f"{INVOICES}?cursor=x").status_code == 422


def test_invoice_shows_lines_taxes_and_parties(buyer: Persona, till: ScriptedTill) -> None:
    invoice = make_invoice(buyer.team)
    said = words(buyer.client().get(f"{INVOICES}{invoice.public_id}/"))
    assert "Invoice SR-000123" in said
    assert "500 credits 18 of 30 days of $25.00 $15.00 1 data room 18 of 30 days of $50.00 $30.00" in said
    assert "Subtotal $45.00 VAT 20% $9.00 To pay $54.00" in said
    assert "Billed to Northwind 12 rue de l’Exemple 75002 Paris VAT number FR12345678901" in said


def test_paper_is_a_file_for_its_team_alone(buyer: Persona, stranger: Persona, till: ScriptedTill) -> None:
    invoice = make_invoice(buyer.team)
    address = f"{INVOICES}{invoice.public_id}/pdf/"
    answer = buyer.client().get(address)
    assert (answer.status_code, answer["Content-Type"], answer.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert answer["Content-Disposition"] == 'attachment; filename="SR-000123.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert stranger.client().get(address).status_code == 404


def test_draft_has_no_page_and_no_paper(buyer: Persona, till: ScriptedTill) -> None:
    till.answers = [Answer(Progress.FAILED, "ch_1", reason="card_declined")]
    quote = flows.quote_change(buyer.actor, Wish(items={"credits": 1}), now=MID)
    client = buyer.client()
    client.post(f"/admin/plan/review/{quote.public_id}/", {"key": "k"})
    draft = Invoice.objects.get()
    for address in (f"{INVOICES}{draft.public_id}/", f"{INVOICES}{draft.public_id}/pdf/"):
        assert client.get(address).status_code == 404


def test_owed_invoice_is_paid_now(buyer: Persona, till: ScriptedTill, mid: Callable[[datetime], None]) -> None:
    mid(NEXT + timedelta(hours=1))
    invoice, client = owed(buyer), buyer.client()
    till.answers = [Answer(Progress.FAILED, "ch_1", reason="insufficient_funds")]
    refused = client.post(f"{INVOICES}{invoice.public_id}/pay/", {"key": "a"})
    assert (refused.status_code, "The card has too little money" in words(refused)) == (402, True)
    done = client.post(f"{INVOICES}{invoice.public_id}/pay/", {"key": "b"}, follow=True)
    assert ("Payment received. Thank you." in words(done), "Pay now" in words(done)) == (True, False)
    assert Invoice.objects.get().status == InvoiceStatus.PAID
    again = client.post(f"{INVOICES}{invoice.public_id}/pay/", {"key": "c"}, follow=True)  # a second press pays nothing more
    assert ("Payment received. Thank you." in words(again), len(till.orders)) == (True, 2)


def test_owed_invoice_that_needs_the_bank_goes_on_at_its_page(
    buyer: Persona, till: ScriptedTill, mid: Callable[[datetime], None]
) -> None:
    mid(NEXT + timedelta(hours=1))
    invoice = owed(buyer)
    till.answers = [Answer(Progress.PENDING, "pi_1", next_url="https://pay.example/3ds")]
    answer = buyer.client().post(f"{INVOICES}{invoice.public_id}/pay/")
    assert answer["Location"] == f"/admin/billing/payments/{invoice.payments.get().public_id}/?go=1"


def test_owed_transfer_says_where_to(buyer: Persona, by_transfer: None, mid: Callable[[datetime], None]) -> None:
    mid(NEXT + timedelta(hours=1))
    said = words(buyer.client().get(f"{INVOICES}{owed(buyer).public_id}/"))
    assert "Transfer $140.00 and give SR-000001 as the reference." in said
    assert "Pay now" not in said


def test_billing_address_of_mails_leads_to_the_plan(buyer: Persona, till: ScriptedTill) -> None:
    assert buyer.client().get("/admin/billing/")["Location"] == "/admin/plan/"


def test_help_explains_billing_in_both_languages(buyer: Persona) -> None:
    client = buyer.client()
    assert "Where to change the plan" in words(client.get("/help/billing/"))
    said = words(client.get("/help/billing/", headers={"Accept-Language": "fr"}))
    assert ("Where to change the plan" in said) != ("Où modifier le forfait" in said)
