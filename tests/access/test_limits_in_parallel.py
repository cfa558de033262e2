# SPDX-License-Identifier: Apache-2.0
"""What must hold with real processes, on both engines: limits of views, prints and passcodes, and one start of a timer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from sealroom.access import flows
from sealroom.access.errors import NotAdmitted, PasscodeWrong, PrintsUsedUp
from sealroom.access.models import Acceptance, Link, PolicyRow, Reader, Tally
from sealroom.access.rules import Access, Permission, Policy, TermsMode
from sealroom.core.errors import RateLimited
from tests.factories.access import make_document, make_link, make_pass
from tests.factories.accounts import make_persona
from tests.processes import Database, do, race

pytestmark = pytest.mark.slow
NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
IP = "198.51.100.9"
AT_ONCE = 50


@dataclass(frozen=True)
class Reading:
    """What readers' browsers ask with."""

    cookies: tuple[str, ...]
    link: str
    documents: tuple[str, ...]


def begin(policy: Policy, browsers: int, *, passcode: str | None = None, terms: bool = False) -> Reading:
    owner = make_persona("owner@example.com", team_name="Northwind", now=NOW)
    documents = [make_document(owner, f"{name}.pdf", now=NOW) for name in "ab"]
    sent = make_link(owner, "", documents, policy=policy, now=NOW)
    if passcode is not None:
        flows.set_passcode(sent.policy, passcode)
    if terms:
        flows.set_organization_terms(owner.actor, html="<p>Text</p>", now=NOW)
    cookies = tuple(make_pass(sent.link, now=NOW) for _ in range(browsers))
    return Reading(cookies, sent.link.public_id, tuple(document.public_id for document in documents))


def begin_views() -> Reading:
    return begin(Policy(access=Access.ANYONE, max_views=7), AT_ONCE)


def read(cookie: str, link: str, document: str, seconds: int = 0) -> str:
    try:
        flows.check_pass(cookie, link, document, ip=IP, now=NOW + timedelta(seconds=seconds))
    except NotAdmitted as refusal:
        return refusal.reason
    return "admitted"


def tallies() -> list[tuple[int, int]]:
    return list(Tally.objects.values_list("views", "prints"))


def test_of_50_openings_at_once_no_more_than_the_limit_succeed(database: Database) -> None:
    reading = do(database, begin_views)
    answers = race(database, read, [(cookie, reading.link, reading.documents[0]) for cookie in reading.cookies])
    assert Counter(answers) == {"admitted": 7, "used_up": AT_ONCE - 7}
    assert do(database, tallies) == [(7, 0)]


def begin_prints() -> Reading:
    return begin(Policy(access=Access.ANYONE, permission=Permission.PRINT, max_prints=3), 1)


def print_out(cookie: str, link: str, document: str) -> str:
    try:
        flows.take_print(flows.check_pass(cookie, link, document, ip=IP, now=NOW), now=NOW)
    except PrintsUsedUp as refusal:
        return refusal.code
    return "printed"


def test_of_20_prints_at_once_no_more_than_the_limit_succeed(database: Database) -> None:
    reading = do(database, begin_prints)
    answers = race(database, print_out, [(reading.cookies[0], reading.link, reading.documents[0])] * 20)
    assert Counter(answers) == {"printed": 3, "prints_used_up": 17}
    assert do(database, tallies) == [(0, 3)]


def begin_timer() -> Reading:
    return begin(Policy(access=Access.ANYONE, expire_after_opening_s=60), 8)


def starts() -> list[datetime | None]:
    return list(Reader.objects.values_list("first_opened_at", flat=True))


def test_first_openings_at_once_start_one_time(database: Database) -> None:
    """Of two documents, by eight browsers, each with a clock of its own: the reader's time begins once."""
    reading = do(database, begin_timer)
    wishes = [(cookie, reading.link, reading.documents[place % 2], place) for place, cookie in enumerate(reading.cookies)]
    assert race(database, read, wishes) == ["admitted"] * 8
    (start,) = do(database, starts)
    assert start in {NOW + timedelta(seconds=place) for place in range(8)}
    assert do(database, read, reading.cookies[0], reading.link, reading.documents[0], 100) == "expired"


def begin_passcode() -> Reading:
    return begin(Policy(access=Access.ANYONE), 20, passcode="Opal 7351")


def guess(cookie: str, link: str, clear: str) -> str:
    try:
        flows.try_passcode(cookie, link, clear, ip=IP, now=NOW)
    except (PasscodeWrong, RateLimited) as refusal:
        return refusal.code
    return "right"


def test_of_20_passcodes_at_once_five_are_judged(database: Database) -> None:
    reading = do(database, begin_passcode)
    answers = race(database, guess, [(cookie, reading.link, f"wrong {place}") for place, cookie in enumerate(reading.cookies)])
    assert Counter(answers) == {"passcode_wrong": 5, "rate_limited": 15}


def begin_terms() -> Reading:
    return begin(Policy(access=Access.ANYONE, terms=TermsMode.ORGANIZATION), 1, terms=True)


def accept(cookie: str, link: str) -> str:
    terms = flows.check_gate(cookie, link, ip=IP, now=NOW).terms
    assert terms is not None
    try:
        flows.accept_terms(cookie, link, terms.public_id, "Nadia B.", ip=IP, user_agent="", now=NOW)
    except NotAdmitted as refusal:
        return refusal.reason  # the other request changed the browser's secret first
    return "accepted"


def accepted() -> int:
    return Acceptance.objects.count()


def test_a_button_pressed_twice_at_once_is_one_acceptance(database: Database) -> None:
    reading = do(database, begin_terms)
    assert "accepted" in race(database, accept, [(reading.cookies[0], reading.link)] * 2)
    assert do(database, accepted) == 1


def passcode_of_link() -> int:
    return PolicyRow.objects.get(pk=Link.objects.get().policy_id).passcode_version


def change_passcode(clear: str) -> None:
    flows.set_passcode(PolicyRow.objects.get(), clear)


def test_passcodes_set_at_once_are_each_another_version(database: Database) -> None:
    do(database, begin_passcode)
    race(database, change_passcode, [(f"Jade {place}",) for place in range(4)])
    assert do(database, passcode_of_link) == 5
