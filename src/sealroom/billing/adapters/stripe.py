# SPDX-License-Identifier: Apache-2.0
"""Stripe. Cards are entered on Stripe's own pages and nowhere else: we know a card by its name there and the words for people.

Two ways to collect. With a saved method, a PaymentIntent that is confirmed at once; its reference is `pi_…`. Without one, a hosted
Checkout page; its reference is `cs_…`, because the PaymentIntent behind it has no name before the customer paid. Whatever is begun
carries `payment_id` and `key` in its metadata: events are matched by the first, and before anything is collected or paid back the
second is looked for, since Stripe forgets idempotency keys after a day or more.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import stripe
import structlog
from django.conf import settings

from sealroom.billing.adapters.stripe_words import (
    PAGE,
    REASONS,
    amount,
    answer_of,
    answer_of_page,
    failed,
    is_behind_page,
    kind_of,
    metadata,
    method_of,
    name_of,
    reason_in,
    reason_of,
)
from sealroom.billing.errors import BadSignature, GatewayDown, PaymentFailed
from sealroom.billing.ports import Answer, Event, EventKind, Method, Order, Progress, Visit

if TYPE_CHECKING:
    from stripe.checkout import SessionService

CONNECT_SECONDS, READ_SECONDS, TRIES_AGAIN = 4.0, 15.0, 2
PAUSE_SECONDS = 4.0  # at most, between tries, whatever the other side asks for
TOLERANCE_SECONDS = 300
_LANGUAGES = {"en", "fr", "de", "es", "it", "nl", "pt"}
_STAMP = re.compile(r"(?:^|,)t=([0-9]{1,12})(?:[,=]|$)")
log = structlog.get_logger("sealroom.billing")


@dataclass(frozen=True)
class _Visitor:
    """Whom a hosted page is opened for. `key` makes opening it again the same page."""

    team: str
    email: str
    customer: str
    key: str
    return_url: str
    language: str


class StripeGateway:
    """Talks to Stripe with a client of its own: no state of the library is shared, threads do not meet."""

    name = "stripe"
    asks_money = True
    saves_methods = True

    def __init__(self, key: str, webhook_secret: str, *, base: str = stripe.DEFAULT_API_BASE, home: str = "") -> None:
        if not key or not webhook_secret:  # an empty secret would make everybody's signature good
            raise ValueError("Stripe needs a secret key and a webhook secret")
        self._secret, self._home = webhook_secret, home
        self._client = stripe.StripeClient(
            key,
            base_addresses={"api": base},
            max_network_retries=TRIES_AGAIN,
            http_client=_Wire(timeout=(CONNECT_SECONDS, READ_SECONDS)),
        )

    @classmethod
    def from_settings(cls) -> StripeGateway:
        """Keys and address as the operator set them."""
        return cls(
            settings.SEALROOM_STRIPE_SECRET_KEY,
            settings.SEALROOM_STRIPE_WEBHOOK_SECRET,
            base=settings.SEALROOM_STRIPE_API_BASE,
            home=settings.SEALROOM_BASE_URL,
        )

    # -- Collecting ----------------------------------------------------------------------------------------------------
    def collect(self, order: Order) -> Answer:
        """See the port. An order keeps the way it was begun on: ask `look_up` what became of it, rather than collect it with
        another method."""
        with _talking("collect"):
            if order.customer and order.method:
                return self._charge(order)
            if order.present:
                return self._open_page(order)
            return Answer(Progress.FAILED, reason="method_missing")

    def look_up(self, reference: str) -> Answer:
        """See the port; for a hosted page that is still open, `next_url` is the page."""
        with _talking("look_up"):
            if reference.startswith("cs_"):
                return answer_of_page(self._page(reference))
            return answer_of(self._client.v1.payment_intents.retrieve(reference), present=True)

    def _charge(self, order: Order) -> Answer:
        """Collect with the saved method."""
        try:
            intent = self._begun(order) or self._begin(order)
        except stripe.CardError as error:
            return _declined(error)
        except stripe.InvalidRequestError as error:
            if error.param in {"customer", "payment_method"}:  # deleted at Stripe, or saved under other keys
                known = "" if error.param == "customer" else order.customer
                return self._open_page(replace(order, customer=known)) if order.present else failed("method_missing")
            return _refused(error)
        answer = answer_of(intent, present=order.present)
        if answer.progress is Progress.FAILED and intent.get("status") == "requires_action":
            self._client.v1.payment_intents.cancel(answer.reference)  # nobody may finish later what counts as failed now
        return answer

    def _begun(self, order: Order) -> stripe.PaymentIntent | None:
        """What was begun under this key, however long ago."""
        found = self._client.v1.payment_intents.list({"customer": order.customer, "limit": 100})
        return next((one for one in found.data if metadata(one).get("key") == order.key), None)

    def _begin(self, order: Order) -> stripe.PaymentIntent:
        params: stripe.PaymentIntentService.CreateParams = {
            "amount": order.amount,
            "currency": order.currency.lower(),
            "customer": order.customer,
            "payment_method": order.method,
            "payment_method_types": ["card"],
            "confirm": True,
            "description": order.description[:1000],
            "metadata": _marks(order),
        }
        if order.present:
            params["return_url"] = order.return_url or self._home
        else:
            params["off_session"] = True
        return self._client.v1.payment_intents.create(params, _options(order.key, "charge"))

    def _open_page(self, order: Order) -> Answer:
        """A hosted page for exactly this amount, which saves the card for renewals."""
        marks = _marks(order)
        params: SessionService.CreateParams = {
            "mode": "payment",
            "submit_type": "pay",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": order.currency.lower(),
                        "unit_amount": order.amount,
                        "product_data": {"name": order.description[:250] or "Sealroom"},
                    },
                }
            ],
            "payment_intent_data": {
                "description": order.description[:1000],
                "metadata": {**marks, "via": PAGE},
                "setup_future_usage": "off_session",
            },
            "adaptive_pricing": {"enabled": False},  # the customer pays what the invoice says, in its currency
            "client_reference_id": order.payment_id,
            "metadata": marks,
        }
        visitor = _Visitor(order.team, order.email, order.customer, order.key, order.return_url, order.language)
        try:
            session, customer = self._open(visitor, params)
        except stripe.InvalidRequestError as error:
            return _refused(error)
        return Answer(Progress.PENDING, session.id, session.url or "", customer=customer)

    # -- Saved methods -------------------------------------------------------------------------------------------------
    def visit(self, *, team: str, email: str, customer: str, return_url: str, language: str) -> Visit | None:
        """See the port."""
        params: SessionService.CreateParams = {
            "mode": "setup",
            "metadata": {"team": team},
            "setup_intent_data": {"metadata": {"team": team}},
        }
        with _talking("visit"):
            session, customer = self._open(_Visitor(team, email, customer, "", return_url, language), params)
        return Visit(session.url or "", session.id, customer)

    def saved_method(self, reference: str) -> Method | None:
        """See the port; also for what was paid on a hosted page."""
        with _talking("saved_method"):
            if reference.startswith("cs_"):
                page = self._page(reference)
                return method_of(page.get("setup_intent") or page.get("payment_intent"))
            if reference.startswith("pi_"):
                return method_of(self._client.v1.payment_intents.retrieve(reference, {"expand": ["payment_method"]}))
            return method_of(self._client.v1.setup_intents.retrieve(reference, {"expand": ["payment_method"]}))

    def _open(self, visitor: _Visitor, params: SessionService.CreateParams) -> tuple[stripe.checkout.Session, str]:
        """Open a hosted page; a customer is made for it when there is none (any more)."""
        back = visitor.return_url or self._home
        params |= {
            "payment_method_types": ["card"],
            "success_url": back,
            "cancel_url": back,
            "locale": visitor.language if visitor.language in _LANGUAGES else "auto",  # type: ignore[typeddict-item]
        }
        create = self._client.v1.checkout.sessions.create
        if visitor.customer:
            try:
                known = visitor.customer
                return create({**params, "customer": known}, _options(visitor.key, f"page:{known}")), known
            except stripe.InvalidRequestError as error:
                if error.param != "customer":
                    raise
        made: stripe.CustomerService.CreateParams = {"email": visitor.email, "metadata": {"team": visitor.team}}
        fresh = self._client.v1.customers.create(made, _options(visitor.key, "customer")).id
        return create({**params, "customer": fresh}, _options(visitor.key, f"page:{fresh}")), fresh

    def _page(self, reference: str) -> stripe.checkout.Session:
        expand = ["payment_intent.payment_method", "setup_intent.payment_method"]
        return self._client.v1.checkout.sessions.retrieve(reference, {"expand": expand})

    # -- Paying back ---------------------------------------------------------------------------------------------------
    def refund(self, reference: str, amount: int, *, key: str) -> str:
        """See the port."""
        with _talking("refund"):
            intent = name_of(self._page(reference).get("payment_intent")) if reference.startswith("cs_") else reference
            if not intent:
                raise PaymentFailed(reason="processing_error")
            found = self._client.v1.refunds.list({"payment_intent": intent, "limit": 100})
            refund = next((one for one in found.data if metadata(one).get("key") == key), None)
            try:
                refund = refund or self._client.v1.refunds.create(
                    {"payment_intent": intent, "amount": amount, "metadata": {"key": key}},
                    _options(key, "refund"),
                )
            except (stripe.CardError, stripe.InvalidRequestError) as error:
                log.warning("refund refused", code=error.code, request_id=error.request_id)
                raise PaymentFailed(reason="processing_error") from None
        if refund.status in {"failed", "canceled"}:
            raise PaymentFailed(reason="processing_error")
        return refund.id

    # -- Messages ------------------------------------------------------------------------------------------------------
    def read_event(self, body: bytes, headers: Mapping[str, str]) -> Event:
        """See the port. A method saved on a hosted page is asked for at Stripe: when that fails a message about money is read
        without it, a message about a method raises `GatewayDown`, and Stripe sends it again."""
        message = self._proved(body, headers)
        thing: Any = message.data.object
        kind = kind_of(message.type, thing)
        event = Event(
            id=message.id,
            kind=kind,
            type=message.type,
            reference=str(thing.get("id") or ""),
            payment_id=metadata(thing).get("payment_id", ""),
            amount=amount(thing),
            currency=str(thing.get("currency") or "").upper(),
            reason=reason_in(message.type, thing) if kind is EventKind.FAILED else "",
            created=int(message.get("created") or 0),
            customer=name_of(thing.get("customer")),
        )
        return replace(event, method=self._saved_with(event, thing))

    def _saved_with(self, event: Event, thing: Any) -> Method | None:
        if event.kind is EventKind.METHOD:
            return self.saved_method(event.reference)
        if event.kind is EventKind.PAID and (event.reference.startswith("cs_") or is_behind_page(thing)):
            with suppress(GatewayDown):
                return self.saved_method(event.reference)
        return None

    def _proved(self, body: bytes, headers: Mapping[str, str]) -> stripe.Event:
        said = next((value for name, value in headers.items() if name.lower() == "stripe-signature"), "")
        stamp = _STAMP.search(said)
        if stamp is None or int(stamp[1]) > time.time() + TOLERANCE_SECONDS:  # the library looks for late ones only
            raise BadSignature
        try:
            message = self._client.construct_event(body, said, self._secret, TOLERANCE_SECONDS)
            if message.id and message.type and isinstance(message.data.object, dict):
                return message
        except (stripe.SignatureVerificationError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
            pass
        raise BadSignature


class _Wire(stripe.RequestsClient):
    """The library's own client, less what it tells about this machine (host name, kernel, timings) and less its patience."""

    def request(self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **options: Any) -> Any:
        """Send without the headers that describe the sender."""
        kept = {name: value for name, value in (headers or {}).items() if not name.startswith("X-Stripe-Client-")}
        return super().request(method, url, kept, post_data, **options)

    def _sleep_time_seconds(self, num_retries: int, response: Any = None) -> float:
        return min(super()._sleep_time_seconds(num_retries, response), PAUSE_SECONDS)


