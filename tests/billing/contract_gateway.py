# SPDX-License-Identifier: Apache-2.0
"""What every `PaymentGateway` that talks to somebody keeps. A rig is a gateway with its customers: each check plays one story."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import pytest

from sealroom.billing.errors import BadSignature, PaymentFailed
from sealroom.billing.ports import DECLINES, EventKind, Order, PaymentGateway, Progress
from sealroom.core.ids import new_id

AMOUNT = 12_345


class Sent(Protocol):
    """A message as it came over the wire."""

    @property
    def body(self) -> bytes: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


class Rig(Protocol):
    """A gateway, and the people and banks behind it."""

    @property
    def gateway(self) -> PaymentGateway: ...

    def card(self, does: str) -> tuple[str, str]:
        """A customer with a saved card that "pays", is "declined", or "asks" for the bank's page."""
        ...

    def pay(self, reference: str) -> Sent:
        """The customer pays on the page; the message that says so."""
        ...

    def authenticate(self, reference: str, *, success: bool) -> Sent:
        """The customer comes to his bank's page; the message that says what came of it."""
        ...

    def leave(self, reference: str) -> Sent:
        """The customer leaves the page for good; the message that says so."""
        ...

    def save(self, reference: str) -> Sent:
        """The customer saves a card on his visit; the message that says so."""
        ...

    def message_about(self, reference: str) -> Sent:
        """What the gateway sent about a collection with a saved card."""
        ...

    def sign(self, body: bytes, *, at: float) -> Mapping[str, str]:
        """Headers that prove a body at an instant."""
        ...


def order(customer: str = "", method: str = "", *, present: bool = True, amount: int = AMOUNT) -> Order:
    """Something to collect, under a key of its own."""
    return Order(
        payment_id=new_id("pay"),
        key=new_id("key"),
        amount=amount,
        currency="USD",
        description="Sealroom, Team plan",
        team="tea_x",
        email="billing@example.com",
        customer=customer,
        method=method,
        present=present,
        return_url="https://files.example.com/back",
        language="fr",
    )


def check_a_saved_card_pays(rig: Rig) -> None:
    wish = order(*rig.card("pays"), present=False)
    answer = rig.gateway.collect(wish)
    assert (answer.progress, answer.next_url, answer.reason) == (Progress.SUCCEEDED, "", "")
    assert rig.gateway.look_up(answer.reference).progress is Progress.SUCCEEDED
    sent = rig.message_about(answer.reference)
    event = rig.gateway.read_event(sent.body, sent.headers)
    assert (event.kind, event.payment_id, event.reference) == (EventKind.PAID, wish.payment_id, answer.reference)
    assert (event.amount, event.currency, event.reason) == (AMOUNT, "USD", "")
    assert abs(event.created - time.time()) < 60


def check_a_declined_card_is_an_answer(rig: Rig) -> None:
    wish = order(*rig.card("declined"), present=False)
    answer = rig.gateway.collect(wish)
    assert (answer.progress, answer.reason) == (Progress.FAILED, "card_declined")
    assert rig.gateway.collect(wish) == answer
    sent = rig.message_about(answer.reference)
    event = rig.gateway.read_event(sent.body, sent.headers)
    assert (event.kind, event.payment_id, event.reason) == (EventKind.FAILED, wish.payment_id, "card_declined")
    with pytest.raises(PaymentFailed):
        rig.gateway.refund(answer.reference, 1, key=new_id("key"))


def check_the_bank_asks_who_is_present(rig: Rig) -> None:
    for success in (True, False):
        wish = order(*rig.card("asks"))
        answer = rig.gateway.collect(wish)
        assert answer.progress is Progress.PENDING
        assert answer.next_url.startswith("http")
        assert rig.gateway.collect(wish).next_url == answer.next_url
        sent = rig.authenticate(answer.reference, success=success)
        event = rig.gateway.read_event(sent.body, sent.headers)
        assert event.payment_id == wish.payment_id
        assert (event.kind, event.reason) == ((EventKind.PAID, "") if success else (EventKind.FAILED, "authentication_failed"))
        after = rig.gateway.look_up(answer.reference)
        assert (after.progress, after.reason) == (
            (Progress.SUCCEEDED, "") if success else (Progress.FAILED, "authentication_failed")
        )


def check_the_bank_cannot_ask_who_is_absent(rig: Rig) -> None:
    answer = rig.gateway.collect(order(*rig.card("asks"), present=False))
    assert (answer.progress, answer.reason, answer.next_url) == (Progress.FAILED, "authentication_failed", "")
    assert rig.gateway.look_up(answer.reference).progress is Progress.FAILED


def check_nobody_pays_without_a_method(rig: Rig) -> None:
    answer = rig.gateway.collect(order(present=False))
    assert (answer.progress, answer.reason) == (Progress.FAILED, "method_missing")
    assert answer.reason in DECLINES


def check_a_page_is_paid(rig: Rig) -> None:
    wish = order()
    answer = rig.gateway.collect(wish)
    assert (answer.progress, answer.reason) == (Progress.PENDING, "")
    assert answer.next_url.startswith("http")
    assert answer.customer
    assert rig.gateway.look_up(answer.reference).next_url == answer.next_url
    sent = rig.pay(answer.reference)
    event = rig.gateway.read_event(sent.body, sent.headers)
    assert (event.kind, event.payment_id, event.reference) == (EventKind.PAID, wish.payment_id, answer.reference)
    assert (event.amount, event.currency, event.customer) == (AMOUNT, "USD", answer.customer)
    assert event.method is not None
    assert (event.method.label, event.method.expires) == ("visa 4242", "2030-12")
    after = rig.gateway.look_up(answer.reference)
    assert (after.progress, after.reference, after.method) == (Progress.SUCCEEDED, answer.reference, event.method)
    renewal = rig.gateway.collect(order(answer.customer, event.method.reference, present=False))
    assert renewal.progress is Progress.SUCCEEDED


