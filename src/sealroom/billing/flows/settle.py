# SPDX-License-Identifier: Apache-2.0
"""Money came, or did not: what was bought comes into force, or nothing does. Every deed here is done once, whatever comes twice,
late or out of order; final states win."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from sealroom.accounts.models import User
from sealroom.audit import flows as audit
from sealroom.audit.rules import SYSTEM, ActorKind, Verb, Who
from sealroom.billing.flows import invoices, letters
from sealroom.billing.flows.subscription import allowance, apply, fresh, plan_allowances, put_off, settled
from sealroom.billing.flows.values import EventOutcome
from sealroom.billing.models import (
    BillingProfile,
    GatewayEvent,
    Invoice,
    InvoiceStatus,
    Payment,
    PaymentState,
    Quote,
    Subscription,
)
from sealroom.billing.ports import Event, EventKind, Method, get_gateway
from sealroom.billing.queries import GRACE, is_overdue
from sealroom.billing.queries.kept import Effect, effect_of, line_of_row
from sealroom.billing.queries.standing import standing_of

UNDER_WAY = (PaymentState.CREATED, PaymentState.PENDING)


@transaction.atomic
def settle(payment_id: int, *, now: datetime) -> int:
    """A payment went through: its invoice is paid and what it was for is in force; returns the credits that issued. Again: nothing.
    Money for something that lapsed meanwhile is kept as the customer's balance."""
    payment = _locked(payment_id, now=now)
    if payment.state == PaymentState.SUCCEEDED:
        return 0
    Payment.objects.filter(pk=payment.pk).update(state=PaymentState.SUCCEEDED, settled_at=now, next_url="", failure="")
    invoice = payment.invoice
    if invoice.status in (InvoiceStatus.PAID, InvoiceStatus.VOID):
        _keep(payment, now=now)
        return 0
    if invoice.quote is None:
        _paid(invoice, now=now)
        return 0
    if not _still_fits(invoice.quote, now=now):
        invoices.void(invoice, now=now)
        reopen(invoice.quote)
        _keep(payment, now=now)
        return 0
    return force(invoice.quote, invoice, who=_payer(payment), now=now)


@transaction.atomic
def fail(payment_id: int, reason: str, *, now: datetime) -> bool:
    """A payment came to nothing: nothing changes, its quote may be confirmed again. False when it was settled already."""
    payment = _locked(payment_id, now=now)
    if payment.state not in UNDER_WAY:
        return False
    Payment.objects.filter(pk=payment.pk).update(state=PaymentState.FAILED, settled_at=now, failure=reason[:60], next_url="")
    invoice = payment.invoice
    audit.record(
        _payer(payment), Verb.PAYMENT_FAILED, "payment", payment.public_id, now=now, reason=reason, invoice=invoice.public_id
    )
    if invoice.quote is not None and invoice.status == InvoiceStatus.DRAFT:
        same = _version(invoice.subscription_id) == invoice.quote.subscription_version
        invoices.give_back_balance(invoice, now=now)
        version = _version(invoice.subscription_id) if same else invoice.quote.subscription_version
        Quote.objects.filter(pk=invoice.quote.pk).update(confirmed_at=None, confirm_key="", subscription_version=version)
    return True


@transaction.atomic
def lapse(payment_id: int, *, now: datetime) -> bool:
    """What was not paid by the end of its cycle is not bought any more. False when it is settled or has time left."""
    payment = _locked(payment_id, now=now)
    quote = payment.invoice.quote
    if payment.state not in UNDER_WAY or quote is None or now < quote.cycle_end:
        return False
    Payment.objects.filter(pk=payment.pk).update(state=PaymentState.LAPSED, settled_at=now, next_url="")
    invoices.void(payment.invoice, now=now)
    reopen(quote)
    invoices.record(payment.invoice, Verb.INVOICE_VOIDED, SYSTEM, now=now, reason="lapsed")
    return True


def reopen(quote: Quote) -> None:
    """Nothing came of a confirmation: its key is free again, so that a repetition is told to quote anew instead of "done"."""
    Quote.objects.filter(pk=quote.pk).update(confirmed_at=None, confirm_key="")


