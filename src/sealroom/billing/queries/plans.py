# SPDX-License-Identifier: Apache-2.0
"""Which plan a team has, what it may use, how many seats it uses. Reads see a scheduled change from its instant on, whether or not
anybody wrote it down yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max, QuerySet

from sealroom.accounts.models import Invitation, Membership
from sealroom.accounts.rules import Actor
from sealroom.billing import rules
from sealroom.billing.catalogue import rates_of
from sealroom.billing.errors import PaymentDue
from sealroom.billing.models import (
    AddOn,
    CatalogueEdition,
    Invoice,
    InvoiceKind,
    InvoiceStatus,
    PendingChange,
    Plan,
    Subscription,
)
from sealroom.billing.ports import get_counters, get_gateway
from sealroom.billing.rules.money import Rate
from sealroom.core.errors import Invalid

GRACE = timedelta(days=14)


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
    trial_ends_at: datetime | None
    held: tuple[rules.Held, ...]
    pending: PendingChange | None

    @property
    def allowance(self) -> int:
        """Credits a month."""
        return rules.allowance_of(offer_of(self.plan), self.credits_override, self.held)


def limits_of(team_id: int, *, now: datetime) -> rules.Limits:
    """What a team may use now."""
    subscription = subscription_of(team_id)
    current = in_force(subscription, now=now)
    return rules.limits_of_offer(
        offer_of(current.plan),
        credits_override=current.credits_override,
        quotas=subscription.quota_overrides,
        trial_ends_at=current.trial_ends_at,
        now=now,
        held=current.held,
    )


def subscription_of(team_id: int) -> Subscription:
    """A team's subscription with what hangs on it."""
    rows = Subscription.objects.select_related("plan", "pending__plan", "team").prefetch_related("items__addon")
    return rows.get(team_id=team_id)


def usage_of(team_id: int, *, now: datetime) -> Usage:
    """How much of the standing quotas a team uses that billing counts."""
    members = Membership.objects.filter(team_id=team_id, removed_at=None).count()
    invited = Invitation.objects.filter(team_id=team_id, accepted_at=None, withdrawn_at=None, expires_at__gt=now).count()
    return Usage(users=members + invited)


def standing_usage(team_id: int, *, now: datetime) -> dict[str, int]:
    """Every standing quota in use, those that rooms above count among them."""
    counted = {quota: count(team_id) for quota, count in get_counters().items()}
    return {"users": usage_of(team_id, now=now).users, **counted}


def in_force(subscription: Subscription, *, now: datetime) -> InForce:
    """The subscription as of `now`; `pending` is the change still to come, if any."""
    pending = getattr(subscription, "pending", None)
    held = held_of(subscription)
    trial = subscription.trial_ends_at
    if pending is None or pending.effective_at > now:
        return InForce(
            subscription.plan, subscription.interval, subscription.credits_override, subscription.anchor_at, trial, held, pending
        )
    plan = pending.plan or subscription.plan
    override = pending.credits_override if pending.plan else subscription.credits_override
    left = [rules.Held(one.extra, one.quantity - pending.fewer.get(one.extra.code, 0)) for one in held]
    if pending.plan is not None:
        started = pending.anchor_at or pending.effective_at
        trial = started + timedelta(days=plan.trial_days) if plan.trial_days else None
    return InForce(
        plan,
        pending.interval or subscription.interval,
        override,
        pending.anchor_at or subscription.anchor_at,
        trial,
        () if pending.cancels else tuple(one for one in left if one.quantity > 0),
        None,
    )


def held_of(subscription: Subscription) -> tuple[rules.Held, ...]:
    """The add-ons a subscription holds, in the order they came."""
    rows = sorted(subscription.items.all(), key=lambda row: row.pk)
    return tuple(rules.Held(extra_of(row.addon), row.quantity) for row in rows if row.quantity)


def require_standing(actor: Actor, *, now: datetime) -> None:
    """Raise `TeamSuspended` while the operator has stopped the actor's team, and `PaymentDue` when a renewal was not paid within
    the days of grace. Asked where something is sent."""
    actor.require_active()
    owed = _overdue(actor.team_id, now=now).order_by("opened_at").values_list("public_id", "opened_at").first()
    if owed is not None and owed[1] is not None:
        raise PaymentDue(invoice=owed[0], since=(owed[1] + GRACE).strftime("%Y-%m-%dT%H:%M:%SZ"))


def is_overdue(team_id: int, *, now: datetime) -> bool:
    """Whether sending waits for the money of a renewal."""
    return _overdue(team_id, now=now).exists()


def _overdue(team_id: int, *, now: datetime) -> QuerySet[Invoice]:
    rows = Invoice.objects.filter(team_id=team_id, kind=InvoiceKind.RENEWAL, status=InvoiceStatus.OPEN, due__gt=0)
    return rows.filter(opened_at__lte=now - GRACE)


# -- The catalogue ---------------------------------------------------------------------------------------------------------
def asks_money() -> bool:
    """Whether plans have prices here: not with the gateway `none`."""
    return settings.SEALROOM_PAYMENT_GATEWAY != "none" and get_gateway().asks_money


def edition() -> CatalogueEdition:
    """What is on offer now. Raises `CatalogueEdition.DoesNotExist` before the catalogue was written once."""
    return CatalogueEdition.objects.latest("pk")


def plan_by_code(code: str) -> Plan:
    """The newest version of a plan. Raises `Invalid` for a code that is in no catalogue."""
    plan = Plan.objects.filter(code=code).order_by("-version").first()
    if plan is None:
        raise Invalid({"plan": ["unknown"]}, plan=code)
    return plan


def addon_by_code(code: str) -> AddOn:
    """The newest version of an add-on. Raises `Invalid`."""
    addon = AddOn.objects.filter(code=code).order_by("-version").first()
    if addon is None:
        raise Invalid({f"items.{code}": ["unknown"]})
    return addon


def list_plans() -> list[Plan]:
    """The newest version of every plan, smallest first."""
    newest = {plan.code: plan for plan in Plan.objects.order_by("version")}
    return sorted(newest.values(), key=lambda plan: (plan.credits, plan.pk))


def plans_on_offer() -> list[Plan]:
    """The plans of the present catalogue, in its order."""
    known = {plan.code: plan for plan in list_plans()}
    return [known[code] for code in edition().plans if code in known]


def extras() -> dict[str, rules.Extra]:
    """The add-ons of the present catalogue by code, in its order."""
    newest = AddOn.objects.values("code").annotate(version=Max("version"))
    versions = {row["code"]: row["version"] for row in newest}
    rows = {row.code: row for row in AddOn.objects.all() if versions[row.code] == row.version}
    return {code: extra_of(rows[code]) for code in edition().addons if code in rows}


def tax_rates() -> dict[str, list[Rate]]:
    """The tax rates in force, by country."""
    return rates_of(edition().taxes)


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
        prices=plan.prices,
        addons=plan.addons,
    )


def extra_of(addon: AddOn) -> rules.Extra:
    """An add-on row as the value rules work with."""
    return rules.Extra(addon.code, addon.adds, addon.feature, addon.prices)
