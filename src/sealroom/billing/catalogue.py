# SPDX-License-Identifier: Apache-2.0
"""The default catalogue. Its own file because an operator reads it as a price list, not as code; prices come with purchases."""

from __future__ import annotations

from sealroom.billing.rules import Offer

GB = 10**9
_TEAM = ("file_permissions", "watermark", "screen_shield")

PLANS = (
    Offer("free", "Free", credits=0, users=1, data_rooms=0, guests=0, storage_bytes=0, media_bytes=0),
    Offer(
        "trial",
        "Trial",
        credits=100,
        users=3,
        data_rooms=1,
        guests=5,
        storage_bytes=5 * GB,
        media_bytes=1 * GB,
        features=_TEAM,
        trial_days=7,
    ),
    Offer("pro", "Pro", credits=500, users=3, data_rooms=3, guests=25, storage_bytes=50 * GB, media_bytes=10 * GB),
    Offer(
        "team",
        "Team",
        credits=1500,
        users=10,
        data_rooms=10,
        guests=100,
        storage_bytes=200 * GB,
        media_bytes=50 * GB,
        features=_TEAM,
    ),
    Offer(
        "enterprise",
        "Enterprise",
        credits=10_000,
        users=100,
        data_rooms=100,
        guests=1000,
        storage_bytes=2000 * GB,
        media_bytes=500 * GB,
        features=_TEAM,
    ),
)
