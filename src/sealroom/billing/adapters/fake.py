# SPDX-License-Identifier: Apache-2.0
"""A gateway for tests: answers what it was told, or else as its cards behave; keeps what it was asked; signs its messages the way
Stripe does (`t=…,v1=HMAC-SHA256(t.body)`). It passes the same contract as the real one."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from sealroom.billing.errors import BadSignature, PaymentFailed
from sealroom.billing.ports import Answer, Event, EventKind, Method, Order, Progress, Visit

SECRET = "whsec_of_the_fake_gateway"  # noqa: S105 -- of tests
TOLERANCE_SECONDS = 300
ASKS = "asks"  # what a card does that wants the bank's page first


@dataclass(frozen=True)
class Message:
    """A message as it goes over the wire."""

    body: bytes
    headers: Mapping[str, str]


class FakeGateway:
    """`script(...)` says what comes of the next orders; without a script a saved card pays (see `card`), and a customer who is
    present gets a page (see `pay`, `leave`). `orders`, `refunds` and `messages` are what happened, oldest first."""

    name = "fake"
    asks_money = True
    saves_methods = True

    def __init__(self, secret: str = SECRET) -> None:
        self.orders: list[Order] = []
        self.refunds: list[tuple[str, int]] = []
        self.messages: list[Message] = []
        self._secret = secret
        self._lock = threading.RLock()
        self._numbers = 0
        self._script: deque[Answer | Exception] = deque()
        self._cards: dict[str, tuple[Method, str]] = {}
        self._begun: dict[str, str] = {}  # key -> reference
        self._state: dict[str, tuple[Order, Answer]] = {}  # reference -> what was ordered and what became of it
        self._paid_back: dict[str, str] = {}
        self._visits: dict[str, tuple[str, str, Method | None]] = {}  # reference -> team, customer, method

    @classmethod
    def from_settings(cls) -> FakeGateway:
        """Needs no settings."""
        return cls()

    # -- The port ------------------------------------------------------------------------------------------------------
    def collect(self, order: Order) -> Answer:
        """See the port."""
        with self._lock:
            if order.key in self._begun:
                return self._state[self._begun[order.key]][1]
            said = self._script.popleft() if self._script else self._as_cards_do(order)
            if isinstance(said, Exception):
                raise said
            answer = said if said.reference else replace(said, reference=self._name("pay"))
            self.orders.append(order)
            self._begun[order.key] = answer.reference
            self._state[answer.reference] = (order, answer)
            if order.method and answer.progress is not Progress.PENDING:
                self._tell(answer.reference)
            return answer

    def look_up(self, reference: str) -> Answer:
        """See the port."""
        return self._state[reference][1]

    def refund(self, reference: str, amount: int, *, key: str) -> str:
        """See the port."""
        with self._lock:
            if key in self._paid_back:
                return self._paid_back[key]
            order, answer = self._state[reference]
            back = sum(one for of, one in self.refunds if of == reference)
            if answer.progress is not Progress.SUCCEEDED or back + amount > order.amount:
                raise PaymentFailed(reason="processing_error")
            self.refunds.append((reference, amount))
            self._paid_back[key] = self._name("back")
            return self._paid_back[key]

    def visit(self, *, team: str, email: str, customer: str, return_url: str, language: str) -> Visit | None:
        """See the port."""
        reference, customer = self._name("visit"), customer or self._name("customer")
        self._visits[reference] = (team, customer, None)
        return Visit(f"https://pay.example.com/{reference}", reference, customer)

    def saved_method(self, reference: str) -> Method | None:
        """See the port."""
        return self._visits[reference][2]

    def read_event(self, body: bytes, headers: Mapping[str, str]) -> Event:
        """See the port."""
        said = next((value for name, value in headers.items() if name.lower() == "stripe-signature"), "")
        stamp = said.partition("t=")[2].partition(",")[0]
        if not stamp.isdecimal() or len(stamp) > 12 or abs(time.time() - int(stamp)) > TOLERANCE_SECONDS:
            raise BadSignature
        if not hmac.compare_digest(said.encode(), self._signature(body, int(stamp)).encode()):
            raise BadSignature
        facts = json.loads(body)
        method = Method(**facts.pop("method")) if facts.get("method") else None
        return Event(**{**facts, "kind": EventKind(facts["kind"]), "method": method})

    # -- What tests say and do -----------------------------------------------------------------------------------------
    def script(self, *answers: Answer | Exception) -> None:
        """What comes of the next orders, one after the other; an exception is raised and nothing was begun."""
        self._script.extend(answers)

    def card(self, does: str = "") -> tuple[str, str]:
        """Save a card for a customer: it pays, fails for the reason `does` names, or asks for the bank's page (`ASKS`). The names
        of customer and card."""
        method = Method(self._name("card"), "visa 4242", "2030-12")
        self._cards[method.reference] = (method, does)
        return self._name("customer"), method.reference

    def pay(self, reference: str) -> Message:
        """The customer pays on the page, or saves a card on his visit; the message that says so."""
        with self._lock:
            method = Method(self._name("card"), "visa 4242", "2030-12")
            self._cards[method.reference] = (method, "")
            if reference in self._visits:
                team, customer, _ = self._visits[reference]
                self._visits[reference] = (team, customer, method)
                return self._tell_of_visit(reference)
            order, answer = self._state[reference]
            saved = answer.method if order.method else method
            self._state[reference] = (order, replace(answer, progress=Progress.SUCCEEDED, next_url="", method=saved))
            return self._tell(reference)

    def leave(self, reference: str, reason: str = "cancelled") -> Message:
        """The customer does not pay; the message that says so."""
        with self._lock:
            order, answer = self._state[reference]
            self._state[reference] = (order, Answer(Progress.FAILED, reference, reason=reason, customer=answer.customer))
            return self._tell(reference)

    def message(self, event: Event, *, at: float | None = None) -> Message:
        """An event, signed at an instant (now unless told)."""
        body = json.dumps(asdict(event)).encode()
        return Message(body, self.sign(body, at=at))

    def sign(self, body: bytes, *, at: float | None = None) -> dict[str, str]:
        """The headers that prove a body."""
        return {"Stripe-Signature": self._signature(body, int(time.time() if at is None else at))}

    # -- Inside --------------------------------------------------------------------------------------------------------
    def _as_cards_do(self, order: Order) -> Answer:
        _, does = self._cards.get(order.method, (None, ""))
        reference = self._name("pay")
        if not order.method and not order.present:
            return Answer(Progress.FAILED, reference, reason="method_missing")
        if not order.method or (does == ASKS and order.present):
            customer = order.customer or self._name("customer")
            return Answer(Progress.PENDING, reference, f"https://pay.example.com/{reference}", customer=customer)
        if does:
            return Answer(Progress.FAILED, reference, reason="authentication_failed" if does == ASKS else does)
        return Answer(Progress.SUCCEEDED, reference)

    def _tell(self, reference: str) -> Message:
        order, answer = self._state[reference]
        paid = answer.progress is Progress.SUCCEEDED
        kind = EventKind.PAID if paid else EventKind.FAILED
        return self._send(
            Event(
                id=self._name("event"),
                kind=kind,
                type=f"fake.{kind}",
                reference=reference,
                payment_id=order.payment_id,
                amount=order.amount,
                currency=order.currency,
                reason=answer.reason,
                created=int(time.time()),
                method=answer.method,
                customer=answer.customer or order.customer,
            )
        )

    def _tell_of_visit(self, reference: str) -> Message:
        _, customer, method = self._visits[reference]
        event = Event(self._name("event"), EventKind.METHOD, "fake.method", reference, created=int(time.time()))
        return self._send(replace(event, method=method, customer=customer))

    def _send(self, event: Event) -> Message:
        self.messages.append(self.message(event))
        return self.messages[-1]

    def _signature(self, body: bytes, stamp: int) -> str:
        digest = hmac.new(self._secret.encode(), b"%d." % stamp + body, hashlib.sha256).hexdigest()
        return f"t={stamp},v1={digest}"

    def _name(self, kind: str) -> str:
        with self._lock:
            self._numbers += 1
            return f"{kind}_{self._numbers}"
