# SPDX-License-Identifier: Apache-2.0
"""What must hold with real processes, on both engines: tries are counted before codes are judged, and a revocation is seen by every
process at its next request."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from sealroom.access import flows
from sealroom.access.errors import CodeWornOut, CodeWrong, NotAdmitted
from sealroom.access.models import PolicyRow, Visitor
from tests.factories.access import Sent, code_of, make_document, make_link, make_pass
from tests.factories.accounts import make_persona
from tests.processes import Companion, Database, do, race

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
IP = "198.51.100.9"


def found() -> Sent:
    owner = make_persona("owner@example.com", team_name="Northwind", now=NOW)
    return make_link(owner, "nadia@example.com", [make_document(owner, now=NOW)], now=NOW)


def request_code() -> tuple[int, str, int]:
    """A browser, the token of a link, and the code that was mailed to it."""
    token = found().token
    visitor = flows.meet(None, user_agent="", now=NOW).visitor
    code = code_of(flows.request_code(visitor, token, "nadia@example.com", ip=IP, now=NOW).id)
    return visitor.pk, token, int(code)


def guess(visitor_id: int, token: str, code: int, first: int) -> Counter[str]:
    visitor, seen = Visitor.objects.get(pk=visitor_id), Counter[str]()
    for place in range(50):
        wrong = f"{(code + 1 + first + place) % 1_000_000:06d}"
        try:
            flows.verify_code(visitor, token, wrong, remember=False, ip=f"198.51.{first}.{place}", now=NOW)
            seen["right"] += 1
        except (CodeWrong, CodeWornOut) as refusal:
            seen[refusal.code] += 1
    return seen


def test_of_300_guesses_at_once_five_are_judged(database: Database) -> None:
    visitor, token, code = do(database, request_code)
    seen = race(database, guess, [(visitor, token, code, first) for first in range(0, 300, 50)])
    assert sum(seen, Counter()) == {"code_wrong": 5, "code_worn_out": 295}


@dataclass(frozen=True)
class Reading:
    """What a reader's browser asks with."""

    cookie: str
    link: str
    document: str


def begin_reading() -> Reading:
    sent = found()
    return Reading(make_pass(sent.link, now=NOW), sent.link.public_id, sent.documents[0].public_id)


def read(reading: Reading) -> str:
    try:
        flows.check_pass(reading.cookie, reading.link, reading.document, ip=IP, now=NOW)
    except NotAdmitted as refusal:
        return str(refusal.reason)
    return "admitted"


def revoke() -> None:
    flows.revoke_policy(PolicyRow.objects.get(), now=NOW)


def restore() -> None:
    flows.restore_policy(PolicyRow.objects.get(), now=NOW)


def test_a_revocation_is_seen_by_every_process_at_its_next_request(database: Database) -> None:
    reading = do(database, begin_reading)
    readers = [Companion(database, read) for _ in range(3)]

    def all_read() -> list[str]:
        for reader in readers:
            reader.ask(reading)
        return [reader.answer() for reader in readers]

    for _ in range(3):
        assert all_read() == ["admitted"] * 3
        do(database, revoke)
        assert all_read() == ["revoked"] * 3
        do(database, restore)
    for reader in readers:
        reader.end()
