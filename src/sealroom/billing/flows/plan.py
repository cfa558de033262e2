# SPDX-License-Identifier: Apache-2.0
"""The operator's word on plans and quotas: at once and in both directions, without asking for money."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from sealroom.accounts.models import Team
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb, Who
from sealroom.billing import rules
from sealroom.billing.flows.renew import plan_trial_letters
from sealroom.billing.flows.subscription import allowance, fresh, plan_allowances, settled, trial_end
from sealroom.billing.models import BlockTerm, Interval, PendingChange, Plan, Subscription
from sealroom.billing.queries import held_of, offer_of, plan_by_code
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
    comped: bool | None = None,
) -> Subscription:
    """The operator gives a team a plan, whatever it had and used; also downward at once. The running cycle counts as paid, the
    next one is invoiced, unless the team is `comped`: then it pays for nothing (None leaves that as it is).

    Without `at` the billing date stays and so does the usage: the difference of the allowances is issued, or what is left above
    the new one expires. With `at` a new cycle is counted from that instant: at once when it lies in the past (the period that
    holds `now` begins with its full allowance), else on that day. From a trial, the cycle begins `now`. `credits` is a monthly
    allowance of the team's own instead of the plan's. Raises `Invalid` for an unknown plan or interval.
    """
    plan = plan_by_code(plan_code)
    subscription = settled(team.pk, now=now)
    interval = _interval(interval or subscription.interval)
    if at is None and subscription.trial_ends_at is not None:
        at = now
    PendingChange.objects.filter(subscription=subscription).delete()
    if comped is not None:
        subscription.comped = comped
    subscription.version += 1
    if at is not None and at > now:
        _plan_ahead(subscription, plan, interval, credits, at=at, now=now)
    else:
        _give(subscription, plan, interval, credits, anchor_at=at, who=who, now=now)
    amount = rules.allowance_of(offer_of(plan), credits, _held(team.pk, plan))
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
        allowance=amount,
        comped=subscription.comped,
        at=at or now,
    )
    return fresh(team.pk)


@transaction.atomic
def set_quotas(team: Team, quotas: Mapping[str, int | None], *, who: Who, now: datetime) -> Subscription:
    """The operator's own numbers for a team's standing quotas, in the place of the plan's (None: the plan's again), at once and
    also below what is used: what exists stays, making more is refused. Raises `Invalid` for an unknown quota or a negative one."""
    wrong = {name: ["unknown" if name not in rules.QUOTAS else "negative"] for name in quotas if not _is_quota(name, quotas[name])}
    if wrong:
        raise Invalid(wrong)
    subscription = settled(team.pk, now=now)
    own = {**subscription.quota_overrides, **quotas}
    subscription.quota_overrides = {name: number for name, number in own.items() if number is not None}
    subscription.version += 1
    subscription.save(update_fields=["quota_overrides", "version"])
    audit.record(who, Verb.PLAN_SET, "team", team.public_id, now=now, team=team.public_id, quotas=sorted(quotas))
    return subscription


def _plan_ahead(
    subscription: Subscription, plan: Plan, interval: str, own_allowance: int | None, *, at: datetime, now: datetime
) -> None:
    subscription.save()
    PendingChange.objects.create(
        subscription=subscription, plan=plan, interval=interval, credits_override=own_allowance, effective_at=at, anchor_at=at
    )
    plan_allowances(subscription.team_id, now=now)


def _give(
    subscription: Subscription,
    plan: Plan,
    interval: str,
    own_allowance: int | None,
    *,
    anchor_at: datetime | None,
    who: Who,
    now: datetime,
) -> None:
    subscription.plan, subscription.interval, subscription.credits_override = plan, interval, own_allowance
    subscription.anchor_at = anchor_at or subscription.anchor_at
    subscription.trial_ends_at = trial_end(plan, anchor_at or now)
    end = rules.cycle_end(subscription.anchor_at, interval, now)
    subscription.billed_until = subscription.arranged_until = end
    subscription.save()
    if not plan.addons:
        subscription.items.update(quantity=0)
        BlockTerm.objects.filter(subscription=subscription).delete()
    plan_allowances(subscription.team_id, now=now, anchor_at=anchor_at)
    if subscription.trial_ends_at is not None:
        plan_trial_letters(subscription.team, subscription.trial_ends_at)
    over = subscription.trial_ends_at is not None and subscription.trial_ends_at <= now
    credits_flows.settle_allowance(
        subscription.team_id,
        0 if over else allowance(fresh(subscription.team_id)),
        source_key=f"plan:{subscription.team_id}:{subscription.version}",
        may_lower=True,
        who=who,
        now=now,
    )


def _held(team_id: int, plan: Plan) -> tuple[rules.Held, ...]:
    return held_of(fresh(team_id)) if plan.addons else ()


def _is_quota(name: str, value: int | None) -> bool:
    return name in rules.QUOTAS and (value is None or value >= 0)


def _interval(word: str) -> str:
    if word not in Interval.values:
        raise Invalid({"interval": ["unknown"]})
    return word
