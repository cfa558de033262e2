# SPDX-License-Identifier: Apache-2.0
"""Confirming a quote: write down what is owed, ask the gateway outside of any transaction, then put into force what was paid."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import NoReverseMatch, reverse

from sealroom.accounts.rules import Actor, Capability
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.billing.errors import GatewayDown, PaymentFailed, StaleQuote
from sealroom.billing.flows import invoices, letters
from sealroom.billing.flows.quotes import decide_wish, make_quote
from sealroom.billing.flows.settle import UNDER_WAY, fail, force, keep_method, settle
from sealroom.billing.flows.subscription import settled
from sealroom.billing.flows.values import Outcome, Wish
from sealroom.billing.models import (
    GatewayEvent,
    Invoice,
    InvoiceKind,
    InvoiceStatus,
    Payment,
    PaymentState,
    Quote,
    Subscription,
)
from sealroom.billing.ports import Answer, EventKind, Order, Progress, get_gateway
from sealroom.billing.queries.kept import line_of, tax_lines_of
from sealroom.billing.queries.standing import profile_of, standing_of
from sealroom.billing.rules.money import Totals
from sealroom.core import jobs
from sealroom.core.errors import DomainError, IdempotencyConflict, Invalid, NotFound
from sealroom.core.faults import fault_point

ASKING = timedelta(minutes=2)  # how long a process may be asking the gateway before another one asks again


def confirm_quote(actor: Actor, quote_id: str, *, key: str, now: datetime) -> Outcome:
    """Buy what a quote says, for exactly what it says. In force at once when it is paid (or costs nothing), not before, and not at
    all when the payment fails.

    The same `key` again answers with what the first call came to. Raises `NotFound`, `Forbidden`, `StaleQuote` (with a new quote
    where the wish still makes sense), `QuotaInUse` (more is in use since), `PaymentFailed` with the reason, `GatewayDown` (whether
    money moved is found out later; the same key goes on with it), `IdempotencyConflict`.
    """
    actor.require(Capability.BUY)
    try:
        begun = _begin(actor, quote_id, key=key, now=now)
    except StaleQuote as refusal:
        _note_refusal(actor, quote_id, refusal, now=now)
        raise StaleQuote(quote=_quoted_anew(actor, quote_id, now=now)) from refusal
    except IntegrityError as error:
        if not Quote.objects.filter(team_id=actor.team_id, confirm_key=key).exists():
            raise
        raise IdempotencyConflict(key=key) from error  # the key belongs to another quote
    except DomainError as refusal:
        _note_refusal(actor, quote_id, refusal, now=now)
        raise
    return begun if isinstance(begun, Outcome) else collect(begun, now=now)


def pay_invoice(actor: Actor, invoice_id: str, *, now: datetime) -> Payment:
    """Pay an owed invoice now, with the customer at the browser. Returns the payment: succeeded, or pending with `next_url`. For
    one that was paid already, the payment that did it. Raises `NotFound`, `Forbidden`, `PaymentFailed`, `GatewayDown`."""
    actor.require(Capability.BUY)
    with transaction.atomic():
        settled(actor.team_id, now=now)
        invoice = Invoice.objects.filter(team_id=actor.team_id, public_id=invoice_id).exclude(number=None).first()
        if invoice is None:
            raise NotFound(kind="invoice", id=invoice_id)
        paid = invoice.payments.filter(state=PaymentState.SUCCEEDED).order_by("-pk").first()
        if paid is not None:
            return _read(paid.pk)
        if invoice.status != InvoiceStatus.OPEN or not invoice.due:
            raise NotFound(kind="invoice", id=invoice_id)
        payment = attempt(invoice, by=actor.user, now=now)
    return ask(payment, present=True, now=now)


def collect(payment: Payment, *, now: datetime) -> Outcome:
    """Ask the gateway for a purchase's money and act on its answer."""
    payment = ask(payment, present=True, now=now)
    return outcome_of(payment.invoice.quote, granted=None)


def ask(payment: Payment, *, present: bool, now: datetime) -> Payment:
    """Hand a payment to the gateway, or ask what became of one that was handed over, and write down what it says. Outside of any
    transaction; safe to do again for the same payment. Raises `PaymentFailed`, `GatewayDown`."""
    free = Q(asked_at=None) | Q(asked_at__lt=now - ASKING)
    if not Payment.objects.filter(free, pk=payment.pk, state__in=UNDER_WAY).update(asked_at=now):
        return _read(payment.pk)  # somebody else is asking, or it is settled
    fault_point("before_collect")
    try:
        if payment.reference is None:
            answer = get_gateway().collect(_order(payment, present=present))
        else:
            answer = _with_page(get_gateway().look_up(payment.reference), payment)
    except GatewayDown:
        Payment.objects.filter(pk=payment.pk).update(asked_at=None)
        raise
    fault_point("after_collect")
    return take_answer(payment, answer, now=now)


