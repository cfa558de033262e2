# SPDX-License-Identifier: Apache-2.0
"""Refusals of credits."""

from __future__ import annotations

from datetime import datetime

from sealroom.core.errors import DomainError


class InsufficientCredits(DomainError):
    """The price is above the balance; nothing was charged. Facts: needed, available, missing, resets_at (RFC 3339 text)."""

    code = "insufficient_credits"

    def __init__(self, *, needed: int, available: int, resets_at: datetime) -> None:
        self.needed, self.available, self.missing, self.resets_at = needed, available, needed - available, resets_at
        text = resets_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        super().__init__(needed=needed, available=available, missing=self.missing, resets_at=text)
