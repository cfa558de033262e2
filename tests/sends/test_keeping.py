# SPDX-License-Identifier: Apache-2.0
"""Deleting for good, looking as a recipient would, and Received Files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from sealroom.access import flows as access
from sealroom.access.errors import NotAdmitted
from sealroom.audit.models import Event
from sealroom.audit.rules import Verb
from sealroom.core.errors import NotFound
from sealroom.credits.models import Entry
from sealroom.documents.models import Document
from sealroom.sends import flows, queries
from sealroom.sends.models import Send
from sealroom.sends.queries import insight
from sealroom.sends.rules import SendSettings, State
from sealroom.viewing import flows as viewing
from tests.factories.access import IP, make_document
from tests.factories.accounts import Persona
from tests.factories.sends import available, open_as, recipient_of, request_for, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def document(owner: Persona, now: datetime) -> Document:
    return make_document(owner, "Term sheet.pdf", now=now)


def test_a_deleted_send_is_gone_for_good(owner: Persona, document: Document, now: datetime) -> None:
    sent = send(owner, [document], ["a@example.com"], now=now).send
    cookie = open_as(sent, "a@example.com", document, now=now)
    link = recipient_of(sent, "a@example.com").link
    assert link is not None
    flows.delete_send(owner.actor, sent.public_id, now=now)

    with pytest.raises(NotAdmitted):
        access.check_pass(cookie, link.public_id, document.public_id, ip=IP, now=now)
    with pytest.raises(NotFound):
        queries.envelope_of(link.public_id)
    deeds: tuple[Callable[..., object], ...] = (flows.restore, flows.revoke, flows.cancel, flows.remind, flows.delete_send)
    for deed in deeds:
        with pytest.raises(NotFound):
            deed(owner.actor, sent.public_id, now=now)
    with pytest.raises(NotFound):
        insight.analytics_of(owner.actor, sent.public_id)
    assert queries.list_sends(owner.actor, now=now).items == queries.list_team_sends(owner.actor, now=now).items == ()
    flows.delete_document(owner.actor, document.public_id, now=now)  # nothing rests on it any more
    assert (Entry.objects.filter(about=sent.public_id).count(), available(owner, now)) == (1, 1499)
    assert Event.objects.filter(subject=sent.public_id, verb=Verb.SEND_DELETED).count() == 1


def test_a_draft_is_deleted_without_a_trace_and_its_name_is_free(owner: Persona, document: Document, now: datetime) -> None:
    draft = flows.save_draft(owner.actor, request_for([document]), uuid="u", now=now).send
    flows.delete_send(owner.actor, draft.public_id, now=now)
    assert not Send.objects.exists()
    second = flows.save_draft(owner.actor, request_for([document]), uuid="u", now=now).send
    flows.confirm(owner.actor, second.public_id, key="k", now=now)
    flows.delete_send(owner.actor, second.public_id, now=now)
    assert flows.save_draft(owner.actor, request_for([document]), uuid="u", now=now).send.state == "draft"


def test_a_colleague_cannot_delete(owner: Persona, member: Persona, document: Document, now: datetime) -> None:
    sent = send(owner, [document], now=now).send
    with pytest.raises(NotFound):
        flows.delete_send(member.actor, sent.public_id, now=now)


@pytest.mark.parametrize("whose", ["recipient", "open link"])
def test_a_preview_shows_what_a_recipient_sees_and_counts_for_nothing(
    owner: Persona, document: Document, now: datetime, whose: str
) -> None:
    limits = SendSettings(access="anyone_verified", passcode="1234", max_views=1)
    sent = send(owner, [document], ["a@example.com"], settings=limits, now=now).send
    sent = queries.get_send(owner.actor, sent.public_id)
    recipient = recipient_of(sent, "a@example.com")
    link = recipient.link if whose == "recipient" else sent.open_link
    assert link is not None
    shown = flows.preview(
        owner.actor, sent.public_id, recipient.public_id if whose == "recipient" else "", cookie=None, user_agent="x", now=now
    )
    admission = access.check_pass(shown.cookie, link.public_id, document.public_id, ip=IP, now=now)
    assert (admission.is_preview, admission.viewer.address) == (True, owner.email)
    assert "/v/" in shown.url
    assert queries.send_detail(owner.actor, sent.public_id, now=now).row.opened == 0
    assert Event.objects.filter(verb=Verb.SEND_PREVIEWED, subject=sent.public_id).count() == 1
    with pytest.raises(NotAdmitted):
        access.check_pass(shown.cookie, link.public_id, document.public_id, ip=IP, now=now + timedelta(minutes=10))


def test_there_is_nothing_to_preview_of_a_draft_or_anothers_send(
    owner: Persona, member: Persona, document: Document, now: datetime
) -> None:
    draft = flows.save_draft(owner.actor, request_for([document], ["a@example.com"]), now=now).send
    sent = send(owner, [document], ["a@example.com"], now=now).send
    one = recipient_of(sent, "a@example.com").public_id
    for persona, send_id, recipient in (
        (owner, draft.public_id, draft.recipients.get().public_id),
        (owner, sent.public_id, ""),
        (owner, sent.public_id, "rcp_x"),
        (member, sent.public_id, one),
    ):
        with pytest.raises(NotFound):
            flows.preview(persona.actor, send_id, recipient, cookie=None, user_agent="x", now=now)


def test_received_files_say_who_sent_what_and_what_became_of_it(
    owner: Persona, stranger: Persona, document: Document, now: datetime
) -> None:
    timer = SendSettings(expire_after_opening_s=3600)
    first = send(owner, [document], [stranger.email, "other@example.com"], settings=timer, now=now).send
    second = send(owner, [make_document(owner, "Forecast.pdf", now=now)], [stranger.email], now=now).send
    cookie = open_as(first, stranger.email, document, now=now)
    link = recipient_of(first, stranger.email).link
    assert link is not None
    viewing.record_page(access.check_pass(cookie, link.public_id, document.public_id, ip=IP, now=now), 1, now=now)

    page = queries.list_received(stranger.actor, now=now)
    assert [(one.documents, one.sender, one.opens, one.state) for one in page.items] == [
        (("Forecast.pdf",), owner.email, 0, State.ACTIVE),
        (("Term sheet.pdf",), owner.email, 1, State.ACTIVE),
    ]
    assert page.items[1].expires_at == now + timedelta(hours=1)
    over = queries.list_received(stranger.actor, search="term", now=now + timedelta(hours=1))
    assert [(one.state, one.is_live) for one in over.items] == [(State.EXPIRED, False)]
    assert len(queries.list_received(stranger.actor, search="Olive", now=now).items) == 2
    half = queries.list_received(stranger.actor, limit=1, now=now)
    rest = queries.list_received(stranger.actor, limit=1, cursor=half.next, now=now)
    assert (rest.items[0].documents, rest.next) == (("Term sheet.pdf",), "")
    flows.delete_send(owner.actor, second.public_id, now=now)
    assert len(queries.list_received(stranger.actor, now=now).items) == 1
    assert queries.list_received(owner.actor, now=now).items == ()
