# SPDX-License-Identifier: Apache-2.0
"""What is looked at or done behind the installation while the browser is in Gmail."""

from __future__ import annotations

from typing import Any

from sealroom.credits.models import Entry


def charges(email: str) -> list[list[Any]]:
    """Charges and reversals of a team's ledger, oldest first: what moved, and by which route."""
    found = Entry.objects.filter(team__memberships__user__email=email, kind__in=["charge", "reversal"]).order_by("pk")
    return [[entry.delta, entry.route] for entry in found]


DEEDS = {"charges": charges}
