# SPDX-License-Identifier: Apache-2.0
"""Giving credits back: each pair to the lot it came from. Whether a pair may be given back (unopened, no other send rests on it) is
the caller's to know; the age of the charge is checked here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from sealroom.accounts.models import Team
from sealroom.accounts.rules import Actor, Route
from sealroom.audit import flows as audit
from sealroom.audit.rules import SYSTEM, Verb
from sealroom.credits.flows import books
from sealroom.credits.models import Charge, EntryKind, Lot, PaidPair
from sealroom.credits.queries import chunks


@dataclass(frozen=True)
class GivenBack:
    """What came back to the balance, and which pairs are unpaid now."""

    restored: int
    balance: int
    pairs: frozenset[str]


@transaction.atomic
def reverse_pairs(
    team_id: int,
    pairs: Sequence[str],
    *,
    actor: Actor | None,
    reason: str,
    now: datetime,
    oldest: datetime | None = None,
    charge_id: int | None = None,
) -> GivenBack:
    """Make paid pairs unpaid and return each credit to its lot; a lot that has expired returns nothing.

    Pairs that are not paid are passed over, and so are those charged before `oldest` (None: any age) or, with `charge_id`, by
    another charge. `actor` None is the system. A reversal does not make a notice possible again: only a purchase or a reset does.
    """
    wallet = books.opened(team_id, now=now)
    rows: list[PaidPair] = []
    for part in chunks(list(dict.fromkeys(pairs))):
        found = PaidPair.objects.filter(team_id=team_id, key__in=part).select_related("charge")
        if oldest is not None:
            found = found.filter(charge__at__gte=oldest)
        if charge_id is not None:
            found = found.filter(charge_id=charge_id)
        rows += found
    return _reverse(wallet, rows, actor=actor, reason=reason, now=now)


@transaction.atomic
def reverse_charge(team_id: int, charge_id: int, *, reason: str, now: datetime) -> GivenBack:
    """The system's own reversal of a whole charge, whatever its age: every pair of it that is still paid. Again: nothing."""
    wallet = books.opened(team_id, now=now)
    rows = list(PaidPair.objects.filter(team_id=team_id, charge_id=charge_id).select_related("charge"))
    return _reverse(wallet, rows, actor=None, reason=reason, now=now)


def _reverse(wallet: books.OpenWallet, rows: list[PaidPair], *, actor: Actor | None, reason: str, now: datetime) -> GivenBack:
    rows.sort(key=lambda row: row.pk)
    charges = {row.charge_id: row.charge for row in rows}
    expiry = dict(Lot.objects.filter(pk__in={row.lot_id for row in rows}).values_list("pk", "expires_at"))
    alive = {lot for lot, expires_at in expiry.items() if expires_at is None or expires_at > now}
    returned = Counter((row.charge_id, row.lot_id) for row in rows if row.lot_id in alive)
    route = actor.route if actor else Route.SYSTEM
    lines = []
    for (charge_id, lot), amount in returned.items():
        charge = charges[charge_id]
        Lot.objects.filter(pk=lot).update(remaining=F("remaining") + amount)
        _count_back(wallet, charge, amount)
        lines.append(books.Line(EntryKind.REVERSAL, amount, lot, now, charge, charge.actor, route, charge.about, reason))
    if lines:
        books.post(wallet, lines)
    for part in chunks([row.pk for row in rows]):
        PaidPair.objects.filter(pk__in=part).delete()
    restored = sum(returned.values())
    if rows:
        _record(wallet, actor, restored, len(rows), reason=reason, now=now)
    return GivenBack(restored, wallet.row.balance, frozenset(row.key for row in rows))


def _count_back(wallet: books.OpenWallet, charge: Charge, amount: int) -> None:
    """Less usage, when the charge was of this period; else promotional credits that came back into it."""
    if charge.period_start == wallet.start:
        wallet.row.period_used -= amount
    else:
        wallet.row.period_promo += amount


def _record(wallet: books.OpenWallet, actor: Actor | None, restored: int, pairs: int, *, reason: str, now: datetime) -> None:
    team = Team.objects.values_list("public_id", flat=True).get(pk=wallet.row.team_id)
    audit.record(
        actor.who if actor else SYSTEM,
        Verb.CREDITS_RETURNED,
        "team",
        team,
        now=now,
        team=team,
        balance=wallet.row.balance,
        restored=restored,
        pairs=pairs,
        reason=reason,
    )