def force(quote: Quote, invoice: Invoice | None, *, who: Who, now: datetime) -> int:
    """Put what a quote says into force, its invoice paid, in the caller's transaction under the team's lock. Returns the credits it
    issued."""
    subscription = fresh(quote.team_id)
    whole = quote.subscription_version == subscription.version
    effect = effect_of(quote)
    lines: Mapping[str, int] = {}
    term_paid = 0
    if invoice is not None:
        invoices.take_balance(invoice, now=now)
        invoices.mark_paid(invoice, now=now)
        invoices.record(invoice, Verb.INVOICE_PAID, who, now=now)
        lines = dict(invoice.lines.filter(kind="charge").values_list("item", "pk"))
        term_paid = _term_paid(invoice)
        subscription = fresh(quote.team_id)
    granted = _change(subscription, effect, lines=lines, whole=whole, term_paid=term_paid, who=who, now=now)
    Quote.objects.filter(pk=quote.pk).update(effect={**quote.effect, "granted": granted})
    if invoice is not None:
        letters.tell_paid(invoice, now=now)
    return granted


@transaction.atomic
def receive_event(event: Event, *, now: datetime) -> EventOutcome:
    """A message of the gateway that proved its origin: kept and acted on in one transaction, once per id. Their order means
    nothing: paid is final, failed is not. Whom it is about is told by our own payment id, else by the gateway's reference."""
    name = get_gateway().name
    try:
        with transaction.atomic():
            row = GatewayEvent.objects.create(
                gateway=name,
                event_id=event.id,
                kind=event.kind,
                reference=event.reference,
                created=event.created,
                received_at=now,
            )
    except IntegrityError:
        return EventOutcome("duplicate")
    granted = _act_on(event, now=now)
    GatewayEvent.objects.filter(pk=row.pk).update(applied=granted is not None)
    return EventOutcome("ok", granted or 0)


def keep_method(team_id: int, *, customer: str, method: Method | None) -> None:
    """Remember the gateway's names for a customer and his way to pay."""
    changes = {"customer_ref": customer} if customer else {}
    if method is not None:
        changes |= {"method_ref": method.reference, "method_label": method.label[:60], "method_expires": method.expires[:7]}
    if changes:
        BillingProfile.objects.update_or_create(team_id=team_id, defaults=changes)


def _act_on(event: Event, *, now: datetime) -> int | None:
    """The effect of a message: credits it issued; None when it was about nothing of ours or came to nothing."""
    payment = _payment_of(event)
    if payment is None:
        _keep_method_of_customer(event)
        return None
    keep_method(payment.invoice.team_id, customer=event.customer, method=event.method)
    if event.kind is EventKind.PAID:
        if event.amount and (event.amount, event.currency) != (payment.amount, payment.currency):
            audit.record(
                SYSTEM, Verb.PAYMENT_FAILED, "payment", payment.public_id, now=now, reason="other amount", amount=event.amount
            )
            return None
        if event.reference:
            Payment.objects.filter(pk=payment.pk, reference=None).update(reference=event.reference)
        return settle(payment.pk, now=now)
    if event.kind is EventKind.FAILED:
        fail(payment.pk, event.reason or "processing_error", now=now)
        return 0
    return None


def _keep_method_of_customer(event: Event) -> None:
    """A way to pay that was saved without a payment: its customer says whose it is."""
    if event.customer and event.method is not None:
        team_id = BillingProfile.objects.filter(customer_ref=event.customer).values_list("team_id", flat=True).first()
        if team_id is not None:
            keep_method(team_id, customer="", method=event.method)


def _payment_of(event: Event) -> Payment | None:
    rows = Payment.objects.select_related("invoice")
    if event.payment_id:
        return rows.filter(public_id=event.payment_id).first()
    return rows.filter(reference=event.reference).first() if event.reference else None


def _locked(payment_id: int, *, now: datetime) -> Payment:
    """A payment under its team's lock, the subscription brought to now."""
    team_id = Payment.objects.values_list("invoice__team_id", flat=True).get(pk=payment_id)
    settled(team_id, now=now)
    return Payment.objects.select_related("invoice__quote", "invoice__team", "invoice__subscription").get(pk=payment_id)


def _still_fits(quote: Quote, *, now: datetime) -> bool:
    """Whether what was bought can still come into force: in its cycle, and, when something else changed meanwhile, only if it adds
    to whatever there is."""
    subscription = fresh(quote.team_id)
    if now >= quote.cycle_end:
        return False
    if quote.subscription_version == subscription.version:
        return True
    once = effect_of(quote).at_once
    adds_only = bool(once.more) and once.plan is None and once.interval is None and not once.dropped
    return adds_only and standing_of(subscription, now=now).cycle.end == quote.cycle_end


