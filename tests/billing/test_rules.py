# SPDX-License-Identifier: Apache-2.0
"""What a plan includes, case by case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sealroom.billing import rules
from sealroom.billing.catalogue import DEFAULT, read_catalogue

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
TEAM = next(plan for plan in read_catalogue(DEFAULT).plans if plan.code == "team")


@pytest.mark.parametrize(
    ("override", "ends", "allowance", "may_send"),
    [
        (None, None, 1500, True),
        (12, None, 12, True),
        (0, None, 0, False),
        (None, NOW + timedelta(seconds=1), 1500, True),
        (None, NOW, 0, False),
    ],
)
def test_limits_know_overrides_and_the_end_of_a_trial(
    override: int | None, ends: datetime | None, allowance: int, may_send: bool
) -> None:
    limits = rules.limits_of_offer(TEAM, credits_override=override, quotas={"guests": 7}, trial_ends_at=ends, now=NOW)
    assert (limits.credits, limits.may_send, limits.guests, limits.data_rooms) == (allowance, may_send, 7, 10)


@pytest.mark.parametrize(
    ("interval", "expected"),
    [("month", datetime(2026, 11, 30, 8, tzinfo=UTC)), ("year", datetime(2027, 1, 31, 8, tzinfo=UTC))],
)
def test_cycle_ends_by_its_interval(interval: str, expected: datetime) -> None:
    assert rules.cycle_end(datetime(2026, 1, 31, 8, tzinfo=UTC), interval, NOW) == expected


@pytest.mark.parametrize(
    ("chosen", "gateway", "plan"),
    [("", "none", "team"), ("", "stripe", "trial"), ("", "invoice", "trial"), ("free", "none", "free")],
)
def test_default_plan_follows_the_gateway(chosen: str, gateway: str, plan: str) -> None:
    assert rules.default_plan(chosen, gateway) == plan
