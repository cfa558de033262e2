# SPDX-License-Identifier: Apache-2.0
from datetime import timedelta
from pathlib import Path

import pytest

from sealroom.core.jobs import every, schedule, worker
from sealroom.core.jobs.registry import load_tasks
from sealroom.core.models import Job, Rhythm
from tests.conftest import NOW
from tests.processes import Database, note, race

ran: list[str] = []


@every(timedelta(hours=1), "tests.hourly")
def _hourly() -> None:
    ran.append("hourly")


def _names(moment: timedelta) -> list[str]:
    return [name for name in schedule.tick(now=NOW + moment) if name.startswith("tests.")]


@pytest.mark.django_db
def test_tick_defers_once_per_slot() -> None:
    ran.clear()
    assert _names(timedelta(0)) == ["tests.hourly"]
    assert _names(timedelta(minutes=10)) == []
    schedule.forget()  # as another process would see it
    assert _names(timedelta(minutes=20)) == []
    assert _names(timedelta(hours=1)) == ["tests.hourly"]
    assert Job.objects.filter(name="tests.hourly").count() == 2


@pytest.mark.django_db
def test_tick_does_not_make_up_for_slots_that_passed() -> None:
    _names(timedelta(0))
    assert _names(timedelta(hours=9)) == ["tests.hourly"]
    assert _names(timedelta(hours=9, minutes=1)) == []


@pytest.mark.django_db
def test_tick_survives_a_clock_that_was_set_back() -> None:
    _names(timedelta(0))
    schedule.forget()
    assert _names(timedelta(hours=-3)) == []
    assert Rhythm.objects.get(name="tests.hourly").last_slot == NOW.replace(minute=0)


@pytest.mark.django_db
def test_housekeeping_of_every_room_runs(settings: object) -> None:
    load_tasks()
    assert {"core.sweep", "mail.blank_settled"} <= set(schedule.tick(now=NOW))
    Job.objects.filter(name="tests.hourly").delete()
    worker.drain()
    assert set(Job.objects.values_list("state", flat=True)) == {"done"}


def _tick(log: Path) -> None:
    for name in schedule.tick(now=NOW):
        note(log, name)


def test_any_number_of_schedulers_defers_a_slot_once(database: Database, tmp_path: Path) -> None:
    race(database, _tick, [(tmp_path / "log",)] * 6)
    assert (tmp_path / "log").read_text().splitlines().count("tests.hourly") == 1
