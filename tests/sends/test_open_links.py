# SPDX-License-Identifier: Apache-2.0
"""Access for more than those who are named: one link, one credit per file, once per send."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealroom.access import flows as access
from sealroom.access import queries as access_queries
from sealroom.access.errors import NotAdmitted
from sealroom.access.models import Link
from sealroom.credits.errors import InsufficientCredits
from sealroom.credits.models import PaidPair
from sealroom.documents.models import Document
from sealroom.mail.models import OutgoingMail
from sealroom.sends import flows, queries
from sealroom.sends.models import Send
from sealroom.sends.queries import insight
from sealroom.sends.rules import Addressee, SendSettings
from sealroom.viewing import flows as viewing
from tests.factories.access import IP, add_version, make_document, make_pass, prove
from tests.factories.accounts import Persona, make_persona
from tests.factories.sends import available, jobs_named, request_for, send
from tests.sends.test_flows import spent_to

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
OPEN = SendSettings(access="anyone")


@pytest.fixture
def two(owner: Persona, now: datetime) -> list[Document]:
    return [make_document(owner, "Term sheet.pdf", now=now), make_document(owner, "Forecast.pdf", now=now)]


def set_access(owner: Persona, sent: Send, word: str, now: datetime) -> flows.SendResult:
    def change(before: SendSettings) -> SendSettings:
        return replace(before, access=word, domains=("example.com",) if word == "domains" else ())

    return flows.change_settings(owner.actor, sent.public_id, change, now=now)


def link_of(sent: Send) -> Link:
    link = Send.objects.get(pk=sent.pk).open_link
    assert link is not None
    return link


def read(link: Link, document: Document, now: datetime) -> str:
    """Read through a link; returns the browser's cookie."""
    cookie = make_pass(link, now=now)
    access.check_pass(cookie, link.public_id, document.public_id, ip=IP, now=now)
    return cookie


@pytest.mark.parametrize("word", ["domains", "anyone_verified", "anyone"])
def test_a_link_for_all_costs_one_per_file_beside_the_named(owner: Persona, two: list[Document], now: datetime, word: str) -> None:
    chosen = SendSettings(access=word, domains=("example.com",) if word == "domains" else ())
    alone = flows.send_documents(owner.actor, request_for(two, [], settings=chosen), key="k", now=now)
    assert (alone.charged, alone.available) == (2, 1498)
    detail = queries.send_detail(owner.actor, alone.send.public_id, now=now)
    assert detail.link == detail.open_link == access_queries.link_url(link_of(alone.send))
    assert (link_of(alone.send).address, link_of(alone.send).grants.count()) == ("", 2)
    assert send(owner, two, ["a@example.com"], settings=chosen, now=now).charged == 4
    assert send(owner, two, ["a@example.com"], settings=chosen, now=now).charged == 2  # the named pair is paid, the link a new one


def test_quotes_say_so(owner: Persona, two: list[Document], now: datetime) -> None:
    ids = [one.public_id for one in two]
    found = queries.quote(owner.actor, ids, [Addressee("a@example.com")], access="anyone", now=now)
    assert (found.cost, found.recipients) == (4, 1)
    assert [(line.document_id, line.recipient, line.credits) for line in found.lines] == [
        (ids[0], "a@example.com", 1),
        (ids[0], "", 1),
        (ids[1], "a@example.com", 1),
        (ids[1], "", 1),
    ]
    draft = flows.save_draft(owner.actor, request_for(two, [], settings=OPEN), now=now).send
    assert queries.quote_of_draft(owner.actor, draft.public_id, now=now).cost == 2
    sent = send(owner, two, ["a@example.com"], now=now).send
    assert queries.quote(owner.actor, [], [], send_id=sent.public_id, access="anyone", now=now).cost == 2
    set_access(owner, sent, "anyone", now)
    assert queries.quote(owner.actor, [], [], send_id=sent.public_id, access="anyone", now=now).cost == 0
    version = add_version(two[0], owner, now=now)
    assert queries.quote_of_replacement(owner.actor, two[0].public_id, version.public_id, now=now).cost == 2


