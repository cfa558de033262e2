# SPDX-License-Identifier: Apache-2.0
"""The embedded engine: threads that claim jobs, keep their leases alive and run them."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable
from datetime import datetime

import structlog
from django.db import close_old_connections, connection, transaction
from django.utils import timezone

from sealroom.core.jobs import queue, schedule
from sealroom.core.jobs.registry import Retry, get_task, load_tasks
from sealroom.core.jobs.rules import IDLE, LEASE, NORMAL, URGENT
from sealroom.core.models import JobState

IDLE_WAIT = 0.2  # seconds between two looks at an empty table
log = structlog.get_logger("sealroom.jobs")


def run_one(claim: queue.Claim) -> bool:
    """Run a claimed job to its end; True when it is done. Whatever the task raises ends this attempt only."""
    if claim.attempt > claim.max_attempts:
        _give_back(claim, "its worker died in every attempt", None)
        return False
    task = get_task(claim.name)
    try:
        with _kept_alive(claim):
            task.run(**claim.arguments)
    except Retry as retry:
        _give_back(claim, str(retry), retry)
        return False
    except Exception as error:
        log.exception("job failed", job=claim.job_id, name=claim.name, attempt=claim.attempt)
        _give_back(claim, f"{type(error).__name__}: {error}", None)
        return False
    return queue.finish(claim, now=timezone.now())


def drain(*, limit: int = 1000) -> int:
    """Run what is due until nothing is, in this thread. For tests, simulate and the demo; returns how many ran."""
    load_tasks()
    owner = _owner("drain")
    for count in range(limit):
        claim = queue.claim(owner, now=timezone.now())
        if claim is None:
            return count
        run_one(claim)
    return limit


class Worker:
    """`threads` loops over the job table until `stop`; running jobs are finished first. Of several threads the last takes no idle
    work: pages drawn ahead and films, which can take minutes, never keep a file or a mail waiting that somebody waits for. One
    more takes urgent work alone: whoever waits for a code does not wait for another's file to be converted."""

    def __init__(self, *, threads: int = 2) -> None:
        self._stopping = threading.Event()
        takes = [IDLE] * max(1, threads - 1) + [NORMAL] * (threads > 1) + [URGENT]
        self._threads = [
            threading.Thread(target=self._loop, args=(number, down_to), name=f"job-{number}", daemon=True)
            for number, down_to in enumerate(takes)
        ]

    def start(self) -> None:
        """Load every task and begin."""
        load_tasks()
        for thread in self._threads:
            thread.start()

    def stop(self, *, timeout: float = 30.0) -> None:
        """Take no further job; wait for the running ones. What is cut off is run again when its lease lapses."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout)

    def _loop(self, number: int, down_to: int) -> None:
        owner = _owner(f"t{number}")
        while not self._stopping.is_set():
            try:
                close_old_connections()
                if number == 0:
                    schedule.tick(now=timezone.now())
                claim = queue.claim(owner, now=timezone.now(), down_to=down_to)
                if claim is not None:
                    run_one(claim)
                    continue
            except Exception:
                # The database may be away for a moment; the loop must outlive that.
                log.exception("worker loop")
                self._stopping.wait(1.0)
            self._stopping.wait(IDLE_WAIT)
        connection.close()


class _kept_alive:  # noqa: N801 -- reads as a statement
    """Renews the lease of a long job from a side thread."""

    def __init__(self, claim: queue.Claim, clock: Callable[[], datetime] = timezone.now) -> None:
        self._claim, self._clock = claim, clock
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _beat(self) -> None:
        beat_once = False
        while not self._done.wait(LEASE.total_seconds() / 3):
            beat_once = True
            try:
                if not queue.extend(self._claim, now=self._clock()):
                    break
            except Exception:
                log.exception("lease not renewed", job=self._claim.job_id)
        if beat_once:
            connection.close()


def _give_back(claim: queue.Claim, reason: str, retry: Retry | None) -> None:
    """Fail the attempt; burial and `on_dead` stand or fall together, unless `on_dead` itself is broken."""
    delay = retry.delay if retry else None
    on_dead = get_task(claim.name).on_dead
    try:
        with transaction.atomic():
            state = queue.fail(claim, reason, now=timezone.now(), delay=delay)
            if state is JobState.DEAD and on_dead is not None:
                on_dead(**claim.arguments)
    except Exception:
        log.exception("burial failed", job=claim.job_id, name=claim.name)
        queue.fail(claim, reason, now=timezone.now(), delay=delay)


def _owner(suffix: str) -> str:
    return f"{os.getpid()}-{suffix}-{secrets.token_hex(4)}"
