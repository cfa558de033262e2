# SPDX-License-Identifier: Apache-2.0
"""Whether what is kept about money can be true, for `sealroom check`. Walks every row; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Sum

from sealroom.billing.models import (
    BalanceEntry,
    Invoice,
    InvoiceKind,
    InvoiceStatus,
    Numbering,
    PaymentState,
    Subscription,
)
from sealroom.billing.queries import plans
from sealroom.credits import queries as credits_queries
from sealroom.credits.models import Entry, EntryKind
from sealroom.credits.rules import LotKind

_CHUNK = 500


def money_faults(*, now: datetime) -> Iterator[str]:
    """A sentence for everything that is not as it must be: numbers without gaps, sums that follow from lines and taxes, paid
    invoices that somebody paid, refunds that a credit note says, balances that are the sum of their entries, subscriptions that the
    wallet agrees with, one issue a period."""
    yield from _numbers()
    yield from _invoices()
    yield from _balances()
    yield from _subscriptions(now)
    yield from _issues()


def _numbers() -> Iterator[str]:
    expected = 1
    for number in Invoice.objects.exclude(number=None).order_by("number").values_list("number", flat=True).iterator():
        if number is not None and number != expected:
            yield f"invoice numbers: {expected} to {number - 1} are missing"
            expected = number
        expected += 1
    following = Numbering.objects.filter(series="invoice").values_list("next_number", flat=True).first() or 1
    if following != expected:
        yield f"invoice numbers: the last one is {expected - 1}, the next one would be {following}"


def _invoices() -> Iterator[str]:
    rows = Invoice.objects.prefetch_related("lines", "payments", "balance_entries", "credit_notes").order_by("pk")
    for invoice in rows.iterator(chunk_size=_CHUNK):
        name = f"invoice {invoice.number}" if invoice.number else f"invoice {invoice.public_id}"
        for fault in (*_sums(invoice), *_money(invoice)):
            yield f"{name}: {fault}"


def _sums(invoice: Invoice) -> Iterator[str]:
    lines = sum(line.amount for line in invoice.lines.all())
    taxes = sum(tax["amount"] for tax in invoice.taxes)
    if lines != invoice.subtotal:
        yield f"the lines give {lines}, the subtotal is {invoice.subtotal}"
    if invoice.subtotal + taxes != invoice.total:
        yield f"subtotal and taxes give {invoice.subtotal + taxes}, the total is {invoice.total}"
    if max(0, invoice.total - invoice.balance_used) != invoice.due:
        yield f"total less balance is {max(0, invoice.total - invoice.balance_used)}, due is {invoice.due}"


def _money(invoice: Invoice) -> Iterator[str]:
    if invoice.status == InvoiceStatus.PAID:
        came = [one.amount for one in invoice.payments.all() if one.state == PaymentState.SUCCEEDED]
        if invoice.due and invoice.due not in came:
            yield f"it is paid, but no payment of {invoice.due} succeeded"
        used = -sum(one.amount for one in invoice.balance_entries.all() if one.reason in {"used", "unused"})
        if used != invoice.balance_used:
            yield f"it used {invoice.balance_used} of the balance, the entries say {used}"
    refunded = sum(payment.refunded for payment in invoice.payments.all())
    noted = -sum(note.total for note in invoice.credit_notes.all() if note.kind == InvoiceKind.CREDIT_NOTE)
    if refunded != noted:
        yield f"{refunded} were paid back, credit notes say {noted}"


def _balances() -> Iterator[str]:
    running: dict[int, int] = {}
    rows = BalanceEntry.objects.select_related("team").order_by("pk")
    for entry in rows.iterator(chunk_size=_CHUNK):
        running[entry.team_id] = running.get(entry.team_id, 0) + entry.amount
        if running[entry.team_id] != entry.balance_after:
            yield f"team {entry.team.public_id}: the balance entries give {running[entry.team_id]}, not {entry.balance_after}"
            running[entry.team_id] = entry.balance_after


def _subscriptions(now: datetime) -> Iterator[str]:
    rows = Subscription.objects.select_related("team", "plan", "pending__plan").prefetch_related("items__addon", "terms")
    for subscription in rows.order_by("pk").iterator(chunk_size=_CHUNK):
        name = f"team {subscription.team.public_id}"
        held = {row.kind: row for row in subscription.items.all() if row.quantity}
        for code, row in held.items():
            if row.addon.code != code:
                yield f"{name}: an item {code} is the add-on {row.addon.code}"
            if row.addon.feature and row.quantity > 1:
                yield f"{name}: {row.quantity} units of {code}, of which there is one"
        bound = sum(term.quantity for term in subscription.terms.all() if term.bound_until > now)
        blocks = sum(row.quantity for row in held.values() if "credits" in row.addon.adds)
        if bound > blocks:
            yield f"{name}: terms for {bound} blocks of credits, {blocks} are held"
        if held and not subscription.plan.addons:
            yield f"{name}: add-ons on the plan {subscription.plan.code}, which takes none"
        current = plans.in_force(subscription, now=now)
        over = current.trial_ends_at is not None and current.trial_ends_at <= now
        allowance = 0 if over else current.allowance
        steps = [step.amount for step in credits_queries.steps_of(subscription.team_id) if step.effective_at <= now]
        if not steps or steps[-1] != allowance:
            yield f"{name}: the plan gives {allowance} credits a month, the wallet expects {steps[-1] if steps else 'none'}"


def _issues() -> Iterator[str]:
    twice = Entry.objects.filter(kind=EntryKind.ISSUE, lot__kind=LotKind.PERIOD).order_by()
    counted = twice.values("team__public_id", "period_start").annotate(count=Count("pk"), sum=Sum("delta")).filter(count__gt=1)
    for row in counted:
        yield f"team {row['team__public_id']}: the period of {row['period_start']:%Y-%m-%d} was issued {row['count']} times"