def take_answer(payment: Payment, answer: Answer, *, now: datetime) -> Payment:
    """Write down what the gateway said about a payment. Raises `PaymentFailed`."""
    with transaction.atomic():
        keep_method(payment.invoice.team_id, customer=answer.customer, method=answer.method)
        if answer.reference:
            Payment.objects.filter(pk=payment.pk, reference=None).update(reference=answer.reference)
        if answer.progress is Progress.SUCCEEDED or _paid_already(answer.reference):
            settle(payment.pk, now=now)
        elif answer.progress is Progress.FAILED:
            fail(payment.pk, answer.reason or "processing_error", now=now)
        else:
            moved = Payment.objects.filter(pk=payment.pk, state__in=UNDER_WAY)
            moved.update(state=PaymentState.PENDING, next_url=answer.next_url, asked_at=None)
    payment = _read(payment.pk)
    if payment.state == PaymentState.FAILED:
        raise PaymentFailed(reason=payment.failure, invoice=payment.invoice.public_id)
    return payment


def attempt(invoice: Invoice, *, by: str, now: datetime) -> Payment:
    """A new payment for an invoice, or the one that is still under way (asked again under its own key)."""
    running = invoice.payments.filter(state__in=UNDER_WAY).order_by("-pk").first()
    if running is not None:
        return running
    number = invoice.payments.count() + 1
    payment = Payment.objects.create(
        invoice=invoice,
        gateway=get_gateway().name,
        amount=invoice.due,
        currency=invoice.currency,
        key=f"{invoice.public_id}:{number}",
        by=by,
        created_at=now,
    )
    # Should this process die before the gateway answers, what was confirmed is still done.
    jobs.defer("billing.reconcile", key=payment.public_id, due_at=now + ASKING, payment_id=payment.pk)
    return payment


@transaction.atomic
def _begin(actor: Actor, quote_id: str, *, key: str, now: datetime) -> Outcome | Payment:
    """Check and write down; returns what is to be collected, or the outcome where nothing is (or it was begun before)."""
    subscription = settled(actor.team_id, now=now)
    quote = Quote.objects.select_for_update(no_key=True).filter(team_id=actor.team_id, public_id=quote_id).first()
    if quote is None:
        raise NotFound(kind="quote", id=quote_id)
    if quote.confirm_key:
        if quote.confirm_key != key:
            raise StaleQuote(quote="", reason="used")
        return _begun_before(quote)
    if quote.subscription_version != subscription.version or now >= min(quote.expires_at, quote.cycle_end):
        raise StaleQuote(quote="")
    if Invoice.objects.filter(quote=quote, status=InvoiceStatus.VOID).exists():
        raise StaleQuote(quote="", reason="void")
    _check_again(subscription, quote)
    lines = [line_of(row) for row in quote.lines]
    sums = Totals(quote.subtotal, tax_lines_of(quote.taxes), quote.total, quote.balance_used, quote.due, reverse_charge=False)
    if sums != _without_mark(invoices.totals_of(actor.team_id, lines)):  # a tax rate or the customer's country is another one
        raise StaleQuote(quote="")
    quote.confirmed_at, quote.confirm_key = now, key
    quote.save(update_fields=["confirmed_at", "confirm_key"])
    audit.record(
        actor.who, Verb.PLAN_ORDERED, "quote", quote.public_id, now=now, total=quote.total, due=quote.due, currency=quote.currency
    )
    invoice = _invoice_of(subscription, quote, now=now) if lines else None
    if not quote.due:
        granted = force(quote, invoice, who=actor.who, now=now)
        return outcome_of(quote, granted=granted)
    assert invoice is not None
    payment = attempt(invoice, by=actor.user, now=now)
    invoices.take_balance(invoice, now=now)
    # Setting the balance aside is part of this purchase: the quote goes on counting with the version it leaves behind.
    version = Subscription.objects.values_list("version", flat=True).get(pk=subscription.pk)
    Quote.objects.filter(pk=quote.pk).update(subscription_version=version)
    if not get_gateway().saves_methods and invoice.number is None:
        invoices.open_invoice(invoice, now=now, due_at=quote.cycle_end)
        letters.tell_owed(invoice, now=now)
    return payment


