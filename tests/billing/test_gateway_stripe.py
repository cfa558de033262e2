# SPDX-License-Identifier: Apache-2.0
"""The Stripe adapter where the peer cannot follow: answers of the shapes Stripe documents, faults of the network, and what each
kind of message means. The stub below answers what a test tells it; nothing here has seen the real service."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
import stripe
from structlog.testing import capture_logs

from sealroom.billing.adapters import stripe as adapter
from sealroom.billing.adapters.stripe import StripeGateway
from sealroom.billing.errors import BadSignature, GatewayDown, PaymentFailed
from sealroom.billing.ports import DECLINES, Answer, EventKind, Method, Order, Progress
from tests import stripe_peer as wire
from tests.billing.contract_gateway import order

KEY = "sk_test_never_to_be_logged"
EMPTY = (200, {"object": "list", "data": [], "has_more": False, "url": "/v1/x"})
CUSTOMER = (200, {"id": "cus_new", "object": "customer"})
PAGE = {"id": "cs_1", "object": "checkout.session", "url": "https://checkout.example.com/cs_1", "status": "open"}


@dataclass
class Stub:
    """Answers one after the other; the last one again and again."""

    url: str = ""
    replies: list[tuple[int, Any]] = field(default_factory=list)
    calls: list[tuple[str, str, dict[str, str], Mapping[str, str]]] = field(default_factory=list)
    wait: float = 0

    def answer(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, Any], Mapping[str, str]]:
        self.calls.append((method, path.partition("?")[0], dict(parse_qsl(body.decode())), headers))
        time.sleep(self.wait)
        status, facts = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return status, facts, {"Request-Id": "req_stub"}

    def say(self, *replies: tuple[int, Any]) -> None:
        self.replies = list(replies)


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    monkeypatch.setattr(adapter, "PAUSE_SECONDS", 0.0)
    stub = Stub()
    with wire.serving(stub.answer) as stub.url:
        yield stub


@pytest.fixture
def gateway(stub: Stub) -> StripeGateway:
    return StripeGateway(KEY, wire.SECRET, base=stub.url, home="https://files.example.com")


def saved(*, present: bool = False) -> Order:
    return order("cus_1", "pm_1", present=present)


def refusal(status: int, kind: str, **facts: object) -> tuple[int, Any]:
    return status, {"error": {"type": kind, "message": f"something about {KEY}", **facts}}


def intent(status: str, **facts: object) -> tuple[int, Any]:
    return 200, {"id": "pi_1", "object": "payment_intent", "status": status, **facts}


# -- What is sent --------------------------------------------------------------------------------------------------------
def test_a_charge_says_what_the_order_says_and_nothing_of_this_machine(stub: Stub, gateway: StripeGateway) -> None:
    stub.say(EMPTY, intent("succeeded"))
    wish = saved()
    assert gateway.collect(wish).progress is Progress.SUCCEEDED
    (_, _, _, _), (method, path, fields, headers) = stub.calls
    assert (method, path) == ("POST", "/v1/payment_intents")
    assert fields == {
        "amount": "12345",
        "currency": "usd",
        "customer": "cus_1",
        "payment_method": "pm_1",
        "payment_method_types[0]": "card",
        "confirm": "true",
        "off_session": "true",
        "description": "Sealroom, Team plan",
        "metadata[payment_id]": wish.payment_id,
        "metadata[team]": "tea_x",
        "metadata[key]": wish.key,
    }
    assert (headers["Authorization"], headers["Idempotency-Key"]) == (f"Bearer {KEY}", f"{wish.key}:charge")
    assert headers["Stripe-Version"] == "2025-08-27.basil"
    assert [name for name in headers if name.startswith("X-Stripe-Client")] == []
    assert socket.gethostname() not in str(headers)


def test_a_page_asks_for_exactly_the_amount_and_saves_the_card(stub: Stub, gateway: StripeGateway) -> None:
    stub.say(CUSTOMER, (200, PAGE))
    wish = order()
    answer = gateway.collect(wish)
    assert (answer.progress, answer.reference, answer.next_url, answer.customer) == (
        Progress.PENDING, "cs_1", "https://checkout.example.com/cs_1", "cus_new",
    )  # fmt: skip
    assert stub.calls[0][2] == {"email": "billing@example.com", "metadata[team]": "tea_x"}
    fields = stub.calls[1][2]
    assert {name: text for name, text in fields.items() if name.startswith("line_items")} == {
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "12345",
        "line_items[0][price_data][product_data][name]": "Sealroom, Team plan",
    }
    assert fields["payment_intent_data[setup_future_usage]"] == "off_session"
    assert fields["payment_intent_data[metadata][payment_id]"] == fields["metadata[payment_id]"] == wish.payment_id
    assert (fields["mode"], fields["locale"], fields["customer"]) == ("payment", "fr", "cus_new")
    assert fields["adaptive_pricing[enabled]"] == "false"
    assert fields["success_url"] == fields["cancel_url"] == "https://files.example.com/back"


def test_a_language_stripe_may_not_know_is_left_to_the_browser(stub: Stub, gateway: StripeGateway) -> None:
    stub.say(CUSTOMER, (200, PAGE))
    gateway.collect(replace(order(), language="xx"))
    assert stub.calls[1][2]["locale"] == "auto"


# -- What comes back -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("code", "decline", "reason"),
    [
        ("card_declined", "generic_decline", "card_declined"),
        ("card_declined", "lost_card", "card_declined"),
        ("card_declined", "insufficient_funds", "insufficient_funds"),
        ("expired_card", "expired_card", "expired_card"),
        ("expired_card", None, "expired_card"),
        ("incorrect_cvc", "incorrect_cvc", "card_declined"),
        ("processing_error", "processing_error", "processing_error"),
        ("card_declined", "issuer_not_available", "processing_error"),
        ("authentication_required", "authentication_required", "authentication_failed"),
        ("something_new", None, "card_declined"),
    ],
)
def test_a_decline_is_an_answer(stub: Stub, gateway: StripeGateway, code: str, decline: str | None, reason: str) -> None:
    stub.say(EMPTY, refusal(402, "card_error", code=code, decline_code=decline, payment_intent={"id": "pi_9"}))
    answer = gateway.collect(saved())
    assert (answer.progress, answer.reason, answer.reference) == (Progress.FAILED, reason, "pi_9")
    assert answer.reason in DECLINES


BANK = {"next_action": {"redirect_to_url": {"url": "https://bank.example.com"}}}
EXPIRED = {"last_payment_error": {"code": "expired_card"}}


@pytest.mark.parametrize(
    ("status", "facts", "present", "said"),
    [
        ("succeeded", {}, False, Answer(Progress.SUCCEEDED, "pi_1")),
        ("processing", {}, False, Answer(Progress.PENDING, "pi_1")),
        ("canceled", {}, False, Answer(Progress.FAILED, "pi_1", reason="cancelled")),
        ("requires_payment_method", EXPIRED, False, Answer(Progress.FAILED, "pi_1", reason="expired_card")),
        ("requires_action", BANK, True, Answer(Progress.PENDING, "pi_1", "https://bank.example.com")),
        ("requires_action", {}, True, Answer(Progress.FAILED, "pi_1", reason="authentication_failed")),
        ("requires_action", BANK, False, Answer(Progress.FAILED, "pi_1", reason="authentication_failed")),
    ],
)
def test_each_state_of_a_payment_has_its_answer(
    stub: Stub, gateway: StripeGateway, *, status: str, facts: Any, present: bool, said: Answer
) -> None:
    stub.say(EMPTY, intent(status, **facts))
    assert gateway.collect(saved(present=present)) == said
    ended = [path for _, path, _, _ in stub.calls if path.endswith("/cancel")]
    assert ended == (["/v1/payment_intents/pi_1/cancel"] if said.reason == "authentication_failed" else [])


LATE = {**PAGE, "status": "complete", "payment_status": "unpaid"}


@pytest.mark.parametrize(
    ("page", "progress", "reason"),
    [
        ({**PAGE, "payment_status": "unpaid"}, Progress.PENDING, ""),
        ({**PAGE, "status": "expired", "payment_status": "unpaid"}, Progress.FAILED, "cancelled"),
        ({**PAGE, "status": "complete", "payment_status": "paid"}, Progress.SUCCEEDED, ""),
        (LATE, Progress.PENDING, ""),
        ({**LATE, "payment_intent": {"id": "pi_1", "status": "processing"}}, Progress.PENDING, ""),
        ({**LATE, "payment_intent": {"id": "pi_1", "status": "requires_payment_method"}}, Progress.FAILED, "card_declined"),
    ],
)
def test_each_state_of_a_page_has_its_answer(
    stub: Stub, gateway: StripeGateway, page: Any, progress: Progress, reason: str
) -> None:
    stub.say((200, page))
    answer = gateway.look_up("cs_1")
    assert (answer.progress, answer.reason, answer.reference) == (progress, reason, "cs_1")


@pytest.mark.parametrize("code", ["amount_too_small", "amount_too_large"])
def test_an_amount_stripe_does_not_take_is_a_failed_payment(stub: Stub, gateway: StripeGateway, code: str) -> None:
    stub.say(EMPTY, refusal(400, "invalid_request_error", code=code, param="amount"))
    assert gateway.collect(saved()).reason == "processing_error"
    stub.say(CUSTOMER, refusal(400, "invalid_request_error", code=code))
    assert gateway.collect(order()).reason == "processing_error"


def test_a_card_that_exists_no_more_is_a_missing_method(stub: Stub, gateway: StripeGateway) -> None:
    gone = refusal(400, "invalid_request_error", code="resource_missing", param="payment_method")
    stub.say(EMPTY, gone)
    assert gateway.collect(saved()).reason == "method_missing"
    stub.say(EMPTY, gone, (200, PAGE))
    answer = gateway.collect(saved(present=True))
    assert (answer.reference, answer.customer) == ("cs_1", "cus_1")


def test_a_customer_who_exists_no_more_is_made_anew(stub: Stub, gateway: StripeGateway) -> None:
    gone = refusal(400, "invalid_request_error", code="resource_missing", param="customer")
    stub.say(gone)
    assert gateway.collect(saved()).reason == "method_missing"
    stub.say(gone, CUSTOMER, (200, PAGE))
    assert gateway.collect(saved(present=True)).customer == "cus_new"
    stub.say(gone, CUSTOMER, (200, PAGE))
    visit = gateway.visit(team="tea_x", email="a@example.com", customer="cus_1", return_url="", language="en")
    assert visit is not None
    assert visit.customer == "cus_new"
    assert stub.calls[-1][2]["success_url"] == "https://files.example.com"


@pytest.mark.parametrize(
    "reply",
    [
        refusal(400, "invalid_request_error", code="charge_already_refunded"),
        refusal(402, "card_error", code="card_declined"),
        (200, {"id": "re_1", "object": "refund", "status": "failed"}),
    ],
)
def test_a_refund_that_does_not_happen_is_a_failed_payment(stub: Stub, gateway: StripeGateway, reply: tuple[int, Any]) -> None:
    stub.say(EMPTY, reply)
    with pytest.raises(PaymentFailed):
        gateway.refund("pi_1", 500, key="k")


# -- Faults --------------------------------------------------------------------------------------------------------------
def test_a_fault_that_passes_is_tried_again_under_the_same_key(stub: Stub, gateway: StripeGateway) -> None:
    stub.say(EMPTY, refusal(500, "api_error"), refusal(503, "api_error"), intent("succeeded"))
    wish = saved()
    assert gateway.collect(wish).progress is Progress.SUCCEEDED
    tries = [headers["Idempotency-Key"] for method, _, _, headers in stub.calls if method == "POST"]
    assert tries == [f"{wish.key}:charge"] * 3


@pytest.mark.parametrize(
    "reply",
    [
        refusal(401, "invalid_request_error"),
        refusal(403, "invalid_request_error"),
        refusal(429, "invalid_request_error", code="rate_limit"),
        refusal(400, "idempotency_error"),
        refusal(400, "invalid_request_error", code="parameter_unknown", param="x"),
        refusal(404, "invalid_request_error", code="resource_missing", param="intent"),
        refusal(500, "api_error"),
        (502, {"not": "an answer of Stripe"}),
    ],
)
def test_whatever_is_wrong_is_one_refusal_and_names_no_secret(stub: Stub, gateway: StripeGateway, reply: tuple[int, Any]) -> None:
    stub.say(reply)
    deeds: list[Callable[[], object]] = [
        lambda: gateway.collect(saved()),
        lambda: gateway.collect(order()),
        lambda: gateway.look_up("pi_1"),
        lambda: gateway.look_up("cs_1"),
        lambda: gateway.refund("pi_1", 1, key="k"),
        lambda: gateway.visit(team="tea_x", email="a@example.com", customer="", return_url="", language="en"),
        lambda: gateway.saved_method("cs_1"),
    ]
    for deed in deeds:
        with capture_logs() as logs, pytest.raises(GatewayDown) as refused:
            deed()
        assert [(one["log_level"], one["event"]) for one in logs] == [("error", "payment provider failed")]
        assert "sk_test" not in str(logs)
        assert wire.SECRET not in str(logs)
        assert refused.value.__suppress_context__
        assert refused.value.__cause__ is None
    assert len(stub.calls) <= 3 * len(deeds)


def test_nobody_waits_long(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "READ_SECONDS", 0.1)
    slow = StripeGateway(KEY, wire.SECRET, base=stub.url)
    stub.say(intent("succeeded"))
    stub.wait = 0.5
    begun = time.monotonic()
    with pytest.raises(GatewayDown):
        slow.look_up("pi_1")
    assert time.monotonic() - begun < 2
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = StripeGateway(KEY, wire.SECRET, base=f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(GatewayDown):
            nobody.look_up("pi_1")


def test_a_wish_for_a_long_pause_is_not_granted() -> None:
    pause = adapter._Wire(timeout=1)._sleep_time_seconds(1, (b"", 503, {"retry-after": "55"}))
    assert 0 < pause <= 4


def test_gateways_share_nothing(stub: Stub) -> None:
    stub.say(intent("succeeded"))
    gateways = [StripeGateway(f"sk_test_{number}", wire.SECRET, base=stub.url) for number in range(6)]
    threads = [threading.Thread(target=one.look_up, args=("pi_1",)) for one in gateways for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = sorted(headers["Authorization"] for _, _, _, headers in stub.calls)
    assert keys == sorted(f"Bearer sk_test_{number}" for number in range(6) for _ in range(3))
    assert (stripe.api_key, stripe.default_http_client) == (None, None)


@pytest.mark.parametrize("words", [("", "whsec_x"), ("sk_test_x", "")])
def test_there_is_no_gateway_without_its_secrets(words: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="secret"):
        StripeGateway(*words)


# -- Messages ------------------------------------------------------------------------------------------------------------
OURS = {"payment_id": "pay_x", "team": "tea_x", "key": "k"}
BEHIND = {**OURS, "via": "page"}


POOR = {"code": "card_declined", "decline_code": "insufficient_funds"}
PAID, MISSED, OTHER = EventKind.PAID, EventKind.FAILED, EventKind.OTHER


@pytest.mark.parametrize(
    ("type_", "thing", "meaning"),
    [
        ("payment_intent.succeeded", {"metadata": OURS, "amount": 900, "amount_received": 800}, (PAID, 800, "")),
        ("payment_intent.succeeded", {"metadata": {}, "amount": 900}, (OTHER, 900, "")),
        ("payment_intent.processing", {"metadata": OURS, "amount": 900}, (OTHER, 900, "")),
        ("payment_intent.payment_failed", {"metadata": OURS, "last_payment_error": POOR}, (MISSED, 0, "insufficient_funds")),
        ("payment_intent.payment_failed", {"metadata": BEHIND, "last_payment_error": POOR}, (OTHER, 0, "")),
        ("payment_intent.canceled", {"metadata": OURS, "amount": 900}, (MISSED, 900, "cancelled")),
        ("payment_intent.canceled", {"metadata": BEHIND, "amount": 900}, (OTHER, 900, "")),
        ("checkout.session.completed", {"metadata": OURS, "mode": "payment", "payment_status": "unpaid"}, (OTHER, 0, "")),
        ("checkout.session.async_payment_failed", {"metadata": OURS, "amount_total": 700}, (MISSED, 700, "card_declined")),
        ("checkout.session.expired", {"metadata": OURS, "mode": "payment", "amount_total": 700}, (MISSED, 700, "cancelled")),
        ("checkout.session.expired", {"metadata": {"team": "tea_x"}, "mode": "setup"}, (OTHER, 0, "")),
        ("checkout.session.completed", {"metadata": {}, "mode": "setup"}, (OTHER, 0, "")),
        ("checkout.session.completed", {"metadata": {"team": "tea_x"}, "mode": "subscription"}, (OTHER, 0, "")),
        ("invoice.paid", {"metadata": OURS, "amount_paid": 600, "amount_due": 650}, (PAID, 600, "")),
        ("invoice.paid", {"metadata": None, "amount_paid": 600}, (OTHER, 600, "")),
        ("invoice.payment_failed", {"metadata": OURS, "amount_paid": 0, "amount_due": 650}, (MISSED, 650, "card_declined")),
        ("invoice.payment_failed", {"amount_due": 650}, (OTHER, 650, "")),
        ("charge.dispute.created", {"amount": 5, "metadata": OURS}, (OTHER, 5, "")),
        ("of.the.future", {}, (OTHER, 0, "")),
    ],
)
def test_each_message_has_its_meaning(stub: Stub, gateway: StripeGateway, type_: str, thing: Any, meaning: Any) -> None:
    event = gateway.read_event(*message(type_, {"id": "obj_1", "currency": "eur", "customer": "cus_1", **thing}))
    assert (event.id, event.type, event.reference, event.created) == ("evt_1", type_, "obj_1", 1_700_000_000)
    assert (event.kind, event.amount, event.reason) == meaning
    assert (event.currency, event.customer) == ("EUR", "cus_1")
    assert event.payment_id == (thing.get("metadata") or {}).get("payment_id", "")
    assert stub.calls == []


CARD = {"id": "pm_5", "type": "card", "card": {"brand": "mastercard", "last4": "4444", "exp_month": 3, "exp_year": 2031}}
DONE = {"status": "succeeded", "payment_method": CARD}
VISIT = {"metadata": {"team": "tea_x"}, "mode": "setup"}


@pytest.mark.parametrize(
    ("type_", "thing", "found"),
    [
        ("checkout.session.completed", {"metadata": OURS, "payment_status": "paid"}, {**PAGE, "payment_intent": DONE}),
        ("payment_intent.succeeded", {"id": "pi_1", "metadata": BEHIND}, DONE),
        ("checkout.session.completed", VISIT, {**PAGE, "setup_intent": DONE}),
        ("setup_intent.succeeded", {"id": "seti_1", "metadata": {"team": "tea_x"}}, DONE),
    ],
)
def test_what_a_page_saved_is_asked_for(stub: Stub, gateway: StripeGateway, type_: str, thing: Any, found: Any) -> None:
    thing = {"id": "cs_1", **thing}
    stub.say((200, found))
    event = gateway.read_event(*message(type_, thing))
    assert event.method == Method("pm_5", "mastercard 4444", "2031-03")
    stub.say(refusal(500, "api_error"))
    if event.kind is EventKind.PAID:
        assert gateway.read_event(*message(type_, thing)) == replace(event, method=None)
    else:
        with pytest.raises(GatewayDown):
            gateway.read_event(*message(type_, thing))


@pytest.mark.parametrize(
    "body", [b"[]", b"7", b"null", b"{}", b'{"id":"evt_1"}', b'{"id":"evt_1","type":"x","data":{}}', b"{", b"\xff", b"[" * 50_000]
)
def test_a_signed_message_that_is_none_is_refused(gateway: StripeGateway, body: bytes) -> None:
    with pytest.raises(BadSignature):
        gateway.read_event(body, wire.sign(body))


def message(type_: str, thing: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
    facts = {"id": "evt_1", "object": "event", "type": type_, "created": 1_700_000_000, "data": {"object": thing}}
    body = json.dumps(facts).encode()
    return body, wire.sign(body)


# -- With the peer -------------------------------------------------------------------------------------------------------
def test_money_moves_once_although_stripe_forgot_the_keys(stripe_peer: wire.Peer) -> None:
    gateway = StripeGateway(stripe_peer.key, stripe_peer.secret, base=stripe_peer.url)
    customer = stripe_peer.front.customer()
    wish = order(customer, stripe_peer.front.card(wire.PAYS, customer), present=False)
    paid = gateway.collect(wish)
    back = gateway.refund(paid.reference, 5_000, key="back")
    stripe_peer.front.forget_keys()
    assert gateway.collect(wish) == paid
    assert gateway.refund(paid.reference, 5_000, key="back") == back


def test_a_card_declined_on_a_page_is_not_the_end(stripe_peer: wire.Peer) -> None:
    gateway = StripeGateway(stripe_peer.key, stripe_peer.secret, base=stripe_peer.url)
    wish = order()
    page = gateway.collect(wish)
    stripe_peer.front.pay(page.reference, wire.DECLINED)
    assert gateway.look_up(page.reference).progress is Progress.PENDING
    declined = _about(stripe_peer, wish.payment_id)
    assert gateway.read_event(declined.body, declined.headers).kind is EventKind.OTHER
    stripe_peer.front.pay(page.reference)
    assert gateway.look_up(page.reference).progress is Progress.SUCCEEDED


def _about(peer: wire.Peer, payment_id: str) -> wire.Received:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        for one in list(peer.inbox.messages):
            if payment_id.encode() in one.body:
                return one
        time.sleep(0.02)
    raise AssertionError("nothing came")
