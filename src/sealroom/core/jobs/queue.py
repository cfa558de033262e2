# SPDX-License-Identifier: Apache-2.0
"""The job table: put in, claim, finish. Every step is one short transaction fenced by owner and attempt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import F, Max, Min, Q
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

    With `key`, nothing is added while an open job of that name and key exists. `lane` (a team's id) is served fairly beside
    other lanes. Arguments are ids, never objects.
    """
    now = timezone.now()
    waiting = Job.objects.filter(state=JobState.WAITING)
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


def claim(owner: str, *, now: datetime, names: frozenset[str] | None = None) -> Claim | None:
    """Take the next due job, or one whose owner let its lease lapse. None when there is nothing to do.

    The conditional update makes the claim exclusive on every database; the loser of a race simply looks again.
    """
    free = Q(state=JobState.WAITING, due_at__lte=now) | Q(state=JobState.RUNNING, lease_until__lt=now)
    for _ in range(5):
        candidates = Job.objects.filter(free).order_by("priority", "turn", "id")
        if names is not None:
            candidates = candidates.filter(name__in=names)
        job = candidates.first()
        if job is None:
            return None
        won = Job.objects.filter(free, pk=job.pk, attempts=job.attempts).update(
            state=JobState.RUNNING, owner=owner, attempts=F("attempts") + 1, lease_until=now + rules.LEASE
        )
        if won:
            return Claim(job.pk, job.name, job.arguments, owner, job.attempts + 1, job.max_attempts)
    return None


def extend(claim: Claim, *, now: datetime) -> bool:
    """Renew the lease. False: another worker owns the job by now; stop."""
    return bool(_owned(claim).update(lease_until=now + rules.LEASE))


def finish(claim: Claim, *, now: datetime) -> bool:
    """Mark the job done; False when the lease was lost meanwhile."""
    return bool(_owned(claim).update(state=JobState.DONE, finished_at=now, lease_until=None, last_error=""))


def fail(claim: Claim, reason: str, *, now: datetime, delay: timedelta | None = None) -> JobState:
    """Give the job back for a later attempt, or bury it when its attempts are used up. Returns its new state."""
    reason = reason[:500]
    if claim.attempt >= claim.max_attempts:
        _owned(claim).update(state=JobState.DEAD, finished_at=now, lease_until=None, last_error=reason)
        return JobState.DEAD
    due_at = now + (delay if delay is not None else rules.backoff(claim.attempt))
    _owned(claim).update(state=JobState.WAITING, due_at=due_at, lease_until=None, last_error=reason)
    return JobState.WAITING


def sweep(*, now: datetime, keep: timedelta = timedelta(days=7)) -> int:
    """Delete finished jobs older than `keep`; returns how many."""
    return Job.objects.filter(state=JobState.DONE, finished_at__lt=now - keep).delete()[0]


def _owned(claim: Claim) -> models.QuerySet[Job]:
    return Job.objects.filter(pk=claim.job_id, owner=claim.owner, attempts=claim.attempt, state=JobState.RUNNING)
