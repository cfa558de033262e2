# SPDX-License-Identifier: Apache-2.0
"""Cases of period boundaries, answered by the rules that wallets and subscriptions use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sealroom.cli.simulation.scenario import BadFile, Fields, instant_of, interval_of, moment, need, shown
from sealroom.credits import rules


def answer(case: Fields) -> dict[str, Any]:
    """What a case comes to: its id and the fields it asks for. Raises `BadFile`."""
    where = f"case {case.get('id')}"
    kind = case.get("kind")
    if kind not in _ANSWERS:
        raise BadFile(f"{where} is of kind {kind!r}; known are {', '.join(_ANSWERS)}.")
    return {"id": case.get("id"), "expected": _ANSWERS[kind](case, where)}


def _billing_period(case: Fields, where: str) -> dict[str, Any]:
    anchor, interval = _anchor(case, where), interval_of(case, "interval", where)
    n = need(case, "n", int, where)
    return {
        "period_start": shown(rules.boundary(anchor, n, interval)),
        "period_end": shown(rules.boundary(anchor, n + 1, interval)),
    }


def _credit_reset(case: Fields, where: str) -> dict[str, Any]:
    """Credits reset monthly on either plan; only a yearly plan has resets without a bill."""
    named = "plan_interval" if "plan_interval" in case else "interval"
    anchor, interval = _anchor(case, where), interval_of(case, named, where)
    k = need(case, "k", int, where)
    reset = rules.boundary(anchor, k)
    _, billed, _ = rules.containing(anchor, reset, interval)
    return {"reset_date": shown(reset), "is_billing_date": billed == reset}


def _containing_period(case: Fields, where: str) -> dict[str, Any]:
    anchor, interval = _anchor(case, where), interval_of(case, "interval", where)
    at: date | datetime = instant_of(case.get("at"), where)
    if not isinstance(anchor, datetime):
        assert isinstance(at, datetime)
        at = at.date()
    n, start, end = rules.containing(anchor, at, interval)
    return {"n": n, "period_start": shown(start), "period_end": shown(end)}


def _anchor(case: Fields, where: str) -> date | datetime:
    return moment(case.get("anchor", case.get("anchor_at")), where)


_ANSWERS: dict[str, Callable[[Fields, str], dict[str, Any]]] = {
    "billing_period": _billing_period,
    "credit_reset": _credit_reset,
    "containing_period": _containing_period,
}
