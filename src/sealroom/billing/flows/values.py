# SPDX-License-Identifier: Apache-2.0
"""What goes into and comes out of purchases, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sealroom.billing.models import Invoice, Payment, Quote


@dataclass(frozen=True)
class Wish:
    """What an admin asks for, in codes of the catalogue. `items`: units wanted from now on; `add`: units on top; the plan "free"
    cancels; `resume` takes back what was planned; `currency` must be the team's."""

    plan: str | None = None
    interval: str | None = None
    items: Mapping[str, int] = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    resume: bool = False
    currency: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What confirming came to. `state`: "done" (in force), "pending" (waits for money; `next_url` is where the customer goes, if
    anywhere), "scheduled" (nothing was to pay, it counts from the end of the cycle). A replay answers with the first figures."""

    state: str
    granted: int
    quote: Quote
    invoice: Invoice | None = None
    payment: Payment | None = None
    next_url: str = ""
    replayed: bool = False


@dataclass(frozen=True)
class EventOutcome:
    """What a message of the gateway did: "ok", or "duplicate" when it had come before. `granted`: credits it issued."""

    result: str
    granted: int = 0
