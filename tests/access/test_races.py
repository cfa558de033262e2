# SPDX-License-Identifier: Apache-2.0
"""What must hold with real processes on one SQLite file: tries are counted before codes are judged, and a revocation is seen by
every process at its next request."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.factories.processes import finish, go, start

SET_UP = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tests.factories.access import code_of, make_document, make_link, prove
from tests.factories.accounts import make_persona
from sealroom.access import flows
owner = make_persona("owner@example.com", team_name="Northwind", now=NOW)
documents = [make_document(owner, now=NOW)]
sent = make_link(owner, "nadia@example.com", documents, now=NOW)
meeting = flows.meet(None, user_agent="", now=NOW)
view = flows.request_code(meeting.visitor, sent.token, "nadia@example.com", ip="198.51.100.9", now=NOW)
other = make_link(owner, "nadia@example.com", documents, now=NOW)
print(json.dumps({
    "visitor": meeting.visitor.pk, "token": sent.token, "code": code_of(view.id),
    "cookie": prove(other.token, "nadia@example.com", now=NOW),
    "link": other.link.public_id, "policy": other.policy.pk, "document": documents[0].public_id,
}))
"""

GUESS = """
from sealroom.access import flows
from sealroom.access.errors import CodeExpired, CodeWornOut, CodeWrong
from sealroom.access.models import Visitor
facts, first, count = json.loads(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
visitor = Visitor.objects.get(pk=facts["visitor"])
seen = {"right": 0, "code_wrong": 0, "code_worn_out": 0}
guesses = [f"{number:06d}" for number in range(first, first + count)]
sys.stdin.readline()
for place, guess in enumerate(guesses):
    if guess == facts["code"]:
        continue
    try:
        flows.verify_code(visitor, facts["token"], guess, remember=False, ip=f"198.51.{first % 250}.{place % 250}", now=NOW)
        seen["right"] += 1
    except (CodeWrong, CodeWornOut) as refusal:
        seen[refusal.code] += 1
print(json.dumps(seen))
"""

READ = """
from sealroom.access import flows
from sealroom.access.errors import NotAdmitted
facts = json.loads(sys.argv[2])
print("ready", flush=True)
for line in sys.stdin:
    try:
        flows.check_pass(facts["cookie"], facts["link"], facts["document"], ip="198.51.100.9", now=NOW)
        print("admitted", flush=True)
    except NotAdmitted as refusal:
        print(refusal.reason, flush=True)
"""

SWITCH = """
from sealroom.access import flows
from sealroom.access.models import PolicyRow
facts = json.loads(sys.argv[2])
row = PolicyRow.objects.get(pk=facts["policy"])
print("ready", flush=True)
for line in sys.stdin:
    (flows.revoke_policy if line.strip() == "revoke" else flows.restore_policy)(row, now=NOW)
    print("done", flush=True)
"""


@pytest.fixture
def database(tmp_path: Path) -> tuple[str, str]:
    """A file database with a link, and what its readers hold (JSON)."""
    file = str(tmp_path / "race.sqlite3")
    return file, finish(SET_UP, file)


def test_of_300_guesses_at_once_at_most_five_are_judged(database: tuple[str, str]) -> None:
    file, facts = database
    processes = [start(GUESS, file, facts, str(50 * number), "50") for number in range(6)]
    for process in processes:
        go(process)
    seen = [json.loads(process.communicate(timeout=120)[0]) for process in processes]

    assert sum(one["code_wrong"] for one in seen) == 5
    assert sum(one["right"] for one in seen) == 0
    assert sum(one["code_worn_out"] for one in seen) >= 294


def test_a_revocation_is_seen_by_every_process_at_its_next_request(database: tuple[str, str]) -> None:
    file, facts = database
    readers = [start(READ, file, facts) for _ in range(3)]
    switch = start(SWITCH, file, facts)
    for process in [*readers, switch]:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    def ask(process: subprocess.Popen[str], line: str = "") -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(line + "\n")
        process.stdin.flush()
        return process.stdout.readline().strip()

    try:
        for _ in range(3):
            assert [ask(reader) for reader in readers] == ["admitted"] * 3
            ask(switch, "revoke")
            assert [ask(reader) for reader in readers] == ["revoked"] * 3
            ask(switch, "restore")
    finally:
        for process in [*readers, switch]:
            process.communicate(timeout=30)
