# SPDX-License-Identifier: Apache-2.0
"""Moving a team to another plan: by the operator at once, upward at once, downward when the paid cycle ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from sealroom.accounts.models import Team
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb, Who
from sealroom.billing import rules
from sealroom.billing.flows.found import plan_trial_end, trial_end
from sealroom.billing.models import Interval, PendingChange, Plan, Subscription
from sealroom.billing.queries import offer_of, plan_by_code
from sealroom.core.errors import Invalid
from sealroom.credits import flows as credits_flows


@transaction.atomic
def set_plan(
    team: Team,
    plan_code: str,
    *,
    who: Who,
    now: datetime,
    at: datetime | None = None,
    interval: str | None = None,
    credits: int | None = None,  # noqa: A002 -- the word of the trade
) -> Subscription:
    """The operator gives a team a plan, whatever it had and used; also downward at once.

    Without `at` the billing date stays and so does the usage: the difference of the allowances is issued, or what is left above
    the new one expires. With `at` a new cycle is counted from that instant: at once when it lies in the past (the period that
    holds `now` begins with its full allowance), else on that day. From a trial, the cycle begins `now`. `credits` is a monthly
    allowance of the team's own instead of the plan's. Raises `Invalid` for an unknown plan or interval.
    """
    plan = plan_by_code(plan_code)
    subscription = _settled(team.pk, now)
    interval = _interval(interval or subscription.interval)
    if at is None and subscription.trial_ends_at is not None:
        at = now
    amount = rules.allowance_of(offer_of(plan), credits)
    _drop_pending(subscription)
    if at is not None and at > now:
        _put_off(subscription, plan, interval, credits, effective_at=at, anchor_at=at)
        credits_flows.set_step(team.pk, amount, effective_at=at, anchor_at=at, now=now)
        plan_trial_end(team.pk, trial_end(plan, at), now=now)
    else:
        _change(subscription, plan, interval, credits, anchor_at=at, now=now)
        credits_flows.set_step(team.pk, amount, effective_at=at or now, anchor_at=at, now=now)
        plan_trial_end(team.pk, subscription.trial_ends_at, now=now)
        key = f"plan:{team.pk}:{subscription.version}"
        credits_flows.settle_allowance(team.pk, amount, source_key=key, may_lower=True, who=who, now=now)
    _record(team, plan, who, now=now, interval=interval, allowance=amount, at=at or now)
    return subscription


@transaction.atomic
def change_plan_now(team: Team, plan_code: str, *, who: Who, now: datetime, credits: int | None = None) -> credits_flows.Issued:  # noqa: A002
    """An upgrade that is paid: in force at once, usage kept, the difference of the allowances issued; the billing date stays. A
    change that was scheduled is dropped. An allowance that is not above the running one issues nothing until the next period."""
    plan = plan_by_code(plan_code)
    subscription = _settled(team.pk, now)
    began = now if subscription.trial_ends_at is not None else None
    amount = rules.allowance_of(offer_of(plan), credits)
    _drop_pending(subscription)
    _change(subscription, plan, subscription.interval, credits, anchor_at=began, now=now)
    credits_flows.set_step(team.pk, amount, effective_at=now, anchor_at=began, now=now)
    key = f"plan:{team.pk}:{subscription.version}"
    issued = credits_flows.settle_allowance(team.pk, amount, source_key=key, who=who, now=now)
    _record(team, plan, who, now=now, interval=subscription.interval, allowance=amount, at=now)
    return issued


@transaction.atomic
def schedule_plan(team: Team, plan_code: str, *, who: Who, now: datetime, credits: int | None = None) -> datetime:  # noqa: A002
    """A downgrade: what is paid for stays until the billing cycle ends, then the new plan counts. Returns that instant. Takes the
    place of a change scheduled before."""
    plan = plan_by_code(plan_code)
    subscription = _settled(team.pk, now)
    amount = rules.allowance_of(offer_of(plan), credits)
    effective_at = rules.cycle_end(subscription.anchor_at, subscription.interval, now)
    _drop_pending(subscription)
    _put_off(subscription, plan, subscription.interval, credits, effective_at=effective_at, anchor_at=None)
    credits_flows.set_step(team.pk, amount, effective_at=effective_at, now=now)
    _record(team, plan, who, now=now, interval=subscription.interval, allowance=amount, at=effective_at)
    return effective_at


@transaction.atomic
def set_quotas(team: Team, quotas: Mapping[str, int], *, who: Who, now: datetime) -> Subscription:
    """The operator's own numbers for a team's standing quotas, at once and also below what is used: what exists stays, making more
    is refused. Raises `Invalid` for an unknown quota or a number below zero."""
    wrong = {name: ["unknown" if name not in rules.QUOTAS else "negative"] for name in quotas if not _is_quota(name, quotas[name])}
    if wrong:
        raise Invalid(wrong)
    subscription = _settled(team.pk, now)
    subscription.quota_overrides = {**subscription.quota_overrides, **quotas}
    subscription.version += 1
    subscription.save(update_fields=["quota_overrides", "version"])
    audit.record(who, Verb.PLAN_SET, "team", team.public_id, now=now, team=team.public_id, quotas=sorted(quotas))
    return subscription


def _is_quota(name: str, value: int) -> bool:
    return name in rules.QUOTAS and value >= 0


def _settled(team_id: int, now: datetime) -> Subscription:
    """The team's subscription, locked, with a change that has come due written into it."""
    subscription = Subscription.objects.select_for_update(of=("self",), no_key=True).select_related("plan").get(team_id=team_id)
    pending = PendingChange.objects.select_related("plan").filter(subscription=subscription, effective_at__lte=now).first()
    if pending is not None:
        _change(subscription, pending.plan, pending.interval, pending.credits_override, anchor_at=pending.anchor_at, now=now)
        pending.delete()
    return subscription


def _change(
    subscription: Subscription, plan: Plan, interval: str, own_allowance: int | None, *, anchor_at: datetime | None, now: datetime
) -> None:
    subscription.plan, subscription.interval, subscription.credits_override = plan, interval, own_allowance
    subscription.anchor_at = anchor_at or subscription.anchor_at
    subscription.trial_ends_at = trial_end(plan, anchor_at or now)
    subscription.version += 1
    subscription.save()


def _put_off(
    subscription: Subscription,
    plan: Plan,
    interval: str,
    own_allowance: int | None,
    *,
    effective_at: datetime,
    anchor_at: datetime | None,
) -> None:
    PendingChange.objects.create(
        subscription=subscription,
        plan=plan,
        interval=interval,
        credits_override=own_allowance,
        effective_at=effective_at,
        anchor_at=anchor_at,
    )
    subscription.version += 1
    subscription.save(update_fields=["version"])


def _drop_pending(subscription: Subscription) -> None:
    PendingChange.objects.filter(subscription=subscription).delete()


def _interval(word: str) -> str:
    if word not in Interval.values:
        raise Invalid({"interval": ["unknown"]})
    return word


def _record(team: Team, plan: Plan, who: Who, *, now: datetime, interval: str, allowance: int, at: datetime) -> None:
    audit.record(
        who,
        Verb.PLAN_SET,
        "team",
        team.public_id,
        now=now,
        team=team.public_id,
        plan=plan.code,
        version=plan.version,
        interval=interval,
        allowance=allowance,
        at=at,
    )
