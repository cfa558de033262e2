# SPDX-License-Identifier: Apache-2.0
"""What is decided about plans and money. Pure."""

from sealroom.billing.rules.offers import (
    FREE,
    QUOTAS,
    STANDING,
    Extra,
    Held,
    Limits,
    Offer,
    added,
    allowance_of,
    cycle_end,
    cycle_of,
    default_plan,
    limits_of_offer,
)

__all__ = [
    "FREE",
    "QUOTAS",
    "STANDING",
    "Extra",
    "Held",
    "Limits",
    "Offer",
    "added",
    "allowance_of",
    "cycle_end",
    "cycle_of",
    "default_plan",
    "limits_of_offer",
]
