# SPDX-License-Identifier: Apache-2.0
"""What a ledger scenario buys, through the product's own quotes, confirmations and messages of the gateway."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sealroom.accounts.rules import Actor
from sealroom.billing import flows as billing
from sealroom.billing import queries
from sealroom.billing.errors import PaymentFailed, StaleQuote
from sealroom.billing.flows import EventOutcome, Outcome, Wish
from sealroom.billing.models import Invoice, Payment
from sealroom.billing.ports import Answer, Progress
from sealroom.cli.simulation.scenario import BadFile, Fields, need
from sealroom.cli.simulation.till import ScriptedTill

BLOCK = "credits"  # the add-on's code


class Purchases:
    """The keys purchases were confirmed under, and the names the scenario gives to what the gateway collects."""

    def __init__(self, till: ScriptedTill) -> None:
        self._till = till
        self._quotes: dict[str, tuple[Wish, str]] = {}
        self._references: dict[str, str] = {}
        self._used: set[str] = set()

    def buy(self, actor: Actor, wish: Wish, step: Fields, where: str, *, key: str, now: datetime) -> Outcome:
        """Quote and confirm. The same wish under the same key is the same quote confirmed again; one that went stale meanwhile is
        confirmed as it is quoted anew, as a customer would do."""
        known_wish, quote_id = self._quotes.get(key, (None, ""))
        if known_wish != wish:
            quote_id = billing.quote_change(actor, wish, now=now).public_id
        with self._scripted(step, key, where):
            try:
                outcome = billing.confirm_quote(actor, quote_id, key=key, now=now)
            except PaymentFailed:
                self._quotes[key] = wish, quote_id
                raise
            except StaleQuote as refusal:
                quote_id = str(refusal.facts["quote"])
                if not quote_id:
                    raise
                outcome = billing.confirm_quote(actor, quote_id, key=key, now=now)
        self._quotes[key] = wish, quote_id
        return outcome

    def pay(self, actor: Actor, invoice: Invoice, step: Fields, where: str, *, key: str, now: datetime) -> Payment:
        """An admin pays an invoice that is owed."""
        with self._scripted(step, key, where):
            return billing.pay_invoice(actor, invoice.public_id, now=now)

    def staying(self, actor: Actor, *, now: datetime) -> int:
        """Blocks held, without those whose removal is planned."""
        options = queries.overview(actor, now=now).options
        return next((one.held - one.fewer for one in options if one.extra.code == BLOCK), 0)

    def hear(self, step: Fields, where: str, *, forged: bool = False, now: datetime) -> EventOutcome:
        """A message of the gateway comes in. Raises `BadSignature` for a forged one."""
        invoice = str(need(step, "invoice", (str, int), where))
        created = step.get("created")
        body, headers = self._till.message(
            {
                "id": str(need(step, "event_id", (str, int), where)),
                "type": need(step, "type", str, where),
                "reference": self._references.get(invoice, invoice),
                "created": created if isinstance(created, int) else 0,
            },
            forged=forged,
        )
        return billing.receive_event(self._till.read_event(body, headers), now=now)

    @contextmanager
    def _scripted(self, step: Fields, key: str, where: str) -> Iterator[None]:
        """Have the till answer as the step says. Each try has a reference of its own, also when the file calls two alike; from then
        on the file's name means the newest."""
        try:
            progress = Progress(step.get("payment") or "succeeded")
        except ValueError as error:
            raise BadFile(f"{where}: 'payment' is succeeded, failed or pending.") from error
        name = reference = str(step.get("invoice") or f"payment {key}")
        while reference in self._used:
            reference += "'"
        reason = str(step.get("reason") or "card_declined") if progress is Progress.FAILED else ""
        self._till.answers = [Answer(progress, reference, reason=reason)]
        try:
            yield
        finally:
            if not self._till.answers:
                self._references[name] = reference
                self._used.add(reference)
            self._till.answers = []
