# SPDX-License-Identifier: Apache-2.0
"""Mails handed in by mail programs: charged once, copied for each recipient, mended when something fails later."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sealroom.accounts.rules import Actor, Route
from sealroom.core.jobs import worker
from sealroom.credits import flows as credits
from sealroom.credits.errors import InsufficientCredits
from sealroom.credits.models import Entry
from sealroom.documents.models import Document, Version, VersionState
from sealroom.mail import flows as mail
from sealroom.mail.models import OutgoingMail
from sealroom.sends import flows
from sealroom.sends.errors import DocumentFailed, NotReady
from sealroom.sends.flows import Submission
from sealroom.sends.models import Deed, Send, SendDocument
from sealroom.sends.queries import Insert
from sealroom.sends.rules import Addressee
from tests.factories.access import make_document
from tests.factories.accounts import Persona
from tests.factories.sends import available

pytestmark = pytest.mark.django_db
PEOPLE = (Addressee("a@example.com"), Addressee("b@example.com", "", "cc"), Addressee("c@example.com", "", "bcc"))
KEY = "5e" * 32


@pytest.fixture
def sender(owner: Persona) -> Actor:
    return replace(owner.actor, route=Route.SMTP)


@pytest.fixture
def paper(owner: Persona, now: datetime) -> Document:
    return make_document(owner, "Plan.pdf", now=now)


RELAYED = b"Subject: Plan\r\n\r\nHello\r\n"


def copy(insert: Insert) -> bytes:
    return f"Subject: Plan\r\n\r\n{insert.text}\r\n".encode()


def asked(*documents: Document, key: str = KEY) -> Submission:
    return Submission(key, PEOPLE, tuple(one.public_id for one in documents), "Plan")


def nothing_left() -> bool:
    mails = OutgoingMail.objects.filter(about__startswith="recipient:")
    return [rows.count() for rows in (Send.objects.all(), Deed.objects.all(), mails)] == [0, 0, 0]


def test_a_mail_is_charged_once_and_copied_for_each(owner: Persona, sender: Actor, paper: Document, now: datetime) -> None:
    before = available(owner, now)
    assert flows.submit(sender, asked(paper), copy, now=now) is True
    assert flows.submit(sender, asked(paper), copy, now=now + timedelta(hours=23)) is False
    assert (before - available(owner, now), Send.objects.count(), Send.objects.get().route) == (3, 1, "smtp")
    mails = list(OutgoingMail.objects.order_by("pk"))
    assert [(one.to_address, one.about.split(":")[0]) for one in mails] == [(one.email, "recipient") for one in PEOPLE]
    assert len({one.whole for one in mails}) == 3
    assert all(b"http://127.0.0.1:8000/v/" in one.whole and one.whole not in bytes(one.whole_sealed) for one in mails)
    assert [entry.delta for entry in Entry.objects.filter(kind="charge")] == [-3]


def test_after_a_day_the_same_mail_is_a_new_one(sender: Actor, paper: Document, now: datetime) -> None:
    later = now + timedelta(hours=25)
    assert [flows.submit(sender, asked(paper), copy, now=at) for at in (now, later, later)] == [True, True, False]
    assert (Send.objects.count(), OutgoingMail.objects.count()) == (2, 6)


def test_too_few_credits_leave_nothing(owner: Persona, sender: Actor, paper: Document, now: datetime) -> None:
    pairs = [f"used:{number}" for number in range(available(owner, now) - 2)]
    credits.spend(owner.team.pk, pairs, actor=owner.actor, key="use up", request_digest="", now=now)
    with pytest.raises(InsufficientCredits) as caught:
        flows.submit(sender, asked(paper), copy, now=now)
    assert caught.value.facts["needed"] == 3
    assert nothing_left()


def test_a_file_that_failed_or_has_no_pages_is_refused_by_name(
    owner: Persona, sender: Actor, paper: Document, now: datetime
) -> None:
    Version.objects.update(state=VersionState.FAILED, error_code="password_required")
    with pytest.raises(DocumentFailed) as failed:
        flows.submit(sender, asked(paper), copy, now=now)
    Version.objects.update(state=VersionState.READY, pages=None)
    with pytest.raises(NotReady) as blank:
        flows.submit(sender, asked(paper), copy, now=now)
    assert (failed.value.facts["name"], failed.value.facts["error"]) == ("Plan.pdf", "password_required")
    assert (blank.value.facts["name"], blank.value.facts["reason"]) == ("Plan.pdf", "unviewable")
    assert nothing_left()


def test_a_file_that_fails_afterwards_is_taken_back_and_told(owner: Persona, sender: Actor, paper: Document, now: datetime) -> None:
    before = available(owner, now)
    Version.objects.update(state=VersionState.CONVERTING)
    flows.submit(sender, asked(paper), copy, now=now)
    Version.objects.update(state=VersionState.FAILED, error_code="corrupt")
    version = Version.objects.get()
    assert [flows.take_back_failed(version.pk, now=now) for _ in range(2)] == [3, 0]
    assert (available(owner, now), SendDocument.objects.get().revoked_at) == (before, now)
    letter = OutgoingMail.objects.get(to_address=owner.user.email)
    assert (letter.subject, "“Plan.pdf” cannot be opened" in letter.text) == ("A file could not be delivered", True)


def test_a_mail_that_comes_back_returns_its_credits_and_is_told(
    owner: Persona, sender: Actor, paper: Document, now: datetime
) -> None:
    before = available(owner, now)
    flows.submit(sender, asked(paper), copy, now=now)
    message = OutgoingMail.objects.get(to_address="a@example.com")
    OutgoingMail.objects.update(state="sent")
    assert mail.record_bounce(f"sealroom+{message.public_id}@127.0.0.1", "550 5.1.1 unknown", now) is True
    worker.drain()
    assert before - available(owner, now) == 2
    assert OutgoingMail.objects.filter(to_address=owner.user.email, subject="A mail could not be delivered").count() == 1


def test_a_mail_without_files_is_handed_on_once_and_free(owner: Persona, sender: Actor, now: datetime) -> None:
    before = available(owner, now)
    assert [flows.relay(sender, asked(), RELAYED, now=now) for _ in range(2)] == [True, False]
    assert (available(owner, now), Send.objects.count(), OutgoingMail.objects.count()) == (before, 0, 3)
    assert {one.whole for one in OutgoingMail.objects.all()} == {RELAYED}
    message = OutgoingMail.objects.get(to_address="c@example.com")
    OutgoingMail.objects.update(state="sent")
    assert mail.record_bounce(message.public_id, "550 5.1.1 unknown", now) is True
    worker.drain()
    assert OutgoingMail.objects.filter(to_address=owner.user.email, subject="A mail could not be delivered").count() == 1
