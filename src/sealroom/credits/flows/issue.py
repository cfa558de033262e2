# SPDX-License-Identifier: Apache-2.0
"""Issuing credits beside the monthly allowance: bought blocks, promotions, the difference of an upgrade."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from sealroom.accounts.models import Team
from sealroom.audit import flows as audit
from sealroom.audit.rules import ActorKind, Verb, Who
from sealroom.core.errors import Invalid
from sealroom.credits import rules
from sealroom.credits.flows import books, notices
from sealroom.credits.models import EntryKind, Lot
from sealroom.credits.queries import books_of


@dataclass(frozen=True)
class Issued:
    """How many credits were issued (0 when that source had been before), and the balance after it."""

    granted: int
    balance: int
    replayed: bool


@transaction.atomic
def issue(
    team_id: int,
    kind: rules.LotKind,
    amount: int,
    *,
    source_key: str,
    expires_at: datetime | None = None,
    note: str = "",
    who: Who,
    now: datetime,
) -> Issued:
    """Issue credits once per `source_key`. A block ends with the running period and raises its allowance; a promotion ends at
    `expires_at`, or never. Raises `Invalid` for credits that would be gone already."""
    if expires_at is not None and expires_at <= now:
        raise Invalid({"expires_at": ["past"]})
    wallet = books.opened(team_id, now=now)
    if Lot.objects.filter(source_key=source_key).exists():
        return Issued(0, wallet.row.balance, replayed=True)
    if kind == rules.LotKind.PROMO:
        wallet.row.period_promo += amount
    else:
        expires_at = wallet.end
        wallet.row.period_allowance += amount
    _add(wallet, kind, amount, source_key=source_key, expires_at=expires_at, note=note, who=who, now=now)
    _record(wallet, who, amount, str(kind), now=now)
    return Issued(amount, wallet.row.balance, replayed=False)


@transaction.atomic
def settle_allowance(
    team_id: int, amount: int, *, source_key: str, may_lower: bool = False, note: str = "", who: Who, now: datetime
) -> Issued:
    """Make `amount` the running period's allowance, usage kept: issue the difference of an upgrade.

    A lower amount changes nothing here (it comes with a step of its own), unless `may_lower`: then the operator overrides, and
    what is above the new allowance expires at once.
    """
    wallet = books.opened(team_id, now=now)
    if amount < wallet.row.period_allowance and not may_lower:
        return Issued(0, wallet.row.balance, replayed=False)
    target = rules.allowance_left(books_of(wallet.row), wallet.promo_left, amount)
    difference = target - wallet.allowance_left
    changed = wallet.row.period_allowance != amount
    wallet.row.period_allowance = amount
    if difference > 0:
        _add(
            wallet,
            rules.LotKind.BLOCK,
            difference,
            source_key=source_key,
            expires_at=wallet.end,
            note=note,
            who=who,
            now=now,
        )
    elif difference < 0:
        _take_back(wallet, -difference, note=note, now=now)
    elif changed:
        books.post(wallet, [])
    if difference:
        _record(wallet, who, difference, "allowance", now=now)
    return Issued(max(0, difference), wallet.row.balance, replayed=False)


def _add(
    wallet: books.OpenWallet,
    kind: rules.LotKind,
    amount: int,
    *,
    source_key: str,
    expires_at: datetime | None,
    note: str,
    who: Who,
    now: datetime,
) -> None:
    lot = books.add_lot(wallet.row.team_id, kind, amount, source_key=source_key, at=now, expires_at=expires_at)
    wallet.lots.append(lot)
    member = who.id if who.kind == ActorKind.MEMBER else ""
    books.post(wallet, [books.Line(EntryKind.ISSUE, amount, lot.id, now, actor=member, route=who.route, note=note)])
    notices.rearm(wallet.row, now=now)


def _take_back(wallet: books.OpenWallet, amount: int, *, note: str, now: datetime) -> None:
    """Let credits of plan and blocks expire, without a notice: whoever overrides knows."""
    drawn = rules.draw([lot for lot in wallet.lots if lot.kind != rules.LotKind.PROMO], amount)
    books.take(wallet, drawn)
    books.post(wallet, [books.Line(EntryKind.EXPIRE, -n, lot, now, note=note) for lot, n in drawn])


def _record(wallet: books.OpenWallet, who: Who, amount: int, kind: str, *, now: datetime) -> None:
    team = Team.objects.values_list("public_id", flat=True).get(pk=wallet.row.team_id)
    balance = wallet.row.balance
    audit.record(who, Verb.CREDITS_ISSUED, "team", team, now=now, team=team, balance=balance, amount=amount, kind=kind)
