# SPDX-License-Identifier: Apache-2.0
"""No send lets out what the virus scanner found something in, or has not seen."""

from __future__ import annotations

from datetime import datetime

import pytest

from sealroom.access import flows as access
from sealroom.access import queries as access_queries
from sealroom.access.errors import NotAdmitted
from sealroom.core.jobs import worker
from sealroom.documents import flows as documents
from sealroom.documents import queries as document_queries
from sealroom.documents.models import Document, Version, VersionScan
from sealroom.mail.models import OutgoingMail
from sealroom.sends import flows
from sealroom.sends.errors import DocumentFailed, NotReady
from sealroom.sends.models import Send, SendState
from sealroom.sends.rules import Addressee
from tests.clamd import FOUND, MARK, Clamd
from tests.factories.access import IP, make_pass
from tests.factories.accounts import Persona
from tests.factories.documents import current, make_pdf, upload, upload_ready
from tests.factories.sends import available, recipient_of, send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_blobs")]
NADIA, OMAR = "nadia@example.net", "omar@example.net"


def infect(document: Document, now: datetime) -> None:
    """What a later scan finds."""
    version = current(document)
    Version.objects.filter(pk=version.pk).update(
        state="failed", error_code="infected", error_facts={"signature": FOUND}, scan=VersionScan.INFECTED, scanned_at=now
    )
    document.refresh_from_db()


def test_a_waiting_send_is_held_with_the_name_of_the_virus(owner: Persona, scanner: Clamd, now: datetime) -> None:
    document = upload(owner.actor, make_pdf() + MARK, now=now)
    result = send(owner, [document], [NADIA], now=now)
    assert result.waiting
    worker.drain()
    held = Send.objects.get()
    assert (held.state, held.held_reason, available(owner, now)) == (SendState.DRAFT, "infected", 1500)
    letter = OutgoingMail.objects.get()
    assert letter.to_address == owner.email
    words = letter.text
    assert "A virus was found in a file. File: Offer.pdf" in words
    assert f"Found: {FOUND}." in words
    with pytest.raises(DocumentFailed) as refusal:
        send(owner, [document], [NADIA], now=now)
    facts = {"document": document.public_id, "name": "Offer.pdf", "error": "infected", "signature": FOUND}
    assert refusal.value.facts == facts


def test_what_was_never_scanned_makes_a_send_wait(
    owner: Persona, clamd_daemon: Clamd, request: pytest.FixtureRequest, now: datetime
) -> None:
    document = upload_ready(owner.actor, now=now)
    live = send(owner, [document], [NADIA], now=now).send
    request.getfixturevalue("scanner")
    result = send(owner, [document], [OMAR], now=now)
    assert (result.waiting, available(owner, now)) == (True, 1499)
    with pytest.raises(NotReady) as refusal:
        flows.add_recipients(owner.actor, live.public_id, [Addressee(OMAR)], key="add", notify=True, now=now)
    assert refusal.value.facts == {
        "document": document.public_id, "name": "Offer.pdf", "reason": "preparing", "retry_after": 2
    }  # fmt: skip
    documents.scan_rest()
    worker.drain()
    assert document_queries.is_sendable(current(document))
    assert Send.objects.get(pk=result.send.pk).state == SendState.SENT
    assert flows.add_recipients(owner.actor, live.public_id, [Addressee(OMAR)], key="add", notify=True, now=now).charged == 0


def test_a_send_that_went_out_is_closed_when_a_virus_is_found(owner: Persona, scanner: Clamd, now: datetime) -> None:
    good, bad = upload_ready(owner.actor, now=now), upload_ready(owner.actor, name="Other.pdf", now=now)
    sent = send(owner, [good, bad], [NADIA], now=now).send
    link = recipient_of(sent, NADIA).link
    assert link is not None
    cookie = make_pass(link, now=now)
    infect(bad, now)
    access.check_pass(cookie, link.public_id, good.public_id, ip=IP, now=now)
    with pytest.raises(NotAdmitted) as refusal:
        access.check_pass(cookie, link.public_id, bad.public_id, ip=IP, now=now)
    assert refusal.value.reason == "withheld"
    landed = access_queries.landing(cookie, link.public_id, ip=IP, now=now)
    assert [one.verdict.value for one in landed.documents] == ["admit", "withheld"]
    infect(good, now)
    landed = access_queries.landing(cookie, link.public_id, ip=IP, now=now)
    assert (landed.state.value, landed.reason) == ("refused", "withheld")
    with pytest.raises(DocumentFailed):
        flows.add_recipients(owner.actor, sent.public_id, [Addressee(OMAR)], key="add", notify=True, now=now)
    assert available(owner, now) == 1498


def test_who_sent_a_file_is_told_once_of_a_virus_found_later(
    owner: Persona, clamd_daemon: Clamd, request: pytest.FixtureRequest, now: datetime
) -> None:
    bad, good = upload_ready(owner.actor, make_pdf() + MARK, now=now), upload_ready(owner.actor, now=now)
    for address in (NADIA, OMAR):
        latest = send(owner, [bad, good], [address], now=now).send
    worker.drain()
    before = set(OutgoingMail.objects.values_list("pk", flat=True))
    request.getfixturevalue("scanner")
    for _ in range(2):
        documents.defer_rescans(everything=True)
        worker.drain()
    letter = OutgoingMail.objects.exclude(pk__in=before).get()
    assert (letter.to_address, letter.subject) == (owner.email, "A virus was found in a file you sent")
    for words in ("A virus was found in “Offer.pdf”.", f"Found: {FOUND}.", f"/sends/{latest.public_id}/"):
        assert words in letter.text
    assert available(owner, now) == 1496
