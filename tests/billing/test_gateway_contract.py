# SPDX-License-Identifier: Apache-2.0
"""The fake and the Stripe adapter keep one contract; the latter against a peer of its own process, over the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from sealroom.billing.adapters.fake import ASKS, FakeGateway
from sealroom.billing.adapters.stripe import StripeGateway
from tests import stripe_peer as wire
from tests.billing.contract_gateway import CHECKS, Rig, Sent


class FakeRig:
    """The fake plays all parts itself."""

    def __init__(self) -> None:
        self.gateway = FakeGateway()

    def card(self, does: str) -> tuple[str, str]:
        return self.gateway.card({"pays": "", "declined": "card_declined", "asks": ASKS}[does])

    def pay(self, reference: str) -> Sent:
        return self.gateway.pay(reference)

    def authenticate(self, reference: str, *, success: bool) -> Sent:
        return self.gateway.pay(reference) if success else self.gateway.leave(reference, "authentication_failed")

    def leave(self, reference: str) -> Sent:
        return self.gateway.leave(reference)

    def save(self, reference: str) -> Sent:
        return self.gateway.pay(reference)

    def message_about(self, reference: str) -> Sent:
        return self.gateway.messages[-1]

    def sign(self, body: bytes, *, at: float) -> Mapping[str, str]:
        return self.gateway.sign(body, at=at)


class StripeRig:
    """The adapter, the peer, and the customer at the front's pages."""

    def __init__(self, peer: wire.Peer) -> None:
        self._peer = peer
        self.gateway = StripeGateway(peer.key, peer.secret, base=peer.url, home="https://files.example.com")

    def card(self, does: str) -> tuple[str, str]:
        customer = self._peer.front.customer()
        number = {"pays": wire.PAYS, "declined": wire.DECLINED, "asks": wire.ASKS}[does]
        return customer, self._peer.front.card(number, customer)

    def pay(self, reference: str) -> Sent:
        self._peer.front.pay(reference)
        return self._peer.inbox.wait("checkout.session.completed", reference)

    def authenticate(self, reference: str, *, success: bool) -> Sent:
        self._peer.front.authenticate(reference, success=success)
        return self._peer.inbox.wait(f"payment_intent.{'succeeded' if success else 'payment_failed'}", reference)

    def leave(self, reference: str) -> Sent:
        self._peer.front.expire(reference)
        return self._peer.inbox.wait("checkout.session.expired", reference)

    def save(self, reference: str) -> Sent:
        self._peer.front.save(reference)
        return self._peer.inbox.wait("checkout.session.completed", reference)

    def message_about(self, reference: str) -> Sent:
        paid = self.gateway.look_up(reference).reason == ""
        return self._peer.inbox.wait(f"payment_intent.{'succeeded' if paid else 'payment_failed'}", reference)

    def sign(self, body: bytes, *, at: float) -> Mapping[str, str]:
        return wire.sign(body, at=at)


@pytest.fixture(params=["fake", "stripe"])
def rig(request: pytest.FixtureRequest) -> Rig:
    if request.param == "fake":
        return FakeRig()
    return StripeRig(request.getfixturevalue("stripe_peer"))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_contract(rig: Rig, check: Callable[[Rig], None]) -> None:
    check(rig)
