# SPDX-License-Identifier: Apache-2.0
"""The payment gateway of a scenario: answers as the scenario's next step says, and takes no money."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping

from sealroom.billing.errors import BadSignature
from sealroom.billing.ports import Answer, Event, EventKind, Method, Order, Progress, Visit

_KINDS = {"invoice.paid": EventKind.PAID, "invoice.payment_failed": EventKind.FAILED}
_HEADER = "till-signature"


class ScriptedTill:
    """Succeeds unless told otherwise. `answers` are used up in turn by purchases; `renewals` is what becomes of collections without
    the customer. Its messages are JSON, signed with a secret of its own."""

    name = "scenario"
    asks_money = True
    saves_methods = True

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self.forget()

    @classmethod
    def from_settings(cls) -> ScriptedTill:
        """Needs no settings."""
        return cls()

    def forget(self) -> None:
        """Begin anew, for the next scenario."""
        self.answers: list[Answer] = []
        self.orders: list[Order] = []
        self.renewals = Progress.SUCCEEDED

    def collect(self, order: Order) -> Answer:
        """What was scripted; else success."""
        self.orders.append(order)
        if self.answers:
            return self.answers.pop(0)
        if not order.present and self.renewals is Progress.FAILED:
            return Answer(Progress.FAILED, f"till:{order.payment_id}", reason="card_declined")
        return Answer(Progress.SUCCEEDED, f"till:{order.payment_id}")

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

    def message(self, content: Mapping[str, object], *, forged: bool = False) -> tuple[bytes, dict[str, str]]:
        """A message as it goes over the wire: its body and headers. `forged`: signed by somebody who does not know the secret."""
        body = json.dumps(content).encode()
        return body, {_HEADER: _signature(secrets.token_bytes(32) if forged else self._secret, body)}

    def read_event(self, body: bytes, headers: Mapping[str, str]) -> Event:
        """A message of `message`. Raises `BadSignature` for anything else."""
        if not hmac.compare_digest(headers.get(_HEADER, ""), _signature(self._secret, body)):
            raise BadSignature
        content = json.loads(body)
        kind = _KINDS.get(content["type"], EventKind.OTHER)
        return Event(content["id"], kind, content["type"], content["reference"], created=content["created"])


def _signature(secret: bytes, body: bytes) -> str:
    return hmac.new(secret, body, hashlib.sha256).hexdigest()