def test_widening_charges_once_narrowing_gives_nothing_back(owner: Persona, two: list[Document], now: datetime) -> None:
    sent = send(owner, two, ["a@example.com"], now=now).send
    assert set_access(owner, sent, "anyone_verified", now).charged == 2
    link = link_of(sent)
    assert set_access(owner, sent, "anyone", now).charged == 0  # open already
    narrowed = set_access(owner, sent, "named_code", now)
    assert (narrowed.charged, narrowed.available) == (0, 1496)
    assert queries.send_detail(owner.actor, sent.public_id, now=now).open_link == ""
    cookie = make_pass(link, now=now)
    with pytest.raises(NotAdmitted):
        access.check_pass(cookie, link.public_id, two[0].public_id, ip=IP, now=now)
    again = set_access(owner, sent, "domains", now)
    assert (again.charged, again.available, link_of(sent)) == (0, 1496, link)
    assert Send.objects.get(pk=sent.pk).charged == 4


def test_widening_that_cannot_be_paid_changes_nothing(owner: Persona, two: list[Document], now: datetime) -> None:
    sent = send(owner, two, ["a@example.com"], now=now).send
    spent_to(owner, 1, now)
    with pytest.raises(InsufficientCredits) as refusal:
        set_access(owner, sent, "anyone", now)
    assert (refusal.value.needed, refusal.value.available) == (2, 1)
    kept = Send.objects.select_related("policy").get(pk=sent.pk)
    assert (kept.policy.access, kept.open_link, Link.objects.filter(address="").count()) == ("named_code", None, 0)


def test_replacing_a_file_costs_one_more_for_the_link(owner: Persona, two: list[Document], now: datetime) -> None:
    sent = send(owner, two, ["a@example.com"], settings=OPEN, now=now).send
    version = add_version(two[0], owner, now=now)
    replaced = flows.replace(owner.actor, two[0].public_id, version.public_id, key="r", now=now)
    assert (replaced.charged, replaced.recipients) == (2, 2)
    set_access(owner, sent, "named_code", now)
    version = add_version(two[0], owner, number=3, now=now)
    assert flows.replace(owner.actor, two[0].public_id, version.public_id, key="r2", now=now).charged == 1
    assert set_access(owner, sent, "anyone", now).charged == 1  # the version the link has never shown


def test_an_ended_send_that_is_opened_pays_when_it_lives_again(owner: Persona, two: list[Document], now: datetime) -> None:
    sent = send(owner, two, ["a@example.com"], now=now).send
    flows.revoke(owner.actor, sent.public_id, now=now)
    assert set_access(owner, sent, "anyone", now).charged == 0
    assert flows.restore(owner.actor, sent.public_id, now=now).charged == 2


def test_cancelling_gives_the_link_back_unless_it_was_opened(owner: Persona, two: list[Document], now: datetime) -> None:
    unopened = send(owner, two, [], settings=OPEN, now=now).send
    assert flows.cancel(owner.actor, unopened.public_id, now=now).returned == 2
    opened = send(owner, two, ["a@example.com"], settings=OPEN, now=now).send
    read(link_of(opened), two[0], now)
    assert flows.cancel(owner.actor, opened.public_id, now=now).returned == 3


def test_a_waiting_send_is_priced_with_its_link(owner: Persona, two: list[Document], now: datetime) -> None:
    slow = make_document(owner, "Slow.pdf", state="converting", now=now)
    waiting = flows.send_documents(owner.actor, request_for([slow], [], settings=OPEN), key="k", now=now)
    assert (waiting.waiting, waiting.charged) == (True, 0)
    assert slow.current is not None
    slow.current.state, slow.current.pages = "ready", 2
    slow.current.save()
    assert flows.try_dispatch(waiting.send.pk, now=now)
    assert (available(owner, now), link_of(waiting.send).grants.count()) == (1499, 1)