@contextmanager
def _talking(deed: str) -> Iterator[None]:
    """Whatever the conversation fails of is one refusal. The log names kind, code and Stripe's request id; Stripe's sentences may
    hold parts of keys, so they stay out, and so does the chain of exceptions."""
    try:
        yield
    except stripe.StripeError as error:
        facts = {"status": error.http_status, "code": error.code, "request_id": error.request_id}
        log.error("payment provider failed", deed=deed, error=type(error).__name__, **facts)
        raise GatewayDown from None


def _marks(order: Order) -> dict[str, str]:
    return {"payment_id": order.payment_id, "team": order.team, "key": order.key}


def _options(key: str, deed: str) -> stripe.RequestOptions:
    """One idempotency key for each call an order makes: Stripe refuses a key that comes back with another call."""
    return {"idempotency_key": f"{key}:{deed}"} if key else {}


def _refused(error: stripe.InvalidRequestError) -> Answer:
    """An amount Stripe does not collect is a failed payment; everything else it finds wrong is a fault of ours."""
    if error.code not in {"amount_too_small", "amount_too_large"}:
        raise error
    log.warning("amount refused", code=error.code, request_id=error.request_id)
    return failed(REASONS[error.code])


def _declined(error: stripe.CardError) -> Answer:
    body = error.json_body if isinstance(error.json_body, dict) else {}
    said = body.get("error") or {}
    return failed(reason_of(said), name_of(said.get("payment_intent")))
