# SPDX-License-Identifier: Apache-2.0
"""Bank transfer: the customer gets an invoice and pays it; the operator sees the money on the account and confirms it by hand."""

from __future__ import annotations

from collections.abc import Mapping

from sealroom.billing.errors import BadSignature
from sealroom.billing.ports import Answer, Event, Method, Order, Progress, Visit


class BankTransfer:
    """Everything is pending until an operator says that the money came."""

    name = "invoice"
    asks_money = True
    saves_methods = False

    @classmethod
    def from_settings(cls) -> BankTransfer:
        """The account stands on the invoice (SEALROOM_SELLER_ACCOUNT)."""
        return cls()

    def collect(self, order: Order) -> Answer:
        """Wait for the transfer."""
        return Answer(Progress.PENDING, _reference(order.payment_id))

    def look_up(self, reference: str) -> Answer:
        """No bank is asked."""
        return Answer(Progress.PENDING, reference)

    def refund(self, reference: str, amount: int, *, key: str) -> str:
        """The operator transfers the money back; this notes it."""
        return f"transfer-back:{key}"

    def visit(self, *, team: str, email: str, customer: str, return_url: str, language: str) -> Visit | None:
        """There is nothing to save."""
        return None

    def saved_method(self, reference: str) -> Method | None:
        """There is nothing to save."""
        return None

    def read_event(self, body: bytes, headers: Mapping[str, str]) -> Event:
        """No bank writes to us."""
        raise BadSignature


def _reference(payment_id: str) -> str:
    return f"transfer:{payment_id}"
