# SPDX-License-Identifier: Apache-2.0
"""An invoice as it is printed: who may have it, and every word of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from sealroom.billing.models import AddOn, BillingProfile, InvoiceKind, InvoiceStatus, Plan
from sealroom.billing.queries import addon_by_code, plan_by_code
from sealroom.billing.queries.papers import (
    account_lines,
    customer_snapshot,
    get_paper,
    invoice_number,
    known_addons,
    paper_of,
    plan_names,
    seller_of_installation,
)
from sealroom.billing.rules.money import Line, LineKind
from sealroom.core.errors import Forbidden, NotFound
from sealroom.project.environment import BadSetting, lines, short_word
from tests.factories.accounts import Persona
from tests.factories.billing import CYCLE, LATE, make_invoice, renewal_lines

PAID_AT = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)


# -- Who may have it -------------------------------------------------------------------------------------------------------
def test_admins_get_papers_of_their_team_only(owner: Persona, member: Persona, stranger: Persona) -> None:
    invoice = make_invoice(owner.team)
    assert get_paper(owner.actor, invoice.public_id).number == "SR-000123"
    with pytest.raises(Forbidden):
        get_paper(member.actor, invoice.public_id)
    for wrong in (invoice.public_id, "ivc_nothing"):
        with pytest.raises(NotFound):
            get_paper(stranger.actor, wrong)


def test_what_has_no_number_has_no_paper(owner: Persona) -> None:
    for status in (InvoiceStatus.DRAFT, InvoiceStatus.VOID):
        invoice = make_invoice(owner.team, status=status, number=None)
        with pytest.raises(NotFound):
            get_paper(owner.actor, invoice.public_id)


# -- What it says ----------------------------------------------------------------------------------------------------------
def test_an_open_invoice_in_english(owner: Persona, settings: Any) -> None:
    settings.SEALROOM_PAYMENT_GATEWAY = "invoice"
    paper = paper_of(make_invoice(owner.team, balance_used=400))
    assert (paper.language, paper.title, paper.number, paper.currency) == ("en", "Invoice", "SR-000123", "USD")
    assert paper.seller == ("Example Seals Ltd", "1 Harbour Street", "Dublin")
    assert paper.customer == ("Northwind", "12 rue de l’Exemple", "75002 Paris", "France")
    assert paper.facts == (
        ("Date", "26\xa0Nov\xa02026"),
        ("To be paid by", "10\xa0Dec\xa02026"),
        ("Status", "Open"),
        ("Seller’s VAT number", "IE1234567X"),
        ("Customer’s VAT number", "FR12345678901"),
    )
    assert [(line.text, line.detail, line.quantity, line.unit_price, line.amount) for line in paper.lines] == [
        ("500 credits", "18 of 30 days of $25.00", 1, 2500, 1500),
        ("1 data room", "18 of 30 days of $50.00", 1, 5000, 3000),
    ]
    assert (paper.subtotal, paper.taxes, paper.total) == (4500, (("VAT 20%", 900),), 5400)
    assert (paper.balance_used, paper.due) == (400, 5000)
    assert paper.notes == (
        "Please transfer $50.00 to this account and give SR-000123 as the reference:",
        "IBAN XX00 0000 0000 0000",
        "BIC EXAMPLEX",
    )
    assert (paper.words["due"], paper.words["currency"]) == ("To pay", "Amounts in US dollars")


def test_the_same_invoice_in_french(owner: Persona, settings: Any) -> None:
    settings.SEALROOM_PAYMENT_GATEWAY = "invoice"
    paper = paper_of(make_invoice(owner.team, language="fr"))
    assert (paper.language, paper.title) == ("fr", "Facture")
    assert paper.facts == (
        ("Date", "26\xa0nov.\xa02026"),
        ("À payer avant le", "10\xa0déc.\xa02026"),
        ("État", "À payer"),
        ("N°\xa0de TVA de l’émetteur", "IE1234567X"),
        ("N°\xa0de TVA du client", "FR12345678901"),
    )
    assert [(line.text, line.detail) for line in paper.lines] == [
        ("500 crédits", "18\xa0jours sur\xa030, sur\xa025,00\xa0$"),
        ("1 salle de données", "18\xa0jours sur\xa030, sur\xa050,00\xa0$"),
    ]
    assert paper.taxes == (("VAT 20\u202f%", 900),)
    assert paper.notes[0] == "Veuillez virer 54,00\xa0$ sur ce compte en indiquant la référence SR-000123\u202f:"
    assert paper.words == {
        "number": "Numéro",
        "from": "Émetteur",
        "to": "Facturé à",
        "description": "Désignation",
        "quantity": "Quantité",
        "unit_price": "Prix unitaire",
        "amount": "Montant",
        "subtotal": "Sous-total",
        "total": "Total",
        "balance_used": "Prélevé sur votre solde",
        "currency": "Montants en dollars US",
        "page": "Page {page} sur {pages}",
        "due": "À payer",
    }


def test_a_paid_renewal_names_its_cycle_and_the_day_it_was_paid(owner: Persona) -> None:
    invoice = make_invoice(
        owner.team,
        lines=renewal_lines(),
        kind=InvoiceKind.RENEWAL,
        cycle_start=CYCLE.end,
        status=InvoiceStatus.PAID,
        paid_at=PAID_AT,
        customer={"company": "Northwind"},
        seller={"name": "Example Seals Ltd"},
    )
    paper = paper_of(invoice)
    assert paper.facts == (
        ("Date", "26\xa0Nov\xa02026"),
        ("Period", "14\xa0Dec\xa02026 to 13\xa0Jan\xa02027"),
        ("Status", "Paid on 27\xa0Nov\xa02026"),
    )
    assert (paper.words["due"], paper.notes, paper.customer) == ("Paid", (), ("Northwind",))


def test_without_transfer_no_account_is_told(owner: Persona, settings: Any) -> None:
    settings.SEALROOM_PAYMENT_GATEWAY = "stripe"
    assert paper_of(make_invoice(owner.team)).notes == ()


@pytest.mark.parametrize(
    ("language", "note"),
    [
        ("en", "Reverse charge: the customer is liable for the VAT."),
        ("fr", "Autoliquidation\u202f: la TVA est due par le preneur."),
    ],
)
def test_reverse_charge_is_said(owner: Persona, language: str, note: str) -> None:
    paper = paper_of(make_invoice(owner.team, tax=0, reverse_charge=True, language=language))
    assert (paper.notes, paper.taxes) == ((note,), ())


def test_a_withdrawn_invoice_says_so_and_asks_for_nothing(owner: Persona, settings: Any) -> None:
    settings.SEALROOM_PAYMENT_GATEWAY = "invoice"
    paper = paper_of(make_invoice(owner.team, status=InvoiceStatus.VOID, voided_at=PAID_AT))
    assert paper.notes == ("This invoice was withdrawn on 27\xa0Nov\xa02026. It is not to be paid.",)
    assert ("Status", "Withdrawn") in paper.facts
    assert "due" not in paper.words


def test_a_negative_invoice_says_where_the_money_is(owner: Persona) -> None:
    line = Line(LineKind.CREDIT, "plan:team", 35000, 1, -21000, LATE, CYCLE.end)
    paper = paper_of(make_invoice(owner.team, lines=[line], tax=0, status=InvoiceStatus.PAID, paid_at=PAID_AT))
    assert paper.notes == ("$210.00 is kept as your balance and used for your next invoices.",)


@pytest.mark.parametrize(
    ("language", "title", "label", "item"),
    [("en", "Credit note", "Corrects invoice", "Refund"), ("fr", "Avoir", "Rectifie la facture", "Remboursement")],
)
def test_a_credit_note_names_what_it_corrects(owner: Persona, language: str, title: str, label: str, item: str) -> None:
    invoice = make_invoice(owner.team, status=InvoiceStatus.PAID, paid_at=PAID_AT)
    line = Line(LineKind.REFUND, "refund", -4500, 1, -4500, LATE, LATE)
    note = make_invoice(
        owner.team, lines=[line], kind=InvoiceKind.CREDIT_NOTE, number=124, corrects=invoice, language=language, due=0
    )
    paper = get_paper(owner.actor, note.public_id)
    assert (paper.title, paper.lines[0].text, paper.notes) == (title, item, ())
    assert (label, "SR-000123") in paper.facts
    assert "due" not in paper.words


def test_an_invoice_reads_the_same_after_the_catalogue_has_changed(owner: Persona) -> None:
    invoice = make_invoice(owner.team, lines=[*renewal_lines(), make_line("credits", 2500, 2)])
    before = paper_of(invoice)
    plan, addon = plan_by_code("team"), addon_by_code("credits")
    values = {field.name: getattr(plan, field.name) for field in Plan._meta.fields if field.name != "id"}
    Plan.objects.create(
        **{**values, "version": 2, "name": "Crew", "prices": {"USD": {"month": 40000, "year": 400_000}}},
    )
    AddOn.objects.create(code="credits", version=addon.version + 1, adds={"credits": 100}, prices={"USD": {"month": 900}})
    assert paper_of(invoice) == before
    assert [line.text for line in before.lines] == ["Team plan", "3 users", "1,000 credits"]
    assert (plan_names()["team"], known_addons()["credits"].adds) == ("Crew", {"credits": 100})


def make_line(item: str, price: int, quantity: int) -> Line:
    return Line(LineKind.RECURRING, item, price, quantity, price * quantity, CYCLE.start, CYCLE.end)


# -- Parties and numbers ---------------------------------------------------------------------------------------------------
def test_numbers_have_the_installations_prefix(settings: Any) -> None:
    assert [invoice_number(number) for number in (1, 123, 1_234_567, None)] == ["SR-000001", "SR-000123", "SR-1234567", ""]
    settings.SEALROOM_INVOICE_PREFIX = ""
    assert invoice_number(7) == "000007"


def test_the_seller_is_the_installations(settings: Any) -> None:
    assert seller_of_installation() == {"name": "127.0.0.1", "address": [], "vat_id": "", "account": []}
    settings.SEALROOM_SELLER_NAME, settings.SEALROOM_SELLER_ADDRESS = "Example Seals Ltd", ["1 Harbour Street", "Dublin"]
    settings.SEALROOM_SELLER_VAT_ID, settings.SEALROOM_SELLER_ACCOUNT = "IE1234567X", ["IBAN XX00"]
    assert seller_of_installation() == {
        "name": "Example Seals Ltd",
        "address": ["1 Harbour Street", "Dublin"],
        "vat_id": "IE1234567X",
        "account": ["IBAN XX00"],
    }


def test_an_account_of_today_serves_an_invoice_that_has_none(owner: Persona, settings: Any) -> None:
    settings.SEALROOM_SELLER_ACCOUNT = ["IBAN NEW"]
    assert account_lines(make_invoice(owner.team)) == ["IBAN XX00 0000 0000 0000", "BIC EXAMPLEX"]
    assert account_lines(make_invoice(owner.team, number=124, seller={})) == ["IBAN NEW"]


def test_the_customer_is_the_company_or_the_team(owner: Persona) -> None:
    nobody = {"company": "Northwind", "address": "", "country": "", "vat_id": ""}
    assert customer_snapshot(None, owner.team) == nobody
    assert customer_snapshot(BillingProfile(team=owner.team), owner.team) == nobody
    profile = BillingProfile(team=owner.team, company="Northwind Ltd", address="1 Road\nTown", country="IE", vat_id="IE1")
    assert customer_snapshot(profile, owner.team) == {
        "company": "Northwind Ltd", "address": "1 Road\nTown", "country": "IE", "vat_id": "IE1",
    }  # fmt: skip


def test_settings_of_the_seller_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", " IBAN 1 | BIC 2 ||")
    assert lines("X") == ["IBAN 1", "BIC 2"]
    refused: list[tuple[str, Callable[[], object]]] = [
        ("|".join("abcdefghi"), lambda: lines("X")),
        ("a\nb", lambda: lines("X")),
        ("a" * 13, lambda: short_word("X", "SR-", most=12)),
        ("a\tb", lambda: short_word("X", "SR-", most=12)),
    ]
    for value, read in refused:
        monkeypatch.setenv("X", value)
        with pytest.raises(BadSetting):
            read()
    monkeypatch.setenv("X", "")
    assert short_word("X", "SR-", most=12) == ""
    monkeypatch.delenv("X")
    assert (short_word("X", "SR-", most=12), lines("X")) == ("SR-", [])
