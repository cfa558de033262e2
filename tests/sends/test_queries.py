# SPDX-License-Identifier: Apache-2.0
"""Prices, lists and details: their numbers, and whose they are."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sealroom.core.errors import Forbidden, Invalid, NotFound
from sealroom.documents.models import Document, VersionState
from sealroom.sends import flows, queries
from sealroom.sends.models import Send
from sealroom.sends.queries import QuoteLine
from sealroom.sends.rules import Addressee, LineError, SendSettings, State
from sealroom.viewing.models import Opening, PageView
from tests.factories.access import make_document
from tests.factories.accounts import Persona
from tests.factories.sends import available, open_as, recipient_of, request_for, send

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
NADIA, KARI = "nadia@example.com", "kari@example.org"


@pytest.fixture
def two(owner: Persona, now: datetime) -> list[Document]:
    return [make_document(owner, "Term sheet.pdf", pages=14, now=now), make_document(owner, "Forecast.xlsx", pages=9, now=now)]


# -- Prices --------------------------------------------------------------------------------------------------------------
def test_a_quote_names_each_line_and_leaves_out_what_cannot_be_written_to(
    owner: Persona, two: list[Document], now: datetime
) -> None:
    send(owner, two[:1], [NADIA], now=now)
    lines = [Addressee(NADIA), Addressee(owner.email), Addressee("nobody")]
    quote = queries.quote(owner.actor, [one.public_id for one in two], lines, now=now)

    first, second = (one.public_id for one in two)
    assert quote.lines == (
        QuoteLine(first, NADIA, 0),
        QuoteLine(first, owner.email, 0),
        QuoteLine(second, NADIA, 1),
        QuoteLine(second, owner.email, 0),
    )
    assert (quote.cost, quote.available, quote.after, quote.enough, quote.recipients) == (1, 1499, 1498, True, 2)
    assert quote.errors == (LineError(3, "nobody", "bad_address"),)


def test_a_quote_is_what_is_then_charged_and_charges_nothing(owner: Persona, two: list[Document], now: datetime) -> None:
    people = [f"r{number}@example.com" for number in range(800)]
    quote = queries.quote(owner.actor, [one.public_id for one in two], [Addressee(one) for one in people], now=now)

    assert (quote.cost, quote.after, quote.enough, quote.lines) == (1600, 0, False, ())
    assert available(owner, now) == 1500
    quote = queries.quote(owner.actor, [two[0].public_id], [Addressee(one) for one in people], now=now)
    assert send(owner, two[:1], people, now=now).charged == quote.cost == 800


def test_a_quote_for_more_recipients_counts_the_new_ones(owner: Persona, two: list[Document], now: datetime) -> None:
    sent = send(owner, two, [NADIA], now=now).send
    quote = queries.quote(owner.actor, [], [Addressee(NADIA), Addressee(KARI)], send_id=sent.public_id, now=now)

    assert (quote.cost, quote.recipients) == (2, 1)


def test_a_quote_shows_nothing_of_others(owner: Persona, stranger: Persona, two: list[Document], now: datetime) -> None:
    sent = send(owner, two, [NADIA], now=now).send
    with pytest.raises(NotFound):
        queries.quote(stranger.actor, [two[0].public_id], [], now=now)
    with pytest.raises(NotFound):
        queries.quote(stranger.actor, [], [Addressee(KARI)], send_id=sent.public_id, now=now)


# -- Lists ---------------------------------------------------------------------------------------------------------------
@pytest.fixture
def shelf(owner: Persona, two: list[Document], now: datetime) -> dict[str, Send]:
    """One send of each kind, by name."""

    def make(settings: SendSettings | None = None) -> Send:
        return send(owner, two[:1], [NADIA], settings=settings, now=now).send

    shelf = {
        "open": make(),
        "soon": make(SendSettings(expires_at=now + 47 * HOUR)),
        "later": make(SendSettings(starts_at=now + 5 * HOUR)),
        "over": make(SendSettings(expires_at=now + HOUR / 2)),
        "revoked": make(),
        "cancelled": make(),
        "draft": flows.save_draft(owner.actor, request_for(two, [KARI]), now=now).send,
    }
    flows.revoke(owner.actor, shelf["revoked"].public_id, now=now)
    flows.cancel(owner.actor, shelf["cancelled"].public_id, now=now)
    open_as(shelf["open"], NADIA, two[0], now=now)
    return shelf


@pytest.mark.parametrize(
    ("which", "names"),
    [
        ("all", ["draft", "cancelled", "revoked", "over", "later", "soon", "open"]),
        ("active", ["soon", "open"]),
        ("not_opened", ["soon"]),
        ("ending_soon", ["soon"]),
        ("scheduled", ["later"]),
        ("ended", ["cancelled", "revoked", "over"]),
        ("draft", ["draft"]),
    ],
)
def test_sends_are_listed_by_what_they_are(
    owner: Persona, shelf: dict[str, Send], which: str, names: list[str], now: datetime
) -> None:
    listing = queries.list_sends(owner.actor, which=which, now=now + HOUR)

    by_id = {one.public_id: name for name, one in shelf.items()}
    assert [by_id[row.id] for row in listing.items] == names
    assert listing.counts == {
        "all": 7,
        "active": 2,
        "not_opened": 1,
        "ending_soon": 1,
        "scheduled": 1,
        "ended": 3,
        "draft": 1,
    }


def test_filters_and_states_agree(owner: Persona, shelf: dict[str, Send], now: datetime) -> None:
    states = {row.id: row.state for row in queries.list_sends(owner.actor, now=now + HOUR).items}
    kinds = {
        "active": {State.ACTIVE},
        "scheduled": {State.SCHEDULED},
        "draft": {State.DRAFT},
        "ended": {State.CANCELLED, State.REVOKED, State.EXPIRED},
    }
    for which, wanted in kinds.items():
        found = {row.id for row in queries.list_sends(owner.actor, which=which, now=now + HOUR).items}
        assert found == {one for one, state in states.items() if state in wanted}


@pytest.mark.parametrize(
    ("search", "found"),
    [("NADIA@", 1), ("term sheet", 2), ("forecast", 1), ("Kari Ol", 1), ("budget", 1), ("%", 0), ("zzz", 0), ("  ", 2)],
)
def test_sends_are_searched(owner: Persona, two: list[Document], search: str, found: int, now: datetime) -> None:
    send(owner, two[:1], [NADIA], now=now)
    request = request_for(two, [], subject="Budget round")
    flows.send_documents(
        owner.actor,
        type(request)(request.documents, (Addressee(KARI, "Kari Olsen"),), subject=request.subject),
        key="k",
        now=now,
    )

    listing = queries.list_sends(owner.actor, search=search, now=now)
    assert (len(listing.items), listing.counts["all"]) == (found, found)


def test_a_list_is_read_in_pages(owner: Persona, two: list[Document], now: datetime) -> None:
    made = [send(owner, two[:1], [NADIA], now=now).send.public_id for _ in range(5)]
    first = queries.list_sends(owner.actor, limit=2, now=now)
    second = queries.list_sends(owner.actor, limit=2, cursor=first.next, now=now)
    third = queries.list_sends(owner.actor, limit=2, cursor=second.next, now=now)

    rows = [row.id for page in (first, second, third) for row in page.items]
    assert (rows, third.next) == (made[::-1], "")
    for bad in ("x", "-1", "1" * 30):
        with pytest.raises(Invalid):
            queries.list_sends(owner.actor, cursor=bad, now=now)
    with pytest.raises(Invalid):
        queries.list_sends(owner.actor, which="mine", now=now)


def test_a_list_costs_the_same_whatever_its_length(owner: Persona, two: list[Document], now: datetime) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            queries.list_sends(owner.actor, now=now)
        return len(captured)

    send(owner, two, [NADIA], now=now)
    few = statements()
    for _ in range(6):
        send(owner, two, [NADIA, KARI], now=now)
    assert statements() == few


def test_everybody_lists_his_own(owner: Persona, member: Persona, stranger: Persona, two: list[Document], now: datetime) -> None:
    send(owner, two, [NADIA], now=now)
    mine = send(member, [make_document(member, now=now)], [NADIA], now=now).send

    assert [row.id for row in queries.list_sends(member.actor, now=now).items] == [mine.public_id]
    assert queries.list_sends(stranger.actor, now=now).items == ()


def test_admins_see_names_and_numbers_of_the_team(owner: Persona, member: Persona, stranger: Persona, now: datetime) -> None:
    sent = send(member, [make_document(member, "Plan.pdf", now=now)], [NADIA, KARI], now=now).send
    flows.save_draft(member.actor, request_for([]), now=now)
    row = queries.list_team_sends(owner.actor, now=now).items[0]

    assert (row.id, row.documents, row.recipients, row.sender) == (sent.public_id, ("Plan.pdf",), 2, member.email)
    assert len(queries.list_team_sends(owner.actor, now=now).items) == 1
    assert queries.list_team_sends(owner.actor, search=NADIA, now=now).items == ()
    assert queries.list_team_sends(stranger.actor, now=now).items == ()
    with pytest.raises(Forbidden):
        queries.list_team_sends(member.actor, now=now)


# -- Detail --------------------------------------------------------------------------------------------------------------
def test_the_detail_shows_who_read_what(owner: Persona, two: list[Document], now: datetime) -> None:
    sent = send(owner, two, [NADIA, KARI], now=now).send
    open_as(sent, NADIA, two[0], now=now + HOUR)
    grant = recipient_of(sent, NADIA).link.grants.get(document=two[0])  # type: ignore[union-attr]
    assert two[0].current is not None
    opening = Opening.objects.create(
        grant=grant, version=two[0].current, started_at=now + HOUR, last_seen_at=now + 2 * HOUR, last_beat_at=now + 2 * HOUR
    )
    for page, milliseconds in ((1, 4000), (2, 1500)):
        PageView.objects.create(opening=opening, page=page, first_at=now, last_at=now, active_ms=milliseconds)
    detail = queries.send_detail(owner.actor, sent.public_id, now=now + HOUR)

    nadia, kari = detail.recipients
    assert (nadia.opens, nadia.pages_seen, nadia.pages, nadia.active_ms) == (1, 2, 23, 5500)
    assert (nadia.first_opened_at, nadia.last_opened_at) == (now + HOUR, now + 2 * HOUR)
    assert (kari.opens, kari.pages_seen, kari.first_opened_at, kari.mail) == (0, 0, None, "queued")
    assert [(row.name, row.pages, row.opened) for row in detail.documents] == [("Term sheet.pdf", 14, 1), ("Forecast.xlsx", 9, 0)]
    assert (detail.row.title, detail.row.recipients, detail.row.opened) == ("Term sheet.pdf and 1 more", 2, 1)
    assert (detail.row.last_opened_at, detail.row.active_ms) == (now + 2 * HOUR, 5500)
    assert (detail.link, detail.charged, detail.cancellable_until) == ("", 4, None)
    assert queries.send_detail(owner.actor, sent.public_id, now=now).cancellable_until == now + HOUR / 4
    row = queries.list_sends(owner.actor, now=now).items[0]
    assert (row.last_opened_at, row.active_ms, row.opened) == (now + 2 * HOUR, 5500, 1)


def test_a_single_recipient_has_the_link_of_the_send(owner: Persona, two: list[Document], now: datetime) -> None:
    sent = send(owner, two, [NADIA], now=now).send
    detail = queries.send_detail(owner.actor, sent.public_id, now=now)

    assert detail.link == detail.recipients[0].link
    assert detail.link.startswith("http://127.0.0.1:8000/v/")


def test_a_waiting_send_says_so(owner: Persona, now: datetime) -> None:
    late = make_document(owner, state=VersionState.CONVERTING, now=now)
    send(owner, [late], [NADIA], now=now)
    row = queries.list_sends(owner.actor, which="draft", now=now).items[0]

    assert (row.state, row.waiting, row.held_reason) == (State.DRAFT, True, "")


# -- Received ------------------------------------------------------------------------------------------------------------
def test_received_files_are_what_others_sent_to_ones_own_address(
    owner: Persona, member: Persona, stranger: Persona, two: list[Document], now: datetime
) -> None:
    sent = send(owner, two, [member.email, stranger.email, owner.email], now=now).send
    flows.save_draft(owner.actor, request_for(two, [member.email]), now=now)

    for person in (member, stranger):
        row = queries.received(person.user, now=now)[0]
        assert (row.title, row.sender_name, row.state, row.first_opened_at) == (
            "Term sheet.pdf and 1 more",
            "Olive Owner",
            State.ACTIVE,
            None,
        )
        link = recipient_of(sent, person.email).link
        assert link is not None
        assert row.link.startswith("http://127.0.0.1:8000/v/")
        assert len(queries.received(person.user, now=now)) == 1
    assert queries.received(owner.user, now=now) == ()
    flows.revoke(owner.actor, sent.public_id, recipients=[recipient_of(sent, member.email).public_id], now=now)
    assert queries.received(member.user, now=now)[0].state is State.REVOKED
    assert queries.received(stranger.user, now=now)[0].state is State.ACTIVE


def test_the_envelope_names_the_sender(owner: Persona, two: list[Document], now: datetime) -> None:
    result = flows.send_documents(owner.actor, request_for(two, [NADIA], subject="Numbers", message="Hello"), key="k", now=now)
    link = recipient_of(result.send, NADIA).link
    assert link is not None
    envelope = queries.envelope_of(link.public_id)

    assert (envelope.sender_name, envelope.sender, envelope.team) == ("Olive Owner", owner.email, "Northwind")
    assert (envelope.subject, envelope.message, envelope.sent_at) == ("Numbers", "Hello", now)
    with pytest.raises(NotFound):
        queries.envelope_of("lnk_none")
