# SPDX-License-Identifier: Apache-2.0
"""Sending: what it charges, writes, refuses, and repeats."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sealroom.accounts.rules import Route
from sealroom.audit.models import Event
from sealroom.audit.rules import Verb
from sealroom.core.errors import IdempotencyConflict, Invalid, NotFound
from sealroom.credits import flows as credits
from sealroom.credits.errors import InsufficientCredits
from sealroom.credits.models import Entry
from sealroom.documents.models import Document, VersionState
from sealroom.mail.models import OutgoingMail
from sealroom.sends import flows, queries
from sealroom.sends.errors import DocumentFailed, NotADraft, NotReady
from sealroom.sends.models import Deed, Recipient, Send, SendState
from sealroom.sends.rules import Addressee, SendSettings
from tests.factories.access import make_document
from tests.factories.accounts import Persona
from tests.factories.sends import FIVE, available, jobs_named, request_for, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(owner: Persona, now: datetime) -> list[Document]:
    return [make_document(owner, "Term sheet.pdf", now=now), make_document(owner, "Forecast.xlsx", pages=9, now=now)]


def nothing_was_sent() -> bool:
    return not (
        Send.objects.exists()
        or Deed.objects.exists()
        or OutgoingMail.objects.filter(about__startswith="recipient:").exists()
        or Recipient.objects.exists()
    )


def spent_to(persona: Persona, left: int, now: datetime) -> None:
    """Use the team's credits up until `left` remain."""
    have = available(persona, now)
    pairs = [f"used:{number}" for number in range(have - left)]
    credits.spend(persona.team.pk, pairs, actor=persona.actor, key="use up", request_digest="", now=now)


# -- The main deed -------------------------------------------------------------------------------------------------------
def test_two_documents_to_five_people_cost_ten_and_reach_each(owner: Persona, two: list[Document], now: datetime) -> None:
    result = flows.send_documents(owner.actor, request_for(two, subject="Numbers"), key="k", now=now)

    assert (result.charged, result.available, result.waiting, result.replayed) == (10, 1490, False, False)
    sent = Send.objects.get()
    assert (sent.state, sent.sent_at, sent.charged, sent.route) == (SendState.SENT, now, 10, "web")
    links = [one.link for one in sent.recipients.order_by("pk")]
    assert [link.address for link in links if link] == list(FIVE)
    assert all(link is not None and link.grants.count() == 2 for link in links)
    assert list(OutgoingMail.objects.order_by("pk").values_list("to_address", flat=True)) == list(FIVE)
    assert Event.objects.filter(verb=Verb.SEND_SENT).values_list("facts", flat=True)[0] == {
        "documents": 2,
        "recipients": 5,
        "charged": 10,
        "notify": True,
    }
    entry = Entry.objects.filter(kind="charge").get()
    assert (entry.delta, entry.about, entry.note) == (-10, sent.public_id, "Term sheet.pdf and 1 more")


def test_the_invitation_names_the_sender_quotes_the_message_and_has_one_link(
    owner: Persona, two: list[Document], now: datetime
) -> None:
    settings = SendSettings(expires_at=datetime.fromisoformat("2027-01-12T17:00:00+00:00"))
    owner.user.time_zone = "Europe/Paris"
    owner.user.save()
    request = request_for(two, ["nadia@example.com"], subject="Numbers", message="See <b>page 2</b>\nplease", settings=settings)
    flows.send_documents(owner.actor, request, key="k", now=now)
    mail = OutgoingMail.objects.get()
    link = queries.send_detail(owner.actor, Send.objects.get().public_id, now=now).link

    assert (mail.subject, mail.sender_name, mail.reply_to) == ("Olive Owner: Numbers", "Olive Owner", owner.email)
    assert "Olive Owner sent you 2 files" in mail.text
    assert "See <b>page 2</b>\nplease" in mail.text
    assert "See &lt;b&gt;page 2&lt;/b&gt;<br>please" in mail.html
    assert "12 January 2027, 18:00 (Paris), 17:00 UTC" in mail.text
    for name in ("Term sheet.pdf", "3 pages", "Forecast.xlsx", "9 pages"):
        assert name in mail.text
        assert name in mail.html
    assert mail.html.count(f'href="{link}"') == mail.html.count("href=") == 1
    assert link in mail.text


