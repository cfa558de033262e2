# SPDX-License-Identifier: Apache-2.0
"""The time between two steps: what workers would have done in it for the team's subscription, each thing at its own instant."""

from __future__ import annotations

from datetime import datetime

from sealroom.billing import flows as billing
from sealroom.billing import queries
from sealroom.billing.queries.standing import owed_invoices


class Clock:
    """Cycles that begin are invoiced and collected, failed collections are tried again, planned changes are written down. Credits
    are left alone: whoever touches them first rolls them, as in the product with every worker down."""

    def __init__(self, team_id: int) -> None:
        self._team_id = team_id
        self._tries: dict[int, datetime | None] = {}  # None: given up

    def pass_until(self, now: datetime) -> None:
        """Do what came due by `now`, in its order."""
        while (due := self._next()) is not None and due <= now:
            billing.sweep(now=due)
            self._collect(due)

    def _next(self) -> datetime | None:
        subscription = queries.subscription_of(self._team_id)
        pending = getattr(subscription, "pending", None)
        instants = [subscription.billed_until, pending.effective_at if pending is not None else None, *self._tries.values()]
        return min((instant for instant in instants if instant is not None), default=None)

    def _collect(self, now: datetime) -> None:
        owed = [invoice.pk for invoice in owed_invoices(self._team_id) if invoice.kind == "renewal"]
        self._tries = {key: again for key, again in self._tries.items() if key in owed}
        for invoice in owed:
            again = self._tries.get(invoice, now)
            if again is not None and again <= now:
                self._tries[invoice] = billing.collect_invoice(invoice, now=now)
