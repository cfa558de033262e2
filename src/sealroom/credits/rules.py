# SPDX-License-Identifier: Apache-2.0
"""How credits are counted: periods, the order lots are spent in, what a roll does, which notices a change raises. Pure.

The argument and the guarantees are in docs/algorithms/charging.md.
"""

from __future__ import annotations

import enum
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TypeVar

Instant = TypeVar("Instant", date, datetime)

MONTHLY = "month"
_MONTHS = {MONTHLY: 1, "year": 12}


class LotKind(enum.StrEnum):
    """Where credits came from. Period and block lots end with their period; promo lots have a date of their own, or none."""

    PERIOD = "period"
    BLOCK = "block"
    PROMO = "promo"


class NoticeKind(enum.StrEnum):
    """Which line was crossed."""

    LOW = "low"
    EXHAUSTED = "exhausted"


# -- Periods -------------------------------------------------------------------------------------------------------------
def boundary(anchor: Instant, n: int, interval: str = MONTHLY) -> Instant:
    """The start of period `n`: the anchor moved by `n` intervals, its day cut to the length of the month.

    Always computed from the original anchor, never from the boundary before: chained boundaries drift (31 Jan, 28 Feb, 28 Mar).
    A date answers a date; an instant keeps its time of day.
    """
    years, month = divmod(anchor.year * 12 + anchor.month - 1 + n * _MONTHS[interval], 12)
    return anchor.replace(year=years, month=month + 1, day=min(anchor.day, monthrange(years, month + 1)[1]))


def containing(anchor: Instant, at: Instant, interval: str = MONTHLY) -> tuple[int, Instant, Instant]:
    """The period `[start, end)` that holds `at`, and its number. An instant equal to a boundary belongs to the new period."""
    months = (at.year - anchor.year) * 12 + at.month - anchor.month
    n = months // _MONTHS[interval]
    if boundary(anchor, n, interval) > at:
        n -= 1
    return n, boundary(anchor, n, interval), boundary(anchor, n + 1, interval)


@dataclass(frozen=True)
class Step:
    """From `effective_at` on, periods are counted from `anchor_at` and issue `amount`. A step with another anchor than the one
    before it starts a new cycle and cuts the period it falls into."""

    effective_at: datetime
    amount: int
    anchor_at: datetime


@dataclass(frozen=True)
class Period:
    """A span `[start, end)` and the allowance it issues."""

    start: datetime
    end: datetime
    amount: int


def period_at(steps: Sequence[Step], now: datetime) -> Period:
    """The period that holds `now`, from the steps in order. The step in force at its start decides what it issues."""
    index = max((place for place, step in enumerate(steps) if step.effective_at <= now), default=0)
    anchor = steps[index].anchor_at
    _, start, end = containing(anchor, now)
    for step in steps[index + 1 :]:
        if step.anchor_at != anchor:
            end = min(end, step.effective_at)
            break
    of_cycle = [step for step in steps[: index + 1] if step.anchor_at == anchor]
    in_force = [step for step in of_cycle if step.effective_at <= start] or of_cycle[:1] or [steps[index]]
    return Period(start, end, in_force[-1].amount)


# -- Lots ----------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class OpenLot:
    """A lot with credits left."""

    id: int
    kind: str
    remaining: int
    issued_at: datetime
    expires_at: datetime | None

    def has_expired(self, now: datetime) -> bool:
        """Whether its credits are gone; at the very instant of its expiry they are."""
        return self.expires_at is not None and self.expires_at <= now


def spending_order(lots: Sequence[OpenLot]) -> list[OpenLot]:
    """Lots that expire first come first, then those issued first; what never expires comes last."""
    return sorted(lots, key=lambda lot: (lot.expires_at is None, lot.expires_at or lot.issued_at, lot.issued_at, lot.id))


def draw(lots: Sequence[OpenLot], amount: int) -> list[tuple[int, int]]:
    """From which lots `amount` credits come: (lot id, credits), in spending order. Raises `ValueError` when they do not suffice."""
    drawn: list[tuple[int, int]] = []
    for lot in spending_order(lots):
        if amount == 0:
            break
        taken = min(lot.remaining, amount)
        if taken:
            drawn.append((lot.id, taken))
            amount -= taken
    if amount:
        raise ValueError("the lots hold less than the balance says")
    return drawn


# -- Rolling to the period of now ----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Books:
    """What a wallet shows. `allowance` is what the running period issued (plan and blocks), `used` its charges less what was given
    back of them, `promo` the promotional credits that were or became available in it."""

    balance: int
    period_start: datetime | None
    period_end: datetime | None
    allowance: int
    used: int
    promo: int


@dataclass(frozen=True)
class Expiry:
    """Credits of a lot that end unspent."""

    lot: int
    amount: int
    at: datetime