def test_the_invitation_speaks_the_chosen_language(owner: Persona, two: list[Document], now: datetime) -> None:
    flows.send_documents(owner.actor, request_for(two, ["nadia@example.com"], language="fr"), key="k", now=now)
    mail = OutgoingMail.objects.get()

    assert mail.language == "fr"
    assert "Olive Owner vous a envoyé 2 fichiers" in mail.text
    assert "Ouvrir les fichiers" in mail.html


def test_links_without_mails(owner: Persona, two: list[Document], now: datetime) -> None:
    result = flows.send_documents(owner.actor, request_for(two, notify=False), key="k", now=now)

    detail = queries.send_detail(owner.actor, result.send.public_id, now=now)
    assert len({row.link for row in detail.recipients}) == 5
    assert [row.mail for row in detail.recipients] == [""] * 5
    assert not OutgoingMail.objects.exists()


def test_the_sender_is_free_and_gets_his_copy(owner: Persona, two: list[Document], now: datetime) -> None:
    result = send(owner, two, [owner.email, "nadia@example.com"], now=now)

    assert result.charged == 2
    assert set(OutgoingMail.objects.values_list("to_address", flat=True)) == {owner.email, "nadia@example.com"}
    assert send(owner, two, [owner.email], now=now).charged == 0


def test_a_colleague_counts(owner: Persona, member: Persona, two: list[Document], now: datetime) -> None:
    assert send(owner, two, [member.email], now=now).charged == 2


def test_the_same_document_to_the_same_person_is_paid_once(owner: Persona, two: list[Document], now: datetime) -> None:
    send(owner, two, now=now)

    again = send(owner, two, [*FIVE, "new@example.com"], now=now)
    assert again.charged == 2
    assert Send.objects.count() == 2


def test_to_cc_and_bcc_are_merged(owner: Persona, two: list[Document], now: datetime) -> None:
    lines = (
        Addressee("a@example.com"),
        Addressee("A@example.com.", kind="cc"),
        Addressee("b@example.com", kind="bcc"),
    )
    result = flows.send_documents(owner.actor, replace(request_for(two), recipients=lines), key="k", now=now)

    assert result.charged == 4
    assert list(Recipient.objects.order_by("pk").values_list("address", "kind")) == [
        ("a@example.com", "to"),
        ("b@example.com", "bcc"),
    ]


def test_too_few_credits_send_nothing_and_say_the_numbers(owner: Persona, two: list[Document], now: datetime) -> None:
    spent_to(owner, 9, now)
    with pytest.raises(InsufficientCredits) as refusal:
        send(owner, two, key="k", now=now)

    assert (refusal.value.needed, refusal.value.available, refusal.value.missing) == (10, 9, 1)
    assert nothing_was_sent()
    assert available(owner, now) == 9
    assert send(owner, two, FIVE[:4], key="k", now=now).charged == 8  # the key was not used up by the refusal


# -- Repeating -----------------------------------------------------------------------------------------------------------
def test_a_key_sends_once(owner: Persona, two: list[Document], now: datetime) -> None:
    first = send(owner, two, key="k", now=now)
    second = send(owner, two, key="k", now=now + timedelta(days=40))

    assert (second.send.pk, second.charged, second.available, second.replayed) == (first.send.pk, 10, 1490, True)
    assert Send.objects.count() == 1
    assert OutgoingMail.objects.count() == 5


def test_a_key_with_another_request_is_a_conflict(owner: Persona, two: list[Document], now: datetime) -> None:
    send(owner, two, key="k", now=now)

    with pytest.raises(IdempotencyConflict):
        send(owner, two[:1], key="k", now=now)
    with pytest.raises(IdempotencyConflict):
        flows.add_recipients(owner.actor, Send.objects.get().public_id, [Addressee("x@example.com")], key="k", now=now)


def test_keys_of_two_members_do_not_meet(owner: Persona, member: Persona, two: list[Document], now: datetime) -> None:
    send(owner, two, key="k", now=now)
    own = make_document(member, "Own.pdf", now=now)

    assert send(member, [own], key="k", now=now).charged == 5


