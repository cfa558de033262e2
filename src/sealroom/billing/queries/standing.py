# SPDX-License-Identifier: Apache-2.0
"""What a team has, as the rules of changes want to know it."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Sum

from sealroom.billing import rules
from sealroom.billing.models import BalanceEntry, BillingProfile, Invoice, InvoiceLine, InvoiceStatus, Subscription
from sealroom.billing.queries.plans import asks_money, held_of, offer_of
from sealroom.billing.rules.changes import NOTHING_LATER, Later, Standing
from sealroom.billing.rules.money import Span


def standing_of(subscription: Subscription, *, now: datetime) -> Standing:
    """A settled subscription (nothing due that is not written down) as a value."""
    cycle = Span(*rules.cycle_of(subscription.anchor_at, subscription.interval, now))
    following = Span(*rules.cycle_of(subscription.anchor_at, subscription.interval, cycle.end))
    terms = [term for term in subscription.terms.all() if term.bound_until > cycle.end]
    return Standing(
        plan=offer_of(subscription.plan),
        interval=subscription.interval,
        currency=subscription.currency,
        held={one.extra.code: one for one in held_of(subscription)},
        cycle=cycle,
        following=following,
        trial_ends_at=subscription.trial_ends_at,
        paid=_paid(subscription, cycle),
        bound=sum(term.quantity for term in terms),
        bound_until=max((term.bound_until for term in terms), default=None),
        later=_later(subscription),
        quotas=subscription.quota_overrides,
        free_of_charge=not asks_money(),
        comped=subscription.comped,
    )


def balance_of(team_id: int) -> int:
    """What a customer has with us, in minor units of his currency."""
    newest = BalanceEntry.objects.filter(team_id=team_id).order_by("-pk").values_list("balance_after", flat=True).first()
    return newest or 0


def profile_of(team_id: int) -> BillingProfile:
    """Who pays; an empty one where nobody said."""
    return BillingProfile.objects.filter(team_id=team_id).first() or BillingProfile(team_id=team_id)


def owed_invoices(team_id: int) -> list[Invoice]:
    """Invoices that wait for money, oldest first."""
    return list(Invoice.objects.filter(team_id=team_id, status=InvoiceStatus.OPEN, due__gt=0).order_by("opened_at", "pk"))


def _paid(subscription: Subscription, cycle: Span) -> dict[str, int] | None:
    """What was paid in a cycle by item; None when the operator arranged it (for a comped plan nothing is)."""
    if not subscription.comped and subscription.arranged_until == cycle.end:
        return None
    rows = (
        InvoiceLine.objects.filter(invoice__subscription=subscription, invoice__status=InvoiceStatus.PAID)
        .filter(start__gte=cycle.start, end=cycle.end, kind__in=["recurring", "charge", "credit"])
        .values("item")
        .annotate(sum=Sum("amount"))
    )
    return {row["item"]: row["sum"] for row in rows}


def _later(subscription: Subscription) -> Later:
    pending = getattr(subscription, "pending", None)
    if pending is None:
        return NOTHING_LATER
    plan = offer_of(pending.plan) if pending.plan is not None else None
    return Later(plan, pending.interval or None, dict(pending.fewer), pending.cancels)
