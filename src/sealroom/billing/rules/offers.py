# SPDX-License-Identifier: Apache-2.0
"""What is sold, and what a team that has it may use. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sealroom.credits.rules import containing

QUOTAS = ("users", "data_rooms", "guests", "storage_bytes", "media_bytes")
STANDING = ("users", "data_rooms", "guests", "storage_bytes")  # what is counted; the media of a month start from zero
FEATURES = ("file_permissions", "watermark", "screen_shield", "api")  # switches the rooms above ask for
MONTHS = {"month": 1, "year": 12}
FREE = "free"

Prices = Mapping[str, Mapping[str, int]]  # currency -> interval -> minor units


@dataclass(frozen=True)
class Offer:
    """A plan as it is sold. `credits` and `media_bytes` are a month's. `trial_days` 0: no end. `prices` are of a whole interval, in
    minor units, without tax; a plan that has none is not sold. `addons`: whether anything may be added to it."""

    code: str
    name: str
    credits: int
    users: int
    data_rooms: int
    guests: int
    storage_bytes: int
    media_bytes: int
    features: tuple[str, ...] = ()
    trial_days: int = 0
    prices: Prices = field(default_factory=dict, hash=False)
    addons: bool = True

    def price(self, currency: str, interval: str) -> int:
        """What an interval costs; 0 where it is not sold."""
        return self.prices.get(currency, {}).get(interval, 0)

    @property
    def sold(self) -> bool:
        """Whether an admin may choose it without the operator."""
        return bool(self.prices)


@dataclass(frozen=True)
class Extra:
    """An add-on as it is sold: what one unit adds to the plan (`adds`: credits a month or a quota; `feature`: a switch, one unit at
    most), and its price in minor units without tax."""

    code: str
    adds: Mapping[str, int] = field(default_factory=dict, hash=False)
    feature: str = ""
    prices: Prices = field(default_factory=dict, hash=False)

    def price(self, currency: str, interval: str) -> int:
        """What a unit costs for an interval."""
        return self.prices.get(currency, {}).get(interval, 0)

    @property
    def most(self) -> int:
        """How many units one may hold."""
        return 1 if self.feature else MOST_UNITS

    @property
    def is_block(self) -> bool:
        """Whether it adds credits: those are granted whole at once, so their removal has a term."""
        return "credits" in self.adds


MOST_UNITS = 1000


@dataclass(frozen=True)
class Held:
    """Units of an add-on."""

    extra: Extra
    quantity: int


@dataclass(frozen=True)
class Limits:
    """What a team may use now. `may_send` is False when the plan has no allowance at all: view only, or a trial that ended."""

    plan_code: str
    plan_name: str
    credits: int
    users: int
    data_rooms: int
    guests: int
    storage_bytes: int
    media_bytes: int
    features: frozenset[str]
    may_send: bool


def limits_of_offer(
    offer: Offer,
    *,
    credits_override: int | None,
    quotas: Mapping[str, int],
    trial_ends_at: datetime | None,
    now: datetime,
    held: Iterable[Held] = (),
) -> Limits:
    """A plan's limits for one team: the plan's numbers, or the operator's own in their place, and what add-ons add. A trial that
    has ended keeps its quotas (nothing is deleted) but no credits."""
    held = tuple(held)
    ended = trial_ends_at is not None and now >= trial_ends_at
    allowance = 0 if ended else allowance_of(offer, credits_override, held)
    own = {name: quotas.get(name, getattr(offer, name)) + added(held, name) for name in QUOTAS}
    features = frozenset(offer.features) | {one.extra.feature for one in held if one.extra.feature and one.quantity}
    return Limits(offer.code, offer.name, allowance, features=features, may_send=allowance > 0, **own)


def allowance_of(offer: Offer, credits_override: int | None, held: Iterable[Held] = ()) -> int:
    """The monthly allowance: the plan's, or the team's own number, and the blocks."""
    return (offer.credits if credits_override is None else credits_override) + added(held, "credits")


def added(held: Iterable[Held], name: str) -> int:
    """What add-ons add to a number."""
    return sum(one.extra.adds.get(name, 0) * one.quantity for one in held)


def cycle_of(anchor_at: datetime, interval: str, now: datetime) -> tuple[datetime, datetime]:
    """The running billing cycle `[start, end)`; what reduces takes effect at its end, because it is paid for until then."""
    _, start, end = containing(anchor_at, now, interval)
    return start, end


def cycle_end(anchor_at: datetime, interval: str, now: datetime) -> datetime:
    """When the running billing cycle ends."""
    return cycle_of(anchor_at, interval, now)[1]


def default_plan(chosen: str, gateway: str) -> str:
    """The plan of a new team: the operator's choice; else a trial, or Team where nobody is asked to pay."""
    return chosen or ("team" if gateway == "none" else "trial")
