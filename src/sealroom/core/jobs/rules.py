# SPDX-License-Identifier: Apache-2.0
"""How jobs are ordered and retried. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LEASE = timedelta(seconds=30)
URGENT, NORMAL, IDLE = 0, 5, 9
_BACKOFF = (5, 30, 120, 600, 1800, 7200)


def next_turn(lowest_waiting: int | None, last_of_lane: int | None) -> int:
    """The turn of a new job in its lane (start-time fair queueing, Goyal, Vin and Cheng 1996, with equal weights).

    A lane that was idle joins at the present turn; a lane with a backlog stands behind its own last job. So 200 jobs of one
    team delay the first job of another by at most one.
    """
    return max(lowest_waiting or 0, last_of_lane or 0) + 1


def backoff(attempts: int) -> timedelta:
    """How long to wait after the given number of failed attempts."""
    return timedelta(seconds=_BACKOFF[min(attempts, len(_BACKOFF)) - 1])


def slot_of(now: datetime, period: timedelta) -> datetime:
    """The beginning of the slot of `period` in which `now` lies; slots are counted from 1970-01-01 in UTC."""
    return now - (now - _EPOCH) % period
