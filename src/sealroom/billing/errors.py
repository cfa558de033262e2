# SPDX-License-Identifier: Apache-2.0
"""Refusals of billing."""

from __future__ import annotations

from sealroom.core.errors import DomainError


class SeatQuota(DomainError):
    """The plan has no seat left. Facts: used, limit."""

    code = "seat_quota"
