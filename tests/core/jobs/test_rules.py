# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealroom.core.jobs.rules import backoff, next_turn, slot_of


@pytest.mark.parametrize(
    ("lowest_waiting", "last_of_lane", "turn"),
    [(None, None, 1), (1, 1, 2), (1, 200, 201), (150, None, 151), (150, 3, 151)],
)
def test_next_turn(lowest_waiting: int | None, last_of_lane: int | None, turn: int) -> None:
    assert next_turn(lowest_waiting, last_of_lane) == turn


def test_backoff_grows_and_stays_bounded() -> None:
    waits = [backoff(attempt).total_seconds() for attempt in range(1, 12)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (5, 7200)


MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- hypothesis adds the zone


@given(now=MOMENTS, minutes=st.integers(1, 60 * 24 * 40))
def test_slot_of_holds_now(now: datetime, minutes: int) -> None:
    period = timedelta(minutes=minutes)
    slot = slot_of(now, period)
    assert slot <= now < slot + period
    assert slot_of(slot, period) == slot
    assert slot_of(slot + period, period) == slot + period