def test_a_repetition_is_answered_after_the_send_has_expired(owner: Persona, two: list[Document], now: datetime) -> None:
    settings = SendSettings(expires_at=now + timedelta(hours=1))
    send(owner, two, key="k", settings=settings, now=now)

    assert send(owner, two, key="k", settings=settings, now=now + timedelta(hours=2)).replayed


# -- Refusals ------------------------------------------------------------------------------------------------------------
def test_documents_of_others_do_not_exist(owner: Persona, member: Persona, stranger: Persona, now: datetime) -> None:
    for other in (member, stranger):
        with pytest.raises(NotFound):
            send(owner, [make_document(other, now=now)], now=now)
    assert nothing_was_sent()
    shared = make_document(member, in_library=True, now=now)
    assert send(owner, [shared], now=now).charged == 5


def test_every_recipient_must_be_an_address(owner: Persona, two: list[Document], now: datetime) -> None:
    with pytest.raises(Invalid) as refusal:
        send(owner, two, ["a@example.com", "nobody", "b@example.com", "@x"], now=now)

    assert refusal.value.errors == {"recipients": ["bad_address"]}
    assert refusal.value.facts["lines"] == [
        {"line": 2, "text": "nobody", "reason": "bad_address"},
        {"line": 4, "text": "@x", "reason": "bad_address"},
    ]
    assert nothing_was_sent()


@pytest.mark.parametrize(("documents", "recipients", "field"), [(0, 5, "documents"), (2, 0, "recipients")])
def test_a_send_needs_documents_and_recipients(
    *, owner: Persona, two: list[Document], documents: int, recipients: int, field: str, now: datetime
) -> None:
    with pytest.raises(Invalid) as refusal:
        send(owner, two[:documents], FIVE[:recipients], now=now)

    assert refusal.value.errors == {field: ["required"]}
    assert nothing_was_sent()


def test_a_failed_document_is_refused_with_its_code(owner: Persona, now: datetime) -> None:
    broken = make_document(owner, state=VersionState.FAILED, error="password_required", now=now)

    with pytest.raises(DocumentFailed) as refusal:
        send(owner, [broken], now=now)
    assert refusal.value.facts == {"document": broken.public_id, "error": "password_required", "name": broken.name}
    assert nothing_was_sent()


def test_a_file_without_pages_needs_the_right_to_download_it(owner: Persona, now: datetime) -> None:
    other = make_document(owner, "model.bin", pages=0, now=now)

    with pytest.raises(NotReady) as refusal:
        send(owner, [other], now=now)
    assert refusal.value.facts == {"document": other.public_id, "reason": "unviewable"}
    assert send(owner, [other], settings=SendSettings(permission="download_original"), now=now).charged == 5


# -- Waiting -------------------------------------------------------------------------------------------------------------
def make_ready(document: Document, *, pages: int = 3, state: str = VersionState.READY, error: str = "") -> None:
    assert document.current is not None
    document.current.state, document.current.pages, document.current.error_code = state, pages, error
    document.current.save()


def test_a_send_waits_for_its_documents_and_is_charged_when_it_goes_out(owner: Persona, two: list[Document], now: datetime) -> None:
    late = make_document(owner, "Late.docx", state=VersionState.CONVERTING, now=now)
    result = send(owner, [*two, late], FIVE, key="k", now=now)

    assert (result.charged, result.available, result.waiting) == (0, 1500, True)
    assert (available(owner, now), OutgoingMail.objects.count()) == (1500, 0)
    assert jobs_named("sends.dispatch") == [{"send_id": result.send.pk}]
    assert not flows.try_dispatch(result.send.pk, now=now)
    make_ready(late)
    assert queries.waiting_sends(late.current_id or 0) == [result.send.pk]
    assert flows.try_dispatch(result.send.pk, now=now + timedelta(minutes=1))
    sent = Send.objects.get()
    assert (sent.state, sent.sent_at, sent.charged) == (SendState.SENT, now + timedelta(minutes=1), 15)
    assert (available(owner, now), OutgoingMail.objects.count()) == (1485, 5)
    assert not flows.try_dispatch(sent.pk, now=now)
    again = send(owner, [*two, late], FIVE, key="k", now=now)
    assert (again.charged, again.available, again.waiting, again.replayed) == (15, 1485, False, True)


