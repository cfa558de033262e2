# SPDX-License-Identifier: Apache-2.0
"""What the floor keeps: jobs, rate buckets, and answers to repeated requests."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class JobState(models.TextChoices):
    """Where a job is. `dead` has used its attempts up and waits for an operator."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


class Job(models.Model):
    """A piece of work. The row is the truth; whatever wakes a worker is only a bell.

    A worker owns a running job while `lease_until` lies ahead, and only as attempt number `attempts`: a result of an older
    attempt is dropped. `turn` orders lanes fairly (see `jobs.rules`).
    """

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=80)
    arguments = models.JSONField(default=dict)
    key = models.CharField(max_length=160, null=True)
    lane = models.CharField(max_length=64, default="")
    priority = models.SmallIntegerField(default=5)
    turn = models.BigIntegerField(default=0)
    state = models.CharField(max_length=8, choices=JobState.choices, default=JobState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=5)
    due_at = models.DateTimeField()
    owner = models.CharField(max_length=64, default="")
    lease_until = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, default="")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "key"], condition=Q(state="waiting"), name="job_one_waiting_per_key"),
        ]
        indexes = [
            models.Index(fields=["priority", "turn", "id", "due_at"], condition=Q(state="waiting"), name="job_waiting"),
            models.Index(fields=["lease_until"], condition=Q(state="running"), name="job_running"),
            models.Index(fields=["name", "key"], condition=Q(state="running"), name="job_running_key"),
            models.Index(fields=["lane", "priority", "turn"], condition=Q(state="waiting"), name="job_lane"),
        ]


class Rhythm(models.Model):
    """The last slot in which a periodic task was put into the job table; the row that makes it happen once per slot."""

    name = models.CharField(max_length=80, primary_key=True)
    last_slot = models.DateTimeField()


class RateBucket(models.Model):
    """How often a subject did a thing in the running window; shared by all processes, survives a restart."""

    key = models.CharField(max_length=64, primary_key=True)
    window_ends_at = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField()


class StoredAnswer(models.Model):
    """The answer to a write that carried an idempotency key, for its repetition. Kept 24 hours."""

    scope = models.CharField(max_length=80)
    key = models.CharField(max_length=255)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.BinaryField(null=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="answer_one_per_key")]
