# SPDX-License-Identifier: Apache-2.0
from datetime import timedelta
from pathlib import Path

import pytest

from sealroom.core import ratelimit
from sealroom.core.errors import RateLimited
from sealroom.core.models import RateBucket
from tests.conftest import NOW
from tests.processes import Database, note, race

HOUR = timedelta(hours=1)


@pytest.mark.django_db
def test_take_refuses_beyond_the_limit_and_says_until_when() -> None:
    for _ in range(3):
        ratelimit.take("codes", "a@example.com", limit=3, per=HOUR, now=NOW)
    with pytest.raises(RateLimited) as refusal:
        ratelimit.take("codes", "a@example.com", limit=3, per=HOUR, now=NOW + timedelta(minutes=59, milliseconds=1))
    assert refusal.value.facts == {"retry_after": 60}


@pytest.mark.django_db
def test_take_counts_purposes_and_subjects_apart() -> None:
    for purpose, subject in [("codes", "a"), ("codes", "b"), ("tries", "a")]:
        ratelimit.take(purpose, subject, limit=1, per=HOUR, now=NOW)
    assert RateBucket.objects.count() == 3
    assert not RateBucket.objects.filter(key__contains="a@").exists()


@pytest.mark.django_db
def test_take_opens_a_new_window_at_its_end_and_sweep_forgets_old_ones() -> None:
    ratelimit.take("codes", "a", limit=1, per=HOUR, now=NOW)
    ratelimit.take("codes", "a", limit=1, per=HOUR, now=NOW + HOUR)
    with pytest.raises(RateLimited):
        ratelimit.take("codes", "a", limit=1, per=HOUR, now=NOW + HOUR)
    assert ratelimit.sweep(NOW + 2 * HOUR) == 0
    assert ratelimit.sweep(NOW + 2 * HOUR + timedelta(seconds=1)) == 1


def _take_many(log: Path) -> None:
    for _ in range(25):
        try:
            ratelimit.take("codes", "a", limit=60, per=HOUR, now=NOW)
        except RateLimited:
            continue
        note(log, "taken")


def test_take_is_exact_among_processes(database: Database, tmp_path: Path) -> None:
    race(database, _take_many, [(tmp_path / "log",)] * 6)
    assert (tmp_path / "log").read_text().count("taken") == 60
    assert database.ask("SELECT count FROM core_ratebucket") == [(60,)]


@pytest.mark.parametrize(
    ("ip", "source"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_source_of_an_ipv6_client_is_its_network(ip: str, source: str) -> None:
    assert ratelimit.source_of(ip) == source
