# SPDX-License-Identifier: Apache-2.0
"""The job table: put in, claim, finish. Every step is one short transaction fenced by owner and attempt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, models, transaction
from django.db.models import Exists, F, Max, Min, OuterRef
from django.utils import timezone

from sealroom.core.jobs import rules
from sealroom.core.jobs.ports import get_bell
from sealroom.core.jobs.registry import get_task
from sealroom.core.models import Job, JobState

Argument = str | int | bool | None


@dataclass(frozen=True)
class Claim:
    """A job this worker owns as attempt `attempt` until its lease ends."""

    job_id: int
    name: str
    arguments: dict[str, Argument]
    owner: str
    attempt: int
    max_attempts: int


def defer(
    name: str,
    *,
    key: str | None = None,
    lane: str = "",
    priority: int = rules.NORMAL,
    due_at: datetime | None = None,
    **arguments: Argument,
) -> None:
    """Put work into the table, in the caller's transaction; a worker sees it on commit.

    With `key`, nothing is added while a job of that name and key waits. While one runs, another is added and waits for its end,
    because the running one may have looked before this change was committed. `lane` (a team's id) is served fairly beside other
    lanes. Arguments are ids, never objects.
    """
    now = timezone.now()
    waiting = Job.objects.filter(state=JobState.WAITING, priority=priority, due_at__lte=now)
    turn = rules.next_turn(
        waiting.aggregate(value=Min("turn"))["value"], waiting.filter(lane=lane).aggregate(value=Max("turn"))["value"]
    )
    job = Job(
        name=name,
        arguments=arguments,
        key=key,
        lane=lane,
        priority=priority,
        turn=turn,
        max_attempts=get_task(name).max_attempts,
        due_at=due_at or now,
        created_at=now,
    )
    added = Job.objects.bulk_create([job], ignore_conflicts=key is not None)[0]
    transaction.on_commit(lambda: get_bell().ring(name, added.pk or 0))


def claim(owner: str, *, now: datetime, names: frozenset[str] | None = None, down_to: int = rules.IDLE) -> Claim | None:
    """Take the next due job, or one whose owner let its lease lapse. None when there is nothing to do. Work of less priority
    than `down_to` is left alone.

    An idle worker only reads. Choosing and taking are one transaction: on SQLite it holds the write lock from its start, on
    PostgreSQL rows that others are just taking are skipped; the conditional update guards every other database. A job whose
    worker died in its last attempt comes as attempt `max_attempts + 1`, to be buried and not run.
    """
    lapsed, waiting = _lapsed(now), _due(now)
    if names is not None:
        lapsed, waiting = lapsed.filter(name__in=names), waiting.filter(name__in=names)
    if down_to < rules.IDLE:
        lapsed, waiting = lapsed.filter(priority__lte=down_to), waiting.filter(priority__lte=down_to)
    if not lapsed.exists() and not waiting.exists():
        return None
    with transaction.atomic():
        skip = connection.features.has_select_for_update_skip_locked
        job = lapsed.select_for_update(skip_locked=skip).first() or waiting.select_for_update(skip_locked=skip).first()
        if job is None:
            return None
        won = Job.objects.filter(pk=job.pk, attempts=job.attempts, owner=job.owner, state=job.state).update(
            state=JobState.RUNNING, owner=owner, attempts=F("attempts") + 1, lease_until=now + rules.LEASE
        )
    return Claim(job.pk, job.name, job.arguments, owner, job.attempts + 1, job.max_attempts) if won else None


def extend(claim: Claim, *, now: datetime) -> bool:
    """Renew the lease. False: another worker owns the job by now; stop."""
    return bool(_owned(claim).update(lease_until=now + rules.LEASE))


def finish(claim: Claim, *, now: datetime) -> bool:
    """Mark the job done; False when the lease was lost meanwhile."""
    return bool(_owned(claim).update(state=JobState.DONE, finished_at=now, lease_until=None, last_error=""))


def fail(claim: Claim, reason: str, *, now: datetime, delay: timedelta | None = None) -> JobState:
    """Give the job back for a later attempt, or bury it when its attempts are used up. Returns its new state (`RUNNING`: the lease
    was lost and another worker owns it)."""
    reason = _one_line(reason)
    if claim.attempt >= claim.max_attempts:
        buried = _owned(claim).update(state=JobState.DEAD, finished_at=now, lease_until=None, last_error=reason)
        return JobState.DEAD if buried else JobState.RUNNING
    due_at = now + (delay if delay is not None else rules.backoff(claim.attempt))
    try:
        with transaction.atomic():
            returned = _owned(claim).update(state=JobState.WAITING, due_at=due_at, lease_until=None, last_error=reason)
    except IntegrityError:  # the same name and key was deferred meanwhile: that job does the work
        _owned(claim).update(state=JobState.DONE, finished_at=now, lease_until=None, last_error=f"superseded: {reason}"[:500])
        return JobState.DONE
    return JobState.WAITING if returned else JobState.RUNNING


def sweep(*, now: datetime, keep: timedelta = timedelta(days=7)) -> int:
    """Delete finished jobs older than `keep`; returns how many."""
    return Job.objects.filter(state=JobState.DONE, finished_at__lt=now - keep).delete()[0]


def _due(now: datetime) -> models.QuerySet[Job]:
    """Waiting jobs in their order; asked apart from lapsed ones, so that each question is answered by its partial index."""
    running = Job.objects.filter(state=JobState.RUNNING, name=OuterRef("name"), key=OuterRef("key"), lease_until__gte=now)
    due = Job.objects.filter(state=JobState.WAITING, due_at__lte=now).exclude(Exists(running))
    return due.order_by("priority", "turn", "id")


def _lapsed(now: datetime) -> models.QuerySet[Job]:
    """Jobs whose worker is gone, longest first: they were begun before anything that waits."""
    return Job.objects.filter(state=JobState.RUNNING, lease_until__lt=now).order_by("lease_until", "id")


def _one_line(reason: str) -> str:
    """What a task raised may quote a hostile file: PostgreSQL refuses NUL in text, and logs are read by people."""
    return "".join(c if c.isprintable() else " " for c in reason[:500])


def _owned(claim: Claim) -> models.QuerySet[Job]:
    return Job.objects.filter(pk=claim.job_id, owner=claim.owner, attempts=claim.attempt, state=JobState.RUNNING)
