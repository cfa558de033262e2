# SPDX-License-Identifier: Apache-2.0
"""Deferred work of billing; the clock is read here and nowhere below."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from sealroom.billing import flows
from sealroom.core.jobs import every, task


@task("billing.collect")
def collect(invoice_id: int) -> None:
    """Try to collect a renewal, and plan the next try."""
    flows.collect_invoice(invoice_id, now=timezone.now())


@task("billing.pause")
def pause(invoice_id: int) -> None:
    """The days of grace of an invoice are over."""
    flows.pause(invoice_id, now=timezone.now())


@task("billing.reconcile")
def reconcile(payment_id: int) -> None:
    """Find out what became of a payment."""
    flows.reconcile(payment_id, now=timezone.now())


@task("billing.tell_trial")
def tell_trial(team_id: int, days: int) -> None:
    """A trial ends in so many days; 0: it has ended."""
    flows.tell_trial(team_id, days=days, now=timezone.now())


@every(timedelta(minutes=15), "billing.sweep")
def sweep() -> None:
    """Make up for what a dead job left."""
    flows.sweep(now=timezone.now())
