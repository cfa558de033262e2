# SPDX-License-Identifier: Apache-2.0
"""The order of the gates: every hurdle by its name, and nobody who fails an earlier one learns of a later one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealroom.access import rules
from sealroom.access.rules import HURDLES, Access, Facts, Policy, TermsMode, Verdict, decide_admission, gate_is_reached

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
ORDER = [
    Verdict.EMAIL,
    Verdict.NOT_FOUND,
    Verdict.REVOKED,
    Verdict.EXPIRED,
    Verdict.WITHHELD,
    Verdict.NOT_STARTED,
    Verdict.DOMAIN,
    Verdict.IP,
    Verdict.COUNTRY,
    Verdict.PASSCODE,
    Verdict.TERMS,
    Verdict.USED_UP,
]
STRICT = Policy(
    expires_at=NOW,
    starts_at=NOW + timedelta(days=1),
    domains=("example.com",),
    allow_ips=("192.0.2.0/24",),
    allow_countries=("FR",),
    passcode_hash="hash",
    passcode_version=2,
    terms=TermsMode.ORGANIZATION,
    max_views=1,
)
FAILS = Facts(
    proved=False, granted=False, revoked=True, withheld=True, address="a@example.org", ip="198.51.100.1", terms_due=True, views=1
)
# What has to become true for each hurdle to be taken, as (policy, facts).
TAKEN: dict[Verdict, tuple[dict[str, object], dict[str, object]]] = {
    Verdict.EMAIL: ({}, {"proved": True}),
    Verdict.NOT_FOUND: ({}, {"granted": True}),
    Verdict.REVOKED: ({}, {"revoked": False}),
    Verdict.EXPIRED: ({"expires_at": None}, {}),
    Verdict.WITHHELD: ({}, {"withheld": False}),
    Verdict.NOT_STARTED: ({"starts_at": None}, {}),
    Verdict.DOMAIN: ({}, {"address": "a@example.com"}),
    Verdict.IP: ({}, {"ip": "192.0.2.7"}),
    Verdict.COUNTRY: ({}, {"country": "FR"}),
    Verdict.PASSCODE: ({}, {"passcode_version": 2}),
    Verdict.TERMS: ({}, {"terms_due": False}),
    Verdict.USED_UP: ({}, {"views": 0}),
}


def test_hurdles_are_met_one_after_the_other_in_this_order() -> None:
    policy, facts, met = STRICT, FAILS, []
    while (verdict := decide_admission(policy, facts, now=NOW)) is not Verdict.ADMIT:
        met.append(verdict)
        conditions, known = TAKEN[verdict]
        policy, facts = replace(policy, **conditions), replace(facts, **known)  # type: ignore[arg-type]
    assert met == ORDER
    assert len(HURDLES) == len(ORDER) == len(Verdict) - 1


moments = st.none() | st.sampled_from([NOW - timedelta(days=1), NOW, NOW + timedelta(days=1)])
policies = st.builds(
    Policy,
    access=st.sampled_from(Access),
    starts_at=moments,
    expires_at=moments,
    expire_after_opening_s=st.none() | st.integers(1, 200_000),
    passcode_hash=st.sampled_from(["", "hash"]),
    passcode_version=st.integers(0, 3),
    max_views=st.none() | st.integers(1, 3),
    domains=st.sampled_from([(), ("example.com",)]),
    block_domains=st.sampled_from([(), ("example.org",)]),
    allow_ips=st.sampled_from([(), ("192.0.2.0/24",), ("2001:db8::/32",)]),
    allow_countries=st.sampled_from([(), ("FR",), ("FR", "DE")]),
)
facts_of_requests = st.builds(
    Facts,
    proved=st.booleans(),
    granted=st.booleans(),
    revoked=st.booleans(),
    withheld=st.booleans(),
    first_opened_at=moments,
    address=st.sampled_from(["", "a@example.com", "b@example.org"]),
    is_named=st.booleans(),
    ip=st.sampled_from(["192.0.2.7", "198.51.100.1", "2001:db8::1", "", "no address"]),
    country=st.sampled_from(["", "FR", "US"]),
    passcode_version=st.integers(0, 3),
    terms_due=st.booleans(),
    views=st.integers(0, 4),
    is_viewing=st.booleans(),
    is_preview=st.booleans(),
)


@given(policies, facts_of_requests)
def test_who_fails_an_early_hurdle_learns_nothing_of_later_ones(policy: Policy, facts: Facts) -> None:
    verdict = decide_admission(policy, facts, now=NOW)
    refusals = [hurdle(policy, facts, NOW) for hurdle in HURDLES]

    assert [refusal or place for refusal, place in zip(refusals, ORDER, strict=True)] == ORDER, "each refuses with its own name"
    assert verdict is next((refusal for refusal in refusals if refusal), Verdict.ADMIT)


@given(policies, facts_of_requests, policies, facts_of_requests)
def test_the_answer_of_an_early_hurdle_does_not_depend_on_what_later_ones_judge(
    policy: Policy, facts: Facts, other: Policy, others: Facts
) -> None:
    unproved, elsewhere = replace(facts, proved=False), replace(others, proved=False)
    assert decide_admission(policy, unproved, now=NOW) is decide_admission(other, elsewhere, now=NOW) is Verdict.EMAIL
    gone = replace(others, proved=True, granted=False)
    assert decide_admission(policy, gone, now=NOW) is decide_admission(other, gone, now=NOW) is Verdict.NOT_FOUND


@pytest.mark.parametrize("gate", [Verdict.PASSCODE, Verdict.TERMS])
@pytest.mark.parametrize("verdict", [*ORDER, Verdict.ADMIT])
def test_the_page_of_a_gate_is_shown_to_who_came_so_far(gate: Verdict, verdict: Verdict) -> None:
    came_so_far = verdict is Verdict.ADMIT or ORDER.index(verdict) >= ORDER.index(gate)
    assert gate_is_reached(verdict, gate) == came_so_far


@pytest.mark.parametrize(
    ("access", "invited", "proved", "reader", "opens"),
    [
        (Access.NAMED_CODE, "a@x.example", "a@x.example", "a@x.example", True),
        (Access.NAMED_CODE, "a@x.example", "", "a@x.example", False),  # came by holding the link, when that was enough
        (Access.NAMED_CODE, "a@x.example", "b@x.example", "b@x.example", False),  # proved another one, when anyone could
        (Access.NAMED_CODE, "", "b@x.example", "b@x.example", False),  # the open link names nobody
        (Access.NAMED_QUICK, "a@x.example", "", "a@x.example", True),
        (Access.NAMED_QUICK, "a@x.example", "b@x.example", "b@x.example", False),
        (Access.NAMED_QUICK, "", "", "", False),
        (Access.DOMAINS, "", "b@x.example", "b@x.example", True),
        (Access.DOMAINS, "", "", "", False),
        (Access.ANYONE_VERIFIED, "a@x.example", "b@x.example", "b@x.example", True),
        (Access.ANYONE_VERIFIED, "a@x.example", "", "a@x.example", False),
        (Access.ANYONE, "", "", "", True),
        (Access.ANYONE, "a@x.example", "", "a@x.example", True),
    ],
)
def test_a_pass_opens_only_what_is_asked_for_now(access: Access, invited: str, proved: str, reader: str, opens: bool) -> None:
    assert rules.is_proved(Policy(access=access), invited=invited, proved=proved, reader=reader) == opens


@pytest.mark.parametrize(
    ("policy", "invited", "address", "is_invited"),
    [
        (Policy(), "a@x.example", "a@x.example", True),
        (Policy(), "a@x.example", "b@x.example", False),
        (Policy(), "", "b@x.example", False),
        (Policy(access=Access.ANYONE_VERIFIED), "", "b@y.example", True),
        (Policy(access=Access.ANYONE_VERIFIED, block_domains=("y.example",)), "", "b@y.example", False),
        (Policy(access=Access.DOMAINS, domains=("x.example",)), "", "b@x.example", True),
        (Policy(access=Access.DOMAINS, domains=("x.example",)), "", "b@sub.x.example", False),
        (Policy(access=Access.DOMAINS, domains=("x.example",)), "", "b@y.example", False),
        (Policy(access=Access.DOMAINS, domains=("x.example",)), "c@y.example", "c@y.example", True),
        (Policy(access=Access.ANYONE), "", "b@y.example", False),
    ],
)
def test_who_is_sent_a_code(policy: Policy, invited: str, address: str, is_invited: bool) -> None:
    assert rules.is_invited(policy, invited=invited, address=address) == is_invited
