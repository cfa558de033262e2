# SPDX-License-Identifier: Apache-2.0
"""Stripe's objects, read: what they say in our words. Nothing here talks to Stripe, and a field that is missing is not an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sealroom.billing.ports import Answer, EventKind, Method, Progress

PAGE = "page"  # metadata "via" of a PaymentIntent behind a hosted page
REASONS = {
    "insufficient_funds": "insufficient_funds",
    "expired_card": "expired_card",
    "authentication_required": "authentication_failed",
    "authentication_not_handled": "authentication_failed",
    "payment_intent_authentication_failure": "authentication_failed",
    "setup_intent_authentication_failure": "authentication_failed",
    "processing_error": "processing_error",
    "issuer_not_available": "processing_error",
    "reenter_transaction": "processing_error",
    "try_again_later": "processing_error",
    "amount_too_small": "processing_error",
    "amount_too_large": "processing_error",
    "resource_missing": "method_missing",
}


def metadata(thing: Any) -> dict[str, str]:
    """What we wrote on an object."""
    return dict(thing.get("metadata") or {})


def name_of(value: Any) -> str:
    """The name of an object that may have been expanded."""
    return str((value.get("id") if isinstance(value, dict) else value) or "")


def failed(reason: str, reference: str = "") -> Answer:
    """No money came."""
    return Answer(Progress.FAILED, reference, reason=reason)


def reason_of(error: Mapping[str, Any] | None) -> str:
    """Our word for Stripe's codes; the bank's code says more than Stripe's."""
    said = error or {}
    words = (REASONS.get(str(said.get(name) or "")) for name in ("decline_code", "code"))
    return next((word for word in words if word), "card_declined")


def answer_of(intent: Any, *, present: bool) -> Answer:
    """What a PaymentIntent says. One that waits for the customer has failed when there is no customer, or nowhere to send him."""
    reference, status = name_of(intent), intent.get("status")
    if status == "succeeded":
        return Answer(Progress.SUCCEEDED, reference)
    if status == "canceled":
        return failed("cancelled", reference)
    if status == "requires_payment_method":
        return failed(reason_of(intent.get("last_payment_error")), reference)
    if status == "requires_action":
        url = str(((intent.get("next_action") or {}).get("redirect_to_url") or {}).get("url") or "")
        return Answer(Progress.PENDING, reference, url) if present and url else failed("authentication_failed", reference)
    return Answer(Progress.PENDING, reference)


def answer_of_page(page: Any) -> Answer:
    """What a hosted page says. A card declined on it is not the end: the customer may try another one there."""
    reference, customer, intent = name_of(page), name_of(page.get("customer")), page.get("payment_intent")
    if page.get("payment_status") == "paid":
        return Answer(Progress.SUCCEEDED, reference, customer=customer, method=method_of(intent))
    if page.get("status") == "expired":
        return failed("cancelled", reference)
    if page.get("status") == "open":
        return Answer(Progress.PENDING, reference, str(page.get("url") or ""), customer=customer)
    late = answer_of(intent, present=True) if isinstance(intent, dict) else Answer(Progress.PENDING)
    return replace(late, reference=reference, next_url="", customer=customer)


def method_of(intent: Any) -> Method | None:
    """The method on a finished intent, in words for people."""
    if not isinstance(intent, dict) or intent.get("status") != "succeeded" or not isinstance(intent.get("payment_method"), dict):
        return None
    method = intent["payment_method"]
    kind = str(method.get("type") or "card")
    facts = method.get(kind) or {}
    label = " ".join(str(word) for word in (facts.get("brand") or kind, facts.get("last4")) if word)
    year, month = facts.get("exp_year"), facts.get("exp_month")
    return Method(name_of(method), label[:60], f"{int(year):04}-{int(month):02}" if year and month else "")


_PAID = {"payment_intent.succeeded", "invoice.paid"}
_PAID_ON_PAGE = {"checkout.session.completed", "checkout.session.async_payment_succeeded"}
_FAILED = {"checkout.session.async_payment_failed", "checkout.session.expired", "invoice.payment_failed"}
_FAILED_UNLESS_ON_PAGE = {"payment_intent.payment_failed", "payment_intent.canceled"}
_SAVED = {"checkout.session.completed", "setup_intent.succeeded"}


def kind_of(type_: str, thing: Any) -> EventKind:
    """What a message means for us. Payments that are not ours (others may use the same account) mean nothing. While a customer is
    on a hosted page a declined card is not the end: only the page's own end is one."""
    marks = metadata(thing)
    if marks.get("payment_id"):
        paid = type_ in _PAID or (type_ in _PAID_ON_PAGE and thing.get("payment_status") == "paid")
        missed = type_ in _FAILED or (type_ in _FAILED_UNLESS_ON_PAGE and not is_behind_page(thing))
        return EventKind.PAID if paid else EventKind.FAILED if missed else EventKind.OTHER
    is_visit = type_ in _SAVED and thing.get("mode", "setup") == "setup"
    return EventKind.METHOD if is_visit and marks.get("team") else EventKind.OTHER


def is_behind_page(thing: Any) -> bool:
    """Whether a PaymentIntent belongs to a hosted page."""
    return metadata(thing).get("via") == PAGE


def amount(thing: Any) -> int:
    """What came, or else what was asked for."""
    names = ("amount_received", "amount_paid", "amount_total", "amount_due", "amount")
    return next((int(thing[name]) for name in names if thing.get(name)), 0)


def reason_in(type_: str, thing: Any) -> str:
    """Why no money came, as a message about it says."""
    if type_ in {"checkout.session.expired", "payment_intent.canceled"}:
        return "cancelled"
    return reason_of(thing.get("last_payment_error"))
