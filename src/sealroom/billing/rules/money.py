# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of invoices: proration by the second, tax once per rate. Pure, integers and fractions only.

The model (a change credits the unused rest of the old and charges the rest of the new) is that of docs/algorithms/billing.md.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from sealroom.core.money import round_half_away


class LineKind(enum.StrEnum):
    """Why a line stands on an invoice."""

    CREDIT = "credit"  # the unused rest of what was paid for
    CHARGE = "charge"  # the rest of a cycle that is new
    RECURRING = "recurring"  # a whole cycle
    TERM = "term"  # the next cycle of blocks that are given up before it
    REFUND = "refund"


@dataclass(frozen=True)
class Span:
    """A time `[start, end)`."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Priced:
    """Units of an item at their price for a whole cycle. `paid`: what was paid for them in this cycle, None: in full."""

    item: str
    unit_price: int
    quantity: int = 1
    paid: int | None = None


@dataclass(frozen=True)
class Line:
    """A line of an invoice, before tax. Credits are negative."""

    kind: LineKind
    item: str
    unit_price: int
    quantity: int
    amount: int
    start: datetime
    end: datetime


def share(amount: int, cycle: Span, since: datetime) -> int:
    """The part of `amount` that falls on the rest of a cycle from `since` on, exact to the second, rounded half away from zero."""
    rest, whole = _microseconds(cycle.end - since), _microseconds(cycle.end - cycle.start)
    return round_half_away(Fraction(amount * rest, whole))


def prorate(old: Sequence[Priced], new: Sequence[Priced], *, cycle: Span, change_at: datetime) -> list[Line]:
    """The lines of a change at `change_at` from `old` to `new`: a credit for the unused rest of each item that changes, a charge
    for the rest of each that is new or changed. What stays the same has no line; at or after the end of the cycle there is
    nothing to prorate. No credit exceeds what was paid for its item."""
    if not cycle.start <= change_at < cycle.end:
        return []
    kept = {(one.item, one.unit_price, one.quantity) for one in old} & {(one.item, one.unit_price, one.quantity) for one in new}
    lines = [credit(one, cycle=cycle, since=change_at) for one in old if _changes(one, kept)]
    return lines + [charge(one, cycle=cycle, since=change_at) for one in new if _changes(one, kept)]


def credit(one: Priced, *, cycle: Span, since: datetime) -> Line:
    """The unused rest of what was paid for."""
    unused = share(one.unit_price * one.quantity, cycle, since)
    if one.paid is not None:
        unused = min(unused, max(0, one.paid))
    return Line(LineKind.CREDIT, one.item, one.unit_price, one.quantity, -unused, since, cycle.end)


def charge(one: Priced, *, cycle: Span, since: datetime) -> Line:
    """The rest of a cycle, from `since` on."""
    amount = share(one.unit_price * one.quantity, cycle, since)
    return Line(LineKind.CHARGE, one.item, one.unit_price, one.quantity, amount, since, cycle.end)


def full(one: Priced, *, cycle: Span, kind: LineKind = LineKind.RECURRING) -> Line:
    """A whole cycle."""
    return Line(kind, one.item, one.unit_price, one.quantity, one.unit_price * one.quantity, cycle.start, cycle.end)


@dataclass(frozen=True)
class Rate:
    """A tax an operator charges. `percent` is exact. `reverse_charge`: a customer with a VAT id pays it himself."""

    country: str
    name: str
    percent: Fraction
    reverse_charge: bool = False


@dataclass(frozen=True)
class TaxLine:
    """A tax on an invoice's subtotal. `percent` as a text for people and for the row."""

    name: str
    percent: str
    amount: int


@dataclass(frozen=True)
class Totals:
    """The sums of an invoice. `due` is what is left to pay after `balance` of the customer's was used; a negative total is kept for
    later invoices and is not due. `reverse_charge`: the customer owes the tax."""

    subtotal: int
    taxes: tuple[TaxLine, ...]
    total: int
    balance_used: int
    due: int
    reverse_charge: bool = False

    @property
    def tax(self) -> int:
        """All taxes."""
        return sum(one.amount for one in self.taxes)


def totals(lines: Iterable[Line], rates: Sequence[Rate], *, vat_id: str, balance: int) -> Totals:
    """Add up an invoice: each rate is rounded once, over the whole subtotal. `balance` is what the customer has with us."""
    subtotal = sum(line.amount for line in lines)
    reverse = bool(vat_id) and any(rate.reverse_charge for rate in rates)
    charged = [rate for rate in rates if not (rate.reverse_charge and vat_id)]
    taxes = tuple(
        TaxLine(rate.name, percent_text(rate.percent), round_half_away(subtotal * rate.percent / 100)) for rate in charged
    )
    total = subtotal + sum(one.amount for one in taxes)
    used = max(0, min(balance, total))
    return Totals(subtotal, taxes, total, used, max(0, total - used), reverse)


def rates_for(country: str, rates: Mapping[str, Sequence[Rate]]) -> tuple[Rate, ...]:
    """The rates of a customer's country, else those for every other one."""
    return tuple(rates.get(country) or rates.get("*") or ())


def percent_text(percent: Fraction) -> str:
    """A rate as people write it: "20", "8.1"."""
    whole = f"{float(percent):.4f}".rstrip("0").rstrip(".")  # for reading only; amounts are made from the fraction
    return whole or "0"


def _changes(one: Priced, kept: set[tuple[str, int, int]]) -> bool:
    return one.quantity > 0 and (one.item, one.unit_price, one.quantity) not in kept


def _microseconds(span: timedelta) -> int:
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds
