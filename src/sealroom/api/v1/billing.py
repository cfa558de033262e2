# SPDX-License-Identifier: Apache-2.0
"""Plan, quotes, invoices; admins only. Money is in minor units of `currency` and comes with its currency."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field, StrictInt

from sealroom.api.app import Body, Limit, actor_of
from sealroom.api.repeats import charge_key_of, repeatable
from sealroom.billing import flows, queries
from sealroom.billing.models import Invoice
from sealroom.billing.rules.changes import AtOnce, Later
from sealroom.billing.rules.money import Line, Totals

router = Router(tags=["billing"])
Units = Annotated[StrictInt, Field(ge=0, le=1_000_000)]


class QuotaOut(Schema):
    """How much of a quota is in use; bytes where the name says so."""

    quota: str
    used: int
    limit: int


class ItemOut(Schema):
    """An add-on: units held, the price of one for the plan's interval, units that go at the end of the cycle."""

    code: str
    quantity: int
    unit_price: int
    fewer: int


class LaterOut(Schema):
    """What happens at the end of the cycle."""

    effective_at: datetime
    plan: str | None
    interval: str | None
    fewer: dict[str, int]
    cancels: bool


class TaxOut(Schema):
    """A tax on the subtotal; `percent` is exact."""

    name: str
    percent: str
    amount: int


class SumsOut(Schema):
    """Sums of an invoice: `due` is the total less what the customer's balance pays."""

    subtotal: int
    taxes: list[TaxOut]
    total: int
    balance_used: int
    due: int


class PlanOut(Schema):
    """The team's plan. `following`: what the next cycle costs; null when nothing is billed."""

    plan: str
    name: str
    interval: str
    currency: str
    price: int
    credits: int
    cycle_start: datetime
    cycle_end: datetime
    next_billing_at: datetime | None
    trial_ends_at: datetime | None
    items: list[ItemOut]
    quotas: list[QuotaOut]
    later: LaterOut | None
    following: SumsOut | None
    balance: int
    payment_due_since: datetime | None
    version: int


class ChangesIn(Body):
    """What is wanted. `items`: units to have from now on by add-on code (a unit of `credits` is a block of 500); `add`: units on
    top; the plan `free` cancels; `resume` takes back what is planned."""

    plan: str | None = Field(None, max_length=20)
    interval: Literal["month", "year"] | None = None
    items: dict[str, Units] = {}
    add: dict[str, Units] = {}
    resume: bool = False
    currency: str | None = Field(None, max_length=3)


class QuoteIn(Body):
    """A wish to be priced."""

    changes: ChangesIn


class LineOut(Schema):
    """A line before tax: `kind` credit, charge, recurring, term or refund; a unit's price is for a whole cycle."""

    kind: str
    item: str
    quantity: int
    unit_price: int
    amount: int
    start: datetime
    end: datetime


class AtOnceOut(Schema):
    """What happens when it is paid. `restarts`: a new billing cycle begins then."""

    plan: str | None
    interval: str | None
    add: dict[str, int]
    restarts: bool


class BillingQuoteOut(SumsOut):
    """A price that holds until `expires_at` while nothing else changes. `state`: open, stale, confirmed."""

    id: str
    state: str
    currency: str
    change_at: datetime
    expires_at: datetime
    lines: list[LineOut]
    at_once: AtOnceOut
    later: LaterOut | None
    following: SumsOut | None


class OrderOut(Schema):
    """What confirming came to. `state`: done (in force), pending (waits for money; send the customer to `next_url` if it is set),
    scheduled (nothing was to pay)."""

    state: str
    granted: int
    quote_id: str
    invoice_id: str | None
    payment_id: str | None
    next_url: str | None


class InvoiceOut(SumsOut):
    """An invoice with its lines. `status`: open, paid, void."""

    id: str
    number: int
    kind: str
    status: str
    currency: str
    opened_at: datetime
    due_at: datetime
    paid_at: datetime | None
    lines: list[LineOut]


class InvoicesOut(Schema):
    """A page of invoices, newest first."""

    items: list[InvoiceOut]
    next: str | None


