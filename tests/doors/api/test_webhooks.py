# SPDX-License-Identifier: Apache-2.0
"""The payment provider's door: only a signature opens it, the flow sees what was signed, and a yes comes after the deed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from tests.billing.contract_gateway import order
from tests.stripe_peer import Peer

from sealroom.api import webhooks
from sealroom.api.app import api
from sealroom.billing import flows
from sealroom.billing.adapters.fake import FakeGateway, Message
from sealroom.billing.adapters.stripe import StripeGateway
from sealroom.billing.errors import GatewayDown
from sealroom.billing.ports import Event, EventKind, get_gateway

ADDRESS = "/api/v1/billing/events/stripe"


@dataclass(frozen=True)
class Outcome:
    result: str
    granted: int = 0


@dataclass
class Flow:
    """In the place of the flow: remembers ids, or fails."""

    events: list[Event] = field(default_factory=list)
    fails: Exception | None = None

    def __call__(self, event: Event, *, now: datetime) -> Outcome:
        assert abs((timezone.now() - now).total_seconds()) < 60
        if self.fails:
            raise self.fails
        known = event.id in {one.id for one in self.events}
        self.events.append(event)
        return Outcome("duplicate" if known else "ok")


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> Flow:
    flow = Flow()
    monkeypatch.setattr(flows, "receive_event", flow, raising=False)
    return flow


def knock(body: bytes, headers: Mapping[str, str], *, to: str = ADDRESS, **extra: Any) -> Any:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    return client.post(to, body, content_type="application/json", headers=dict(headers), **extra)


def paid(number: int = 1) -> Event:
    return Event(f"event_{number}", EventKind.PAID, "fake.paid", "pay_1", payment_id="pay_x", amount=500, currency="USD", created=7)


def test_a_signed_message_reaches_the_flow_once_and_again(db: None, fake_gateway: FakeGateway, flow: Flow) -> None:
    message = fake_gateway.message(paid())
    answers = [knock(message.body, message.headers) for _ in range(2)]
    assert [(one.status_code, one.json()) for one in answers] == [(200, {"result": "ok"}), (200, {"result": "duplicate"})]
    assert flow.events == [paid(), paid()]
    assert answers[0].headers["Content-Type"] == "application/json"
    assert "Access-Control-Allow-Origin" not in answers[0].headers


def test_types_we_do_not_know_are_a_yes(db: None, fake_gateway: FakeGateway, flow: Flow) -> None:
    message = fake_gateway.message(Event("event_9", EventKind.OTHER, "customer.updated", "cus_1"))
    assert knock(message.body, message.headers).status_code == 200


@pytest.mark.parametrize("change", ["unsigned", "tampered", "late", "early"])
def test_a_message_without_proof_is_refused_before_the_flow(db: None, fake_gateway: FakeGateway, flow: Flow, change: str) -> None:
    shift = {"late": -301, "early": 310}.get(change, 0)
    message = fake_gateway.message(paid(), at=timezone.now().timestamp() + shift)
    body = message.body.replace(b"500", b"900") if change == "tampered" else message.body
    answer = knock(body, {} if change == "unsigned" else message.headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert flow.events == []


def test_forgers_are_slowed_down_and_the_provider_is_not(db: None, fake_gateway: FakeGateway, flow: Flow) -> None:
    message = fake_gateway.message(paid())
    statuses = [knock(message.body, {}).status_code for _ in range(webhooks.FORGERIES + 2)]
    assert statuses == [400] * webhooks.FORGERIES + [429, 429]
    answer = knock(message.body, {})
    assert (answer.json()["code"], int(answer.headers["Retry-After"]) > 0) == ("rate_limited", True)
    assert knock(message.body, message.headers).status_code == 200
    assert knock(message.body, {}, REMOTE_ADDR="192.0.2.9").status_code == 400


@pytest.mark.parametrize("gateway", ["none", "invoice", "fake", "Stripe"])
def test_gateways_that_are_not_in_use_do_not_exist(db: None, fake_gateway: FakeGateway, flow: Flow, gateway: str) -> None:
    message = fake_gateway.message(paid())
    answer = knock(message.body, message.headers, to=f"/api/v1/billing/events/{gateway}")
    assert (answer.status_code, answer.json()["code"], flow.events) == (404, "not_found", [])


def test_a_message_has_a_largest_size(db: None, fake_gateway: FakeGateway, flow: Flow) -> None:
    body = b"{" + b" " * (webhooks.LARGEST_BODY - 2) + b"}"
    assert knock(body, {}).status_code == 400
    answer = knock(body + b" ", fake_gateway.sign(body + b" "))
    assert (answer.status_code, answer.json()["code"], answer.json()["limit"]) == (413, "too_large", 262_144)


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "options"])
def test_only_post_is_taken(db: None, fake_gateway: FakeGateway, method: str) -> None:
    answer = getattr(Client(), method)(ADDRESS)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize("fault", [GatewayDown(), OperationalError("database is locked")])
def test_what_was_not_done_is_no_yes(db: None, fake_gateway: FakeGateway, flow: Flow, fault: Exception) -> None:
    flow.fails = fault
    message = fake_gateway.message(paid())
    answer = knock(message.body, message.headers)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    flow.fails = None
    assert knock(message.body, message.headers).json() == {"result": "ok"}


def test_customers_are_not_told_of_this_door(db: None) -> None:
    assert [path for path in api.get_openapi_schema()["paths"] if "events/" in path and "billing" in path] == []


def test_messages_of_the_peer_come_in(db: None, settings: Any, stripe_peer: Peer, flow: Flow) -> None:
    settings.SEALROOM_PAYMENT_GATEWAY = "stripe"
    settings.SEALROOM_STRIPE_SECRET_KEY, settings.SEALROOM_STRIPE_WEBHOOK_SECRET = stripe_peer.key, stripe_peer.secret
    settings.SEALROOM_STRIPE_API_BASE = stripe_peer.url
    get_gateway.cache_clear()
    try:
        gateway = get_gateway()
        assert isinstance(gateway, StripeGateway)
        wish = order()
        page = gateway.collect(wish)
        stripe_peer.front.pay(page.reference)
        came = stripe_peer.inbox.wait("checkout.session.completed", page.reference)
        message = Message(came.body, {"Stripe-Signature": came.headers["Stripe-Signature"]})
        assert knock(message.body, message.headers).json() == {"result": "ok"}
        assert knock(message.body + b" ", message.headers).status_code == 400
        assert [(one.kind, one.payment_id, one.amount) for one in flow.events] == [(EventKind.PAID, wish.payment_id, wish.amount)]
    finally:
        get_gateway.cache_clear()
