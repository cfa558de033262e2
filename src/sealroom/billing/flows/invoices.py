# SPDX-License-Identifier: Apache-2.0
"""Writing invoices: figures from lines and rates, numbers without gaps, what a customer has with us. In the caller's transaction,
under the lock of the team. Only the deeds beside this file use it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from django.db import transaction
from django.db.models import F

from sealroom.audit import flows as audit
from sealroom.audit.rules import SYSTEM, Verb, Who
from sealroom.billing.flows import letters
from sealroom.billing.models import (
    BalanceEntry,
    Invoice,
    InvoiceKind,
    InvoiceLine,
    InvoiceStatus,
    Numbering,
    Quote,
    Subscription,
)
from sealroom.billing.queries import GRACE, tax_rates
from sealroom.billing.queries.papers import customer_snapshot, seller_of_installation
from sealroom.billing.queries.standing import balance_of, profile_of
from sealroom.billing.rules.money import Line, Totals, rates_for, totals
from sealroom.core import jobs

_SERIES = "invoice"


def totals_of(team_id: int, lines: Sequence[Line], *, use_balance: bool = True) -> Totals:
    """Add lines up for a customer as he is today."""
    profile = profile_of(team_id)
    rates = rates_for(profile.country, tax_rates())
    return totals(lines, rates, vat_id=profile.vat_id, balance=balance_of(team_id) if use_balance else 0)


def write(
    subscription: Subscription,
    kind: InvoiceKind,
    lines: Sequence[Line],
    sums: Totals,
    *,
    quote: Quote | None = None,
    corrects: Invoice | None = None,
    cycle_start: datetime | None = None,
    now: datetime,
) -> Invoice:
    """A draft with its lines. It has no number and is owed by nobody."""
    team, profile = subscription.team, profile_of(subscription.team_id)
    invoice = Invoice.objects.create(
        team=team,
        subscription=subscription,
        kind=kind,
        currency=subscription.currency,
        subtotal=sums.subtotal,
        taxes=[asdict(one) for one in sums.taxes],
        total=sums.total,
        balance_used=sums.balance_used,
        due=sums.due,
        reverse_charge=sums.reverse_charge,
        language=team.language,
        customer=customer_snapshot(profile, team),
        seller=seller_of_installation(),
        quote=quote,
        corrects=corrects,
        cycle_start=cycle_start,
        created_at=now,
    )
    InvoiceLine.objects.bulk_create(
        InvoiceLine(
            invoice=invoice,
            position=position,
            kind=line.kind,
            item=line.item,
            unit_price=line.unit_price,
            quantity=line.quantity,
            amount=line.amount,
            start=line.start,
            end=line.end,
        )
        for position, line in enumerate(lines, 1)
    )
    return invoice


def open_invoice(invoice: Invoice, *, now: datetime, due_at: datetime | None = None) -> None:
    """Give a draft its number: from here on it is frozen."""
    invoice.number = _next_number()
    invoice.status, invoice.opened_at, invoice.due_at = InvoiceStatus.OPEN, now, due_at or now
    invoice.save(update_fields=["number", "status", "opened_at", "due_at"])


def mark_paid(invoice: Invoice, *, now: datetime) -> None:
    """Nothing is left to pay."""
    if invoice.number is None:
        open_invoice(invoice, now=now)
    invoice.status, invoice.paid_at = InvoiceStatus.PAID, now
    invoice.save(update_fields=["status", "paid_at"])
    if invoice.total < 0:
        add_balance(invoice, -invoice.total, reason="invoice", source_key=f"invoice:{invoice.public_id}", now=now)


def void(invoice: Invoice, *, now: datetime) -> None:
    """It is not owed any more; its number, if it has one, stays taken. What it had used of the customer's balance comes back."""
    invoice.status, invoice.voided_at = InvoiceStatus.VOID, now
    invoice.save(update_fields=["status", "voided_at"])
    give_back_balance(invoice, now=now)


def take_balance(invoice: Invoice, *, now: datetime) -> None:
    """Set aside what an invoice uses of the customer's balance, unless it is set aside already."""
    newest = _newest_use(invoice)
    amount = min(invoice.balance_used, balance_of(invoice.team_id))
    if amount and (newest is None or newest.reason == "unused"):
        key = f"use:{invoice.public_id}:{newest.pk if newest else 0}"
        add_balance(invoice, -amount, reason="used", source_key=key, now=now)


def give_back_balance(invoice: Invoice, *, now: datetime) -> None:
    """Undo what `take_balance` set aside."""
    newest = _newest_use(invoice)
    if newest is not None and newest.reason == "used":
        add_balance(invoice, -newest.amount, reason="unused", source_key=f"unuse:{newest.pk}", now=now)


def _newest_use(invoice: Invoice) -> BalanceEntry | None:
    return invoice.balance_entries.filter(reason__in=["used", "unused"]).order_by("-pk").first()


def add_balance(invoice: Invoice, amount: int, *, reason: str, source_key: str, now: datetime) -> None:
    """A change of what the customer has with us, once per `source_key`."""
    if not BalanceEntry.objects.filter(source_key=source_key).exists():
        BalanceEntry.objects.create(
            team_id=invoice.team_id,
            at=now,
            amount=amount,
            balance_after=balance_of(invoice.team_id) + amount,
            currency=invoice.currency,
            reason=reason,
            invoice=invoice,
            source_key=source_key,
        )
        Subscription.objects.filter(pk=invoice.subscription_id).update(version=F("version") + 1)


def open_renewal(subscription: Subscription, lines: Sequence[Line], *, cycle_start: datetime, now: datetime) -> Invoice:
    """The invoice of a cycle, owed from now on; what the customer has with us pays for it first."""
    sums = totals_of(subscription.team_id, lines)
    invoice = write(subscription, InvoiceKind.RENEWAL, lines, sums, cycle_start=cycle_start, now=now)
    open_invoice(invoice, now=now, due_at=now + GRACE)
    take_balance(invoice, now=now)
    record(invoice, Verb.INVOICE_OPENED, SYSTEM, now=now)
    if invoice.due:
        plan_collection(invoice, due_at=now)
    else:
        mark_paid(invoice, now=now)
        letters.tell_paid(invoice, now=now)
    return invoice


def plan_collection(invoice: Invoice, *, due_at: datetime) -> None:
    """Have an invoice collected; a lost job is made up for by `billing.sweep`."""
    key = f"{invoice.pk}:{due_at:%Y%m%d%H%M}"
    jobs.defer("billing.collect", key=key, due_at=due_at, lane=invoice.team.public_id, invoice_id=invoice.pk)


def record(invoice: Invoice, verb: Verb, who: Who, *, now: datetime, reason: str = "") -> None:
    """The audit line of a deed on an invoice."""
    audit.record(
        who,
        verb,
        "invoice",
        invoice.public_id,
        now=now,
        team=invoice.team.public_id,
        number=invoice.number,
        total=invoice.total,
        due=invoice.due,
        currency=invoice.currency,
        reason=reason,
    )


def _next_number() -> int:
    assert transaction.get_connection().in_atomic_block, "a number is taken in the transaction that uses it"
    Numbering.objects.get_or_create(series=_SERIES)
    row = Numbering.objects.select_for_update(no_key=True).get(series=_SERIES)
    number, row.next_number = row.next_number, row.next_number + 1
    row.save(update_fields=["next_number"])
    return number
