# SPDX-License-Identifier: Apache-2.0
"""How decisions and lines are kept in rows, and read back as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sealroom.billing.models import InvoiceLine, Quote
from sealroom.billing.queries.plans import offer_of, plan_by_code
from sealroom.billing.rules.changes import AtOnce, Decision, Later
from sealroom.billing.rules.money import Line, LineKind, TaxLine
from sealroom.billing.rules.offers import Offer


@dataclass(frozen=True)
class Effect:
    """A decision as a quote keeps it. `replaces_later`: what was planned before gives way to `later`."""

    at_once: AtOnce
    later: Later
    replaces_later: bool
    term_blocks: int = 0


def effect_row(decision: Decision, *, replaces_later: bool) -> dict[str, Any]:
    """A decision as JSON: plans by their codes."""
    once, later = decision.at_once, decision.later
    return {
        "at_once": {
            "plan": once.plan.code if once.plan else None,
            "interval": once.interval,
            "more": dict(once.more),
            "dropped": dict(once.dropped),
            "restarts": once.restarts,
        },
        "later": {
            "plan": later.plan.code if later.plan else None,
            "interval": later.interval,
            "fewer": dict(later.fewer),
            "cancels": later.cancels,
        },
        "replaces_later": replaces_later,
        "term_blocks": decision.term_blocks,
    }


def effect_of(quote: Quote) -> Effect:
    """The decision a quote keeps."""
    once, later = quote.effect["at_once"], quote.effect["later"]
    return Effect(
        AtOnce(_offer(once["plan"]), once["interval"], once["more"], once["dropped"], once["restarts"]),
        Later(_offer(later["plan"]), later["interval"], later["fewer"], later["cancels"]),
        quote.effect["replaces_later"],
        quote.effect["term_blocks"],
    )


def line_row(line: Line) -> dict[str, Any]:
    """A line as JSON."""
    return {**asdict(line), "start": line.start.isoformat(), "end": line.end.isoformat()}


def line_of(row: Mapping[str, Any]) -> Line:
    """A line from JSON."""
    start, end = datetime.fromisoformat(row["start"]), datetime.fromisoformat(row["end"])
    return Line(LineKind(row["kind"]), row["item"], row["unit_price"], row["quantity"], row["amount"], start, end)


def line_of_row(row: InvoiceLine) -> Line:
    """A line of an invoice as a value."""
    return Line(LineKind(row.kind), row.item, row.unit_price, row.quantity, row.amount, row.start, row.end)


def _offer(code: str | None) -> Offer | None:
    return offer_of(plan_by_code(code)) if code else None


def tax_lines_of(rows: Iterable[Mapping[str, Any]]) -> tuple[TaxLine, ...]:
    """Taxes as kept on a row."""
    return tuple(TaxLine(row["name"], row["percent"], row["amount"]) for row in rows)
