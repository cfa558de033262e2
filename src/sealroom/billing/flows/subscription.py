# SPDX-License-Identifier: Apache-2.0
"""The locked subscription, brought to now: what was planned is written down when its instant has passed, each billing cycle that
began gets its invoice, and the wallet knows what future periods issue. Only the deeds beside this file use it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sealroom.accounts.models import Team
from sealroom.audit.rules import Who
from sealroom.billing import rules
from sealroom.billing.flows import invoices
from sealroom.billing.models import BlockTerm, PendingChange, Plan, Subscription, SubscriptionItem
from sealroom.billing.queries import addon_by_code, asks_money, held_of, offer_of, plan_by_code
from sealroom.billing.queries.standing import standing_of
from sealroom.billing.rules.changes import AtOnce, Later, recurring
from sealroom.billing.rules.money import Span
from sealroom.credits import flows as credits_flows
from sealroom.credits.rules import LotKind


def settled(team_id: int, *, now: datetime) -> Subscription:
    """The team's subscription, locked (after the team's row, in the order every quota deed takes), with all that came due by `now`
    written down: planned changes, and an invoice for each paid cycle that began."""
    Team.objects.select_for_update(no_key=True).get(pk=team_id)
    Subscription.objects.select_for_update(no_key=True).get(team_id=team_id)
    subscription = fresh(team_id)
    if subscription.billed_until is None:
        subscription.billed_until = rules.cycle_end(subscription.anchor_at, subscription.interval, now)
        subscription.save(update_fields=["billed_until"])
    while True:
        pending = getattr(subscription, "pending", None)
        due = pending.effective_at if pending is not None else None
        boundary = subscription.billed_until
        assert boundary is not None
        if pending is not None and due is not None and due <= min(now, boundary):
            _write_down(subscription, pending)
        elif boundary <= now:
            _begin_cycle(subscription, boundary, now=now)
        else:
            return subscription
        subscription = fresh(team_id)


def fresh(team_id: int) -> Subscription:
    """The subscription read anew with what hangs on it."""
    rows = Subscription.objects.select_related("plan", "pending__plan", "team").prefetch_related("items__addon", "terms")
    return rows.get(team_id=team_id)


def allowance(subscription: Subscription) -> int:
    """Credits a month as things stand."""
    return rules.allowance_of(offer_of(subscription.plan), subscription.credits_override, held_of(subscription))


def trial_end(plan: Plan, start: datetime) -> datetime | None:
    """When a trial that begins at `start` is over; None for a plan without end."""
    return start + timedelta(days=plan.trial_days) if plan.trial_days else None


def apply(subscription: Subscription, at_once: AtOnce, *, lines: Mapping[str, int], who: Who, now: datetime) -> int:
    """Put a change into force; returns how many credits that issued. `lines` name the invoice line of each add-on bought, so that
    no line ever issues twice. The caller plans what comes later and calls `plan_allowances`."""
    key = f"change:{subscription.team_id}:{subscription.version}"
    mid_cycle = standing_of(subscription, now=now).cycle.start != now and not at_once.restarts
    if at_once.plan is not None:
        subscription.plan, subscription.credits_override = plan_by_code(at_once.plan.code), None
        subscription.trial_ends_at, subscription.comped = None, False
    if at_once.restarts:
        subscription.anchor_at = now
    subscription.interval = at_once.interval or subscription.interval
    end = rules.cycle_end(subscription.anchor_at, subscription.interval, now)
    if at_once.restarts:
        # Paid in full, also when the money came later than the day the invoice counts from.
        subscription.billed_until = subscription.arranged_until = end
    subscription.version += 1
    subscription.save()
    blocks = _change_items(subscription, at_once.more, at_once.dropped)
    if blocks and mid_cycle and asks_money():
        until = rules.cycle_end(subscription.anchor_at, subscription.interval, end)
        BlockTerm.objects.create(subscription=subscription, quantity=blocks, bound_until=until)
    subscription = fresh(subscription.team_id)
    if at_once.restarts:
        return _restart_credits(subscription, who=who, now=now)
    granted = 0
    for code, count in at_once.more.items():
        amount = rules.added([rules.Held(_extra(subscription, code), count)], "credits")
        if amount:
            source = f"line:{lines[code]}" if code in lines else f"{key}:{code}"
            issued = credits_flows.issue(
                subscription.team_id, LotKind.BLOCK, amount, source_key=source, note=f"{amount} credits", who=who, now=now
            )
            granted += issued.granted
    if at_once.plan is not None or at_once.dropped:
        issued = credits_flows.settle_allowance(
            subscription.team_id,
            allowance(subscription),
            source_key=f"{key}:plan",
            may_lower=not asks_money(),
            who=who,
            now=now,
        )
        granted += issued.granted
    return granted


def put_off(subscription: Subscription, later: Later, *, effective_at: datetime, term_paid: int = 0) -> None:
    """Plan what a subscription becomes, in the place of all that was planned before; nothing when `later` is empty."""
    PendingChange.objects.filter(subscription=subscription).delete()
    if not later.is_empty:
        PendingChange.objects.create(
            subscription=subscription,
            plan=_plan_row(subscription, later),
            interval=later.interval or "",
            fewer={code: count for code, count in later.fewer.items() if count},
            cancels=later.cancels,
            term_paid=term_paid,
            effective_at=effective_at,
        )


def plan_allowances(team_id: int, *, now: datetime, anchor_at: datetime | None = None) -> None:
    """Tell the wallet what periods issue from now on and, where something is planned, from then on. `anchor_at`: a new cycle of
    periods begins there."""
    subscription = fresh(team_id)
    credits_flows.set_step(team_id, allowance(subscription), effective_at=anchor_at or now, anchor_at=anchor_at, now=now)
    pending = getattr(subscription, "pending", None)
    if (end := subscription.trial_ends_at) is not None:
        credits_flows.set_step(team_id, 0, effective_at=end, anchor_at=end, now=now)
    if pending is not None:
        amount = allowance_after(subscription, pending)
        credits_flows.set_step(team_id, amount, effective_at=pending.effective_at, anchor_at=pending.anchor_at, now=now)
        if pending.plan is not None:
            end_of_trial = trial_end(pending.plan, pending.anchor_at or pending.effective_at)
            if end_of_trial is not None:
                credits_flows.set_step(team_id, 0, effective_at=end_of_trial, anchor_at=end_of_trial, now=now)


def allowance_after(subscription: Subscription, pending: PendingChange) -> int:
    """Credits a month once what is planned is in force."""
    held = [rules.Held(one.extra, one.quantity - pending.fewer.get(one.extra.code, 0)) for one in held_of(subscription)]
    plan = offer_of(pending.plan or subscription.plan)
    override = pending.credits_override if pending.plan is not None else subscription.credits_override
    return rules.allowance_of(plan, override, () if pending.cancels else held)


def _restart_credits(subscription: Subscription, *, who: Who, now: datetime) -> int:
    """A new cycle begins now: the wallet's period is cut and the next one issues the whole allowance."""
    team_id, amount = subscription.team_id, allowance(subscription)
    before = credits_flows.roll(team_id, now=now)
    started = before.period_start
    plan_allowances(team_id, now=now, anchor_at=now)
    if started == now:  # it had begun at this very instant: only the difference is missing
        key = f"change:{team_id}:{subscription.version}:plan"
        return credits_flows.settle_allowance(team_id, amount, source_key=key, who=who, now=now).granted
    return amount