def test_a_waiting_send_that_cannot_be_paid_is_held_and_its_sender_told(owner: Persona, now: datetime) -> None:
    late = make_document(owner, "Late.docx", state=VersionState.CONVERTING, now=now)
    waiting = send(owner, [late], now=now)
    spent_to(owner, 3, now)
    make_ready(late)

    assert not flows.try_dispatch(waiting.send.pk, now=now)
    held = Send.objects.get()
    assert (held.state, held.held_reason, held.is_waiting) == (SendState.DRAFT, "insufficient_credits", False)
    mail = OutgoingMail.objects.get(about=f"send:{held.public_id}")
    assert mail.to_address == owner.email
    assert "Needed: 5, available: 3." in mail.text
    assert available(owner, now) == 3
    assert queries.waiting_sends(late.current_id or 0) == []


def test_what_cannot_be_paid_today_does_not_even_wait(owner: Persona, now: datetime) -> None:
    late = make_document(owner, "Late.docx", state=VersionState.RECEIVED, now=now)
    spent_to(owner, 4, now)

    with pytest.raises(InsufficientCredits):
        send(owner, [late], now=now)
    assert nothing_was_sent()


def test_a_waiting_send_is_held_when_a_document_fails(owner: Persona, two: list[Document], now: datetime) -> None:
    late = make_document(owner, "Late.docx", state=VersionState.CONVERTING, now=now)
    waiting = send(owner, [two[0], late], now=now)
    make_ready(late, state=VersionState.FAILED, error="corrupt")

    assert not flows.try_dispatch(waiting.send.pk, now=now)
    held = Send.objects.get()
    assert held.held_reason == "corrupt"
    assert "Late.docx" in OutgoingMail.objects.get().text
    flows.save_draft(owner.actor, request_for([two[0]]), draft_id=held.public_id, now=now)
    assert flows.confirm(owner.actor, held.public_id, key="again", now=now).charged == 5


def test_a_waiting_send_of_somebody_who_left_is_held(owner: Persona, member: Persona, now: datetime) -> None:
    late = make_document(member, "Late.docx", state=VersionState.CONVERTING, now=now)
    waiting = send(member, [late], now=now)
    make_ready(late)
    member.membership.removed_at = now
    member.membership.save()

    assert not flows.try_dispatch(waiting.send.pk, now=now)
    assert Send.objects.get().held_reason == "forbidden"


def test_the_route_of_a_waiting_send_stays_in_the_ledger(owner: Persona, now: datetime) -> None:
    late = make_document(owner, "Late.docx", state=VersionState.CONVERTING, now=now)
    waiting = flows.send_documents(owner.actor_by(Route.API), request_for([late]), key="k", now=now)
    make_ready(late)
    flows.try_dispatch(waiting.send.pk, now=now)

    assert Entry.objects.filter(kind="charge").get().route == "api"


# -- Drafts --------------------------------------------------------------------------------------------------------------
def test_a_draft_grows_and_is_sent(owner: Persona, two: list[Document], now: datetime) -> None:
    first = flows.save_draft(owner.actor, request_for([], ["a@example.com", "nobody"]), uuid="u1", now=now)
    again = flows.save_draft(owner.actor, request_for(two[:1], ["a@example.com", "b@example.com"]), uuid="u1", now=now)
    flows.add_draft_documents(owner.actor, again.send.public_id, [two[1].public_id, two[0].public_id], now=now)

    assert again.send.pk == first.send.pk
    assert [(one.line, one.text) for one in first.errors] == [(2, "nobody")]
    price = queries.quote_of_draft(owner.actor, again.send.public_id, now=now)
    assert (price.cost, price.available, price.after, price.enough) == (4, 1500, 1496, True)
    result = flows.confirm(owner.actor, again.send.public_id, key="k", now=now)
    assert result.charged == 4
    assert flows.confirm(owner.actor, again.send.public_id, key="k", now=now).replayed
    with pytest.raises(NotADraft):
        flows.confirm(owner.actor, again.send.public_id, key="other", now=now)
    with pytest.raises(NotADraft):
        flows.save_draft(owner.actor, request_for(two), uuid="u1", now=now)


