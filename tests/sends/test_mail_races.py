# SPDX-License-Identifier: Apache-2.0
"""Commits of mail clients with real processes, on both engines: charged once, and what was read is never given back."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from sealroom.access import flows as access
from sealroom.access.errors import NotAdmitted
from sealroom.accounts.models import Team, User
from sealroom.accounts.queries import actor_for
from sealroom.accounts.rules import Actor, Route
from sealroom.credits import queries as credits
from sealroom.credits.errors import InsufficientCredits
from sealroom.documents.models import Document
from sealroom.mail.models import OutgoingMail
from sealroom.sends import flows
from sealroom.sends.errors import StaleDraft
from sealroom.sends.flows import Envelope
from sealroom.sends.models import Send
from sealroom.sends.rules import Addressee, MailCommit
from tests.factories.access import IP, make_document, make_pass
from tests.factories.accounts import make_persona
from tests.factories.sends import request_for
from tests.processes import Database, do, race, race_of

pytestmark = pytest.mark.slow
NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
READERS = tuple(f"r{number}@example.com" for number in range(10))


def actor() -> Actor:
    found = actor_for(User.objects.get(), route=Route.GMAIL)
    assert found is not None
    return found


def draft(documents: int) -> str:
    owner = make_persona("owner@example.com", team_name="Northwind", now=NOW)
    for number in range(documents):
        make_document(owner, f"{number}.pdf", now=NOW)
    request = request_for(list(Document.objects.order_by("pk")), ())
    made = flows.save_draft(actor(), request, uuid="u", envelope=Envelope("gmail"), now=NOW).send
    flows.put_words(actor(), made.public_id, text="Hello", now=NOW)
    return made.public_id


def commit(send_id: str, recipients: tuple[str, ...], revision: int) -> tuple[int, bool]:
    wanted = MailCommit(tuple(Addressee(one) for one in recipients), "client")
    result = flows.commit_mail(actor(), send_id, wanted, key=f"{send_id}:{revision}", revision=revision, now=NOW)
    return result.charged, result.replayed


def commit_or_stale(send_id: str, recipients: tuple[str, ...], revision: int) -> str:
    try:
        return str(commit(send_id, recipients, revision)[0])
    except (StaleDraft, InsufficientCredits) as refusal:
        return refusal.code


def sums() -> tuple[int, set[int], int]:
    """Mails to recipients, the balance counted in each way there is, and the current recipients."""
    mails = OutgoingMail.objects.filter(about__startswith="recipient:").count()
    return (
        mails,
        set(credits.recount(Team.objects.get().pk).values()),
        Send.objects.get().recipients.filter(removed_at=None).count(),
    )


def test_one_commit_from_16_processes_is_charged_once(database: Database) -> None:
    send_id = do(database, draft, 2)
    answers = race(database, commit, [(send_id, READERS[:3], 2)] * 16)
    assert Counter(answers) == {(6, False): 1, (6, True): 15}
    assert do(database, sums) == (0, {1494}, 3)
    assert do(database, commit, send_id, READERS[:3], 2) == (6, True)  # whose answer was lost asks again


def test_commits_again_at_once_are_one_after_the_other(database: Database) -> None:
    send_id = do(database, draft, 1)
    do(database, commit, send_id, READERS[:1], 2)
    wanted = [(send_id, READERS[: number + 1], number + 2) for number in range(1, 9)]
    answers = race(database, commit_or_stale, wanted)
    charged = sum(int(answer) for answer in answers if answer != "stale_draft")
    # The last revision always wins, whatever came before it in time.
    assert do(database, sums) == (0, {1500 - 1 - charged}, 9)
    assert charged == 8


def prepared() -> tuple[str, list[tuple[str, str]]]:
    send_id = draft(0)
    commit(send_id, READERS, 2)
    readings = []
    for one in Send.objects.get().recipients.select_related("link").order_by("pk"):
        assert one.link is not None
        readings.append((one.link.public_id, make_pass(one.link, now=NOW)))
    return send_id, readings


def read(readings: list[tuple[str, str]]) -> list[int]:
    seen = []
    for number, (link, cookie) in enumerate(readings):
        with suppress(NotAdmitted):
            access.open_words(cookie, link, ip=IP, now=NOW)
            seen.append(number)
    return seen


def drop_one_by_one(send_id: str) -> list[int]:
    before = 1490
    returned = []
    for number in range(9, 0, -1):
        commit(send_id, READERS[:number], 20 - number)
        left = credits.meter(Team.objects.get().pk, now=NOW).available
        if left > before:
            returned.append(number)
        before = left
    return returned


def test_words_that_were_read_are_never_given_back(database: Database) -> None:
    send_id, readings = do(database, prepared)
    seen, returned = race_of(database, [(read, readings), (drop_one_by_one, send_id)])
    assert set(seen) & set(returned) == set()
    assert set(seen) | set(returned) >= set(range(1, 10))
