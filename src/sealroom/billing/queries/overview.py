# SPDX-License-Identifier: Apache-2.0
"""What admins see of their plan: the overview, what can be chosen, what a quote comes to, invoices and payments. Reads show what is
in force at `now`, also when nobody has written it down yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from sealroom.accounts.rules import Actor, Capability
from sealroom.billing import rules
from sealroom.billing.models import Invoice, InvoiceStatus, Payment, Quote, Subscription
from sealroom.billing.queries import plans
from sealroom.billing.queries.kept import effect_of, line_of, tax_lines_of
from sealroom.billing.queries.standing import balance_of, owed_invoices, profile_of, standing_of
from sealroom.billing.rules.changes import AtOnce, Decision, Later, Standing, after, at_end, recurring
from sealroom.billing.rules.money import Line, Span, Totals, rates_for, totals
from sealroom.core.errors import Invalid, NotFound

MOST = 100


@dataclass(frozen=True)
class QuotaUse:
    """How much of a quota is in use. `name` is one of `rules.QUOTAS`."""

    name: str
    used: int
    limit: int


@dataclass(frozen=True)
class Option:
    """An add-on that can be held: its price for an interval, units held and planned to go, whether the plan includes it."""

    extra: rules.Extra
    unit_price: int
    held: int
    fewer: int
    included: bool
    sold: bool


@dataclass(frozen=True)
class Planned:
    """What is planned for the end of the cycle."""

    effective_at: datetime
    later: Later
    term_paid: int


@dataclass(frozen=True)
class Overview:
    """A team's plan at an instant. `price` is the plan's own for its interval; `following` what the next cycle costs in all (None:
    nothing, because nobody asks for it or it ends). `grace_ends`: until when sending goes on although an invoice is owed."""

    plan: rules.Offer
    interval: str
    currency: str
    asks_money: bool
    comped: bool
    price: int
    allowance: int
    cycle: Span
    trial_ends_at: datetime | None
    options: tuple[Option, ...]
    planned: Planned | None
    following: Totals | None
    quotas: tuple[QuotaUse, ...]
    owed: tuple[Invoice, ...]
    grace_ends: datetime | None
    balance: int
    method: str
    gateway: str
    version: int

    @property
    def next_billing_at(self) -> datetime | None:
        """When the next invoice is written."""
        return self.cycle.end if self.following is not None else None


@dataclass(frozen=True)
class Review:
    """A quote as the Review & checkout page shows it. `state`: "open", "stale" (another one is needed), "confirmed". `lines` are
    charged now; `recurring` and `following` are the cycles after `effective_at`; `before`, `at_once_limits` and `after` the limits
    today, once it is paid, and from `effective_at` on."""

    quote: Quote
    state: str
    lines: tuple[Line, ...]
    sums: Totals
    cycle: Span
    at_once: AtOnce
    later: Later
    effective_at: datetime
    recurring: tuple[Line, ...]
    following: Totals | None
    before: rules.Limits
    at_once_limits: rules.Limits
    after: rules.Limits
    term_blocks: int


@dataclass(frozen=True)
class InvoicePage:
    """Some invoices, newest first, and the cursor for those after them (None: no more)."""

    items: list[Invoice]
    next: str | None


def overview(actor: Actor, *, now: datetime) -> Overview:
    """The actor's team's plan. Raises `Forbidden`."""
    actor.require(Capability.SEE_BILLING)
    return overview_of(actor.team_id, now=now)


def overview_of(team_id: int, *, now: datetime) -> Overview:
    """A team's plan, for who has checked that the reader may see it."""
    subscription = plans.subscription_of(team_id)
    current = plans.in_force(subscription, now=now)
    standing = _standing(subscription, current, now=now)
    limits = plans.limits_of(team_id, now=now)
    used = plans.standing_usage(team_id, now=now)
    owed = tuple(owed_invoices(team_id))
    grace = [one.opened_at + plans.GRACE for one in owed if one.kind == "renewal" and one.opened_at is not None]
    following = None if standing.free_of_charge else _following(team_id, at_end(standing), standing.following)
    return Overview(
        plan=standing.plan,
        interval=standing.interval,
        currency=standing.currency,
        asks_money=not standing.free_of_charge,
        comped=subscription.comped,
        price=standing.plan.price(standing.currency, standing.interval),
        allowance=limits.credits,
        cycle=standing.cycle,
        trial_ends_at=standing.trial_ends_at,
        options=tuple(_options(standing)),
        planned=_planned(current),
        following=following,
        quotas=tuple(QuotaUse(name, used.get(name, 0), getattr(limits, name)) for name in rules.QUOTAS),
        owed=owed,
        grace_ends=min(grace, default=None),
        balance=balance_of(team_id),
        method=profile_of(team_id).method_label,
        gateway=settings.SEALROOM_PAYMENT_GATEWAY,
        version=subscription.version,
    )


