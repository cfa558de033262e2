# SPDX-License-Identifier: Apache-2.0
"""What billing needs from outside: somebody who collects money, and the numbers that rooms above count."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

# Why no money came, in words every door has a sentence for; an adapter maps its own codes to these.
DECLINES = (
    "card_declined",
    "insufficient_funds",
    "expired_card",
    "authentication_failed",
    "method_missing",
    "processing_error",
    "cancelled",
)


class Progress(enum.StrEnum):
    """How far a collection has come."""

    SUCCEEDED = "succeeded"
    PENDING = "pending"
    FAILED = "failed"


@dataclass(frozen=True)
class Order:
    """What is to be collected. `key` is the idempotency key: the same order again is never a second collection. `customer` and
    `method` are the gateway's own names ("" when it knows none yet). `present`: the customer sits at the browser and can be sent to
    `next_url`; without, the saved method is used or the collection fails. `return_url` is where the customer comes back to."""

    payment_id: str
    key: str
    amount: int
    currency: str
    description: str
    team: str
    email: str
    customer: str = ""
    method: str = ""
    present: bool = True
    return_url: str = ""
    language: str = "en"


@dataclass(frozen=True)
class Answer:
    """What became of an order. `reference` is the gateway's name for the collection; `next_url` where the customer has to go now
    (pending only); `reason` one of `DECLINES` (failed only). `customer` and `method` are new names to keep ("" for none)."""

    progress: Progress
    reference: str = ""
    next_url: str = ""
    reason: str = ""
    customer: str = ""
    method: Method | None = None


@dataclass(frozen=True)
class Method:
    """A saved way to pay: its name at the gateway, words for people ("visa 4242"), its end ("2028-04" or "")."""

    reference: str
    label: str
    expires: str = ""


@dataclass(frozen=True)
class Visit:
    """A hosted page where the customer saves a way to pay, and the name to ask with afterwards."""

    url: str
    reference: str
    customer: str = ""


class EventKind(enum.StrEnum):
    """What a message of the gateway says, in our words."""

    PAID = "paid"
    FAILED = "failed"
    METHOD = "method"
    OTHER = "other"


@dataclass(frozen=True)
class Event:
    """A message whose origin is proved. `payment_id` is ours when the gateway carries it along, else ""; `created` is the gateway's
    own time of it in seconds, for the record only: order is never trusted."""

    id: str
    kind: EventKind
    type: str
    reference: str
    payment_id: str = ""
    amount: int = 0
    currency: str = ""
    reason: str = ""
    created: int = 0
    method: Method | None = None
    customer: str = ""


class PaymentGateway(Protocol):
    """Collects what we computed. It never decides an amount. Every method may raise `errors.GatewayDown`; none is called inside a
    transaction."""

    name: str
    asks_money: bool  # False: nobody pays, there are no prices and no invoices
    saves_methods: bool  # whether renewals can be collected without the customer

    def collect(self, order: Order) -> Answer:
        """Begin to collect, or say what became of it when it was begun under this key before."""
        ...

    def look_up(self, reference: str) -> Answer:
        """What has become of a collection."""
        ...

    def refund(self, reference: str, amount: int, *, key: str) -> str:
        """Pay `amount` minor units of a collection back, once per `key`; the gateway's name of the refund. Raises
        `PaymentFailed`."""
        ...

    def visit(self, *, team: str, email: str, customer: str, return_url: str, language: str) -> Visit | None:
        """A hosted page to save or change the way to pay; None where there is none."""
        ...

    def saved_method(self, reference: str) -> Method | None:
        """The method saved on such a visit, if it was."""
        ...

    def read_event(self, body: bytes, headers: Mapping[str, str]) -> Event:
        """A message as it came over the wire. Raises `errors.BadSignature`."""
        ...


@cache
def get_gateway() -> PaymentGateway:
    """The gateway SEALROOM_PAYMENT_GATEWAY chose, made once per process."""
    gateway: PaymentGateway = import_string(settings.SEALROOM_GATEWAYS[settings.SEALROOM_PAYMENT_GATEWAY]).from_settings()
    return gateway


UsageCounter = Callable[[int], int]


@cache
def get_counters() -> Mapping[str, UsageCounter]:
    """How rooms above count a standing quota in use: quota -> function of a team's primary key. Named in settings, because billing
    cannot know them."""
    return {quota: import_string(name) for quota, name in settings.SEALROOM_QUOTA_COUNTERS.items()}


# -- Invoices on paper -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class PaperLine:
    """A line as it is printed: words for the item and the span in the reader's language, amounts in minor units before tax."""

    text: str
    detail: str
    quantity: int
    unit_price: int
    amount: int


@dataclass(frozen=True)
class Paper:
    """An invoice as it is printed, in the customer's language. Money in minor units of `currency`. `words` are the labels (see
    `queries.papers`), so that an adapter knows no language; `notes` are sentences below the sums."""

    language: str
    title: str
    number: str
    currency: str
    seller: tuple[str, ...]
    customer: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]  # label, value: date, due date, status, VAT ids
    lines: tuple[PaperLine, ...]
    subtotal: int
    taxes: tuple[tuple[str, int], ...]
    total: int
    balance_used: int
    due: int
    notes: tuple[str, ...]
    words: Mapping[str, str]


class InvoicePrinter(Protocol):
    """Makes a PDF of an invoice."""

    def print(self, paper: Paper) -> bytes:
        """The same paper gives the same bytes."""
        ...


@cache
def get_printer() -> InvoicePrinter:
    """The printer SEALROOM_INVOICE_PRINTER names, made once per process."""
    printer: InvoicePrinter = import_string(settings.SEALROOM_INVOICE_PRINTER).from_settings()
    return printer
