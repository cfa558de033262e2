# SPDX-License-Identifier: Apache-2.0
"""The locked wallet, and the one way lines get into the ledger. Only the deeds beside this file use it.

Guarantees: docs/algorithms/charging.md. The wallet row serialises everything of a team; the conditional update and the CHECK on
the balance hold even if a caller forgot the lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import DEFAULT_DB_ALIAS, transaction

from sealroom.accounts.rules import Actor
from sealroom.core import jobs
from sealroom.core.statements import Columns, execute, insert_many
from sealroom.credits import rules
from sealroom.credits.flows import notices, usage
from sealroom.credits.models import Charge, Entry, EntryKind, Lot, Wallet
from sealroom.credits.queries import books_of, open_lots, period_due

_WALLET = Columns(
    Wallet,
    *("id", "team_id", "balance", "period_start", "period_end", "period_allowance", "period_used", "period_promo"),
    *("low_threshold", "next_number"),
)


class LedgerBroken(RuntimeError):
    """Balance, lots and lines disagree: a defect, never a user's mistake. The transaction is given up."""


@dataclass(frozen=True)
class Line:
    """A change of the balance by one lot. `used` says whether it counts as usage of the running period."""

    kind: EntryKind
    delta: int
    lot: int
    at: datetime
    charge: Charge | None = None
    actor: str = ""
    route: str = ""
    about: str = ""
    note: str = ""


@dataclass
class OpenWallet:
    """A wallet locked in this transaction and rolled to now, with the lots that have credits left."""

    row: Wallet
    lots: list[rules.OpenLot] = field(default_factory=list)

    @property
    def start(self) -> datetime:
        """The start of the running period."""
        assert self.row.period_start is not None
        return self.row.period_start

    @property
    def end(self) -> datetime:
        """When the running period ends and credits reset."""
        assert self.row.period_end is not None
        return self.row.period_end

    @property
    def promo_left(self) -> int:
        """Promotional credits not spent yet."""
        return sum(lot.remaining for lot in self.lots if lot.kind == rules.LotKind.PROMO)

    @property
    def allowance_left(self) -> int:
        """Credits of plan and blocks not spent yet."""
        return sum(lot.remaining for lot in self.lots if lot.kind != rules.LotKind.PROMO)


def lock(team_id: int) -> Wallet:
    """Lock a team's wallet until the transaction ends. On SQLite the transaction itself is the lock (BEGIN IMMEDIATE)."""
    assert transaction.get_connection().in_atomic_block, "credits are changed inside the caller's transaction"
    ((*values,),) = _WALLET.lock("WHERE team_id = %s", team_id)
    return Wallet.from_db(DEFAULT_DB_ALIAS, _WALLET.names, values)


def opened(team_id: int, *, now: datetime) -> OpenWallet:
    """The team's wallet, locked and rolled to the period of `now`."""
    wallet = OpenWallet(lock(team_id), open_lots(team_id))
    roll_to(wallet, period_due(wallet.row, now), now)
    return wallet


def roll_to(wallet: OpenWallet, period: rules.Period | None, now: datetime) -> None:
    """Apply what `rules.roll` says: one expiry per ended lot, at most one issue, sums of the new period, notices."""
    rolled = rules.roll(books_of(wallet.row), wallet.lots, period, now)
    if not rolled.expired and rolled.entered is None:
        return
    ended = {one.lot for one in rolled.expired}
    wallet.lots = [lot for lot in wallet.lots if lot.id not in ended]
    Lot.objects.filter(pk__in=ended).update(remaining=0)
    row = wallet.row
    lines = [Line(EntryKind.EXPIRE, -one.amount, one.lot, one.at) for one in rolled.expired]
    row.period_used, row.period_promo = rolled.books.used, rolled.books.promo
    post(wallet, lines)
    if rolled.entered is not None:
        _enter(wallet, rolled.entered)
        notices.rearm(row, now=now)
    elif rolled.mid_period is not None:
        notices.raise_if_crossed(row, *rolled.mid_period, now=now)


