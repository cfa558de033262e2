# SPDX-License-Identifier: Apache-2.0
"""Invoices and payments in the lists of the billing pages: plain values."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from sealroom.billing.models import Invoice, InvoiceKind, InvoiceStatus, Payment, PaymentState
from sealroom.web.plans import Names, money
from sealroom.web.wording import Badge


@dataclass(frozen=True)
class InvoiceRow:
    """An invoice in a list."""

    invoice: Invoice
    number: str
    what: str
    total: str
    badge: Badge


@dataclass(frozen=True)
class PaymentRow:
    """A payment in a list."""

    payment: Payment
    number: str
    amount: str
    badge: Badge


def invoice_row(invoice: Invoice, number_text: str, names: Names) -> InvoiceRow:
    """An invoice in a list: what it is for, in a few words."""
    return InvoiceRow(invoice, number_text, _what(invoice, names), money(invoice.total, invoice.currency), invoice_badge(invoice))


def _what(invoice: Invoice, names: Names) -> str:
    if invoice.kind == InvoiceKind.CREDIT_NOTE:
        return _("Credit note")
    lines = [one for one in sorted(invoice.lines.all(), key=lambda line: line.position) if one.amount > 0] or list(
        invoice.lines.all()
    )
    said = [names.item(one.item, one.quantity) for one in lines]
    text = ", ".join(said[:2])
    return _("%(things)s and more") % {"things": text} if len(said) > 2 else text


def invoice_badge(invoice: Invoice) -> Badge:
    """How an invoice stands."""
    if invoice.status == InvoiceStatus.VOID:
        return Badge("neutral", "ban", pgettext("an invoice", "Withdrawn"))
    if invoice.kind == InvoiceKind.CREDIT_NOTE:
        return Badge("neutral", "undo", pgettext("a credit note", "Issued"))
    if invoice.status == InvoiceStatus.PAID or not invoice.due:
        return Badge("ok", "check", pgettext("an invoice", "Paid"))
    if invoice.due_at is not None and invoice.due_at < timezone.now():
        return Badge("danger", "clock", pgettext("an invoice", "Overdue"))
    return Badge("warn", "clock", pgettext("an invoice", "Open"))


def payment_row(payment: Payment, number_text: str) -> PaymentRow:
    """A payment in a list."""
    return PaymentRow(payment, number_text, money(payment.amount, payment.currency), payment_badge(payment))


def payment_badge(payment: Payment) -> Badge:
    """How a payment stands."""
    if payment.refunded:
        return Badge("neutral", "undo", pgettext("a payment", "Paid back"))
    return {
        PaymentState.SUCCEEDED: Badge("ok", "check", pgettext("a payment", "Received")),
        PaymentState.FAILED: Badge("danger", "alert", pgettext("a payment", "Failed")),
        PaymentState.LAPSED: Badge("neutral", "clock", pgettext("a payment", "Ran out")),
    }.get(PaymentState(payment.state), Badge("warn", "hourglass", pgettext("a payment", "Waiting")))
