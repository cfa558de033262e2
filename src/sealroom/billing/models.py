# SPDX-License-Identifier: Apache-2.0
"""What billing keeps: plans as they were sold, and which one a team has."""

from __future__ import annotations

from django.db import models

from sealroom.accounts.models import Team


class Plan(models.Model):
    """A plan's quotas at one version. Never changed once sold: another offer is another row."""

    code = models.CharField(max_length=20)
    version = models.PositiveSmallIntegerField(default=1)
    name = models.CharField(max_length=60)
    credits = models.PositiveIntegerField()
    users = models.PositiveIntegerField()
    data_rooms = models.PositiveIntegerField()
    guests = models.PositiveIntegerField()
    storage_bytes = models.PositiveBigIntegerField()
    media_bytes = models.PositiveBigIntegerField()
    features = models.JSONField(default=list)
    trial_days = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="plan_one_per_version")]


class Interval(models.TextChoices):
    """How often a plan is billed. Credits reset monthly on either."""

    MONTH = "month"
    YEAR = "year"


class Subscription(models.Model):
    """Which plan a team has, from when. Billing cycles are counted from `anchor_at`. `credits_override` is a monthly allowance that
    differs from the plan's; `quota_overrides` maps a quota (`users`, `data_rooms`, …) to the operator's own number for this
    team. `version` grows with every change: what was quoted on an older one is stale."""

    team = models.OneToOneField(Team, on_delete=models.PROTECT, related_name="subscription")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="subscriptions")
    interval = models.CharField(max_length=5, choices=Interval.choices, default=Interval.MONTH)
    anchor_at = models.DateTimeField()
    credits_override = models.PositiveIntegerField(null=True)
    quota_overrides = models.JSONField(default=dict)
    trial_ends_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)


class PendingChange(models.Model):
    """What a subscription becomes at `effective_at`. Whoever looks after that instant sees it in force; the next deed writes it
    into the subscription. Its allowance is planned as a step of the wallet. `anchor_at`: a new billing cycle begins then."""

    subscription = models.OneToOneField(Subscription, on_delete=models.CASCADE, related_name="pending")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    interval = models.CharField(max_length=5, choices=Interval.choices)
    credits_override = models.PositiveIntegerField(null=True)
    anchor_at = models.DateTimeField(null=True)
    effective_at = models.DateTimeField()
