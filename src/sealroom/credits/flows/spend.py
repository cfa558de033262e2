# SPDX-License-Identifier: Apache-2.0
"""Charging for pairs: all or nothing, each pair once, each key once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sealroom.accounts.rules import Actor
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.core.errors import IdempotencyConflict
from sealroom.core.statements import Columns, insert, insert_many
from sealroom.credits import rules
from sealroom.credits.errors import InsufficientCredits
from sealroom.credits.flows import books, notices
from sealroom.credits.models import Charge, EntryKind, PaidPair
from sealroom.credits.queries import unpaid_pairs

_KNOWN = Columns(Charge, "id", "request_digest", "amount", "balance_after")


@dataclass(frozen=True)
class Receipt:
    """What a charge did. A replay answers with the figures of the first time."""

    charged: int
    balance: int
    replayed: bool
    charge_id: int


def spend(
    team_id: int,
    pairs: Sequence[str],
    *,
    actor: Actor,
    key: str,
    request_digest: str,
    about: str = "",
    note: str = "",
    now: datetime,
) -> Receipt:
    """Charge one credit for each pair that is not paid yet, in the caller's transaction.

    `pairs` are opaque keys (document version and recipient), `key` is unique per actor, `request_digest` tells a repetition from
    another request under the same key. Raises `InsufficientCredits` (nothing is charged, the caller's transaction must be given up)
    and `IdempotencyConflict`. Crossing a line raises its notice and mails. An unpaid pair is looked for under the wallet's lock,
    so two sends of one document to one person at the same time are charged once.
    """
    books.own(actor, team_id)
    wallet = books.opened(team_id, now=now)
    known = _KNOWN.select("WHERE team_id = %s AND actor = %s AND key = %s", team_id, actor.user, key)
    for charge, digest, charged, left in known:
        if digest != request_digest:
            raise IdempotencyConflict(key=key)
        return Receipt(charged, left, replayed=True, charge_id=charge)
    unpaid = unpaid_pairs(team_id, pairs)
    needed, before = len(unpaid), wallet.row.balance
    if needed > before:
        raise InsufficientCredits(needed=needed, available=before, resets_at=wallet.end)
    charge = Charge(
        team_id=team_id,
        actor=actor.user,
        key=key,
        request_digest=request_digest,
        amount=needed,
        balance_after=before - needed,
        about=about,
        at=now,
        period_start=wallet.start,
    )
    insert(charge)
    if needed:
        _debit(wallet, charge, unpaid, route=actor.route, note=note)
        notices.raise_if_crossed(wallet.row, before, wallet.row.balance, now=now)
        balance = wallet.row.balance
        audit.record(actor.who, Verb.CREDITS_CHARGED, "team", actor.team, now=now, amount=needed, balance=balance, about=about)
    return Receipt(needed, wallet.row.balance, replayed=False, charge_id=charge.pk)


def _debit(wallet: books.OpenWallet, charge: Charge, unpaid: list[str], *, route: str, note: str) -> None:
    drawn = rules.draw(wallet.lots, len(unpaid))
    books.take(wallet, drawn)
    wallet.row.period_used += len(unpaid)
    books.post(
        wallet,
        [
            books.Line(EntryKind.CHARGE, -amount, lot, charge.at, charge, charge.actor, route, charge.about, note)
            for lot, amount in drawn
        ],
    )
    insert_many(
        [
            PaidPair(team_id=charge.team_id, key=pair, charge_id=charge.pk, lot_id=lot)
            for pair, lot in zip(unpaid, _one_by_one(drawn), strict=True)
        ]
    )


def _one_by_one(drawn: list[tuple[int, int]]) -> Iterator[int]:
    """The lot of each pair in turn."""
    for lot, amount in drawn:
        for _ in range(amount):
            yield lot