@router.get("/billing/plan", response=PlanOut, summary="Plan, quotas and what is planned")
def plan(request: HttpRequest) -> PlanOut:
    """As of now."""
    actor = actor_of(request)
    found = queries.overview(actor, now=timezone.now())
    planned = found.planned
    return PlanOut(
        plan=found.plan.code,
        name=found.plan.name,
        interval=found.interval,
        currency=found.currency,
        price=found.price,
        credits=found.allowance,
        cycle_start=found.cycle.start,
        cycle_end=found.cycle.end,
        next_billing_at=found.next_billing_at,
        trial_ends_at=found.trial_ends_at,
        items=[
            ItemOut(code=one.extra.code, quantity=one.held, unit_price=one.unit_price, fewer=one.fewer)
            for one in found.options
            if one.held
        ],
        quotas=[QuotaOut(quota=one.name, used=one.used, limit=one.limit) for one in found.quotas],
        later=_later(planned.later, planned.effective_at) if planned else None,
        following=_sums(found.following),
        balance=found.balance,
        payment_due_since=found.grace_ends if found.grace_ends and found.grace_ends <= timezone.now() else None,
        version=found.version,
    )


@router.post("/billing/quotes", response=BillingQuoteOut, summary="Price a change of the plan")
def quote(request: HttpRequest, body: QuoteIn) -> BillingQuoteOut:
    """Nothing changes yet. 409 `block_term`, 409 `quota_in_use` with the numbers, 400 by field."""
    now, changes = timezone.now(), body.changes
    wish = flows.Wish(changes.plan, changes.interval, changes.items, changes.add, changes.resume, changes.currency)
    made = flows.quote_change(actor_of(request), wish, now=now)
    found = queries.review_of(made, now=now)
    later = found.later
    facts = {
        "id": made.public_id,
        "state": found.state,
        "currency": made.currency,
        "change_at": made.change_at,
        "expires_at": made.expires_at,
        "lines": [_line(line) for line in found.lines],
        "at_once": _at_once(found.at_once),
        "later": None if later.is_empty else _later(later, found.effective_at),
        "following": _sums(found.following),
    }
    return BillingQuoteOut.model_validate({**facts, **_figures(found.sums)})


@router.post("/billing/quotes/{quote_id}/confirm", response=OrderOut, summary="Buy what a quote says")
@repeatable
def confirm(request: HttpRequest, quote_id: str) -> OrderOut:
    """In force once it is paid. 402 `payment_failed` with the reason, 409 `stale_quote` with a new quote's id: nothing changed."""
    done = flows.confirm_quote(actor_of(request), quote_id, key=charge_key_of(request), now=timezone.now())
    return OrderOut(
        state=done.state,
        granted=done.granted,
        quote_id=done.quote.public_id,
        invoice_id=done.invoice.public_id if done.invoice is not None and done.invoice.number is not None else None,
        payment_id=done.payment.public_id if done.payment is not None else None,
        next_url=done.next_url or None,
    )


@router.get("/billing/invoices", response=InvoicesOut, summary="Invoices, newest first")
def invoices(request: HttpRequest, cursor: str | None = None, limit: Limit = 50) -> InvoicesOut:
    """Those that have a number."""
    found = queries.list_invoices(actor_of(request), cursor=cursor, limit=limit)
    return InvoicesOut(items=[_invoice(row) for row in found.items], next=found.next)


def _invoice(row: Invoice) -> InvoiceOut:
    assert row.number is not None
    assert row.opened_at is not None
    return InvoiceOut(
        id=row.public_id,
        number=row.number,
        kind=row.kind,
        status=row.status,
        currency=row.currency,
        opened_at=row.opened_at,
        due_at=row.due_at or row.opened_at,
        paid_at=row.paid_at,
        lines=[_line(queries.line_of_row(line)) for line in row.lines.all()],
        subtotal=row.subtotal,
        taxes=[TaxOut(**tax) for tax in row.taxes],
        total=row.total,
        balance_used=row.balance_used,
        due=row.due,
    )


def _line(line: Line) -> LineOut:
    return LineOut.model_validate(line, from_attributes=True)


def _figures(sums: Totals) -> dict[str, object]:
    taxes = [TaxOut.model_validate(tax, from_attributes=True) for tax in sums.taxes]
    return {
        "subtotal": sums.subtotal,
        "taxes": taxes,
        "total": sums.total,
        "balance_used": sums.balance_used,
        "due": sums.due,
    }


def _sums(sums: Totals | None) -> SumsOut | None:
    return SumsOut.model_validate(_figures(sums)) if sums is not None else None


def _at_once(once: AtOnce) -> AtOnceOut:
    return AtOnceOut(
        plan=once.plan.code if once.plan else None, interval=once.interval, add=dict(once.more), restarts=once.restarts
    )


def _later(later: Later, effective_at: datetime) -> LaterOut:
    return LaterOut(
        effective_at=effective_at,
        plan=later.plan.code if later.plan else None,
        interval=later.interval,
        fewer=dict(later.fewer),
        cancels=later.cancels,
    )
