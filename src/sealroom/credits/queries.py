# SPDX-License-Identifier: Apache-2.0
"""What is asked of credits. Reads show a wallet as of `now`, also when nobody has rolled it yet; they write nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from sealroom.accounts.models import User
from sealroom.accounts.rules import Actor, Capability
from sealroom.core.errors import Invalid
from sealroom.core.statements import Columns
from sealroom.credits import rules
from sealroom.credits.models import AllowanceStep, Charge, Entry, EntryKind, Lot, Notice, PaidPair, Wallet

Item = TypeVar("Item")

_CHUNK = 900  # below the least number of variables SQLite takes in one statement (999)
MOST_ENTRIES = 100
_LOT = Columns(Lot, "id", "kind", "remaining", "issued_at", "expires_at")
_PAIR = Columns(PaidPair, "key")


# -- Of a wallet ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Meter:
    """A team's credits at one moment. `used` is charges less what was given back of the period; `available` may be spent now."""

    allowance: int
    promo: int
    used: int
    available: int
    period_start: datetime
    period_end: datetime
    resets_at: datetime
    low_threshold: int


@dataclass(frozen=True)
class Price:
    """What pairs would cost now: one credit for each unpaid one. `after` is never below zero."""

    cost: int
    available: int
    after: int
    enough: bool
    unpaid: frozenset[str]


def meter(team_id: int, *, now: datetime) -> Meter:
    """A team's credits as of `now`. Costs the same whatever the length of the ledger."""
    row = Wallet.objects.get(team_id=team_id)
    books = rules.roll(books_of(row), open_lots(team_id), period_due(row, now), now).books
    assert books.period_start is not None
    assert books.period_end is not None
    return Meter(
        allowance=books.allowance,
        promo=books.promo,
        used=books.used,
        available=books.balance,
        period_start=books.period_start,
        period_end=books.period_end,
        resets_at=books.period_end,
        low_threshold=row.low_threshold,
    )


def price(team_id: int, pairs: Sequence[str], *, now: datetime) -> Price:
    """What `pairs` would cost now. A charge computes it again under the lock: this one only informs."""
    unpaid = unpaid_pairs(team_id, pairs)
    cost, available = len(unpaid), meter(team_id, now=now).available
    return Price(cost, available, max(0, available - cost), cost <= available, frozenset(unpaid))


def unpaid_pairs(team_id: int, pairs: Sequence[str]) -> list[str]:
    """The pairs that are not paid yet, each once, in their order."""
    unique = list(dict.fromkeys(pairs))
    paid: set[str] = set()
    for part in chunks(unique):
        places = ", ".join(["%s"] * len(part))
        paid.update(key for (key,) in _PAIR.select(f"WHERE team_id = %s AND key IN ({places})", team_id, *part))
    return [pair for pair in unique if pair not in paid]


def books_of(row: Wallet) -> rules.Books:
    """The books a wallet row shows: those of the period it was last rolled to."""
    return rules.Books(
        balance=row.balance,
        period_start=row.period_start,
        period_end=row.period_end,
        allowance=row.period_allowance,
        used=row.period_used,
        promo=row.period_promo,
    )


def open_lots(team_id: int) -> list[rules.OpenLot]:
    """A team's lots that have credits left."""
    return [rules.OpenLot(*row) for row in _LOT.select("WHERE team_id = %s AND remaining > 0", team_id)]


def period_due(row: Wallet, now: datetime) -> rules.Period | None:
    """The period a wallet has to enter by `now`; None while the one it shows goes on. Time never runs backwards for a wallet."""
    if row.period_end is not None and now < row.period_end:
        return None
    return rules.period_at(steps_of(row.team_id), now)


def steps_of(team_id: int) -> list[rules.Step]:
    """A team's allowance steps in order."""
    rows = AllowanceStep.objects.filter(team_id=team_id).order_by("effective_at")
    return [rules.Step(row.effective_at, row.amount, row.anchor_at) for row in rows]


def chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Parts small enough for one statement."""
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


def list_notices(team_id: int, *, after: int = 0) -> list[Notice]:
    """Crossings admins were told of, oldest first; `after` is the last one already known."""
    return list(Notice.objects.filter(team_id=team_id, pk__gt=after).order_by("pk"))


# -- Of the ledger -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Filters:
    """Which ledger lines are asked for; what is empty does not filter. `since` is included, `until` is not."""

    kind: str = ""
    actor: str = ""
    route: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class EntryView:
    """A ledger line as people see it. `id` counts the team's own lines; `actor` is a user's public id, "" for the product."""

    id: str
    at: datetime
    kind: str
    delta: int
    balance_after: int
    actor: str
    actor_name: str
    route: str
    send_id: str
    note: str


@dataclass(frozen=True)
class EntryPage:
    """Some lines, newest first, and the cursor for those after them (None: no more)."""

    items: list[EntryView]
    next: str | None


@dataclass(frozen=True)
class DayUsage:
    """Credits a day's charges cost, less what was given back of them; by member (user's public id) where the asker may see it."""

    day: date
    used: int
    by_member: dict[str, int] = field(default_factory=dict)


NO_FILTERS = Filters()


def list_entries(actor: Actor, *, cursor: str | None = None, limit: int = 50, filters: Filters = NO_FILTERS) -> EntryPage:
    """The team's ledger, newest first: all of it for who may see the team's usage, own lines for others.

    Raises `Invalid` for a cursor that is none, `Forbidden` without the right to see usage at all.
    """
    limit = max(1, min(limit, MOST_ENTRIES))
    rows = _filtered(_visible(actor), filters).order_by("-number")
    if cursor is not None:
        rows = rows.filter(number__lt=_number_of(cursor))
    found = list(rows[: limit + 1])
    names = _names({row.actor for row in found})
    items = [_view(row, names) for row in found[:limit]]
    return EntryPage(items, items[-1].id if len(found) > limit else None)


def usage_by_day(actor: Actor, *, now: datetime) -> list[DayUsage]:
    """Usage of the running period by day in the actor's time zone, days without usage left out; with the members' shares for who
    may see the team's usage, own usage for others. The days add up to the meter's `used` (for the whole team)."""
    start = meter(actor.team_id, now=now).period_start
    rows = (
        _visible(actor)
        .filter(period_start=start, kind__in=[EntryKind.CHARGE, EntryKind.REVERSAL], charge__period_start=start)
        .annotate(day=TruncDate("charge__at", tzinfo=ZoneInfo(actor.time_zone)))
        .values("day", "actor")
        .annotate(used=-Sum("delta"))
        .order_by("day", "actor")
    )
    days: dict[date, dict[str, int]] = {}
    for row in rows:
        days.setdefault(row["day"], {})[row["actor"]] = row["used"]
    share = actor.may(Capability.SEE_TEAM_USAGE)
    return [DayUsage(day, sum(used.values()), used if share else {}) for day, used in days.items()]


def _visible(actor: Actor) -> QuerySet[Entry]:
    rows = Entry.objects.filter(team_id=actor.team_id)
    if actor.may(Capability.SEE_TEAM_USAGE):
        return rows
    actor.require(Capability.SEE_OWN_USAGE)
    return rows.filter(actor=actor.user)


def _filtered(rows: QuerySet[Entry], filters: Filters) -> QuerySet[Entry]:
    condition = Q()
    for name in ("kind", "actor", "route"):
        if value := getattr(filters, name):
            condition &= Q((name, value))
    if filters.since is not None:
        condition &= Q(at__gte=filters.since)
    if filters.until is not None:
        condition &= Q(at__lt=filters.until)
    return rows.filter(condition)


def _number_of(cursor: str) -> int:
    number = cursor.removeprefix("ent_")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Invalid({"cursor": ["unknown"]})
    return int(number)


def _names(users: set[str]) -> dict[str, str]:
    rows = User.objects.filter(public_id__in=users - {""}).values_list("public_id", "name", "email")
    return {user: name or email for user, name, email in rows}


def _view(row: Entry, names: dict[str, str]) -> EntryView:
    return EntryView(
        id=f"ent_{row.number}",
        at=row.at,
        kind=row.kind,
        delta=row.delta,
        balance_after=row.balance_after,
        actor=row.actor,
        actor_name=names.get(row.actor, ""),
        route=row.route,
        send_id=row.about,
        note=row.note,
    )


def charge_by_key(team_id: int, key: str) -> int | None:
    """The latest charge made under an idempotency key, by whichever member."""
    return Charge.objects.filter(team_id=team_id, key=key).order_by("-pk").values_list("pk", flat=True).first()


def recount(team_id: int) -> dict[str, int]:
    """The balance three ways, for `sealroom check`: as kept, as the sum of all lines, as the sum of what lots hold. Walks the
    whole ledger; the three are equal unless something is broken."""
    wallet = Wallet.objects.values_list("balance", flat=True).get(team_id=team_id)
    lines = Entry.objects.filter(team_id=team_id).aggregate(total=Sum(F("delta")))["total"] or 0
    lots = Lot.objects.filter(team_id=team_id).aggregate(total=Sum("remaining"))["total"] or 0
    return {"balance": wallet, "entries": lines, "lots": lots}


def ledger_faults() -> Iterator[str]:
    """A sentence for everything that is not as it must be, for `sealroom check`: ways to count a balance that differ, the first
    line of a ledger that does not follow from those before it, sums of the running period that its lines do not give."""
    for row in Wallet.objects.select_related("team").order_by("team_id"):
        for fault in _faults_of(row):
            yield f"team {row.team.public_id}: {fault}"


def _faults_of(row: Wallet) -> Iterator[str]:
    counts = recount(row.team_id)
    if len(set(counts.values())) > 1 or row.balance < 0:
        yield ", ".join(f"{what} {count}" for what, count in counts.items())
    running, last = 0, 0
    lines = Entry.objects.filter(team_id=row.team_id).order_by("number")
    for number, delta, after in lines.values_list("number", "delta", "balance_after").iterator(chunk_size=2000):
        running, last = running + delta, last + 1
        if (number, after) != (last, running) or running < 0:
            yield f"ledger line {number} does not follow from those before it"
            return
    if last + 1 != row.next_number:
        yield f"{last} ledger lines, the wallet counts {row.next_number - 1}"
    if row.period_start is not None:
        own = Entry.objects.filter(team_id=row.team_id, period_start=row.period_start, charge__period_start=row.period_start)
        used = -(own.aggregate(total=Sum("delta"))["total"] or 0)
        if used != row.period_used:
            yield f"{used} used in the running period, the wallet says {row.period_used}"
