# SPDX-License-Identifier: Apache-2.0
"""Quotes: a wish, decided and priced, held for fifteen minutes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import transaction

from sealroom.accounts.rules import Actor, Capability
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.billing.flows import invoices
from sealroom.billing.flows.subscription import settled
from sealroom.billing.flows.values import Wish
from sealroom.billing.models import Interval, Quote, Subscription
from sealroom.billing.queries import edition, extras, offer_of, plan_by_code, standing_usage
from sealroom.billing.queries.kept import effect_row, line_row
from sealroom.billing.queries.standing import standing_of
from sealroom.billing.rules.changes import Decision, Standing, Wanted, decide
from sealroom.core.errors import DomainError, Invalid

LIFETIME = timedelta(minutes=15)


def quote_change(actor: Actor, wish: Wish, *, now: datetime) -> Quote:
    """Decide and price a wish; the price holds for 15 minutes, never past the end of the cycle, and while nothing else changes.
    A free change is a quote too: it shows what will happen and when.

    Raises `Forbidden`, `Invalid` (by field; also when nothing would change), `BlockTerm`, `QuotaInUse`. A refusal changes nothing
    and is in the audit trail.
    """
    actor.require(Capability.BUY)
    try:
        with transaction.atomic():
            return make_quote(actor, wish, now=now)
    except DomainError as refusal:
        facts = {"deed": "billing.quote", "code": refusal.code, "wish": str(asdict(wish))}
        audit.record(actor.who, Verb.DENIED, "team", actor.team, now=now, **facts)
        raise


def preview_change(actor: Actor, wish: Wish, *, now: datetime) -> Quote:
    """The quote a wish would get, written nowhere: for totals that follow the form. Raises what `quote_change` raises, without an
    audit line."""
    actor.require(Capability.BUY)
    with transaction.atomic():
        quote = make_quote(actor, wish, now=now)
        transaction.set_rollback(True)
    return quote


def make_quote(actor: Actor, wish: Wish, *, now: datetime) -> Quote:
    """The quote's row, in the caller's transaction."""
    subscription = settled(actor.team_id, now=now)
    standing = standing_of(subscription, now=now)
    decision = decide_wish(subscription, standing, wish, now=now)
    sums = invoices.totals_of(actor.team_id, decision.lines)
    return Quote.objects.create(
        team_id=actor.team_id,
        made_by=actor.user,
        subscription_version=subscription.version,
        change_at=now,
        cycle_end=standing.cycle.end,
        expires_at=min(now + LIFETIME, standing.cycle.end),
        wish=asdict(wish),
        effect=effect_row(decision, replaces_later=decision.later != standing.later),
        lines=[line_row(line) for line in decision.lines],
        currency=subscription.currency,
        subtotal=sums.subtotal,
        taxes=[asdict(one) for one in sums.taxes],
        total=sums.total,
        balance_used=sums.balance_used,
        due=sums.due,
    )


def decide_wish(subscription: Subscription, standing: Standing, wish: Wish, *, now: datetime) -> Decision:
    """What a wish comes to for a settled subscription. Raises as `quote_change`."""
    if wish.interval is not None and wish.interval not in Interval.values:
        raise Invalid({"interval": ["unknown"]})
    if wish.currency is not None and wish.currency != subscription.currency:
        reason = "not_yours" if wish.currency in edition().currencies else "unknown"
        raise Invalid({"currency": [reason]}, currency=subscription.currency)
    offer = offer_of(plan_by_code(wish.plan)) if wish.plan else None
    if offer is not None and offer.code not in edition().plans and offer.code != standing.plan.code:
        raise Invalid({"plan": ["unknown"]})
    wanted = Wanted(offer, wish.interval, wish.items, wish.add, resume=wish.resume)
    usage = standing_usage(subscription.team_id, now=now)
    return decide(standing, wanted, extras(), usage=usage, now=now)
