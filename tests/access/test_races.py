# SPDX-License-Identifier: Apache-2.0
"""What must hold with real processes on one SQLite file: tries are counted before codes are judged, and a revocation is seen by
every process at its next request."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories.processes import run

pytestmark = pytest.mark.slow

SET_UP = """
from sealroom.access import flows
from sealroom.access.errors import CodeExpired, CodeWornOut, CodeWrong, NotAdmitted
from tests.factories.access import code_of, make_document, make_link, make_pass
from tests.factories.accounts import make_persona
owner = make_persona("owner@example.com", team_name="Northwind", now=NOW)
documents = [make_document(owner, now=NOW)]
sent = make_link(owner, "nadia@example.com", documents, now=NOW)
"""

GUESS = """
visitor = flows.meet(None, user_agent="", now=NOW).visitor
code = code_of(flows.request_code(visitor, sent.token, "nadia@example.com", ip="198.51.100.9", now=NOW).id)

def guess(first):
    seen = {"right": 0, "code_wrong": 0, "code_worn_out": 0}
    for place in range(50):
        wrong = f"{(int(code) + 1 + first + place) % 1_000_000:06d}"
        try:
            flows.verify_code(visitor, sent.token, wrong, remember=False, ip=f"198.51.{first}.{place}", now=NOW)
            seen["right"] += 1
        except (CodeWrong, CodeWornOut) as refusal:
            seen[refusal.code] += 1
    return seen

seen = all_at_once([lambda first=first: guess(first) for first in range(0, 300, 50)])
print(json.dumps({name: sum(one[name] for one in seen) for name in seen[0]}))
"""

REVOKE = """
cookie = make_pass(sent.link, now=NOW)

def read(_line):
    try:
        flows.check_pass(cookie, sent.link.public_id, documents[0].public_id, ip="198.51.100.9", now=NOW)
        return "admitted"
    except NotAdmitted as refusal:
        return refusal.reason

def all_read():
    for reader in readers:
        reader.ask()
    return [reader.answer() for reader in readers]

readers = [Child(read) for _ in range(3)]
told = []
for _ in range(3):
    told.append(all_read())
    flows.revoke_policy(sent.policy, now=NOW)
    told.append(all_read())
    flows.restore_policy(sent.policy, now=NOW)
for reader in readers:
    reader.end()
print(json.dumps(told))
"""


def test_of_300_guesses_at_once_five_are_judged(tmp_path: Path) -> None:
    assert run(SET_UP + GUESS, tmp_path) == {"right": 0, "code_wrong": 5, "code_worn_out": 295}


def test_a_revocation_is_seen_by_every_process_at_its_next_request(tmp_path: Path) -> None:
    assert run(SET_UP + REVOKE, tmp_path) == [["admitted"] * 3, ["revoked"] * 3] * 3
