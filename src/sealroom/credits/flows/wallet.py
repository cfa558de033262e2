# SPDX-License-Identifier: Apache-2.0
"""Opening a wallet, planning its allowances, rolling it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from sealroom.accounts.models import Team
from sealroom.accounts.rules import Actor, Capability
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.credits import rules
from sealroom.credits.flows import books
from sealroom.credits.models import AllowanceStep, Lot, Wallet
from sealroom.credits.queries import steps_of


@transaction.atomic
def open_wallet(team: Team, *, amount: int, anchor_at: datetime, now: datetime) -> Wallet:
    """Give a new team its wallet and the allowance of its first period. Periods are monthly from `anchor_at`."""
    AllowanceStep.objects.create(team=team, effective_at=anchor_at, amount=amount, anchor_at=anchor_at)
    Wallet.objects.create(team=team)
    return roll(team.pk, now=now)


@transaction.atomic
def roll(team_id: int, *, now: datetime) -> Wallet:
    """Bring a wallet to the period of `now` and lock it until the transaction ends. Does nothing when it is there already;
    however many periods were missed, they are one issue."""
    return books.opened(team_id, now=now).row


@transaction.atomic
def set_step(team_id: int, amount: int, *, effective_at: datetime, now: datetime, anchor_at: datetime | None = None) -> Wallet:
    """Plan the allowance from `effective_at` on; steps planned for later are dropped.

    Without `anchor_at` the cycle goes on, and the amount counts from the first period that starts at or after `effective_at`.
    With it, a new cycle begins: the period it falls into is cut there, and what was left of it expires.
    """
    wallet = books.opened(team_id, now=now)
    anchor = anchor_at or _anchor_at(team_id, effective_at)
    AllowanceStep.objects.filter(team_id=team_id, effective_at__gte=effective_at).delete()
    AllowanceStep.objects.create(team_id=team_id, effective_at=effective_at, amount=amount, anchor_at=anchor or effective_at)
    _fit_period(wallet, now)
    return wallet.row


def _anchor_at(team_id: int, instant: datetime) -> datetime | None:
    """The anchor of the cycle that runs at an instant; one that begins at this very instant counts."""
    begun = AllowanceStep.objects.filter(team_id=team_id, effective_at__lte=instant).order_by("-effective_at")
    return begun.values_list("anchor_at", flat=True).first()


def _fit_period(wallet: books.OpenWallet, now: datetime) -> None:
    """Make the running period the one the steps say, after they were changed: moved, cut short, or given its full length again."""
    period = rules.period_at(steps_of(wallet.row.team_id), now)
    if (period.start, period.end) == (wallet.start, wallet.end):
        return
    moved = period.start != wallet.start
    ends = now if moved else period.end
    ending = [lot for lot in wallet.lots if lot.kind != rules.LotKind.PROMO]
    # Also lots that are spent to the last credit: what is given back to them must end with them.
    Lot.objects.filter(team_id=wallet.row.team_id, expires_at=wallet.end).exclude(kind=rules.LotKind.PROMO).update(expires_at=ends)
    others = [lot for lot in wallet.lots if lot.kind == rules.LotKind.PROMO]
    wallet.lots = [*others, *(rules.OpenLot(lot.id, lot.kind, lot.remaining, lot.issued_at, ends) for lot in ending)]
    if moved:
        books.roll_to(wallet, period, now)
    else:
        books.set_period(wallet.row, wallet.start, period.end)
        books.plan_roll(wallet.row.team_id, period.end)


@transaction.atomic
def set_threshold(actor: Actor, threshold: int, *, now: datetime) -> Wallet:
    """Choose below how many credits admins are told. Needs the right to manage the team; 0 tells them only when all are used."""
    actor.require(Capability.MANAGE_TEAM)
    wallet = books.opened(actor.team_id, now=now).row
    wallet.low_threshold = threshold
    wallet.save(update_fields=["low_threshold"])
    audit.record(actor.who, Verb.TEAM_CHANGED, "team", actor.team, now=now, low_threshold=threshold)
    return wallet