def plan_choices(actor: Actor, *, now: datetime) -> list[rules.Offer]:
    """The plans an admin may choose from, smallest first, the present one among them."""
    actor.require(Capability.SEE_BILLING)
    current = plans.offer_of(plans.in_force(plans.subscription_of(actor.team_id), now=now).plan)
    free_of_charge = not plans.asks_money()
    offers = [plans.offer_of(row) for row in plans.plans_on_offer()]
    chosen = [one for one in offers if one.sold or (free_of_charge and one.code != rules.FREE and not one.trial_days)]
    known = [current if one.code == current.code else one for one in chosen]
    return known if current in known else [current, *known]


def review(actor: Actor, quote_id: str, *, now: datetime) -> Review:
    """A quote of the actor's team. Raises `NotFound`, `Forbidden`."""
    actor.require(Capability.BUY)
    quote = Quote.objects.filter(team_id=actor.team_id, public_id=quote_id).first()
    if quote is None:
        raise NotFound(kind="quote", id=quote_id)
    return review_of(quote, now=now)


def review_of(quote: Quote, *, now: datetime) -> Review:
    """What a quote comes to, from the subscription it was made for; of a confirmed or stale one only its own figures count."""
    subscription = plans.subscription_of(quote.team_id)
    standing = standing_of(subscription, now=quote.change_at)
    effect = effect_of(quote)
    once = effect.at_once
    cycle = standing.cycle
    if once.restarts:
        cycle = Span(*rules.cycle_of(quote.change_at, once.interval or standing.interval, quote.change_at))
    then = after(standing, Decision(once, effect.later, (), cycle), plans.extras())
    end = at_end(then)
    sums = Totals(quote.subtotal, tax_lines_of(quote.taxes), quote.total, quote.balance_used, quote.due)
    asks = plans.asks_money()
    return Review(
        quote=quote,
        state=_state(quote, subscription, now=now),
        lines=tuple(line_of(row) for row in quote.lines),
        sums=sums,
        cycle=then.cycle,
        at_once=once,
        later=effect.later,
        effective_at=then.cycle.end,
        recurring=tuple(recurring(end, then.following)) if asks else (),
        following=_following(quote.team_id, end, then.following) if asks else None,
        before=_limits(standing, subscription, now=now),
        at_once_limits=_limits(then, subscription, now=now),
        after=_limits(end, subscription, now=now),
        term_blocks=effect.term_blocks,
    )


def list_invoices(actor: Actor, *, cursor: str | None = None, limit: int = 50) -> InvoicePage:
    """Invoices that have a number, newest first. Raises `Forbidden`, `Invalid` for a cursor that is none."""
    actor.require(Capability.SEE_BILLING)
    limit = max(1, min(limit, MOST))
    rows = Invoice.objects.filter(team_id=actor.team_id).exclude(number=None).prefetch_related("lines").order_by("-number")
    if cursor:
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
            raise Invalid({"cursor": ["unknown"]})
        rows = rows.filter(number__lt=int(cursor))
    found = list(rows.prefetch_related("lines")[: limit + 1])
    return InvoicePage(found[:limit], str(found[limit - 1].number) if len(found) > limit else None)


