# SPDX-License-Identifier: Apache-2.0
"""What the operator does with money and credits: confirm bank transfers, write invoices off, pay back, give promotional credits.
Who calls them has checked that `who` is an operator."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

from django.db import transaction
from django.db.models import F
from django.db.models.expressions import CombinedExpression

from sealroom.accounts.models import Team
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb, Who
from sealroom.billing.errors import GatewayDown, PaymentFailed
from sealroom.billing.flows import invoices, letters, settle
from sealroom.billing.flows.subscription import fresh, settled
from sealroom.billing.models import Invoice, InvoiceKind, InvoiceStatus, Payment, PaymentState
from sealroom.billing.ports import get_gateway
from sealroom.billing.queries.kept import tax_lines_of
from sealroom.billing.rules.money import Line, LineKind, TaxLine, Totals
from sealroom.core.errors import Invalid, NotFound
from sealroom.core.money import round_half_away
from sealroom.credits import flows as credits_flows
from sealroom.credits.rules import LotKind

_BY_TRANSFER = "invoice"  # the name of the gateway that is a bank account


@transaction.atomic
def confirm_transfer(invoice_id: str, *, who: Who, now: datetime) -> int:
    """The money of an owed invoice is on the account: what it was for comes into force. Returns the credits that issued. Again:
    nothing. Money for something that lapsed is kept as the customer's balance. Where a card was asked it is not any more; what
    still comes from it is kept. Raises `NotFound`."""
    settled(_invoice(invoice_id).team_id, now=now)
    invoice = _invoice(invoice_id)
    if invoice.number is None:
        raise NotFound(kind="invoice", id=invoice_id)
    if invoice.status == InvoiceStatus.PAID:
        return 0
    payment = _transfer_of(invoice, now=now)
    if payment.state == PaymentState.SUCCEEDED:
        return 0
    audit.record(
        who,
        Verb.PAYMENT_CONFIRMED,
        "invoice",
        invoice_id,
        now=now,
        team=invoice.team.public_id,
        amount=payment.amount,
        currency=payment.currency,
    )
    return settle.settle(payment.pk, now=now)


@transaction.atomic
def void_invoice(invoice_id: str, *, who: Who, reason: str, now: datetime) -> Invoice:
    """An owed invoice is not asked for any more; its number stays taken, a purchase that waited for it does not happen. Raises
    `NotFound`, `Invalid` for one that is not open."""
    invoice = _invoice(invoice_id)
    settled(invoice.team_id, now=now)
    invoice = _invoice(invoice_id)
    if invoice.status != InvoiceStatus.OPEN:
        raise Invalid({"invoice": ["not_open"]})
    for payment in invoice.payments.filter(state__in=settle.UNDER_WAY):
        Payment.objects.filter(pk=payment.pk).update(state=PaymentState.LAPSED, settled_at=now, next_url="")
    invoices.void(invoice, now=now)
    if invoice.quote is not None:
        settle.reopen(invoice.quote)
    invoices.record(invoice, Verb.INVOICE_VOIDED, who, now=now, reason=reason)
    return invoice


def refund(payment_id: str, amount: int, *, key: str, who: Who, now: datetime) -> Invoice:
    """Pay a part or all of a payment back through its gateway; a credit note says so. What was bought stays as it is: taking it
    away is another deed. `key` makes a repetition harmless. Raises `NotFound`, `Invalid` (more than is left), `PaymentFailed`,
    `GatewayDown`."""
    payment = Payment.objects.select_related("invoice__team", "invoice__subscription").filter(public_id=payment_id).first()
    if payment is None:
        raise NotFound(kind="payment", id=payment_id)
    if payment.state != PaymentState.SUCCEEDED or not amount > 0:
        raise Invalid({"amount": ["nothing"]})
    known = _note_of(payment, key)
    if known is not None:
        return known
    # Set aside first, so that two refunds at once never exceed the payment; given free again when the gateway refuses, or does not
    # answer: whether it paid is found out by the same key again.
    if not Payment.objects.filter(pk=payment.pk, refunded__lte=payment.amount - amount).update(refunded=_plus(amount)):
        raise Invalid({"amount": ["too_much"]}, left=payment.amount - payment.refunded)
    try:
        if payment.gateway != _BY_TRANSFER:  # else the operator transfers it back; nobody is to be asked
            get_gateway().refund(payment.reference or "", amount, key=f"{payment.public_id}:{key}")
    except (PaymentFailed, GatewayDown):
        Payment.objects.filter(pk=payment.pk).update(refunded=_plus(-amount))
        raise
    with transaction.atomic():
        settled(payment.invoice.team_id, now=now)
        known = _note_of(payment, key)
        if known is not None:  # pressed twice: the gateway paid once, so it is written down once
            Payment.objects.filter(pk=payment.pk).update(refunded=_plus(-amount))
            return known
        note = _credit_note(payment, amount, key=key, now=now)
        invoices.record(note, Verb.PAYMENT_REFUNDED, who, now=now, reason=payment.public_id)
        letters.tell_refunded(note, amount=amount, now=now)
    return note


def grant_credits(
    team: Team, amount: int, *, expires_at: datetime | None, key: str, note: str = "", who: Who, now: datetime
) -> credits_flows.Issued:
    """Promotional credits, until `expires_at` (None: for ever), once per `key`. Raises `Invalid` for no amount, or an end that has
    passed."""
    if not 0 < amount <= 1_000_000:
        raise Invalid({"credits": ["out_of_range"]})
    key = f"promo:{team.pk}:{key}"[:120]
    return credits_flows.issue(team.pk, LotKind.PROMO, amount, source_key=key, expires_at=expires_at, note=note, who=who, now=now)


def _credit_note(payment: Payment, amount: int, *, key: str, now: datetime) -> Invoice:
    """What was paid back, tax in the same proportion as on the invoice it corrects."""
    invoice = payment.invoice
    subscription = fresh(invoice.team_id)
    net = round_half_away(Fraction(amount * invoice.subtotal, invoice.total)) if invoice.total else amount
    line = Line(LineKind.REFUND, f"refund:{key}"[:30], net, 1, -net, now, now)
    taxes = _share_of_taxes(invoice, amount - net)
    sums = Totals(-net, taxes, -amount, 0, 0, reverse_charge=invoice.reverse_charge)
    note = invoices.write(subscription, InvoiceKind.CREDIT_NOTE, [line], sums, corrects=invoice, now=now)
    invoices.open_invoice(note, now=now)
    note.status, note.paid_at = InvoiceStatus.PAID, now
    note.save(update_fields=["status", "paid_at"])
    return note


def _share_of_taxes(invoice: Invoice, tax: int) -> tuple[TaxLine, ...]:
    lines = tax_lines_of(invoice.taxes)
    whole = sum(one.amount for one in lines)
    shares = [one.amount * tax // whole for one in lines] if whole else []
    if shares:
        shares[-1] += tax - sum(shares)
    return tuple(TaxLine(one.name, one.percent, -share) for one, share in zip(lines, shares, strict=True))


def _transfer_of(invoice: Invoice, *, now: datetime) -> Payment:
    """The transfer that was asked for, or one that came unasked."""
    asked = invoice.payments.filter(gateway=_BY_TRANSFER).order_by("-pk").first()
    if asked is not None:
        return asked
    invoice.payments.filter(state__in=settle.UNDER_WAY).update(state=PaymentState.LAPSED, settled_at=now, next_url="")
    return Payment.objects.create(
        invoice=invoice,
        gateway=_BY_TRANSFER,
        amount=invoice.due,
        currency=invoice.currency,
        key=f"{invoice.public_id}:transfer",
        created_at=now,
    )


def _note_of(payment: Payment, key: str) -> Invoice | None:
    return Invoice.objects.filter(corrects=payment.invoice, lines__item=f"refund:{key}"[:30]).first()


def _invoice(invoice_id: str) -> Invoice:
    invoice = Invoice.objects.select_related("team", "subscription").filter(public_id=invoice_id).first()
    if invoice is None:
        raise NotFound(kind="invoice", id=invoice_id)
    return invoice


def _plus(amount: int) -> CombinedExpression:
    return F("refunded") + amount
