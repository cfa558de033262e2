# SPDX-License-Identifier: Apache-2.0
"""What is asked of billing: which plan a team has, what it may use, how many seats it uses. Reads see a scheduled change from its
instant on, whether or not anybody wrote it down yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sealroom.accounts.models import Invitation, Membership
from sealroom.billing import rules
from sealroom.billing.models import PendingChange, Plan, Subscription
from sealroom.core.errors import Invalid


@dataclass(frozen=True)
class Usage:
    """Standing quotas in use that billing itself counts: seats are members and open invitations."""

    users: int


@dataclass(frozen=True)
class InForce:
    """A subscription as it stands at an instant, a due change included."""

    plan: Plan
    interval: str
    credits_override: int | None
    anchor_at: datetime
    pending: PendingChange | None

    @property
    def allowance(self) -> int:
        """Credits a month."""
        return rules.allowance_of(offer_of(self.plan), self.credits_override)


def limits_of(team_id: int, *, now: datetime) -> rules.Limits:
    """What a team may use now."""
    subscription = Subscription.objects.select_related("plan", "pending__plan").get(team_id=team_id)
    current = in_force(subscription, now=now)
    return rules.limits_of_offer(
        offer_of(current.plan),
        credits_override=current.credits_override,
        quotas=subscription.quota_overrides,
        trial_ends_at=subscription.trial_ends_at,
        now=now,
    )


def usage_of(team_id: int, *, now: datetime) -> Usage:
    """How much of the standing quotas a team uses."""
    members = Membership.objects.filter(team_id=team_id, removed_at=None).count()
    invited = Invitation.objects.filter(team_id=team_id, accepted_at=None, withdrawn_at=None, expires_at__gt=now).count()
    return Usage(users=members + invited)


def in_force(subscription: Subscription, *, now: datetime) -> InForce:
    """The subscription as of `now`; `pending` is the change still to come, if any."""
    pending = getattr(subscription, "pending", None)
    if pending is not None and pending.effective_at <= now:
        anchor_at = pending.anchor_at or subscription.anchor_at
        return InForce(pending.plan, pending.interval, pending.credits_override, anchor_at, None)
    return InForce(subscription.plan, subscription.interval, subscription.credits_override, subscription.anchor_at, pending)


def plan_by_code(code: str) -> Plan:
    """The newest version of a plan. Raises `Invalid` for a code that is in no catalogue."""
    plan = Plan.objects.filter(code=code).order_by("-version").first()
    if plan is None:
        raise Invalid({"plan": ["unknown"]}, plan=code)
    return plan


def list_plans() -> list[Plan]:
    """The newest version of every plan, smallest first."""
    newest = {plan.code: plan for plan in Plan.objects.order_by("version")}
    return sorted(newest.values(), key=lambda plan: (plan.credits, plan.pk))


def offer_of(plan: Plan) -> rules.Offer:
    """A plan row as the value rules work with."""
    return rules.Offer(
        code=plan.code,
        name=plan.name,
        credits=plan.credits,
        users=plan.users,
        data_rooms=plan.data_rooms,
        guests=plan.guests,
        storage_bytes=plan.storage_bytes,
        media_bytes=plan.media_bytes,
        features=tuple(plan.features),
        trial_days=plan.trial_days,
    )
