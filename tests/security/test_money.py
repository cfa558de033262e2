# SPDX-License-Identifier: Apache-2.0
"""Ways to get credits that were not given: double clicks, loops of adding and calling back, late bounces, odd numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sealroom.credits import queries as credits
from sealroom.documents.models import Document, Version, VersionState
from sealroom.sends import flows
from sealroom.sends.models import Recipient, Send, SendState
from sealroom.sends.rules import Addressee
from tests.factories.access import make_document
from tests.factories.accounts import Persona
from tests.factories.api import make_caller
from tests.factories.sends import available, open_as, recipient_of, request_for, send

READER = "reader@example.net"


@pytest.fixture
def present() -> datetime:
    """The views read the clock themselves."""
    return datetime.now(UTC)


@pytest.fixture
def file(owner: Persona, present: datetime) -> Document:
    """A file that is ready."""
    return make_document(owner, now=present)


def test_a_second_click_on_send_leads_to_what_the_first_sent(owner: Persona, file: Document, present: datetime) -> None:
    """The form as it stood when both clicks fell: same key, and a draft that the first click has sent meanwhile."""
    client = owner.client()
    form = {"document": file.public_id, "recipients": READER, "mark": "email"}
    client.post("/draft/", form)
    draft = Send.objects.get().public_id
    form |= {"draft": draft, "key": "web_same", "deed": "notify"}
    before = available(owner, present)
    first, second = client.post("/", form), client.post("/", form)
    assert [first.status_code, second.status_code] == [302, 302]
    assert first.headers["Location"] == second.headers["Location"] == f"/sends/{draft}/"
    assert available(owner, present) == before - 1
    assert Send.objects.count() == 1


def test_a_sent_draft_is_not_sent_again_under_another_key(owner: Persona, file: Document, present: datetime) -> None:
    client = owner.client()
    form = {"document": file.public_id, "recipients": READER, "mark": "email"}
    client.post("/draft/", form)
    form |= {"draft": Send.objects.get().public_id, "deed": "notify"}
    assert client.post("/", form | {"key": "one"}).status_code == 302
    before = available(owner, present)
    assert client.post("/", form | {"key": "two", "recipients": "other@example.net"}).status_code == 409
    assert available(owner, present) == before
    assert list(Recipient.objects.values_list("address", flat=True)) == [READER]


def test_a_draft_confirmed_again_after_it_was_changed_is_really_sent(owner: Persona, file: Document, now: datetime) -> None:
    """Confirmed while a file was being prepared, then changed (which takes the word back), then confirmed with the same key: a
    replay would promise a send that never goes out."""
    version = Version.objects.get(document=file)
    Version.objects.filter(pk=version.pk).update(state=VersionState.CONVERTING, pages=None)
    request = flows.save_draft(owner.actor, request_for([file], [READER]), now=now)
    first = flows.confirm(owner.actor, request.send.public_id, key="k", now=now)
    assert first.waiting
    flows.save_draft(owner.actor, request_for([file], [READER]), draft_id=request.send.public_id, now=now)
    Version.objects.filter(pk=version.pk).update(state=VersionState.READY, pages=3)
    again = flows.confirm(owner.actor, request.send.public_id, key="k", now=now)
    assert (again.charged, again.send.state) == (1, SendState.SENT)
    replay = flows.confirm(owner.actor, request.send.public_id, key="k", now=now)
    assert (replay.charged, replay.replayed) == (1, True)


def test_a_late_bounce_of_a_former_place_leaves_the_present_one_paid(owner: Persona, file: Document, now: datetime) -> None:
    """Removed and added again before the first mail comes back: the second link is live, so its credit stays spent."""
    sent = send(owner, [file], [READER], now=now).send
    former = recipient_of(sent, READER)
    flows.remove_recipient(owner.actor, sent.public_id, former.public_id, now=now)
    assert flows.add_recipients(owner.actor, sent.public_id, [Addressee(READER)], key="again", now=now).charged == 0
    before = available(owner, now)
    assert flows.record_bounce(former.public_id, now=now) == 0
    assert available(owner, now) == before
    open_as(sent, READER, file, now=now)


def test_no_loop_of_deeds_makes_credits(owner: Persona, file: Document, now: datetime) -> None:
    """Each round ends with everything called back; the balance never exceeds what it was before, and the books agree."""
    start = available(owner, now)
    for round_ in range(4):
        at = now + timedelta(minutes=round_)
        sent = send(owner, [file], [READER, "second@example.net"], now=at).send
        flows.add_recipients(owner.actor, sent.public_id, [Addressee("third@example.net")], key=f"a{round_}", now=at)
        third = recipient_of(sent, "third@example.net")
        flows.remove_recipient(owner.actor, sent.public_id, third.public_id, now=at)
        flows.add_recipients(owner.actor, sent.public_id, [Addressee("third@example.net")], key=f"b{round_}", now=at)
        flows.record_bounce(recipient_of(sent, "second@example.net").public_id, now=at)
        flows.record_bounce(recipient_of(sent, "second@example.net").public_id, now=at)
        flows.record_bounce(third.public_id, now=at)
        assert available(owner, at) <= start
        flows.cancel(owner.actor, sent.public_id, now=at)
        flows.cancel(owner.actor, sent.public_id, now=at)
        flows.record_bounce(recipient_of(sent, READER).public_id, now=at)
        assert available(owner, at) == start
    assert list(credits.ledger_faults()) == []


def test_what_was_opened_is_never_given_back(owner: Persona, file: Document, now: datetime) -> None:
    sent = send(owner, [file], [READER], now=now).send
    open_as(sent, READER, file, now=now)
    before = available(owner, now)
    assert flows.cancel(owner.actor, sent.public_id, now=now).returned == 0
    assert flows.record_bounce(recipient_of(sent, READER).public_id, now=now) == 0
    assert available(owner, now) == before


def test_publishing_the_version_in_force_charges_nothing(owner: Persona, present: datetime) -> None:
    caller = make_caller(owner)
    document = caller.document()
    caller.send([document], [READER])
    current = caller.get(f"/documents/{document}").body["version_id"]
    before = caller.get("/credits").body
    assert caller.post(f"/documents/{document}/versions/{current}/publish", key="p").body["charged"] == 0
    assert caller.post(f"/documents/{document}/versions/{current}/publish").body["charged"] == 0
    assert caller.get("/credits").body == before


@pytest.mark.parametrize("number", ["-1", "0", "101", "1e3", "999999999999999999999999", "nan", "１０", "true", ""])
def test_odd_numbers_are_refused(owner: Persona, number: str) -> None:
    caller = make_caller(owner)
    assert {caller.get(f"{path}?limit={number}").status for path in ("/sends", "/documents", "/credits/ledger")} == {400}