def _enter(wallet: OpenWallet, period: rules.Period) -> None:
    row = wallet.row
    set_period(row, period.start, period.end)
    row.period_allowance, row.period_used = period.amount, usage.used_in(row.team_id, period.start)
    lines = []
    if period.amount:
        lot = _period_lot(row, period)
        wallet.lots.append(lot)
        lines.append(Line(EntryKind.ISSUE, period.amount, lot.id, period.start))
    post(wallet, lines)
    plan_roll(row.team_id, period.end)


def set_period(row: Wallet, start: datetime, end: datetime) -> None:
    """Move the wallet to another span; its sums are the caller's to post."""
    row.period_start, row.period_end = start, end
    row.save(update_fields=["period_start", "period_end"])


def plan_roll(team_id: int, at: datetime) -> None:
    """Have the wallet rolled early, so that ledger pages are up to date. Nothing depends on it: a lost job is made up for by
    whoever touches the wallet."""
    jobs.defer("credits.roll_due", key=f"{team_id}:{at:%Y%m%d%H%M%S}", due_at=at, team_id=team_id)


def _period_lot(row: Wallet, period: rules.Period) -> rules.OpenLot:
    key, kind = f"period:{row.team_id}:{period.start:%Y-%m-%dT%H:%M:%S.%fZ}", rules.LotKind.PERIOD
    if Lot.objects.filter(source_key=key).exists():
        # An operator moved the cycle away and back again: the period had its one issue, which ended when the cycle moved.
        key, kind = f"again:{row.team_id}:{row.next_number}", rules.LotKind.BLOCK
    return add_lot(row.team_id, kind, period.amount, source_key=key, at=period.start, expires_at=period.end)


def add_lot(
    team_id: int, kind: rules.LotKind, amount: int, *, source_key: str, at: datetime, expires_at: datetime | None
) -> rules.OpenLot:
    """A new lot; its ledger line is the caller's to post. `source_key` is unique for all time."""
    lot = Lot.objects.create(
        team_id=team_id,
        kind=kind,
        amount=amount,
        remaining=amount,
        issued_at=at,
        expires_at=expires_at,
        source_key=source_key,
    )
    return rules.OpenLot(lot.pk, kind, amount, at, expires_at)


def post(wallet: OpenWallet, lines: Sequence[Line]) -> None:
    """Write lines and bring the wallet row up to date, both or none. Raises `LedgerBroken` when the balance does not allow it."""
    row, entries, balance = wallet.row, [], wallet.row.balance
    for offset, line in enumerate(lines):
        balance += line.delta
        entries.append(
            Entry(
                team_id=row.team_id,
                number=row.next_number + offset,
                at=line.at,
                kind=line.kind,
                delta=line.delta,
                balance_after=balance,
                lot_id=line.lot,
                charge=line.charge,
                actor=line.actor,
                route=line.route,
                about=line.about,
                note=line.note[:200],
                period_start=row.period_start or line.at,
            )
        )
    total = balance - row.balance
    changed = execute(
        "UPDATE credits_wallet SET balance = balance + %s, next_number = next_number + %s, period_allowance = %s, "
        "period_used = %s, period_promo = %s WHERE id = %s AND balance >= %s AND next_number = %s",
        *(total, len(entries), row.period_allowance, row.period_used, row.period_promo),
        *(row.pk, -total, row.next_number),
    )
    if not changed:
        raise LedgerBroken(f"wallet {row.pk} was changed without its lock")
    insert_many(entries)
    usage.count(row.team_id, row.period_start, lines)
    row.balance, row.next_number = balance, row.next_number + len(entries)


def take(wallet: OpenWallet, drawn: list[tuple[int, int]]) -> None:
    """Take credits out of lots."""
    taken = dict(drawn)
    statement = "UPDATE credits_lot SET remaining = remaining - %s WHERE id = %s AND remaining >= %s"
    for lot, amount in drawn:
        if not execute(statement, amount, lot, amount):
            raise LedgerBroken(f"lot {lot} holds less than {amount}")
    left = (replace(lot, remaining=lot.remaining - taken.get(lot.id, 0)) for lot in wallet.lots)
    wallet.lots = [lot for lot in left if lot.remaining]


def own(actor: Actor, team_id: int) -> None:
    """Credits are only ever moved for the actor's own team; anything else is a defect of the caller."""
    if actor.team_id != team_id:
        raise LedgerBroken("the actor belongs to another team")
