# SPDX-License-Identifier: Apache-2.0
"""Renewals: each cycle's invoice, collecting it, trying again, telling the team, and what becomes of payments nobody heard of
again."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction

from sealroom.accounts.models import Team
from sealroom.billing.errors import GatewayDown, PaymentFailed
from sealroom.billing.flows import buy, invoices, letters, settle
from sealroom.billing.flows.subscription import fresh, settled
from sealroom.billing.models import Invoice, InvoiceKind, InvoiceStatus, Payment, PaymentState, Quote, Subscription
from sealroom.billing.ports import get_gateway
from sealroom.billing.queries import GRACE
from sealroom.core import jobs

# Days after the invoice on which a renewal is tried (again); after the last one sending waits for the money.
TRIES = tuple(timedelta(days=days) for days in (0, 1, 3, 5, 7, 10, 13))
LOOK_AGAIN = timedelta(hours=1)
QUOTES_KEPT = timedelta(days=2)
TRIAL_LETTERS = (3, 1)  # days before its end


def renew(team_id: int, *, now: datetime) -> None:
    """Bring a subscription to now: planned changes, an invoice for each cycle that began. Nothing depends on it being in time."""
    with transaction.atomic():
        settled(team_id, now=now)


def collect_invoice(invoice_id: int, *, now: datetime) -> datetime | None:
    """Try to collect a renewal without the customer; returns when it is tried again (None: paid, void, or given up), which is put
    up as a job. A failure is told, with what happens next. A bank transfer is only asked for, once."""
    again = _collect(invoice_id, now=now)
    if again is not None:
        with transaction.atomic():
            invoices.plan_collection(Invoice.objects.select_related("team").get(pk=invoice_id), due_at=again)
    return again


def pause(invoice_id: int, *, now: datetime) -> None:
    """The days of grace are over and the invoice is still owed: tell the team that sending waits."""
    with transaction.atomic():
        invoice = Invoice.objects.select_related("team").get(pk=invoice_id)
        if invoice.status == InvoiceStatus.OPEN and invoice.due and now >= (invoice.opened_at or now) + GRACE:
            letters.tell_paused(invoice, now=now)


def reconcile(payment_id: int, *, now: datetime) -> None:
    """Find out what became of a payment that is under way: asked again under its own key if the gateway's answer was lost, looked
    up otherwise. Lapsed with its cycle."""
    payment = Payment.objects.select_related("invoice__quote", "invoice__team").get(pk=payment_id)
    if payment.state not in settle.UNDER_WAY or settle.lapse(payment_id, now=now):
        return
    if payment.gateway != get_gateway().name:  # begun at another one, which is not there any more to be asked
        return
    with suppress(GatewayDown, PaymentFailed):
        buy.ask(payment, present=False, now=now)


def sweep(*, now: datetime) -> None:
    """Make up for lost jobs: cycles that began, renewals to be tried, payments nobody heard of again, quotes nobody confirmed."""
    late = Subscription.objects.filter(billed_until__lte=now) | Subscription.objects.filter(pending__effective_at__lte=now)
    for team_id in set(late.values_list("team_id", flat=True)):
        renew(team_id, now=now)
    old = Payment.objects.filter(state__in=settle.UNDER_WAY, created_at__lt=now - LOOK_AGAIN)
    for payment_id in list(old.values_list("pk", flat=True)):
        reconcile(payment_id, now=now)
    for invoice in _to_collect():
        invoices.plan_collection(invoice, due_at=_next_try(invoice, now=now) or now)
    Quote.objects.filter(confirm_key="", invoice=None, expires_at__lt=now - QUOTES_KEPT).delete()


def plan_trial_letters(team: Team, ends_at: datetime) -> None:
    """Have the team told before its trial ends, and when it has."""
    for days in (*TRIAL_LETTERS, 0):
        due_at = ends_at - timedelta(days=days)
        jobs.defer("billing.tell_trial", key=f"{team.pk}:{ends_at:%Y%m%d%H%M}:{days}", due_at=due_at, team_id=team.pk, days=days)


def tell_trial(team_id: int, *, days: int, now: datetime) -> None:
    """The mail about a trial's end, if the team is still on that trial."""
    with transaction.atomic():
        subscription = fresh(team_id)
        ends_at = subscription.trial_ends_at
        if ends_at is None or abs(ends_at - timedelta(days=days) - now) > timedelta(days=1):
            return
        if days:
            letters.tell_trial_ends(subscription.team, ends_at=ends_at, days=days, now=now)
        else:
            letters.tell_trial_ended(subscription.team, now=now)


def _collect(invoice_id: int, *, now: datetime) -> datetime | None:
    with transaction.atomic():
        team_id = Invoice.objects.values_list("team_id", flat=True).get(pk=invoice_id)
        settled(team_id, now=now)
        invoice = Invoice.objects.select_related("team").get(pk=invoice_id)
        if invoice.status != InvoiceStatus.OPEN or not invoice.due:
            return None
        if not get_gateway().saves_methods:
            buy.attempt(invoice, by="", now=now)
            letters.tell_owed(invoice, now=now)
            return _after_grace(invoice, now=now)
        payment = buy.attempt(invoice, by="", now=now)
    try:
        payment = buy.ask(payment, present=False, now=now)
    except GatewayDown:
        return now + LOOK_AGAIN
    except PaymentFailed as refusal:
        return _failed(invoice, str(refusal.facts["reason"]), now=now)
    return None if payment.state == PaymentState.SUCCEEDED else now + LOOK_AGAIN


def _failed(invoice: Invoice, reason: str, *, now: datetime) -> datetime | None:
    with transaction.atomic():
        invoice = Invoice.objects.select_related("team").get(pk=invoice.pk)
        invoice.reminders += 1
        invoice.save(update_fields=["reminders"])
        next_try = _next_try(invoice, now=now)
        last_day = (invoice.opened_at or now) + GRACE
        if next_try is None and now >= last_day:
            letters.tell_paused(invoice, now=now)
        else:
            letters.tell_failed(invoice, reason=reason, next_try=next_try, last_day=last_day, now=now)
    return next_try or _after_grace(invoice, now=now)


def _next_try(invoice: Invoice, *, now: datetime) -> datetime | None:
    start = invoice.opened_at or now
    return next((start + after for after in TRIES if start + after > now), None)


def _after_grace(invoice: Invoice, *, now: datetime) -> datetime | None:
    end = (invoice.opened_at or now) + GRACE
    if end > now:
        jobs.defer("billing.pause", key=str(invoice.pk), due_at=end, invoice_id=invoice.pk)
    return None


def _to_collect() -> Iterable[Invoice]:
    rows = Invoice.objects.filter(kind=InvoiceKind.RENEWAL, status=InvoiceStatus.OPEN, due__gt=0)
    return rows.exclude(payments__state__in=settle.UNDER_WAY).select_related("team")
