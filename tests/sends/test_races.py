# SPDX-License-Identifier: Apache-2.0
"""What must hold with real processes on one SQLite file: a key sends and charges once, and what is given back was never shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from tests.factories.processes import run

pytestmark = pytest.mark.slow

SET_UP = """
from sealroom.access import flows as access
from sealroom.access.errors import NotAdmitted
from sealroom.credits import queries as credits
from sealroom.mail.models import OutgoingMail
from sealroom.sends import flows
from sealroom.sends.models import Send
from tests.factories.access import make_document, make_pass
from tests.factories.accounts import make_persona
from tests.factories.sends import available, request_for, send
owner = make_persona("owner@example.com", team_name="Northwind", now=NOW)
documents = [make_document(owner, f"{name}.pdf", now=NOW) for name in "xy"]
"""

ONE_KEY = """
actor, request = owner.actor, request_for(documents)

def try_to_send():
    result = flows.send_documents(actor, request, key="one key", now=NOW)
    return [result.send.public_id, result.charged, result.available, result.replayed]

answers = all_at_once([try_to_send] * 16)
print(json.dumps({
    "answers": answers, "sends": Send.objects.count(), "available": available(owner, NOW),
    "mails": OutgoingMail.objects.filter(about__startswith="recipient:").count(), **credits.recount(owner.team.pk),
}))
"""

GIVE_BACK = """
sends = [send(owner, documents[:1], [f"r{number}@example.com"], now=NOW).send for number in range(40)]
links = [one.recipients.get().link for one in sends]
cookies = [make_pass(link, now=NOW) for link in links]
actor = owner.actor

def read():
    seen = []
    for link, cookie in zip(links, cookies):
        try:
            access.check_pass(cookie, link.public_id, documents[0].public_id, ip="198.51.100.9", now=NOW)
            seen.append(1)
        except NotAdmitted:
            seen.append(0)
    return seen

def cancel():
    return [flows.cancel(actor, one.public_id, now=NOW).returned for one in sends]

shown, returned = all_at_once([read, cancel])
print(json.dumps({"shown": shown, "returned": returned, "available": available(owner, NOW)}))
"""


def test_one_key_from_sixteen_processes_is_one_send_and_one_charge(tmp_path: Path) -> None:
    told = cast("dict[str, Any]", run(SET_UP + ONE_KEY, tmp_path))

    assert {tuple(answer[:3]) for answer in told["answers"]} == {(told["answers"][0][0], 10, 1490)}
    assert sorted(answer[3] for answer in told["answers"]) == [False] + [True] * 15
    assert (told["sends"], told["mails"], told["available"]) == (1, 5, 1490)
    assert told["balance"] == told["entries"] == told["lots"] == 1490


def test_what_is_given_back_was_never_shown(tmp_path: Path) -> None:
    told = cast("dict[str, Any]", run(SET_UP + GIVE_BACK, tmp_path))

    assert [1 - seen for seen in told["shown"]] == told["returned"]
    assert told["available"] == 1460 + sum(told["returned"])
