# SPDX-License-Identifier: Apache-2.0
"""How long a pass lives. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

PASS_LIFE = timedelta(hours=12)  # absolute, from the proof on
PASS_IDLE = timedelta(minutes=30)  # without any request
PASS_REMEMBERED = timedelta(days=30)  # absolute and idle, when the reader asked to be remembered
PASS_PREVIEW = timedelta(minutes=10)  # of the sender who looks as a recipient would
TOUCH_EVERY = timedelta(minutes=1)  # how often a living pass is written at most


@dataclass(frozen=True)
class PassTimes:
    """When a pass ends: at the latest, and when nothing is asked for meanwhile."""

    expires_at: datetime
    idle_expires_at: datetime


def new_pass_times(*, remember: bool, now: datetime) -> PassTimes:
    """The two ends of a pass issued at `now`. A remembered one does not end by idleness before its absolute end."""
    if remember:
        return PassTimes(now + PASS_REMEMBERED, now + PASS_REMEMBERED)
    return PassTimes(now + PASS_LIFE, now + PASS_IDLE)


def preview_times(*, now: datetime) -> PassTimes:
    """The end of a sender's look at what a recipient would see; it is not prolonged."""
    return PassTimes(now + PASS_PREVIEW, now + PASS_PREVIEW)


def pass_is_alive(times: PassTimes, *, now: datetime) -> bool:
    """Both ends lie ahead."""
    return now < times.expires_at and now < times.idle_expires_at


def touched(times: PassTimes, *, now: datetime) -> datetime | None:
    """The new idle end if it is worth a write (at most one a minute), never past the absolute end; None otherwise."""
    later = min(now + PASS_IDLE, times.expires_at)
    return later if later - times.idle_expires_at >= TOUCH_EVERY else None
