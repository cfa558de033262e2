# SPDX-License-Identifier: Apache-2.0
"""What must hold with real processes, on both engines: a key sends and charges once, and what is given back was never shown."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db import OperationalError

from sealroom.access import flows as access
from sealroom.access.errors import NotAdmitted
from sealroom.access.models import Grant, Link
from sealroom.accounts.models import Team, User
from sealroom.accounts.queries import actor_for
from sealroom.accounts.rules import Actor
from sealroom.credits import queries as credits
from sealroom.documents.models import Document
from sealroom.mail.models import OutgoingMail
from sealroom.sends import flows
from sealroom.sends.models import Send
from tests.factories.access import make_document, make_pass
from tests.factories.accounts import make_persona
from tests.factories.sends import request_for, send
from tests.processes import Database, do, race, race_of

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)


def found() -> None:
    owner = make_persona("owner@example.com", team_name="Northwind", now=NOW)
    for name in "xy":
        make_document(owner, f"{name}.pdf", now=NOW)


def actor() -> Actor:
    found = actor_for(User.objects.get())
    assert found is not None
    return found


def try_to_send(key: str) -> tuple[str, int, int, bool]:
    request = request_for(list(Document.objects.order_by("pk")))
    result = flows.send_documents(actor(), request, key=key, now=NOW)
    return result.send.public_id, result.charged, result.available, result.replayed


def sums() -> tuple[int, int, set[int]]:
    """Sends, mails to recipients, and the balance, counted in each way there is."""
    mails = OutgoingMail.objects.filter(about__startswith="recipient:").count()
    return Send.objects.count(), mails, set(credits.recount(Team.objects.get().pk).values())


def test_one_key_from_32_processes_is_one_send_and_one_charge(database: Database) -> None:
    do(database, found)
    answers = race(database, try_to_send, [("one key",)] * 32)
    assert {answer[:3] for answer in answers} == {(answers[0][0], 10, 1490)}
    assert Counter(answer[3] for answer in answers) == {True: 31, False: 1}
    assert do(database, sums) == (1, 5, {1490})


def test_the_same_send_under_16_keys_is_charged_once(database: Database) -> None:
    do(database, found)
    answers = race(database, try_to_send, [(f"key {number}",) for number in range(16)])
    assert sorted(answer[1] for answer in answers) == [*[0] * 15, 10]
    assert do(database, sums) == (16, 80, {1490})


def deliver_to_one() -> str:
    owner = make_persona("owner@example.com", team_name="Northwind", now=NOW)
    documents = [make_document(owner, f"{name}.pdf", now=NOW) for name in "xy"]
    return send(owner, documents, ["a@example.com"], now=NOW).send.public_id


def widen(send_id: str, word: str) -> int:
    """Open access, as a client does: what a busy database refuses (503 at the doors) is asked again."""
    for _ in range(10):
        with suppress(OperationalError):
            return _widen(send_id, word)
    raise AssertionError("the database was busy all the time")


def _widen(send_id: str, word: str) -> int:
    return flows.change_settings(actor(), send_id, lambda before: replace(before, access=word), now=NOW).charged


def open_links() -> tuple[int, int]:
    """Links that name nobody, and the rights on documents they give."""
    return Link.objects.filter(address="").count(), Grant.objects.filter(link__address="").count()


def test_fifty_widenings_at_once_charge_once(database: Database) -> None:
    one = do(database, deliver_to_one)
    answers = race(database, widen, [(one, ("anyone", "anyone_verified")[number % 2]) for number in range(50)])
    assert sorted(answers) == [*[0] * 49, 2]
    assert do(database, available) == 1496
    assert do(database, open_links) == (1, 2)


def deliver() -> list[tuple[str, str, str, str]]:
    """Twenty-four sends of one document: send, link, document and the cookie of its reader."""
    owner = make_persona("owner@example.com", team_name="Northwind", now=NOW)
    document = make_document(owner, now=NOW)
    delivered = []
    for number in range(24):
        one = send(owner, [document], [f"r{number}@example.com"], now=NOW).send
        link = one.recipients.get().link
        assert link is not None
        delivered.append((one.public_id, link.public_id, document.public_id, make_pass(link, now=NOW)))
    return delivered


def read(delivered: list[tuple[str, str, str, str]]) -> list[int]:
    seen = []
    for _, link, document, cookie in delivered:
        try:
            access.check_pass(cookie, link, document, ip="198.51.100.9", now=NOW)
        except NotAdmitted:
            seen.append(0)
        else:
            seen.append(1)
    return seen


def cancel(delivered: list[tuple[str, str, str, str]]) -> list[int]:
    return [flows.cancel(actor(), one, now=NOW).returned for one, *_ in delivered]


def available() -> int:
    return credits.meter(Team.objects.get().pk, now=NOW).available


def test_what_is_given_back_was_never_shown(database: Database) -> None:
    delivered = do(database, deliver)
    shown, returned = race_of(database, [(read, delivered), (cancel, delivered)])
    assert [1 - seen for seen in shown] == returned
    assert do(database, available) == 1476 + sum(returned)