def check_a_page_is_left(rig: Rig) -> None:
    wish = order()
    answer = rig.gateway.collect(wish)
    sent = rig.leave(answer.reference)
    event = rig.gateway.read_event(sent.body, sent.headers)
    assert (event.kind, event.payment_id, event.reason) == (EventKind.FAILED, wish.payment_id, "cancelled")
    after = rig.gateway.look_up(answer.reference)
    assert (after.progress, after.reason, after.method) == (Progress.FAILED, "cancelled", None)


def check_one_key_is_one_collection(rig: Rig) -> None:
    paid, page = order(*rig.card("pays"), present=False), order()
    for wish in (paid, page):
        first = rig.gateway.collect(wish)
        assert [rig.gateway.collect(wish) for _ in range(3)] == [first] * 3
    other = order(paid.customer, paid.method, present=False)
    assert rig.gateway.collect(other).reference != rig.gateway.collect(paid).reference


def check_money_goes_back_once_a_key(rig: Rig) -> None:
    charged = rig.gateway.collect(order(*rig.card("pays"), present=False)).reference
    page = rig.gateway.collect(order()).reference
    with pytest.raises(PaymentFailed):
        rig.gateway.refund(page, 1, key=new_id("key"))  # nothing came yet
    rig.pay(page)
    for reference in (charged, page):
        key = new_id("key")
        first = rig.gateway.refund(reference, 10_000, key=key)
        assert rig.gateway.refund(reference, 10_000, key=key) == first
        assert rig.gateway.refund(reference, 2_000, key=new_id("key")) != first
        with pytest.raises(PaymentFailed):
            rig.gateway.refund(reference, 346, key=new_id("key"))  # 345 are left


def check_a_visit_saves_a_method(rig: Rig) -> None:
    visit = rig.gateway.visit(
        team="tea_x", email="billing@example.com", customer="", return_url="https://files.example.com/back", language="en"
    )
    assert visit is not None
    assert visit.url.startswith("http")
    assert rig.gateway.saved_method(visit.reference) is None
    sent = rig.save(visit.reference)
    event = rig.gateway.read_event(sent.body, sent.headers)
    saved = rig.gateway.saved_method(visit.reference)
    assert saved is not None
    assert (event.kind, event.customer, event.method) == (EventKind.METHOD, visit.customer, saved)
    assert (saved.label, saved.expires) == ("visa 4242", "2030-12")
    assert rig.gateway.collect(order(visit.customer, saved.reference, present=False)).progress is Progress.SUCCEEDED


def check_only_signed_messages_are_read(rig: Rig) -> None:
    sent = rig.message_about(rig.gateway.collect(order(*rig.card("pays"), present=False)).reference)
    body, now = sent.body, time.time()
    good = dict(rig.sign(body, at=now))
    assert rig.gateway.read_event(body, good) == rig.gateway.read_event(body, sent.headers)
    assert rig.gateway.read_event(body, rig.sign(body, at=now - 290)).kind is EventKind.PAID
    lower = {name.lower(): value for name, value in good.items()}
    assert rig.gateway.read_event(body, lower).kind is EventKind.PAID
    name, value = next(iter(good.items()))
    tampered = json.dumps({**json.loads(body), "created": 1}).encode()
    stamp = value.partition(",")[0]
    forged: list[tuple[bytes, Mapping[str, str]]] = [
        (body, {}),
        (body, {name: ""}),
        (body, rig.sign(body, at=now - 302)),
        (body, rig.sign(body, at=now + 310)),
        (tampered, good),
        (body + b" ", good),
        (b"", good),
        (b"\xff\xfe", good),
        (body, {name: value.replace("v1=", "v0=")}),
        (body, {name: value[:-1] + ("0" if value[-1] != "0" else "1")}),
        (body, {name: value.replace(stamp, f"t={int(now) - 1}")}),
        (body, {name: stamp}),
        (body, {name: f"{stamp},v1="}),
        (body, {name: f"{stamp},v1=é"}),
        (body, {name: "t=,v1=,"}),
        (body, {name: f"t={'9' * 400},v1=0"}),
    ]
    for text, headers in forged:
        with pytest.raises(BadSignature):
            rig.gateway.read_event(text, headers)


def check_a_message_twice_is_the_same_event(rig: Rig) -> None:
    sent = rig.message_about(rig.gateway.collect(order(*rig.card("pays"), present=False)).reference)
    first = rig.gateway.read_event(sent.body, sent.headers)
    assert first.id
    assert rig.gateway.read_event(sent.body, rig.sign(sent.body, at=time.time())) == first


CHECKS: list[Callable[[Rig], None]] = [
    check_a_saved_card_pays,
    check_a_declined_card_is_an_answer,
    check_the_bank_asks_who_is_present,
    check_the_bank_cannot_ask_who_is_absent,
    check_nobody_pays_without_a_method,
    check_a_page_is_paid,
    check_a_page_is_left,
    check_one_key_is_one_collection,
    check_money_goes_back_once_a_key,
    check_a_visit_saves_a_method,
    check_only_signed_messages_are_read,
    check_a_message_twice_is_the_same_event,
]