@dataclass(frozen=True)
class Rolled:
    """What rolling to `now` does: the books after it, the lots that ended, the period it entered (None: the same one).

    `mid_period` is the balance before and after the expiries when no period was entered: only those can cross a line.
    """

    books: Books
    expired: tuple[Expiry, ...]
    entered: Period | None
    mid_period: tuple[int, int] | None = None


def roll(books: Books, lots: Sequence[OpenLot], period: Period | None, now: datetime) -> Rolled:
    """Bring books to `now`. `period` is the one that holds `now` when it is not the one the books show, else None.

    However many periods were missed, the result is one issue. Applying it twice changes nothing.
    """
    gone = [lot for lot in lots if lot.has_expired(now)]
    expired = tuple(Expiry(lot.id, lot.remaining, lot.expires_at or now) for lot in spending_order(gone))
    left = books.balance - sum(one.amount for one in expired)
    if period is None:
        lost_promo = sum(lot.remaining for lot in gone if lot.kind == LotKind.PROMO)
        after = replace(books, balance=left, promo=books.promo - lost_promo)
        return Rolled(after, expired, None, (books.balance, left) if expired else None)
    carried = sum(lot.remaining for lot in lots if lot.kind == LotKind.PROMO and not lot.has_expired(now))
    after = Books(left + period.amount, period.start, period.end, period.amount, used=0, promo=carried)
    return Rolled(after, expired, period)


def allowance_left(books: Books, promo_left: int, allowance: int) -> int:
    """How many credits of an allowance the running period still has, usage kept: never below zero.

    `promo_left` is what the promotional lots still hold: the rest of `books.promo` was spent from them, not from the allowance.
    """
    return max(0, allowance - (books.used - (books.promo - promo_left)))


# -- Notices -------------------------------------------------------------------------------------------------------------
def crossed(before: int, after: int, *, threshold: int, allowance: int, told: frozenset[str]) -> NoticeKind | None:
    """The notice a fall from `before` to `after` raises. `told` are the kinds raised and not re-armed since.

    A fall through both lines raises only the second; an allowance below the threshold never raises the first.
    """
    if after == 0 < before:
        return None if NoticeKind.EXHAUSTED in told else NoticeKind.EXHAUSTED
    if after < threshold <= min(before, allowance) and NoticeKind.LOW not in told:
        return NoticeKind.LOW
    return None


def rearmed(balance: int, threshold: int) -> list[NoticeKind]:
    """Which notices a purchase or a reset makes possible again, by the balance after it."""
    kinds = [NoticeKind.EXHAUSTED] if balance > 0 else []
    return [*kinds, NoticeKind.LOW] if balance >= threshold else kinds


# -- Usage by day --------------------------------------------------------------------------------------------------------
QUARTER = timedelta(minutes=15)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def quarter_of(at: datetime) -> int:
    """Which quarter of an hour holds an instant, counted from 1970 in UTC. The offset of every time zone is a whole number of
    quarters, so sums by quarter give the days of any zone exactly."""
    return (at - _EPOCH) // QUARTER


def day_quarters(first: date, last: date, zone: tzinfo) -> list[tuple[date, int]]:
    """The days from `first` to `last`, both included, each with the quarter it begins with in that zone."""
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    return [(day, quarter_of(datetime.combine(day, time(), zone))) for day in days]


# -- How long the credits last -------------------------------------------------------------------------------------------
YOUNG = timedelta(days=3)


@dataclass(frozen=True)
class Spell:
    """A span of time and what was used in it, net of what was given back."""

    used: int
    length: timedelta


class Outlook(enum.StrEnum):
    """What a forecast says."""

    UNKNOWN = "unknown"  # too little was seen to tell
    LASTS = "lasts"  # until the reset
    RUNS_OUT = "runs_out"
    USED_UP = "used_up"  # there is nothing left to run out


@dataclass(frozen=True)
class Forecast:
    """What to expect, and for `RUNS_OUT` the instant at which the last credit would go."""

    outlook: Outlook
    at: datetime | None = None


_TICK = timedelta(microseconds=1)


def forecast(available: int, so_far: Spell, before: Spell | None, *, now: datetime, end: datetime) -> Forecast:
    """When the credits run out if they go on being used at the present pace.

    The pace is that of the running period so far; while that is younger than three days, of the period before and this one
    together. What was seen for less than three days in all tells nothing. Whole numbers only: no rounding decides a day.
    """
    if available <= 0:
        return Forecast(Outlook.USED_UP)
    used, length = so_far.used, so_far.length
    if length < YOUNG and before is not None:
        used, length = used + before.used, length + before.length
    if length < YOUNG:
        return Forecast(Outlook.UNKNOWN)
    # In microseconds: a span times a large balance is more than a timedelta can hold.
    seen, ahead = length // _TICK, (end - now) // _TICK
    if used <= 0 or available * seen >= used * ahead:
        return Forecast(Outlook.LASTS)
    return Forecast(Outlook.RUNS_OUT, now + available * seen // used * _TICK)