def _change_items(subscription: Subscription, more: Mapping[str, int], fewer: Mapping[str, int]) -> int:
    """Write units of add-ons; returns how many blocks of credits were added."""
    blocks = 0
    rows = {row.kind: row for row in subscription.items.all()}
    for code, count in more.items():
        row = rows.get(code)
        if row is None or not row.quantity:
            addon = addon_by_code(code)
            row, _ = SubscriptionItem.objects.update_or_create(
                subscription=subscription, kind=code, defaults={"addon": addon, "quantity": count}
            )
        else:
            row.quantity += count
            row.save(update_fields=["quantity"])
        blocks += count if "credits" in row.addon.adds else 0
    for code, count in fewer.items():
        row = rows[code]
        row.quantity = max(0, row.quantity - count)
        row.save(update_fields=["quantity"])
    return blocks


def _write_down(subscription: Subscription, pending: PendingChange) -> None:
    """A planned change whose instant has passed becomes what the subscription is. The wallet knows it already."""
    at = pending.effective_at
    if pending.plan is not None:
        subscription.plan, subscription.credits_override = pending.plan, pending.credits_override
        subscription.trial_ends_at = trial_end(pending.plan, pending.anchor_at or at)
        subscription.comped = subscription.comped and pending.anchor_at is not None  # only the operator's word keeps it
    subscription.interval = pending.interval or subscription.interval
    if pending.anchor_at is not None:
        end = rules.cycle_end(pending.anchor_at, subscription.interval, at)
        subscription.anchor_at, subscription.billed_until, subscription.arranged_until = pending.anchor_at, end, end
    subscription.version += 1
    subscription.save()
    everything = {row.kind: row.quantity for row in subscription.items.all()}
    fewer = everything if pending.cancels else {code: count for code, count in pending.fewer.items() if code in everything}
    _change_items(subscription, {}, fewer)
    _forget_terms(subscription, fewer, at)
    pending.delete()


def _forget_terms(subscription: Subscription, fewer: Mapping[str, int], at: datetime) -> None:
    """Terms that ended, and those of blocks that went: never more bound than there are."""
    BlockTerm.objects.filter(subscription=subscription, bound_until__lte=at).delete()
    rows = SubscriptionItem.objects.filter(subscription=subscription).select_related("addon")
    left = sum(row.quantity for row in rows if "credits" in row.addon.adds)
    for term in BlockTerm.objects.filter(subscription=subscription).order_by("-bound_until", "-pk"):
        kept = min(term.quantity, left)
        left -= kept
        if not kept:
            term.delete()
        elif kept < term.quantity:
            BlockTerm.objects.filter(pk=term.pk).update(quantity=kept)


def _begin_cycle(subscription: Subscription, start: datetime, *, now: datetime) -> None:
    """A billing cycle began at `start`: its invoice, unless nobody pays for it."""
    end = rules.cycle_end(subscription.anchor_at, subscription.interval, start)
    subscription.billed_until = end
    subscription.version += 1
    subscription.save(update_fields=["billed_until", "version"])
    BlockTerm.objects.filter(subscription=subscription, bound_until__lte=start).delete()
    if not asks_money():
        return
    lines = recurring(standing_of(subscription, now=start), Span(start, end))
    if lines:
        invoices.open_renewal(subscription, lines, cycle_start=start, now=now)


def _extra(subscription: Subscription, code: str) -> rules.Extra:
    return next(one.extra for one in held_of(subscription) if one.extra.code == code)


def _plan_row(subscription: Subscription, later: Later) -> Plan | None:
    if later.plan is None:
        return None
    return subscription.plan if later.plan.code == subscription.plan.code else plan_by_code(later.plan.code)