def get_invoice(actor: Actor, invoice_id: str) -> Invoice:
    """A numbered invoice of the actor's team with its lines and payments. Raises `NotFound`, `Forbidden`."""
    actor.require(Capability.SEE_BILLING)
    rows = Invoice.objects.exclude(status=InvoiceStatus.DRAFT).exclude(number=None).select_related("quote", "corrects", "team")
    invoice = rows.prefetch_related("lines", "payments").filter(team_id=actor.team_id, public_id=invoice_id).first()
    if invoice is None:
        raise NotFound(kind="invoice", id=invoice_id)
    return invoice


def get_payment(actor: Actor, payment_id: str) -> Payment:
    """A payment of the actor's team. Raises `NotFound`, `Forbidden`."""
    actor.require(Capability.SEE_BILLING)
    rows = Payment.objects.select_related("invoice__quote")
    payment = rows.filter(invoice__team_id=actor.team_id, public_id=payment_id).first()
    if payment is None:
        raise NotFound(kind="payment", id=payment_id)
    return payment


def list_payments(actor: Actor) -> list[Payment]:
    """The newest payments, whatever became of them."""
    actor.require(Capability.SEE_BILLING)
    return list(Payment.objects.filter(invoice__team_id=actor.team_id).select_related("invoice").order_by("-pk")[:MOST])


# -- How ---------------------------------------------------------------------------------------------------------------------
def _standing(subscription: Subscription, current: plans.InForce, *, now: datetime) -> Standing:
    """As `standing_of`, also when a planned change came due and nobody wrote it down yet."""
    standing = standing_of(subscription, now=now)
    if getattr(subscription, "pending", None) is current.pending:
        return standing
    cycle = Span(*rules.cycle_of(current.anchor_at, current.interval, now))
    following = Span(*rules.cycle_of(current.anchor_at, current.interval, cycle.end))
    held = {one.extra.code: one for one in current.held}
    return Standing(
        plans.offer_of(current.plan),
        current.interval,
        standing.currency,
        held,
        cycle,
        following,
        current.trial_ends_at,
        quotas=standing.quotas,
        free_of_charge=standing.free_of_charge,
        comped=standing.comped and current.plan == subscription.plan,
    )


def _options(standing: Standing) -> list[Option]:
    offers = {**{code: one.extra for code, one in standing.held.items()}, **plans.extras()}
    options = []
    for code, extra in offers.items():
        known = standing.held[code].extra if code in standing.held else extra
        price = known.price(standing.currency, standing.interval)
        included = bool(known.feature) and known.feature in standing.plan.features
        fewer = standing.later.fewer.get(code, 0)
        sold = standing.plan.addons and (bool(price) or standing.free_of_charge)
        options.append(Option(known, price, standing.quantity(code), fewer, included, sold))
    return options


def _planned(current: plans.InForce) -> Planned | None:
    pending = current.pending
    if pending is None:
        return None
    offer = plans.offer_of(pending.plan) if pending.plan is not None else None
    later = Later(offer, pending.interval or None, dict(pending.fewer), pending.cancels)
    return Planned(pending.effective_at, later, pending.term_paid)


def _following(team_id: int, standing: Standing, cycle: Span) -> Totals | None:
    lines = recurring(standing, cycle)
    if not lines:
        return None
    profile = profile_of(team_id)
    return totals(lines, rates_for(profile.country, plans.tax_rates()), vat_id=profile.vat_id, balance=0)


def _limits(standing: Standing, subscription: Subscription, *, now: datetime) -> rules.Limits:
    same = standing.plan.code == subscription.plan.code
    return rules.limits_of_offer(
        standing.plan,
        credits_override=subscription.credits_override if same else None,
        quotas=subscription.quota_overrides,
        trial_ends_at=standing.trial_ends_at,
        now=now,
        held=standing.held.values(),
    )


def _state(quote: Quote, subscription: Subscription, *, now: datetime) -> str:
    if quote.confirm_key:
        return "confirmed"
    fresh = quote.subscription_version == subscription.version and now < min(quote.expires_at, quote.cycle_end)
    return "open" if fresh else "stale"
