# SPDX-License-Identifier: Apache-2.0
"""A company for itself: nobody pays, there are no prices, what an admin sets counts at once."""

from __future__ import annotations

from collections.abc import Mapping

from sealroom.billing.errors import BadSignature
from sealroom.billing.ports import Answer, Event, Method, Order, Visit


class NoGateway:
    """Is asked whether it asks for money, and nothing else: there is nothing to collect."""

    name = "none"
    asks_money = False
    saves_methods = False

    @classmethod
    def from_settings(cls) -> NoGateway:
        """Needs no settings."""
        return cls()

    def collect(self, order: Order) -> Answer:
        """Nothing costs anything here."""
        raise AssertionError("nothing is collected without a gateway")

    def look_up(self, reference: str) -> Answer:
        """Nothing was ever collected."""
        raise AssertionError("nothing is collected without a gateway")

    def refund(self, reference: str, amount: int, *, key: str) -> str:
        """Nothing was ever collected."""
        raise AssertionError("nothing is collected without a gateway")

    def visit(self, *, team: str, email: str, customer: str, return_url: str, language: str) -> Visit | None:
        """There is no way to pay."""
        return None

    def saved_method(self, reference: str) -> Method | None:
        """There is no way to pay."""
        return None

    def read_event(self, body: bytes, headers: Mapping[str, str]) -> Event:
        """Nobody has messages for us."""
        raise BadSignature
