# SPDX-License-Identifier: Apache-2.0
"""Work that returns: once per slot of its period, however many workers look at the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import transaction

from sealroom.core.jobs import rules
from sealroom.core.jobs.queue import defer
from sealroom.core.jobs.registry import TaskFunction, task
from sealroom.core.models import Rhythm

_periods: dict[str, timedelta] = {}
_seen: dict[str, datetime] = {}  # slots this process knows to be taken: spares a look at the table


def every(period: timedelta, name: str, *, max_attempts: int = 3) -> Callable[[TaskFunction], TaskFunction]:
    """Register a function without arguments as the task `name` ("room.chore") and run it once in each slot of `period`.

    Slots are counted from 1970 in UTC. Slots that passed while no worker ran are not made up for: the latest one counts.
    """

    def register(function: TaskFunction) -> TaskFunction:
        _periods[name] = period
        return task(name, max_attempts=max_attempts)(function)

    return register


def tick(*, now: datetime) -> list[str]:
    """Put into the job table what is due in its present slot and nobody has put there yet; returns the names.

    The row in `Rhythm` moves forward by a conditional update in the same transaction as the job, so that of any number of
    workers exactly one defers it. A clock that jumps back does nothing until it has caught up.
    """
    due = []
    for name, period in _periods.items():
        slot = rules.slot_of(now, period)
        if name in _seen and _seen[name] >= slot:
            continue
        if _take(name, slot):
            due.append(name)
        _seen[name] = slot
    return due


def forget() -> None:
    """Drop what this process remembers (another database, in tests)."""
    _seen.clear()


def _take(name: str, slot: datetime) -> bool:
    with transaction.atomic():
        Rhythm.objects.bulk_create(
            [Rhythm(name=name, last_slot=datetime.min.replace(year=1970, tzinfo=UTC))], ignore_conflicts=True
        )
        taken = Rhythm.objects.filter(name=name, last_slot__lt=slot).update(last_slot=slot)
        if taken:
            defer(name, key=slot.isoformat(), priority=rules.IDLE)
    return bool(taken)
