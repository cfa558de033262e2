# SPDX-License-Identifier: Apache-2.0
"""What is done with plans, seats and money."""

from sealroom.billing.flows.buy import confirm_quote, pay_invoice
from sealroom.billing.flows.catalogue import catalogue_of_installation, ensure_catalogue
from sealroom.billing.flows.found import found_team, set_up
from sealroom.billing.flows.operate import confirm_transfer, grant_credits, refund, void_invoice
from sealroom.billing.flows.plan import set_plan, set_quotas
from sealroom.billing.flows.profile import begin_visit, finish_visit, update_profile
from sealroom.billing.flows.quotes import preview_change, quote_change
from sealroom.billing.flows.renew import collect_invoice, pause, reconcile, renew, sweep, tell_trial
from sealroom.billing.flows.seats import invite_member
from sealroom.billing.flows.settle import fail, receive_event, settle
from sealroom.billing.flows.values import EventOutcome, Outcome, Wish

__all__ = [
    "EventOutcome",
    "Outcome",
    "Wish",
    "begin_visit",
    "catalogue_of_installation",
    "collect_invoice",
    "confirm_quote",
    "confirm_transfer",
    "ensure_catalogue",
    "fail",
    "finish_visit",
    "found_team",
    "grant_credits",
    "invite_member",
    "pause",
    "pay_invoice",
    "preview_change",
    "quote_change",
    "receive_event",
    "reconcile",
    "refund",
    "renew",
    "set_plan",
    "set_quotas",
    "set_up",
    "settle",
    "sweep",
    "tell_trial",
    "update_profile",
    "void_invoice",
]