def test_a_draft_costs_nothing_and_is_nobody_elses(owner: Persona, member: Persona, two: list[Document], now: datetime) -> None:
    draft = flows.save_draft(owner.actor, request_for(two), now=now).send

    assert available(owner, now) == 1500
    for deed in (
        lambda: flows.confirm(member.actor, draft.public_id, key="k", now=now),
        lambda: flows.save_draft(member.actor, request_for([]), draft_id=draft.public_id, now=now),
        lambda: flows.delete_draft(member.actor, draft.public_id, now=now),
    ):
        with pytest.raises(NotFound):
            deed()
    flows.delete_draft(owner.actor, draft.public_id, now=now)
    assert not Send.objects.exists()


def test_two_members_may_use_one_uuid(owner: Persona, member: Persona, now: datetime) -> None:
    first = flows.save_draft(owner.actor, request_for([]), uuid="u1", now=now).send
    second = flows.save_draft(member.actor, request_for([]), uuid="u1", now=now).send

    assert first.pk != second.pk


def test_editing_a_waiting_draft_withdraws_its_confirmation(owner: Persona, now: datetime) -> None:
    late = make_document(owner, "Late.docx", state=VersionState.CONVERTING, now=now)
    waiting = send(owner, [late], now=now)
    flows.save_draft(owner.actor, request_for([late], ["a@example.com"]), draft_id=waiting.send.public_id, now=now)
    make_ready(late)

    assert not flows.try_dispatch(waiting.send.pk, now=now)
    assert available(owner, now) == 1500


def test_a_document_taken_from_the_library_meanwhile_is_not_sent(owner: Persona, member: Persona, now: datetime) -> None:
    shared = make_document(member, in_library=True, now=now)
    draft = flows.save_draft(owner.actor, request_for([shared]), now=now).send
    shared.in_library = False
    shared.save()

    with pytest.raises(NotFound):
        flows.confirm(owner.actor, draft.public_id, key="k", now=now)


# -- Many ----------------------------------------------------------------------------------------------------------------
def test_the_mails_of_many_recipients_are_written_in_batches_and_shown_as_waiting(
    owner: Persona, two: list[Document], now: datetime
) -> None:
    many = [f"r{number}@example.com" for number in range(120)]
    result = send(owner, two[:1], many, now=now)
    waiting = [row.mail for row in queries.send_detail(owner.actor, result.send.public_id, now=now).recipients]

    assert (waiting.count("queued"), waiting.count("waiting")) == (10, 110)
    assert jobs_named("sends.write_letters") == [{"send_id": result.send.pk}]
    flows.write_all_due(result.send.pk, now=now)
    flows.write_all_due(result.send.pk, now=now)
    assert OutgoingMail.objects.count() == 120
    assert not Recipient.objects.exclude(mail_due="").exists()


def test_a_mail_that_is_still_due_is_not_written_once_access_ended(owner: Persona, two: list[Document], now: datetime) -> None:
    many = [f"r{number}@example.com" for number in range(12)]
    result = send(owner, two[:1], many, now=now)
    flows.revoke(owner.actor, result.send.public_id, now=now)
    flows.write_all_due(result.send.pk, now=now)

    assert OutgoingMail.objects.count() == 10


def test_more_than_ten_thousand_recipients_are_refused(owner: Persona, two: list[Document], now: datetime) -> None:
    many = [f"r{number}@example.com" for number in range(10_001)]
    with pytest.raises(Invalid) as refusal:
        send(owner, two[:1], many, now=now)

    assert refusal.value.errors == {"recipients": ["too_many"]}


def test_what_a_dead_job_left_is_found_again(owner: Persona, two: list[Document], now: datetime) -> None:
    late = make_document(owner, "Late.docx", state=VersionState.CONVERTING, now=now)
    waiting = send(owner, [late], now=now).send
    many = send(owner, two[:1], [f"r{number}@example.com" for number in range(12)], now=now).send
    send(owner, two[:1], now=now)
    flows.save_draft(owner.actor, request_for(two), now=now)

    assert queries.unfinished_sends() == [waiting.pk, many.pk]
    flows.write_all_due(many.pk, now=now)
    assert queries.unfinished_sends() == [waiting.pk]
