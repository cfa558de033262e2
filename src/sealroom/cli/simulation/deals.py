# SPDX-License-Identifier: Apache-2.0
"""The steps of a ledger scenario that change what its team pays for, and what each answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sealroom.accounts.rules import Actor
from sealroom.billing import flows as billing
from sealroom.billing.flows import Outcome, Wish
from sealroom.billing.models import Quote
from sealroom.billing.queries.kept import line_of
from sealroom.billing.queries.overview import review_of
from sealroom.billing.queries.standing import owed_invoices
from sealroom.billing.rules import FREE
from sealroom.cli.simulation.cast import Cast
from sealroom.cli.simulation.purchases import BLOCK, Purchases
from sealroom.cli.simulation.scenario import Fields, count, interval_of, need, shown
from sealroom.cli.simulation.shop import plan_code
from sealroom.cli.simulation.till import ScriptedTill
from sealroom.core.errors import Invalid

Result = dict[str, Any]


class Deals:
    """Admins buy (the first one, where a step names no `user`); the gateway calls."""

    def __init__(self, cast: Cast, till: ScriptedTill) -> None:
        self._cast = cast
        self._purchases = Purchases(till)
        self._first: dict[str, Result] = {}
        if cast.blocks:
            # With the subscription: at its very start, so billed in full from the first cycle and bound to no term.
            self._buy({}, Wish(add={BLOCK: cast.blocks}), "the team's blocks", key="founding", now=cast.anchor)

    def play(self, step: Fields, where: str, *, key: str, now: datetime) -> Result:
        """What became of a step; the ledger adds the balance, where it is not that of a first answer told again."""
        return OPERATIONS[step["op"]](self, step, where, key, now)

    def keep(self, key: str, result: Result) -> None:
        """Remember the answer to a purchase: a replay tells its balance."""
        self._first.setdefault(key, result)

    # -- What a step may do ----------------------------------------------------------------------------------------------
    def _add_blocks(self, step: Fields, where: str, key: str, now: datetime) -> Result:
        wish = Wish(add={BLOCK: count(step, "blocks", where, least=1)})
        outcome = self._buy(step, wish, where, key=key, now=now)
        result: Result = {"result": _word(outcome), "granted": outcome.granted}
        if not outcome.replayed:
            return result
        first = self._first.get(key, {})
        known = {"balance": first["balance"]} if first.get("result") == result["result"] else {}
        return {**result, **known, "replayed": True}

    def _upgrade(self, step: Fields, where: str, key: str, now: datetime) -> Result:
        outcome = self._buy(step, self._plan_wish(step, where), where, key=key, now=now)
        return {"result": _word(outcome), "granted": outcome.granted, **_replayed(outcome)}

    def _downgrade(self, step: Fields, where: str, key: str, now: datetime) -> Result:
        outcome = self._buy(step, self._plan_wish(step, where), where, key=key, now=now)
        return {"result": _word(outcome), **_replayed(outcome)}

    def _remove_blocks(self, step: Fields, where: str, key: str, now: datetime) -> Result:
        fewer = count(step, "blocks", where, least=1)
        wish = Wish(items={BLOCK: self._purchases.staying(self._actor(step), now=now) - fewer})
        outcome = self._buy(step, wish, where, key=key, now=now)
        return {"result": _word(outcome), **_replayed(outcome)}

    def _cancel(self, step: Fields, where: str, key: str, now: datetime) -> Result:
        outcome = self._buy(step, Wish(plan=FREE), where, key=key, now=now)
        return {"result": _word(outcome), **_replayed(outcome)}

    def _webhook(self, step: Fields, where: str, key: str, now: datetime) -> Result:
        heard = self._purchases.hear(step, where, forged=step["op"] == "bad_signature_webhook", now=now)
        return {"result": heard.result, "granted": heard.granted}

    def _pay(self, step: Fields, where: str, key: str, now: datetime) -> Result:
        actor = self._actor(step)
        owed = owed_invoices(actor.team_id)
        if not owed:
            raise Invalid({"invoice": ["nothing"]})
        for invoice in owed:
            self._purchases.pay(actor, invoice, step, where, key=key, now=now)
        return {"result": "ok"}

    def _quote(self, step: Fields, where: str, key: str, now: datetime) -> Result:
        wish = Wish(
            plan=plan_code(step, where) if step.get("plan") or step.get("credits") is not None else None,
            interval=interval_of(step, "interval", where) if step.get("interval") else None,
            items=_units(step, "items", where),
            add={**_units(step, "add", where), **({BLOCK: count(step, "blocks", where)} if "blocks" in step else {})},
        )
        return _priced(billing.preview_change(self._actor(step), wish, now=now), now=now)

    def _buy(self, step: Fields, wish: Wish, where: str, *, key: str, now: datetime) -> Outcome:
        return self._purchases.buy(self._actor(step), wish, step, where, key=key, now=now)

    def _actor(self, step: Fields) -> Actor:
        return self._cast.actor(str(step["user"])) if step.get("user") else self._cast.founder

    def _plan_wish(self, step: Fields, where: str) -> Wish:
        interval = interval_of(step, "interval", where) if step.get("interval") else None
        return Wish(plan=plan_code(step, where), interval=interval)


def _units(step: Fields, name: str, where: str) -> dict[str, int]:
    given: Mapping[str, Any] = need({name: {}, **step}, name, dict, where)
    return {code: count(given, code, where) for code in given}


def _word(outcome: Outcome) -> str:
    """A change that only takes back what was planned counts now."""
    planned = any(outcome.quote.effect["later"].values())
    return "ok" if outcome.state == "done" or (outcome.state == "scheduled" and not planned) else outcome.state


def _replayed(outcome: Outcome) -> Result:
    return {"replayed": True} if outcome.replayed else {}


def _priced(quote: Quote, *, now: datetime) -> Result:
    """What is charged now line by line, what the cycle after `effective_at` costs in all, and the allowance at each of them."""
    review = review_of(quote, now=now)
    lines = [line_of(row) for row in quote.lines]
    return {
        "result": "ok",
        "currency": quote.currency,
        "lines": [{"kind": str(one.kind), "item": one.item, "quantity": one.quantity, "amount_cents": one.amount} for one in lines],
        "tax_cents": review.sums.tax,
        "total_cents": quote.total,
        "from_balance_cents": quote.balance_used,
        "due_cents": quote.due,
        "allowance": review.at_once_limits.credits,
        "effective_at": shown(review.effective_at),
        "next_allowance": review.after.credits,
        "next_total_cents": review.following.total if review.following is not None else 0,
    }


OPERATIONS: dict[str, Callable[[Deals, Fields, str, str, datetime], Result]] = {
    "quote": Deals._quote,  # noqa: SLF001 -- the table of this class
    "add_blocks": Deals._add_blocks,  # noqa: SLF001
    "remove_blocks": Deals._remove_blocks,  # noqa: SLF001
    "upgrade": Deals._upgrade,  # noqa: SLF001
    "downgrade": Deals._downgrade,  # noqa: SLF001
    "cancel": Deals._cancel,  # noqa: SLF001
    "pay": Deals._pay,  # noqa: SLF001
    "webhook": Deals._webhook,  # noqa: SLF001
    "bad_signature_webhook": Deals._webhook,  # noqa: SLF001
}
# What a refusal of each answers beside its code.
GRANTS = ("add_blocks", "upgrade", "webhook", "bad_signature_webhook")
