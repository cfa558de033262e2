# SPDX-License-Identifier: Apache-2.0
"""What must hold with real processes on one SQLite file: a key sends and charges once, and what is given back was never shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.factories.processes import finish, go, start

SET_UP = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tests.factories.access import make_document, make_pass
from tests.factories.accounts import make_persona
from tests.factories.sends import send
owner = make_persona("owner@example.com", team_name="Northwind", now=NOW)
documents = [make_document(owner, f"{name}.pdf", now=NOW) for name in "xy"]
races = []
for number in range(12):
    sent = send(owner, documents[:1], [f"r{number}@example.com"], now=NOW).send
    link = sent.recipients.get().link
    races.append({"send": sent.public_id, "link": link.public_id, "cookie": make_pass(link, now=NOW)})
print(json.dumps({"owner": owner.user.pk, "documents": [one.public_id for one in documents], "races": races}))
"""

SEND = """
from sealroom.accounts import queries
from sealroom.accounts.models import User
from sealroom.accounts.rules import Route
from sealroom.sends import flows
from sealroom.sends.rules import Addressee, SendRequest
facts = json.loads(sys.argv[2])
actor = queries.actor_for(User.objects.get(pk=facts["owner"]), route=Route.API)
request = SendRequest(tuple(facts["documents"]), tuple(Addressee(f"new{n}@example.org") for n in range(5)))
print("ready", flush=True)
sys.stdin.readline()
result = flows.send_documents(actor, request, key="one key", now=NOW)
print(json.dumps([result.send.public_id, result.charged, result.available, result.replayed]))
"""

COUNT = """
from sealroom.credits import queries
from sealroom.credits.models import Entry, PaidPair
from sealroom.accounts.models import Team
from sealroom.mail.models import OutgoingMail
from sealroom.sends.models import Send
team = Team.objects.get()
print(json.dumps({
    "sends": Send.objects.count(), "available": queries.meter(team.pk, now=NOW).available,
    "mails": OutgoingMail.objects.filter(to_address__endswith="example.org").count(),
    "paid": list(PaidPair.objects.values_list("key", flat=True)), **queries.recount(team.pk),
}))
"""

READ = """
from sealroom.access import flows
from sealroom.access.errors import NotAdmitted
facts = json.loads(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
seen = []
for race in facts["races"]:
    try:
        flows.check_pass(race["cookie"], race["link"], facts["documents"][0], ip="198.51.100.9", now=NOW)
        seen.append(True)
    except NotAdmitted:
        seen.append(False)
print(json.dumps(seen))
"""

CANCEL = """
from sealroom.accounts import queries
from sealroom.accounts.models import User
from sealroom.accounts.rules import Route
from sealroom.sends import flows
facts = json.loads(sys.argv[2])
actor = queries.actor_for(User.objects.get(pk=facts["owner"]), route=Route.WEB)
print("ready", flush=True)
sys.stdin.readline()
print(json.dumps([flows.cancel(actor, race["send"], now=NOW).returned for race in facts["races"]]))
"""


@pytest.fixture
def database(tmp_path: Path) -> tuple[str, str]:
    """A file database with twelve sends, and what its clients need (JSON)."""
    file = str(tmp_path / "race.sqlite3")
    return file, finish(SET_UP, file)


def test_one_key_from_sixteen_processes_is_one_send_and_one_charge(database: tuple[str, str]) -> None:
    file, facts = database
    processes = [start(SEND, file, facts) for _ in range(16)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        go(process)
    answers = [json.loads(process.communicate(timeout=120)[0]) for process in processes]

    assert {tuple(answer[:3]) for answer in answers} == {(answers[0][0], 10, 1478)}
    assert sorted(answer[3] for answer in answers) == [False] + [True] * 15
    counted = json.loads(finish(COUNT, file))
    assert (counted["sends"], counted["mails"], counted["available"]) == (13, 5, 1478)
    assert counted["balance"] == counted["entries"] == counted["lots"] == 1478


def test_what_is_given_back_was_never_shown(database: tuple[str, str]) -> None:
    file, facts = database
    processes = [start(READ, file, facts), start(CANCEL, file, facts)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        go(process)
    shown, returned = (json.loads(process.communicate(timeout=120)[0]) for process in processes)

    assert [int(not seen) for seen in shown] == returned
    assert json.loads(finish(COUNT, file))["available"] == 1488 + sum(returned)
