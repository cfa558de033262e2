# SPDX-License-Identifier: Apache-2.0
"""Mails handed in at one time by real processes, on both engines: each charged once, never more than there is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db import transaction

from sealroom.accounts.models import Team, User
from sealroom.accounts.queries import actor_for
from sealroom.accounts.rules import Actor, Route
from sealroom.credits import flows as credit_flows
from sealroom.credits import queries as credits
from sealroom.credits.errors import InsufficientCredits
from sealroom.documents.models import Document
from sealroom.mail.models import OutgoingMail
from sealroom.sends import flows
from sealroom.sends.flows import Envelope, Submission
from sealroom.sends.models import Send
from sealroom.sends.queries import Insert
from sealroom.sends.rules import Addressee, MailCommit
from tests.factories.access import make_document
from tests.factories.accounts import make_persona
from tests.factories.sends import available, request_for
from tests.processes import Database, do, race, race_of

pytestmark = pytest.mark.slow
NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
PEOPLE = tuple(Addressee(f"r{number}@example.com") for number in range(3))


def found(left: int) -> None:
    """A team with so many credits and a document for each mail."""
    owner = make_persona("owner@example.com", team_name="Northwind", now=NOW)
    for number in range(20):
        make_document(owner, f"{number}.pdf", now=NOW)
    pairs = [f"used:{number}" for number in range(available(owner, NOW) - left)]
    with transaction.atomic():
        credit_flows.spend(owner.team.pk, pairs, actor=owner.actor, key="use up", request_digest="", now=NOW)


def actor(route: Route = Route.SMTP) -> Actor:
    member = actor_for(User.objects.get(), route=route)
    assert member is not None
    return member


def copy(insert: Insert) -> bytes:
    return b"Subject: Plan\r\n\r\n" + insert.text.encode()


def submit(key: str, number: int, people: int = 3) -> str:
    document = Document.objects.order_by("pk")[number].public_id
    try:
        return str(flows.submit(actor(), Submission(key, PEOPLE[:people], (document,), "Plan"), copy, now=NOW))
    except InsufficientCredits as refusal:
        return refusal.code


def commit(number: int) -> str:
    """A mail client's mail to one person, from its draft to its commit."""
    member = replace(actor(), route=Route.GMAIL)
    document = Document.objects.order_by("pk")[number]
    draft = flows.save_draft(member, request_for([document], ()), uuid=f"u{number}", envelope=Envelope("gmail"), now=NOW).send
    try:
        wanted = MailCommit(PEOPLE[:1])
        result = flows.commit_mail(member, draft.public_id, wanted, key=f"k{number}", revision=draft.revision, now=NOW)
    except InsufficientCredits as refusal:
        return refusal.code
    return str(result.charged)


def sums() -> tuple[set[int], int, int]:
    """The balance counted in each way there is, mails that went out, copies that are put up."""
    copies = OutgoingMail.objects.filter(about__startswith="recipient:").count()
    return set(credits.recount(Team.objects.get().pk).values()), Send.objects.filter(state="sent").count(), copies


def test_the_same_mail_from_8_processes_is_charged_once(database: Database) -> None:
    do(database, found, 20)
    # Each connection uploaded the file for itself, so that the mails differ in nothing but their documents.
    answers = race(database, submit, [("5e" * 32, number) for number in range(8)])
    assert Counter(answers) == {"True": 1, "False": 7}
    assert do(database, sums) == ({17}, 1, 3)
    assert do(database, submit, "5e" * 32, 0) == "False"


def test_the_last_credits_go_to_as_many_mails_as_they_pay(database: Database) -> None:
    do(database, found, 7)
    answers = race(database, submit, [(f"{number:02x}" * 32, number) for number in range(8)])
    assert Counter(answers) == {"True": 2, "insufficient_credits": 6}
    assert do(database, sums) == ({1}, 2, 6)


def test_submissions_and_commits_share_one_wallet(database: Database) -> None:
    do(database, found, 5)
    deeds = [(submit, f"{number:02x}" * 32, number, 1) if number % 4 == 0 else (commit, number) for number in range(20)]
    answers = race_of(database, deeds)
    paid = [answer for answer in answers if answer != "insufficient_credits"]
    assert len(paid) == 5
    assert set(paid) <= {"True", "1"}
    assert do(database, sums) == ({0}, 5, paid.count("True"))
