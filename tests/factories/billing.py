# SPDX-License-Identifier: Apache-2.0
"""Invoices as rows, without the flows that make them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sealroom.accounts.models import Team
from sealroom.billing.models import Invoice, InvoiceKind, InvoiceLine, InvoiceStatus, Payment, PaymentState, Subscription
from sealroom.billing.rules.money import Line, LineKind, Priced, Span, charge, full

CYCLE = Span(datetime(2026, 11, 14, 9, 30, tzinfo=UTC), datetime(2026, 12, 14, 9, 30, tzinfo=UTC))
LATE = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
SELLER = {
    "name": "Example Seals Ltd",
    "address": ["1 Harbour Street", "Dublin"],
    "vat_id": "IE1234567X",
    "account": ["IBAN XX00 0000 0000 0000", "BIC EXAMPLEX"],
}
CUSTOMER = {"company": "Northwind", "address": "12 rue de l’Exemple\n75002 Paris", "country": "FR", "vat_id": "FR12345678901"}


def checkout_lines() -> list[Line]:
    """500 credits and a data room, 18 of 30 days before the cycle ends: $45.00."""
    return [charge(Priced("credits", 2500), cycle=CYCLE, since=LATE), charge(Priced("data_room", 5000), cycle=CYCLE, since=LATE)]


def renewal_lines() -> list[Line]:
    """A month of the plan with three more users: $425.00."""
    following = Span(CYCLE.end, datetime(2027, 1, 14, 9, 30, tzinfo=UTC))
    return [full(Priced("plan:team", 35000), cycle=following), full(Priced("user", 2500, 3), cycle=following)]


def make_invoice(team: Team, *, lines: list[Line] | None = None, tax: int = 20, **values: Any) -> Invoice:
    """An open invoice of a team, numbered 123, with 20 % tax, to be paid in two weeks."""
    lines = checkout_lines() if lines is None else lines
    subtotal = sum(line.amount for line in lines)
    taxes: list[dict[str, Any]] = [{"name": "VAT", "percent": str(tax), "amount": subtotal * tax // 100}] if tax else []
    total = subtotal + sum(one["amount"] for one in taxes)
    used = values.pop("balance_used", 0)
    given: dict[str, Any] = {
        "team": team,
        "subscription": Subscription.objects.get(team=team),
        "kind": InvoiceKind.CHANGE,
        "status": InvoiceStatus.OPEN,
        "number": 123,
        "currency": "USD",
        "subtotal": subtotal,
        "taxes": taxes,
        "total": total,
        "balance_used": used,
        "due": max(0, total - used),
        "customer": CUSTOMER,
        "seller": SELLER,
        "created_at": LATE,
        "opened_at": LATE,
        "due_at": datetime(2026, 12, 10, 9, 30, tzinfo=UTC),
        **values,
    }
    invoice = Invoice.objects.create(**given)
    for place, line in enumerate(lines):
        row = {name: getattr(line, name) for name in ("item", "unit_price", "quantity", "amount", "start", "end")}
        InvoiceLine.objects.create(invoice=invoice, position=place, kind=LineKind(line.kind).value, **row)
    return invoice


def make_payment(invoice: Invoice, **values: Any) -> Payment:
    """A payment of an invoice that the gateway is being asked for at this moment, so that nobody asks again."""
    now = datetime.now(UTC)
    given: dict[str, Any] = {
        "invoice": invoice, "gateway": "invoice", "state": PaymentState.PENDING, "amount": invoice.due,
        "currency": invoice.currency, "key": f"{invoice.public_id}:1", "created_at": now, "asked_at": now, **values,
    }  # fmt: skip
    return Payment.objects.create(**given)
