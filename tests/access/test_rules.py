# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealroom.access.rules import Facts, Permission, Policy, Verdict, decide_admission, lifetimes
from sealroom.access.rules.lifetimes import PassTimes

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OPEN = Policy()
PROVED = Facts(proved=True)


@pytest.mark.parametrize(
    ("policy", "facts", "verdict"),
    [
        (OPEN, PROVED, Verdict.ADMIT),
        (OPEN, Facts(proved=False), Verdict.EMAIL),
        (OPEN, replace(PROVED, granted=False), Verdict.NOT_FOUND),
        (OPEN, replace(PROVED, revoked=True), Verdict.REVOKED),
        (replace(OPEN, expires_at=NOW), PROVED, Verdict.EXPIRED),
        (replace(OPEN, expires_at=NOW + SECOND), PROVED, Verdict.ADMIT),
        (replace(OPEN, expires_at=NOW - SECOND), PROVED, Verdict.EXPIRED),
        (replace(OPEN, starts_at=NOW), PROVED, Verdict.ADMIT),
        (replace(OPEN, starts_at=NOW + SECOND), PROVED, Verdict.NOT_STARTED),
        (replace(OPEN, expires_at=NOW - SECOND), replace(PROVED, revoked=True), Verdict.REVOKED),
        (replace(OPEN, expires_at=NOW - SECOND), replace(PROVED, revoked=True, granted=False), Verdict.NOT_FOUND),
    ],
)
def test_admission_is_decided_by_the_first_reason(policy: Policy, facts: Facts, verdict: Verdict) -> None:
    assert decide_admission(policy, facts, now=NOW) is verdict


@given(
    st.booleans(),
    st.booleans(),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.none() | st.datetimes(timezones=st.just(UTC)),
)
def test_who_has_not_proved_the_address_is_told_the_same_whatever_is_true(
    granted: bool, revoked: bool, starts_at: datetime | None, expires_at: datetime | None
) -> None:
    policy = replace(OPEN, starts_at=starts_at, expires_at=expires_at)

    assert decide_admission(policy, Facts(False, granted, revoked), now=NOW) is Verdict.EMAIL


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_expiry_splits_time_in_two_halves(expires_at: datetime, now: datetime) -> None:
    verdict = decide_admission(replace(OPEN, expires_at=expires_at), PROVED, now=now)

    assert verdict is (Verdict.ADMIT if now < expires_at else Verdict.EXPIRED)


@pytest.mark.parametrize(("has", "wants"), list(product(Permission, Permission)))
def test_a_permission_includes_those_before_it(has: Permission, wants: Permission) -> None:
    order = list(Permission)

    assert replace(OPEN, permission=has).allows(wants) == (order.index(wants) <= order.index(has))


def test_only_what_was_there_before_has_ended() -> None:
    assert [verdict for verdict in Verdict if verdict.has_ended] == [Verdict.REVOKED, Verdict.EXPIRED, Verdict.USED_UP]


def test_a_pass_lives_twelve_hours_and_half_an_hour_idle() -> None:
    times = lifetimes.new_pass_times(remember=False, now=NOW)

    assert times == PassTimes(NOW + timedelta(hours=12), NOW + timedelta(minutes=30))
    assert lifetimes.pass_is_alive(times, now=NOW + timedelta(minutes=30) - SECOND)
    assert not lifetimes.pass_is_alive(times, now=NOW + timedelta(minutes=30))


def test_a_remembered_pass_lives_thirty_days_without_idleness() -> None:
    times = lifetimes.new_pass_times(remember=True, now=NOW)

    assert lifetimes.pass_is_alive(times, now=NOW + timedelta(days=30) - SECOND)
    assert not lifetimes.pass_is_alive(times, now=NOW + timedelta(days=30))
    assert lifetimes.touched(times, now=NOW + timedelta(days=3)) is None


def test_a_pass_in_use_is_written_once_a_minute_and_never_past_its_end() -> None:
    times = lifetimes.new_pass_times(remember=False, now=NOW)

    assert lifetimes.touched(times, now=NOW + timedelta(seconds=59)) is None
    assert lifetimes.touched(times, now=NOW + timedelta(seconds=60)) == NOW + timedelta(minutes=31)
    late = PassTimes(NOW + timedelta(minutes=31), NOW + timedelta(minutes=30))
    assert lifetimes.touched(late, now=NOW + timedelta(minutes=25)) == late.expires_at
