# SPDX-License-Identifier: Apache-2.0
"""Refusals of data rooms. None of them changes anything."""

from __future__ import annotations

from sealroom.core.errors import DomainError


class FeatureMissing(DomainError):
    """The team's plan does not include a setting that is wished for anew; `feature` is the catalogue's word for it."""

    code = "feature_missing"


class RoomQuota(DomainError):
    """The plan has no data room left. Facts: used, limit."""

    code = "room_quota"


class GuestQuota(DomainError):
    """The plan has fewer guest places left than an invitation needs. Facts: used, limit, needed (places it would take)."""

    code = "guest_quota"