def _check_again(subscription: Subscription, quote: Quote) -> None:
    """What is in use may have grown since the quote was made, without another version. Raises `QuotaInUse`."""
    standing = standing_of(subscription, now=quote.change_at)
    try:
        decide_wish(subscription, standing, Wish(**quote.wish), now=quote.change_at)
    except Invalid as error:  # the catalogue is another one
        raise StaleQuote(quote="") from error


def _invoice_of(subscription: Subscription, quote: Quote, *, now: datetime) -> Invoice:
    """The quote's invoice: one from an earlier try that failed, or a new draft."""
    known = Invoice.objects.filter(quote=quote).first()
    if known is not None:
        return known
    lines = [line_of(row) for row in quote.lines]
    sums = invoices.totals_of(subscription.team_id, lines)
    return invoices.write(subscription, InvoiceKind.CHANGE, lines, sums, quote=quote, now=now)


def outcome_of(quote: Quote | None, *, granted: int | None) -> Outcome:
    """What a confirmed quote has come to by now."""
    assert quote is not None
    quote = Quote.objects.get(pk=quote.pk)
    invoice = Invoice.objects.filter(quote=quote).first()
    payment = invoice.payments.order_by("-pk").first() if invoice is not None else None
    waits = payment is not None and payment.state in UNDER_WAY
    once = quote.effect["at_once"]
    something_now = any(once[name] for name in ("plan", "interval", "more", "dropped"))
    state = "pending" if waits else "done" if something_now or not quote.effect["replaces_later"] else "scheduled"
    amount = quote.effect.get("granted", 0) if granted is None else granted
    return Outcome(state, 0 if waits else amount, quote, invoice, payment, payment.next_url if waits and payment else "")


def _begun_before(quote: Quote) -> Outcome | Payment:
    """The same key again: go on with what was interrupted before the gateway answered, else the first outcome."""
    outcome = outcome_of(quote, granted=None)
    payment = outcome.payment
    if payment is not None and payment.state in UNDER_WAY and payment.reference is None:
        return payment
    return replace(outcome, replayed=True)


def _quoted_anew(actor: Actor, quote_id: str, *, now: datetime) -> str:
    """A new quote for the wish of a stale one; "" where it makes no sense any more or was bought."""
    old = Quote.objects.filter(team_id=actor.team_id, public_id=quote_id).first()
    if old is None or old.confirm_key:  # thrown away by a worker meanwhile, or bought
        return ""
    try:
        with transaction.atomic():
            return make_quote(actor, Wish(**old.wish), now=now).public_id
    except DomainError:
        return ""


def _order(payment: Payment, *, present: bool) -> Order:
    invoice = payment.invoice
    profile = profile_of(invoice.team_id)
    return Order(
        payment_id=payment.public_id,
        key=payment.key,
        amount=payment.amount,
        currency=payment.currency,
        description=f"Sealroom {invoice.public_id}",
        team=invoice.team.public_id,
        email=profile.contact_email,
        customer=profile.customer_ref,
        method=profile.method_ref,
        present=present,
        return_url=return_url(payment),
        language=invoice.team.language,
    )


def return_url(payment: Payment) -> str:
    """Where the customer comes back to from the gateway's page."""
    try:
        path = reverse("web:payment", args=[payment.public_id])
    except NoReverseMatch:  # an installation without the members' pages
        path = "/"
    return settings.SEALROOM_BASE_URL + path


def _with_page(answer: Answer, payment: Payment) -> Answer:
    """What is still pending keeps the page its customer was sent to."""
    return answer if answer.next_url else replace(answer, next_url=payment.next_url)


def _read(payment_id: int) -> Payment:
    return Payment.objects.select_related("invoice__quote", "invoice__team").get(pk=payment_id)


def _paid_already(reference: str) -> bool:
    """Whether the gateway's word that it was paid came before its answer to us."""
    if not reference:
        return False
    told = GatewayEvent.objects.filter(gateway=get_gateway().name, reference=reference, kind=EventKind.PAID)
    return told.exists()


def _without_mark(sums: Totals) -> Totals:
    return Totals(sums.subtotal, sums.taxes, sums.total, sums.balance_used, sums.due, reverse_charge=False)


def _note_refusal(actor: Actor, quote_id: str, refusal: DomainError, *, now: datetime) -> None:
    facts = {"deed": "billing.confirm", "code": refusal.code, "quote": quote_id}
    audit.record(actor.who, Verb.DENIED, "team", actor.team, now=now, **facts)
