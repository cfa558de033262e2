# SPDX-License-Identifier: Apache-2.0
"""What credits keep. Knows teams; knows neither plans nor sends (a pair's key and a charge's note are the caller's words)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from sealroom.accounts.models import Team
from sealroom.credits.rules import LotKind, NoticeKind


class Wallet(models.Model):
    """A team's credits; the row that is locked. `period_*` are those of the period it was last rolled to (half-open, UTC); the
    sums of that period are kept here so that reading them never walks the ledger (see `rules.Books`)."""

    team = models.OneToOneField(Team, on_delete=models.PROTECT, related_name="wallet")
    balance = models.BigIntegerField(default=0)
    period_start = models.DateTimeField(null=True)
    period_end = models.DateTimeField(null=True)
    period_allowance = models.PositiveBigIntegerField(default=0)
    period_used = models.PositiveBigIntegerField(default=0)
    period_promo = models.PositiveBigIntegerField(default=0)
    low_threshold = models.PositiveIntegerField(default=100)
    next_number = models.PositiveBigIntegerField(default=1)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(balance__gte=0), name="wallet_balance_not_negative")]


class AllowanceStep(models.Model):
    """From `effective_at` on periods are counted from `anchor_at` and issue `amount`. Written by billing; read when a period rolls,
    so that a reset needs neither plan nor worker. The step in force at a period's start counts for it. Steps say what comes;
    what was is in the ledger: a new step takes the place of all that lie after it."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="allowance_steps")
    effective_at = models.DateTimeField()
    amount = models.PositiveIntegerField()
    anchor_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "effective_at"], name="step_one_per_instant")]


class Lot(models.Model):
    """Credits issued together. Those that expire first are spent first."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="lots")
    kind = models.CharField(max_length=6, choices=[(kind.value, kind.value) for kind in LotKind])
    amount = models.PositiveIntegerField()
    remaining = models.PositiveIntegerField()
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    source_key = models.CharField(max_length=120, unique=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(remaining__lte=F("amount")), name="lot_remaining_within_amount")]
        indexes = [models.Index(fields=["team", "expires_at"], condition=Q(remaining__gt=0), name="lot_open")]


class Charge(models.Model):
    """One spending deed. `key` is unique per actor; `request_digest` tells a repetition from a misuse of the key. `about` is the
    public id of what it paid for, or ""."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="charges")
    actor = models.CharField(max_length=32)
    key = models.CharField(max_length=255)
    request_digest = models.CharField(max_length=64)
    amount = models.PositiveIntegerField()
    balance_after = models.BigIntegerField()
    about = models.CharField(max_length=32, default="")
    at = models.DateTimeField()
    period_start = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "actor", "key"], name="charge_one_per_key")]


class EntryKind(models.TextChoices):
    """Why the balance changed."""

    ISSUE = "issue"
    CHARGE = "charge"
    EXPIRE = "expire"
    REVERSAL = "reversal"


class Entry(models.Model):
    """A ledger line: one per charge and lot drawn on. Never updated, never deleted (a database trigger refuses both).

    `number` counts the team's lines without a gap. `actor` is the member on whose account the line is: a reversal carries the
    one who was charged, whoever caused it (the audit trail says who did).
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="entries")
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=8, choices=EntryKind.choices)
    delta = models.BigIntegerField()
    balance_after = models.BigIntegerField()
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="entries")
    charge = models.ForeignKey(Charge, null=True, on_delete=models.PROTECT, related_name="entries")
    actor = models.CharField(max_length=32, default="")
    route = models.CharField(max_length=12, default="")
    about = models.CharField(max_length=32, default="")  # public id of the send, or ""
    note = models.CharField(max_length=200, default="")
    period_start = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "number"], name="entry_one_per_number"),
            models.CheckConstraint(condition=Q(balance_after__gte=0), name="entry_balance_not_negative"),
        ]
        indexes = [
            # One for each filter of the ledger page, in the page's order: a filter that few lines pass must not walk all of them.
            models.Index(fields=["team", "actor", "-number"], name="entry_by_actor"),
            models.Index(fields=["team", "route", "-number"], name="entry_by_route"),
            models.Index(fields=["team", "period_start", "-number"], name="entry_by_start"),
            models.Index(fields=["team", "-at", "-number"], name="entry_by_time"),
            models.Index(fields=["team", "kind", "-number"], name="entry_by_kind"),
        ]


class UsageSum(models.Model):
    """What a member's charges of one quarter of an hour cost, less what was given back of them in their own period: sums of ledger
    lines, kept by whoever writes lines, so that a page about a million lines reads some thousand rows. `quarter` counts from 1970
    in UTC (see `rules.quarter_of`)."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_index=False)
    period_start = models.DateTimeField()
    actor = models.CharField(max_length=32)
    quarter = models.IntegerField()
    used = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "period_start", "actor", "quarter"], name="usage_one_per_quarter"),
        ]
        # Holds all that is added up, so that the rows themselves are not read.
        indexes = [models.Index(fields=["team", "period_start", "actor", "quarter", "used"], name="usage_to_add_up")]


class PaidPair(models.Model):
    """What was paid for, once: an opaque key of document version and recipient (or link). Reversal deletes the row: the pair is
    then unpaid; the ledger keeps both sides."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="paid_pairs")
    key = models.CharField(max_length=300)
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="pairs")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="pairs")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "key"], name="pair_paid_once")]


class Notice(models.Model):
    """A crossing that admins were told of. `rearmed_at` is set when the balance came back to the line."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="credit_notices")
    kind = models.CharField(max_length=9, choices=[(kind.value, kind.value) for kind in NoticeKind])
    at = models.DateTimeField()
    balance = models.BigIntegerField()
    rearmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "kind"], condition=Q(rearmed_at=None), name="notice_one_per_crossing")
        ]
