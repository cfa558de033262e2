# SPDX-License-Identifier: Apache-2.0
"""Cases of proration, answered by the rule that purchases are charged by."""

from __future__ import annotations

from typing import Any

from sealroom.billing.rules.money import Priced, Span, prorate
from sealroom.cli.simulation.scenario import BadFile, Fields, count, instant_of, need


def answer(case: Fields) -> dict[str, Any]:
    """The lines of a change and what they come to. A change at or after the period's end has none. Raises `BadFile`."""
    where = f"case {case.get('id')}"
    period = need(case, "period", dict, where)
    cycle = Span(instant_of(period.get("start"), where), instant_of(period.get("end"), where))
    if cycle.end <= cycle.start:
        raise BadFile(f"{where}: the period ends before it has begun.")
    change_at = instant_of(case.get("change_at"), where)
    lines = prorate(_items(case, "old", where), _items(case, "new", where), cycle=cycle, change_at=change_at)
    shown = [
        {
            "kind": str(line.kind),
            "item": line.item,
            "unit_price_cents": line.unit_price,
            "quantity": line.quantity,
            "amount_cents": line.amount,
        }
        for line in lines
    ]
    return {"id": case.get("id"), "expected": {"lines": shown, "net_cents": sum(line.amount for line in lines)}}


def _items(case: Fields, name: str, where: str) -> list[Priced]:
    given = case.get(name) or []
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise BadFile(f"{where}: {name!r} is a list of items.")
    return [_item(one, f"{where}, {name} item {number}") for number, one in enumerate(given, 1)]


def _item(given: Fields, where: str) -> Priced:
    paid = count(given, "paid_cents", where) if given.get("paid_cents") is not None else None
    units = count({"quantity": 1, **given}, "quantity", where)
    return Priced(need(given, "item", str, where), count(given, "unit_price_cents", where), units, paid)