def _change(
    subscription: Subscription, effect: Effect, *, lines: Mapping[str, int], whole: bool, term_paid: int, who: Who, now: datetime
) -> int:
    once = effect.at_once
    replans = whole and (effect.replaces_later or once.restarts)
    if replans:
        _take_back_plans(subscription, now=now)
        subscription = fresh(subscription.team_id)
    granted = 0 if once.is_empty else apply(subscription, once, lines=lines, who=who, now=now)
    subscription = fresh(subscription.team_id)
    end = standing_of(subscription, now=now).cycle.end
    if replans:
        put_off(subscription, effect.later, effective_at=end, term_paid=term_paid)
    plan_allowances(subscription.team_id, now=now, anchor_at=now if once.restarts else None)
    Subscription.objects.filter(pk=subscription.pk).update(version=F("version") + 1)
    _tell_change(subscription, effect, granted=granted, end=end, replans=replans, who=who, now=now)
    return granted


def _tell_change(
    subscription: Subscription, effect: Effect, *, granted: int, end: datetime, replans: bool, who: Who, now: datetime
) -> None:
    later, team = effect.later, subscription.team
    scheduled = replans and not later.is_empty
    audit.record(
        who,
        Verb.PLAN_SCHEDULED if effect.at_once.is_empty and scheduled else Verb.PLAN_CHANGED,
        "team",
        team.public_id,
        now=now,
        team=team.public_id,
        plan=subscription.plan.code,
        interval=subscription.interval,
        allowance=allowance(subscription),
        granted=granted,
        later=later.plan.code if later.plan else "",
        at=end if scheduled else now,
    )
    if scheduled:
        what = "cancelled" if later.cancels else "downgraded" if later.plan else "reduced" if later.fewer else "interval"
        key = f"{subscription.pk}:{_version(subscription.pk)}"
        letters.tell_scheduled(team, what=what, effective_at=end, key=key, now=now)


def _take_back_plans(subscription: Subscription, *, now: datetime) -> None:
    """Forget what was planned. What it had cost for blocks comes back to the customer."""
    pending = getattr(subscription, "pending", None)
    if pending is None:
        return
    if pending.term_paid:
        newest = Invoice.objects.filter(subscription=subscription, lines__kind="term").latest("pk")
        invoices.add_balance(newest, pending.term_paid, reason="term", source_key=f"term:{pending.pk}", now=now)
    pending.delete()


def _term_paid(invoice: Invoice) -> int:
    """What the terms on an invoice cost, tax included."""
    amount = sum(invoice.lines.filter(kind="term").values_list("amount", flat=True))
    if not amount:
        return 0
    lines = [line_of_row(row) for row in invoice.lines.filter(kind="term")]
    return invoices.totals_of(invoice.team_id, lines, use_balance=False).total


def _paid(invoice: Invoice, *, now: datetime) -> None:
    """An invoice without a quote (a renewal) is paid."""
    waited = invoice.opened_at is not None and now >= invoice.opened_at + GRACE
    invoices.mark_paid(invoice, now=now)
    invoices.record(invoice, Verb.INVOICE_PAID, SYSTEM, now=now)
    Subscription.objects.filter(pk=invoice.subscription_id).update(version=F("version") + 1)
    letters.tell_paid(invoice, now=now)
    if waited and not is_overdue(invoice.team_id, now=now):
        letters.tell_resumed(invoice.team, now=now)


def _keep(payment: Payment, *, now: datetime) -> None:
    """Money for nothing that can still be had becomes the customer's balance."""
    invoices.add_balance(payment.invoice, payment.amount, reason="late", source_key=f"late:{payment.public_id}", now=now)
    audit.record(SYSTEM, Verb.PAYMENT_KEPT, "payment", payment.public_id, now=now, amount=payment.amount)
    letters.tell_kept(payment, now=now)


def _payer(payment: Payment) -> Who:
    team = payment.invoice.team.public_id
    if not payment.by:
        return Who(SYSTEM.kind, SYSTEM.id, team=team, route=SYSTEM.route)
    label = User.objects.filter(public_id=payment.by).values_list("email", flat=True).first() or ""
    return Who(ActorKind.MEMBER, payment.by, team=team, label=label, route=SYSTEM.route)


def _version(subscription_id: int) -> int:
    return Subscription.objects.values_list("version", flat=True).get(pk=subscription_id)
