# SPDX-License-Identifier: Apache-2.0
"""The money of a step: what was charged, tax, invoices written, what the customer has with us."""

from __future__ import annotations

from dataclasses import dataclass

from sealroom.accounts.rules import Actor
from sealroom.billing import queries
from sealroom.billing.models import Invoice, Payment
from sealroom.billing.queries.standing import balance_of
from sealroom.core.money import Money


@dataclass(frozen=True)
class Taken:
    """What changed in a step. `paid` is in minor units, `invoices` are the numbers written in it, `words` tells all of it."""

    paid: int
    invoices: tuple[int, ...]
    balance: int
    words: tuple[str, ...]


class Takings:
    """Looks at invoices and payments after each step and tells what is new."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._invoices: dict[int, str] = {}
        self._payments: dict[int, str] = {}
        self._balance = 0
        self.since()

    def since(self) -> Taken:
        """What changed since it was asked last."""
        payments = [one for one in reversed(queries.list_payments(self._actor)) if self._payments.get(one.pk) != one.state]
        numbered = reversed(queries.list_invoices(self._actor, limit=100).items)
        invoices = [one for one in numbered if self._invoices.get(one.pk) != one.status]
        balance = balance_of(self._actor.team_id)
        words = [_told(one) for one in invoices] + [_why_not(one) for one in payments if one.state != "succeeded"]
        if balance != self._balance:
            words.append(f"customer balance {amount(balance, _currency(invoices, payments))}".rstrip())
        taken = Taken(
            paid=sum(one.amount for one in payments if one.state == "succeeded"),
            invoices=tuple(one.number for one in invoices if one.number and one.pk not in self._invoices),
            balance=balance,
            words=tuple(words),
        )
        self._payments |= {one.pk: one.state for one in payments}
        self._invoices |= {one.pk: one.status for one in invoices}
        self._balance = balance
        return taken


def amount(minor: int, currency: str) -> str:
    """As people write it: 12.50 USD."""
    return f"{Money(minor, currency).decimal} {currency}"


def _told(invoice: Invoice) -> str:
    taxes = sum(one["amount"] for one in invoice.taxes)
    tax = f" with {amount(taxes, invoice.currency)} tax" if taxes else ""
    used = f", {amount(invoice.balance_used, invoice.currency)} from the balance" if invoice.balance_used else ""
    return f"invoice {invoice.number}: {amount(invoice.total, invoice.currency)}{tax} {invoice.status}{used}"


def _why_not(payment: Payment) -> str:
    why = f" ({payment.failure})" if payment.failure else ""
    return f"{amount(payment.amount, payment.currency)} {payment.state}{why}"


def _currency(invoices: list[Invoice], payments: list[Payment]) -> str:
    return next((one.currency for one in [*invoices, *(payment.invoice for payment in payments)]), "")
