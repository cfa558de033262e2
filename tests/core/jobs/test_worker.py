# SPDX-License-Identifier: Apache-2.0
"""The embedded engine with real processes, on both database engines: sudden death, many workers, an orderly stop."""

import os
import signal
import time
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from sealroom.core.jobs import defer, queue, task, worker
from sealroom.core.jobs.rules import LEASE, URGENT
from sealroom.core.models import Job, JobState
from tests.processes import Database, do, note, race, start


@task("tests.log")
def _log(log: str, number: int) -> None:
    note(Path(log), str(number))


@task("tests.hang")
def _hang(log: str) -> None:
    note(Path(log), "begun")
    if len(Path(log).read_text().splitlines()) == 1:
        time.sleep(60)


@task("tests.hears", max_attempts=1)
def _hears(log: str) -> None:
    note(Path(f"{log}.begun"), "begun")
    deadline = time.monotonic() + 30
    while not Path(log).exists():
        assert time.monotonic() < deadline, "nobody else works"
        time.sleep(0.02)


def _defer_logs(log: Path, count: int) -> None:
    for number in range(count):
        defer("tests.log", log=str(log), number=number, lane=f"team_{number % 3}")


def _work_until_empty() -> None:
    engine = worker.Worker(threads=1)
    engine.start()
    while Job.objects.filter(state__in=[JobState.WAITING, JobState.RUNNING]).exists():
        time.sleep(0.05)
    engine.stop()


def test_eight_workers_make_each_of_500_jobs_effective_once(database: Database, tmp_path: Path) -> None:
    log = tmp_path / "log"
    do(database, _defer_logs, log, 500)
    race(database, _work_until_empty, [()] * 8)
    assert sorted(map(int, log.read_text().split())) == list(range(500))
    states = database.ask("SELECT state, count(*), max(attempts) FROM core_job WHERE name = 'tests.log' GROUP BY state")
    assert states == [("done", 500, 1)]


def _claim_is_none_then_runs_after_the_lease(log: Path) -> None:
    now, names = timezone.now(), frozenset({"tests.hang"})
    assert queue.claim("early", now=now, names=names) is None
    claim = queue.claim("later", now=now + LEASE + timedelta(seconds=1), names=names)
    assert claim is not None
    assert claim.attempt == 2
    assert worker.run_one(claim) is True
    assert queue.claim("again", now=now + 3 * LEASE, names=names) is None


def test_job_killed_in_the_middle_runs_once_more_after_its_lease(database: Database, tmp_path: Path) -> None:
    log = tmp_path / "log"
    do(database, defer_hang, log)
    victim = start(database, _work_until_empty)
    deadline = time.monotonic() + 20
    while not log.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert victim.pid is not None
    os.kill(victim.pid, signal.SIGKILL)
    victim.join(10)
    do(database, _claim_is_none_then_runs_after_the_lease, log)
    assert log.read_text().splitlines() == ["begun", "begun"]


def defer_hang(log: Path) -> None:
    """Put one hanging job into the table."""
    defer("tests.hang", log=str(log))


def _stop_in_the_middle(log: Path) -> None:
    for number in range(50):
        defer("tests.log", log=str(log), number=number)
    engine = worker.Worker(threads=2)
    engine.start()
    while not log.exists():
        time.sleep(0.01)
    engine.stop()
    assert not Job.objects.filter(state=JobState.RUNNING).exists()


def test_stop_finishes_running_jobs_and_leaves_the_rest_waiting(database: Database, tmp_path: Path) -> None:
    do(database, _stop_in_the_middle, tmp_path / "log")
    done = len((tmp_path / "log").read_text().splitlines())
    assert database.ask("SELECT count(*) FROM core_job WHERE name = 'tests.log' AND state = 'done'") == [(done,)]


def _urgent_beside_another(log: Path) -> None:
    defer("tests.hears", log=str(log))
    engine = worker.Worker(threads=1)
    engine.start()
    while not Path(f"{log}.begun").exists():
        time.sleep(0.02)
    defer("tests.log", log=str(log), number=1, priority=URGENT)
    while Job.objects.filter(state__in=[JobState.WAITING, JobState.RUNNING]).exists():
        time.sleep(0.05)
    engine.stop()


def test_urgent_work_does_not_wait_for_other_work(database: Database, tmp_path: Path) -> None:
    do(database, _urgent_beside_another, tmp_path / "log")
    assert database.ask("SELECT name, state FROM core_job WHERE name IN ('tests.hears', 'tests.log') ORDER BY name") == [
        ("tests.hears", "done"),
        ("tests.log", "done"),
    ]
