# SPDX-License-Identifier: Apache-2.0
"""What a plan includes and when a change of it counts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sealroom.credits.rules import containing

QUOTAS = ("users", "data_rooms", "guests", "storage_bytes", "media_bytes")


@dataclass(frozen=True)
class Offer:
    """A plan as it is sold: what it includes. `credits` and `media_bytes` are a month's. `trial_days` 0: no end."""

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
) -> Limits:
    """A plan's limits for one team. A trial that has ended keeps its quotas (nothing is deleted) but no credits."""
    ended = trial_ends_at is not None and now >= trial_ends_at
    allowance = 0 if ended else allowance_of(offer, credits_override)
    own = {name: quotas.get(name, getattr(offer, name)) for name in QUOTAS}
    return Limits(offer.code, offer.name, allowance, features=frozenset(offer.features), may_send=allowance > 0, **own)


def allowance_of(offer: Offer, credits_override: int | None) -> int:
    """The monthly allowance: the plan's, or the team's own number."""
    return offer.credits if credits_override is None else credits_override


def cycle_end(anchor_at: datetime, interval: str, now: datetime) -> datetime:
    """When the running billing cycle ends: what reduces takes effect then, because it is paid for until then."""
    return containing(anchor_at, now, interval)[2]


def default_plan(chosen: str, gateway: str) -> str:
    """The plan of a new team: the operator's choice; else a trial, or Team where nobody is asked to pay."""
    return chosen or ("team" if gateway == "none" else "trial")
