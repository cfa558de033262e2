# SPDX-License-Identifier: Apache-2.0
"""Claims, leases, fences, fairness: what the job table promises, in one process with a clock of its own."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from sealroom.core.jobs import Retry, defer, queue, worker
from sealroom.core.jobs.registry import task
from sealroom.core.jobs.rules import IDLE, LEASE, NORMAL, URGENT
from sealroom.core.models import Job, JobState

pytestmark = pytest.mark.django_db
ran: list[object] = []
buried: list[object] = []


@task("tests.note", max_attempts=3, on_dead=lambda **arguments: buried.append(arguments))
def _note(**arguments: object) -> None:
    ran.append(arguments)


@task("tests.poison", max_attempts=3, on_dead=lambda **arguments: buried.append(arguments))
def _poison(**arguments: object) -> None:
    ran.append(arguments)
    raise ValueError("broken\x00document")


@task("tests.later", max_attempts=3)
def _later() -> None:
    raise Retry("not yet", delay=timedelta(minutes=7))


def _broken_burial(**_: object) -> None:
    raise RuntimeError("on_dead is broken too")


@task("tests.poison_twice", max_attempts=1, on_dead=_broken_burial)
def _poison_twice() -> None:
    raise ValueError("broken")


@pytest.fixture(autouse=True)
def _empty() -> None:
    ran.clear()
    buried.clear()


def _claim(owner: str = "w1", *, now: datetime | None = None) -> queue.Claim:
    claim = queue.claim(owner, now=now or timezone.now())
    assert claim is not None
    return claim


def test_defer_is_seen_on_commit_only() -> None:
    class Refused(Exception):
        pass

    def deed() -> None:
        with transaction.atomic():
            defer("tests.note")
            raise Refused

    with pytest.raises(Refused):
        deed()
    assert worker.drain() == 0


def test_defer_of_an_unknown_task_is_refused_at_once() -> None:
    with pytest.raises(KeyError):
        defer("tests.nothing")


def test_job_runs_with_its_arguments_once() -> None:
    defer("tests.note", number=7, word="x", nothing=None)
    assert worker.drain() == 1
    assert ran == [{"number": 7, "word": "x", "nothing": None}]
    assert Job.objects.get().state == JobState.DONE


def test_job_waits_for_its_hour() -> None:
    now = timezone.now()
    defer("tests.note", due_at=now + timedelta(hours=1))
    assert queue.claim("w1", now=now) is None
    assert _claim(now=now + timedelta(hours=1)).attempt == 1


def test_claim_is_exclusive_until_the_lease_lapses() -> None:
    defer("tests.note")
    now = timezone.now()
    first = _claim("w1", now=now)
    assert queue.claim("w2", now=now + LEASE) is None
    second = _claim("w2", now=now + LEASE + timedelta(seconds=1))
    assert (first.attempt, second.attempt) == (1, 2)


def test_result_of_an_older_attempt_is_dropped() -> None:
    defer("tests.note")
    now = timezone.now()
    first, second = _claim("w1", now=now), _claim("w2", now=now + 2 * LEASE)
    assert queue.finish(first, now=now) is False
    assert queue.extend(first, now=now) is False
    assert queue.fail(first, "late", now=now) is JobState.RUNNING
    job = Job.objects.get()
    assert (job.state, job.owner, job.last_error) == (JobState.RUNNING, "w2", "")
    assert queue.finish(second, now=now) is True


def test_same_owner_name_does_not_pass_the_fence_either() -> None:
    defer("tests.note")
    now = timezone.now()
    first, second = _claim("w1", now=now), _claim("w1", now=now + 2 * LEASE)
    assert queue.finish(first, now=now) is False
    assert queue.finish(second, now=now) is True


def test_extended_lease_keeps_the_job() -> None:
    defer("tests.note")
    now = timezone.now()
    claim = _claim(now=now)
    assert queue.extend(claim, now=now + LEASE) is True
    assert queue.claim("w2", now=now + LEASE + timedelta(seconds=5)) is None


def test_failing_job_backs_off_then_dies_and_tells() -> None:
    defer("tests.poison", document="doc_1")
    dues = []
    for _ in range(3):
        Job.objects.update(due_at=timezone.now())
        before = timezone.now()
        assert worker.drain() == 1
        dues.append(round((Job.objects.get().due_at - before).total_seconds()))
    job = Job.objects.get()
    assert (job.state, job.attempts) == (JobState.DEAD, 3)
    assert dues[:2] == [5, 30]
    assert job.last_error.startswith("ValueError: broken")
    assert buried == [{"document": "doc_1"}]
    assert worker.drain() == 0


def test_retry_waits_as_long_as_the_task_asks() -> None:
    defer("tests.later")
    before = timezone.now()
    worker.drain()
    job = Job.objects.get()
    assert (job.state, job.attempts, job.last_error) == (JobState.WAITING, 1, "not yet")
    assert timedelta(minutes=7) <= job.due_at - before < timedelta(minutes=8)


def test_job_whose_worker_dies_every_time_ends_dead_without_running_again() -> None:
    defer("tests.note", number=1)
    now = timezone.now()
    for attempt in range(1, 4):
        assert _claim(f"dying {attempt}", now=now + attempt * 2 * LEASE).attempt == attempt
    last = _claim("undertaker", now=now + 8 * LEASE)
    assert worker.run_one(last) is False
    assert (ran, buried) == ([], [{"number": 1}])
    assert Job.objects.get().state == JobState.DEAD
    assert queue.claim("w", now=now + 20 * LEASE) is None


def test_burial_outlives_a_broken_on_dead() -> None:
    defer("tests.poison_twice")
    assert worker.drain() == 1
    assert Job.objects.get().state == JobState.DEAD


def test_poison_does_not_stop_the_queue() -> None:
    for number in range(20):
        defer("tests.poison" if number % 5 == 0 else "tests.note", number=number)
    worker.drain()
    assert Job.objects.filter(state=JobState.DONE).count() == 16


def test_key_joins_waiting_jobs_into_one() -> None:
    for _ in range(3):
        defer("tests.note", key="a", number=1)
    defer("tests.note", key="b", number=2)
    defer("tests.note", number=3)
    defer("tests.note", number=3)
    worker.drain()
    assert ran == [{"number": 1}, {"number": 2}, {"number": 3}, {"number": 3}]


def test_key_of_a_running_job_is_run_again_afterwards_and_not_beside_it() -> None:
    defer("tests.note", key="a", number=1)
    now = timezone.now()
    running = _claim(now=now)
    defer("tests.note", key="a", number=2)
    soon = timezone.now()
    assert queue.claim("w2", now=soon) is None
    queue.finish(running, now=soon)
    assert _claim("w2", now=soon).arguments == {"number": 2}


def test_failed_job_gives_way_to_a_newer_one_of_its_key() -> None:
    defer("tests.note", key="a", number=1)
    running = _claim()
    defer("tests.note", key="a", number=2)
    assert queue.fail(running, "broken", now=timezone.now()) is JobState.DONE
    assert _claim().arguments == {"number": 2}


def test_lapsed_job_of_a_key_does_not_block_the_waiting_one_for_ever() -> None:
    defer("tests.note", key="a", number=1)
    now = timezone.now()
    _claim("dying", now=now)
    defer("tests.note", key="a", number=2)
    later = now + 2 * LEASE
    first = _claim("w2", now=later)
    assert queue.claim("w3", now=later) is None
    queue.finish(first, now=later)
    assert _claim("w3", now=later).job_id != first.job_id


def test_two_hundred_jobs_of_a_lane_do_not_delay_the_first_of_another() -> None:
    for number in range(200):
        defer("tests.note", lane="team_a", lane_name="a", number=number)
    for _ in range(50):
        queue.finish(_claim(), now=timezone.now())
    for number in range(3):
        defer("tests.note", lane="team_b", lane_name="b", number=number)
    worker.drain(limit=8)
    lanes = [arguments["lane_name"] for arguments in ran if isinstance(arguments, dict)]
    assert lanes.index("b") <= 2
    assert [lanes[:8].count("a"), lanes[:8].count("b")] == [5, 3]


def test_lane_that_returns_after_a_rest_gets_no_arrears() -> None:
    defer("tests.note", lane="team_b", due_at=timezone.now() + timedelta(days=1), lane_name="b")
    for number in range(30):
        defer("tests.note", lane="team_a", lane_name="a", number=number)
    for _ in range(20):
        queue.finish(_claim(), now=timezone.now())
    for number in range(10):
        defer("tests.note", lane="team_b", lane_name="b", number=number)
    worker.drain(limit=10)
    lanes = [arguments["lane_name"] for arguments in ran if isinstance(arguments, dict)]
    assert 4 <= lanes.count("a") <= 6


def test_urgent_goes_before_normal_before_idle() -> None:
    for priority in (IDLE, URGENT, 5, URGENT):
        defer("tests.note", priority=priority, lane=str(priority), number=priority)
    worker.drain()
    assert ran == [{"number": 0}, {"number": 0}, {"number": 5}, {"number": 9}]


def test_sweep_forgets_finished_jobs_and_keeps_the_dead() -> None:
    defer("tests.note")
    defer("tests.poison_twice")
    worker.drain()
    assert queue.sweep(now=timezone.now() + timedelta(days=6)) == 0
    assert queue.sweep(now=timezone.now() + timedelta(days=8)) == 1
    assert Job.objects.get().state == JobState.DEAD


def test_idle_work_is_left_to_those_who_take_it() -> None:
    defer("tests.note", priority=IDLE, number=1)
    assert queue.claim("busy", now=timezone.now(), down_to=NORMAL) is None
    defer("tests.note", number=2)
    first = queue.claim("busy", now=timezone.now(), down_to=NORMAL)
    second = queue.claim("idle", now=timezone.now())
    assert [claim.arguments if claim else None for claim in (first, second)] == [{"number": 2}, {"number": 1}]


def test_a_lapsed_idle_job_is_left_to_them_too() -> None:
    defer("tests.note", priority=IDLE)
    now = timezone.now()
    _claim(now=now)
    late = now + LEASE + timedelta(seconds=1)
    assert queue.claim("busy", now=late, down_to=NORMAL) is None
    assert queue.claim("idle", now=late) is not None


def test_only_urgent_work_is_urgent() -> None:
    defer("tests.note", number=1)
    assert queue.claim("codes", now=timezone.now(), down_to=URGENT) is None
    defer("tests.note", priority=URGENT, number=2)
    claim = queue.claim("codes", now=timezone.now(), down_to=URGENT)
    assert claim is not None
    assert claim.arguments == {"number": 2}