def test_readers_of_the_link_show_in_analytics_and_are_told_of(owner: Persona, two: list[Document], now: datetime) -> None:
    sent = send(owner, two, ["a@example.com"], settings=OPEN, now=now).send
    link = link_of(sent)
    cookie = read(link, two[0], now)
    admission = access.check_pass(cookie, link.public_id, two[0].public_id, ip=IP, now=now)
    viewing.record_page(admission, 1, now=now)
    found = insight.analytics_of(owner.actor, sent.public_id)
    assert (found.recipients, found.opened, found.opens) == (1, 1, 1)
    assert [(one.recipient_id, one.address, one.document_id) for one in found.readings if not one.recipient_id] == [
        ("", "", two[0].public_id)
    ]
    assert [one.opens for one in insight.pages_of(owner.actor, sent.public_id)] == [1]
    assert any(one.verb == "document.opened" for one in insight.events_of(owner.actor, sent.public_id).items)
    listed = queries.list_sends(owner.actor, which="not_opened", now=now)
    assert (listed.items, listed.counts["active"]) == ((), 1)
    (job,) = jobs_named("sends.tell_opened")
    flows.tell_opened(link.pk, int(str(job["grant_id"])), now=now)
    mail = OutgoingMail.objects.get(key__startswith="opened:")
    assert "Somebody opened “Term sheet.pdf” through the link for all" in mail.text
    assert queries.envelope_of(link.public_id).sender == owner.email


# -- Whatever is done, in whatever order -----------------------------------------------------------------------------------------
WORDS = ("named_code", "named_quick", "domains", "anyone_verified", "anyone")
STEPS = st.lists(st.sampled_from((*WORDS, "revoke", "restore", "replace")), min_size=1, max_size=8)


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_the_link_costs_once_per_version_it_has_shown(db: None, steps: list[str]) -> None:
    with transaction.atomic():
        owner = make_persona("owner@example.com", team_name="Northwind", now=START)
        document = make_document(owner, now=START)
        sent, now = send(owner, [document], ["a@example.com"], now=START).send, START
        versions, shown, word, is_live = 1, set[int](), "named_code", True
        for step in steps:
            now += timedelta(minutes=1)
            if step == "replace":
                versions += 1
                version = add_version(document, owner, number=versions, now=now)
                flows.replace(owner.actor, document.public_id, version.public_id, key=f"r{versions}", now=now)
            elif step in {"revoke", "restore"}:
                getattr(flows, step)(owner.actor, sent.public_id, now=now)
                is_live = step == "restore"
            else:
                set_access(owner, sent, step, now)
                word = step
            if is_live and word in WORDS[2:]:
                shown.add(versions)
            paid = list(PaidPair.objects.values_list("key", flat=True))
            assert len([key for key in paid if not key.endswith(":a@example.com")]) == len(shown)
            assert available(owner, now) == 1500 - len(paid)
        transaction.set_rollback(True)


def test_readers_of_the_open_link_are_told_of_like_the_others(owner: Persona, two: list[Document], now: datetime) -> None:
    settings = SendSettings(access="anyone_verified", permission="print")
    sent = flows.send_documents(owner.actor, request_for(two, [], settings=settings), key="k", now=now).send
    link, document = link_of(sent), two[0]
    cookie = prove(access_queries.link_url(link).split("/")[-2], "omar@example.org", now=now)
    admission = access.check_pass(cookie, link.public_id, document.public_id, ip=IP, now=now)
    viewing.record_page(admission, 1, now=now)
    viewing.start_print(admission, 1, 1, now=now)
    flows.revoke(owner.actor, sent.public_id, documents=[document.public_id], now=now)
    with pytest.raises(NotAdmitted):
        access.check_pass(cookie, link.public_id, document.public_id, ip=IP, now=now)

    (reading,) = insight.analytics_of(owner.actor, sent.public_id).readings
    one, pages = reading.insight, (document.current and document.current.pages) or 1
    assert (reading.recipient_id, reading.address, reading.document_id) == ("", "omar@example.org", document.public_id)
    assert (one.opens, one.pages_seen, one.pages, one.prints, one.denials) == (1, 1, pages, 1, 1)
    assert one.completion == 100 // pages
