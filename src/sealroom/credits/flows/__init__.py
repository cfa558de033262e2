# SPDX-License-Identifier: Apache-2.0
"""What is done with credits. Every deed locks the team's wallet, rolls it to the period of `now`, then writes ledger lines."""

from sealroom.credits.flows.export import export_entries
from sealroom.credits.flows.give_back import GivenBack, reverse_charge, reverse_pairs
from sealroom.credits.flows.issue import Issued, issue, settle_allowance
from sealroom.credits.flows.spend import Receipt, spend
from sealroom.credits.flows.wallet import open_wallet, roll, set_step, set_threshold

__all__ = [
    "GivenBack",
    "Issued",
    "Receipt",
    "export_entries",
    "issue",
    "open_wallet",
    "reverse_charge",
    "reverse_pairs",
    "roll",
    "set_step",
    "set_threshold",
    "settle_allowance",
    "spend",
]
