# SPDX-License-Identifier: Apache-2.0
"""The payment gateway of a scenario: answers as the scenario's next step says, and takes no money."""

from __future__ import annotations

from collections.abc import Mapping

from sealroom.billing.errors import BadSignature
from sealroom.billing.ports import Answer, Event, Method, Order, Progress, Visit


class ScriptedTill:
    """Succeeds unless told otherwise. `answers` are used up in turn."""

    name = "scenario"
    asks_money = True
    saves_methods = True

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.orders: list[Order] = []

    @classmethod
    def from_settings(cls) -> ScriptedTill:
        """Needs no settings."""
        return cls()

    def collect(self, order: Order) -> Answer:
        """What was scripted; else success."""
        self.orders.append(order)
        return self.answers.pop(0) if self.answers else Answer(Progress.SUCCEEDED, f"till:{order.payment_id}")

    def look_up(self, reference: str) -> Answer:
        """What was scripted; else still pending."""
        return self.answers.pop(0) if self.answers else Answer(Progress.PENDING, reference)

    def refund(self, reference: str, amount: int, *, key: str) -> str:
        """Always possible."""
        return f"refund:{key}"

    def visit(self, *, team: str, email: str, customer: str, return_url: str, language: str) -> Visit | None:
        """No pages here."""
        return None

    def saved_method(self, reference: str) -> Method | None:
        """Nothing is saved."""
        return None

    def read_event(self, body: bytes, headers: Mapping[str, str]) -> Event:
        """Nothing here is signed."""
        raise BadSignature
