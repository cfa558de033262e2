# SPDX-License-Identifier: Apache-2.0
"""What is asked of credits. Reads show a wallet as of `now`, also when nobody has rolled it yet; they write nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.db.models import Case, IntegerField, Q, QuerySet, Sum, Value, When

from sealroom.accounts.models import User
from sealroom.accounts.rules import Actor, Capability
from sealroom.core.errors import Invalid
from sealroom.core.statements import Columns
from sealroom.credits import rules
from sealroom.credits.models import AllowanceStep, Charge, Entry, EntryKind, Lot, Notice, PaidPair, UsageSum, Wallet

Item = TypeVar("Item")

_CHUNK = 900  # below the least number of variables SQLite takes in one statement (999)
MOST_ENTRIES = 100
_EXPORTED_AT_ONCE = 1000
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
    return _meter(row, open_lots(team_id), period_due(row, now), now)


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


def meters(team_ids: Sequence[int], *, now: datetime) -> dict[int, Meter]:
    """The credits of many teams as of `now`, in three statements whatever their number (each team as in `meter`)."""
    wallets: list[Wallet] = []
    lots: dict[int, list[rules.OpenLot]] = defaultdict(list)
    steps: dict[int, list[rules.Step]] = defaultdict(list)
    for part in chunks(team_ids):
        wallets += Wallet.objects.filter(team_id__in=part)
        for row in Lot.objects.filter(team_id__in=part, remaining__gt=0):
            lots[row.team_id].append(rules.OpenLot(row.pk, row.kind, row.remaining, row.issued_at, row.expires_at))
        for step in AllowanceStep.objects.filter(team_id__in=part).order_by("effective_at"):
            steps[step.team_id].append(rules.Step(step.effective_at, step.amount, step.anchor_at))
    found = {}
    for wallet in wallets:
        team_id = wallet.team_id
        due = rules.period_at(steps[team_id], now) if wallet.period_end is None or now >= wallet.period_end else None
        found[team_id] = _meter(wallet, lots[team_id], due, now)
    return found


def _meter(row: Wallet, lots: Sequence[rules.OpenLot], due: rules.Period | None, now: datetime) -> Meter:
    books = rules.roll(books_of(row), lots, due, now).books
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


def latest_notices(actor: Actor, *, limit: int = 20) -> list[Notice]:
    """The last crossings the team's admins were told of, newest first. Raises `Forbidden`."""
    actor.require(Capability.SEE_TEAM_USAGE)
    return list(Notice.objects.filter(team_id=actor.team_id).order_by("-pk")[:limit])


def forecast(team_id: int, meter: Meter, *, now: datetime) -> rules.Forecast:
    """When a team's credits run out at their present pace (see `rules.forecast`)."""
    so_far = rules.Spell(meter.used, now - meter.period_start)
    before = _spell_before(team_id, meter.period_start) if so_far.length < rules.YOUNG else None
    return rules.forecast(meter.available, so_far, before, now=now, end=meter.period_end)


def _spell_before(team_id: int, start: datetime) -> rules.Spell | None:
    earlier = previous_period(team_id, start)
    if earlier is None:
        return None
    used = UsageSum.objects.filter(team_id=team_id, period_start=earlier).aggregate(total=Sum("used"))["total"]
    return rules.Spell(used or 0, start - earlier)


def previous_period(team_id: int, start: datetime) -> datetime | None:
    """The start of the last period before `start` that has ledger lines."""
    rows = Entry.objects.filter(team_id=team_id, period_start__lt=start).order_by("-period_start")
    return rows.values_list("period_start", flat=True).first()


# -- Of the ledger -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Filters:
    """Which ledger lines are asked for; what is empty does not filter. `since` is included, `until` is not; `period` is the start
    of one; `through` is the number of the last line that is looked at."""

    kind: str = ""
    actor: str = ""
    route: str = ""
    since: datetime | None = None
    until: datetime | None = None
    period: datetime | None = None
    through: int | None = None

    @property
    def by_time(self) -> bool:
        """Whether lines come in the order of their times: only a range of times has them so, because that is what an index can
        give without a walk over all lines. Else they come in the order they were written; a reset that was written late is the
        one thing that shows the difference."""
        return self.since is not None or self.until is not None


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
    rows = _ordered(_filtered(actor, filters), filters)
    if cursor is not None:
        rows = _after(rows, actor.team_id, _number_of(cursor), filters)
    items = _views(rows[: limit + 1], {})
    return EntryPage(items[:limit], items[limit - 1].id if len(items) > limit else None)


def last_number(team_id: int) -> int:
    """The number of the latest ledger line."""
    return Wallet.objects.values_list("next_number", flat=True).get(team_id=team_id) - 1


def each_entry(actor: Actor, filters: Filters) -> Iterator[EntryView]:
    """Every line of the filtered ledger, newest first, as `list_entries` would show them. However many there are, some hundred are
    in memory; no statement lasts from one part to the next, so writers are never held up. Lines written meanwhile are not among
    them when `filters.through` says so."""
    rows = _ordered(_filtered(actor, filters), filters)
    names: dict[str, str] = {}
    part = _views(rows[:_EXPORTED_AT_ONCE], names)
    while part:
        yield from part
        part = _views(_after(rows, actor.team_id, _number_of(part[-1].id), filters)[:_EXPORTED_AT_ONCE], names)


def usage_by_day(actor: Actor, *, now: datetime) -> list[DayUsage]:
    """Usage of the running period by day in the actor's time zone, days without usage left out; with the members' shares for who
    may see the team's usage, own usage for others. The days add up to the meter's `used` (for the whole team)."""
    shown, zone = meter(actor.team_id, now=now), ZoneInfo(actor.time_zone)
    last = shown.period_end - timedelta(microseconds=1)
    days = rules.day_quarters(shown.period_start.astimezone(zone).date(), last.astimezone(zone).date(), zone)
    sums = UsageSum.objects.filter(team_id=actor.team_id, period_start=shown.period_start, **_own_only(actor))
    # What a clock gone wrong put outside the period counts on its first or last day: the days add up all the same.
    ends = [When(quarter__lt=begins, then=Value(place)) for place, (_, begins) in enumerate(days[1:])]
    place = Case(*ends, default=Value(len(days) - 1), output_field=IntegerField())
    rows = sums.annotate(place=place).values("actor", "place").annotate(total=Sum("used")).order_by("actor", "place")
    found: dict[date, dict[str, int]] = {}
    for row in sorted(rows, key=itemgetter("place")):  # grouped in the order of the index, which is by member
        if row["total"]:
            found.setdefault(days[row["place"]][0], {})[row["actor"]] = row["total"]
    share = actor.may(Capability.SEE_TEAM_USAGE)
    return [DayUsage(day, sum(used.values()), used if share else {}) for day, used in found.items()]


def _own_only(actor: Actor) -> dict[str, str]:
    """What narrows rows to those the actor may see: nothing for who sees the team's usage, own ones for others."""
    if actor.may(Capability.SEE_TEAM_USAGE):
        return {}
    actor.require(Capability.SEE_OWN_USAGE)
    return {"actor": actor.user}


def _filtered(actor: Actor, filters: Filters) -> QuerySet[Entry]:
    rows = Entry.objects.filter(team_id=actor.team_id, **_own_only(actor))
    condition = Q()
    if filters.kind == EntryKind.CHARGE:
        # Nearly every line is one: asked for in a form no index serves, it leaves the choice to the other filters.
        condition &= ~Q(kind__in=[kind for kind in EntryKind if kind != EntryKind.CHARGE])
    elif filters.kind:
        condition &= Q(kind=filters.kind)
    if filters.actor:
        condition &= Q(actor=filters.actor)
    if filters.route:
        condition &= Q(route=filters.route)
    if filters.since is not None:
        condition &= Q(at__gte=filters.since)
    if filters.until is not None:
        condition &= Q(at__lt=filters.until)
    if filters.through is not None:
        condition &= Q(number__lte=filters.through)
    if filters.period is not None:
        condition &= _in_period(actor.team_id, filters.period)
    return rows.filter(condition)


def _in_period(team_id: int, start: datetime) -> Q:
    """The lines of a period by their numbers, which follow each other: so every other filter's own index serves as well."""
    numbers = Entry.objects.filter(team_id=team_id, period_start=start).values_list("number", flat=True)
    return Q(number__range=(numbers.order_by("number").first() or 0, numbers.order_by("-number").first() or 0))


def _ordered(rows: QuerySet[Entry], filters: Filters) -> QuerySet[Entry]:
    return rows.order_by("-at", "-number") if filters.by_time else rows.order_by("-number")


def _after(rows: QuerySet[Entry], team_id: int, number: int, filters: Filters) -> QuerySet[Entry]:
    """The lines that come after line `number` in their order. Raises `Invalid` for a line there is none of."""
    if not filters.by_time:
        return rows.filter(number__lt=number)
    at = Entry.objects.filter(team_id=team_id, number=number).values_list("at", flat=True).first()
    if at is None:
        raise Invalid({"cursor": ["unknown"]})
    return rows.filter(Q(at__lt=at) | Q(number__lt=number), at__lte=at)


def _number_of(cursor: str) -> int:
    number = cursor.removeprefix("ent_")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Invalid({"cursor": ["unknown"]})
    return int(number)


def _names(users: set[str]) -> dict[str, str]:
    rows = User.objects.filter(public_id__in=users - {""}).values_list("public_id", "name", "email")
    return {user: name or email for user, name, email in rows}


def _views(rows: QuerySet[Entry], names: dict[str, str]) -> list[EntryView]:
    """Lines as people see them; `names` are those known already, and learns the others."""
    found = list(rows.values_list("number", "at", "kind", "delta", "balance_after", "actor", "route", "about", "note"))
    names |= _names({row[5] for row in found} - names.keys())
    return [
        EntryView(f"ent_{number}", at, kind, delta, after, actor, names.get(actor, ""), route, about, note)
        for number, at, kind, delta, after, actor, route, about, note in found
    ]


def charge_by_key(team_id: int, key: str) -> int | None:
    """The latest charge made under an idempotency key, by whichever member."""
    return Charge.objects.filter(team_id=team_id, key=key).order_by("-pk").values_list("pk", flat=True).first()
