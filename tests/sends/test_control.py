# SPDX-License-Identifier: Apache-2.0
"""After sending: revoke and restore, recipients, settings, calling back, bounces, replacing, deleting; and what each costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sealroom.access import flows as access
from sealroom.access.errors import NotAdmitted
from sealroom.access.models import Grant
from sealroom.audit.models import Event
from sealroom.audit.rules import Verb
from sealroom.core.errors import Forbidden, IdempotencyConflict, Invalid, NotFound, RateLimited
from sealroom.credits.errors import InsufficientCredits
from sealroom.documents.models import Document, VersionState
from sealroom.mail.models import OutgoingMail
from sealroom.mail.signals import mail_bounced
from sealroom.sends import flows, queries
from sealroom.sends.errors import DocumentFailed, InUse, NotLive, NotReady, TooLate
from sealroom.sends.models import Recipient, Send
from sealroom.sends.rules import Addressee, SendSettings, State, state_of
from tests.factories.access import IP, add_version, make_document
from tests.factories.accounts import Persona, make_member
from tests.factories.sends import FIVE, available, jobs_named, open_as, recipient_of, request_for, send

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
NADIA, KARI = "nadia@example.com", "kari@example.org"


@pytest.fixture
def two(owner: Persona, now: datetime) -> list[Document]:
    return [make_document(owner, "Term sheet.pdf", now=now), make_document(owner, "Forecast.xlsx", now=now)]


@pytest.fixture
def sent(owner: Persona, two: list[Document], now: datetime) -> Send:
    return send(owner, two, [NADIA, KARI], now=now).send


def may_read(sent: Send, address: str, document: Document, cookie: str, now: datetime) -> str:
    link = recipient_of(sent, address).link
    assert link is not None
    try:
        access.check_pass(cookie, link.public_id, document.public_id, ip=IP, now=now)
    except NotAdmitted as refusal:
        return refusal.reason
    return "yes"


def _state(sent: Send, now: datetime) -> State:
    return state_of(Send.objects.select_related("policy").get(pk=sent.pk).facts, now=now)


# -- Revoke and restore --------------------------------------------------------------------------------------------------
def test_revoking_a_send_closes_open_viewers_and_restoring_opens_them(
    owner: Persona, sent: Send, two: list[Document], now: datetime
) -> None:
    cookie = open_as(sent, NADIA, two[0], now=now)
    flows.revoke(owner.actor, sent.public_id, now=now)

    assert _state(sent, now) is State.REVOKED
    assert may_read(sent, NADIA, two[0], cookie, now) == "revoked"
    restored = flows.restore(owner.actor, sent.public_id, now=now)
    assert (restored.charged, restored.available) == (0, 1496)
    assert _state(sent, now) is State.ACTIVE
    assert may_read(sent, NADIA, two[0], cookie, now) == "yes"


def test_one_recipient_and_one_file_are_ended_alone(owner: Persona, sent: Send, two: list[Document], now: datetime) -> None:
    nadia, kari = open_as(sent, NADIA, two[0], now=now), open_as(sent, KARI, two[0], now=now)
    recipient = recipient_of(sent, NADIA).public_id
    flows.revoke(owner.actor, sent.public_id, recipients=[recipient], documents=[two[1].public_id], now=now)

    def table() -> list[str]:
        people = ((NADIA, nadia), (KARI, kari))
        return [may_read(sent, address, document, cookie, now) for address, cookie in people for document in two]

    assert table() == ["revoked", "revoked", "yes", "revoked"]
    flows.revoke(owner.actor, sent.public_id, now=now)
    flows.restore(owner.actor, sent.public_id, now=now)
    assert table() == ["revoked", "revoked", "yes", "revoked"]
    flows.restore(owner.actor, sent.public_id, recipients=[recipient], documents=[two[1].public_id], now=now)
    assert table() == ["yes"] * 4
    assert available(owner, now) == 1496


def test_a_colleagues_send_does_not_exist_for_a_user(member: Persona, stranger: Persona, sent: Send, now: datetime) -> None:
    for other in (member, stranger):
        for deed in (flows.revoke, flows.restore, flows.cancel, flows.remind):
            with pytest.raises(NotFound):
                deed(other.actor, sent.public_id, now=now)
        with pytest.raises(NotFound):
            flows.add_recipients(other.actor, sent.public_id, [Addressee("x@example.com")], key="k", now=now)
        with pytest.raises(NotFound):
            flows.change_settings(other.actor, sent.public_id, lambda settings: settings, now=now)
        with pytest.raises(NotFound):
            queries.send_detail(other.actor, sent.public_id, now=now)
    assert _state(sent, now) is State.ACTIVE


def test_an_admin_ends_a_colleagues_send_and_only_an_admin_gives_it_back(
    owner: Persona, member: Persona, two: list[Document], now: datetime
) -> None:
    sent = send(member, [make_document(member, now=now)], [NADIA], now=now).send
    flows.revoke(owner.actor, sent.public_id, now=now)

    assert _state(sent, now) is State.REVOKED
    with pytest.raises(Forbidden):
        flows.restore(member.actor, sent.public_id, now=now)
    with pytest.raises(Forbidden):
        flows.revoke(owner.actor, sent.public_id, recipients=[recipient_of(sent, NADIA).public_id], now=now)
    with pytest.raises(NotFound):
        queries.send_detail(owner.actor, sent.public_id, now=now)
    flows.restore(owner.actor, sent.public_id, now=now)
    assert _state(sent, now) is State.ACTIVE
    assert (
        list(Event.objects.filter(subject=sent.public_id, verb__startswith="send.re").values_list("actor", flat=True))
        == [owner.user.public_id] * 2
    )


def test_what_a_sender_ended_himself_he_gives_back_and_an_admin_does_not(owner: Persona, member: Persona, now: datetime) -> None:
    sent = send(member, [make_document(member, now=now)], [NADIA], now=now).send
    flows.revoke(member.actor, sent.public_id, now=now)

    with pytest.raises(Forbidden):
        flows.restore(owner.actor, sent.public_id, now=now)
    flows.restore(member.actor, sent.public_id, now=now)
    assert _state(sent, now) is State.ACTIVE


def test_names_from_another_send_are_not_found(owner: Persona, sent: Send, two: list[Document], now: datetime) -> None:
    other = send(owner, two[:1], ["x@example.com"], now=now).send
    with pytest.raises(NotFound):
        flows.revoke(owner.actor, sent.public_id, recipients=[recipient_of(other, "x@example.com").public_id], now=now)
    with pytest.raises(NotFound):
        flows.revoke(owner.actor, other.public_id, documents=[two[1].public_id], now=now)


# -- Recipients ----------------------------------------------------------------------------------------------------------
def test_a_further_recipient_costs_one_per_file_and_those_there_nothing(owner: Persona, sent: Send, now: datetime) -> None:
    lines = [Addressee(KARI), Addressee("New@Example.com", "New One")]
    result = flows.add_recipients(owner.actor, sent.public_id, lines, key="add", now=now)

    assert ([one.address for one in result.added], result.charged, result.available) == (["new@example.com"], 2, 1494)
    again = flows.add_recipients(owner.actor, sent.public_id, lines, key="add", now=now)
    assert ([one.address for one in again.added], again.charged, again.replayed) == (["new@example.com"], 2, True)
    assert Send.objects.get().charged == 6
    assert OutgoingMail.objects.filter(to_address="new@example.com").count() == 1
    with pytest.raises(IdempotencyConflict):
        flows.add_recipients(owner.actor, sent.public_id, lines[:1], key="add", now=now)


def test_a_removed_recipient_loses_access_for_good_and_comes_back_free(
    owner: Persona, sent: Send, two: list[Document], now: datetime
) -> None:
    cookie = open_as(sent, NADIA, two[0], now=now)
    old = recipient_of(sent, NADIA)
    flows.remove_recipient(owner.actor, sent.public_id, old.public_id, now=now)

    assert available(owner, now) == 1496
    with pytest.raises(NotFound):
        flows.restore(owner.actor, sent.public_id, recipients=[old.public_id], now=now)
    result = flows.add_recipients(owner.actor, sent.public_id, [Addressee(NADIA)], key="add", now=now)
    assert result.charged == 0
    assert old.link is not None
    with pytest.raises(NotAdmitted) as refusal:
        access.check_pass(cookie, old.link.public_id, two[0].public_id, ip=IP, now=now)
    assert refusal.value.reason == "revoked"


def test_recipients_cannot_be_added_to_what_ended(owner: Persona, sent: Send, two: list[Document], now: datetime) -> None:
    draft = flows.save_draft(owner.actor, request_for(two), now=now).send
    flows.revoke(owner.actor, sent.public_id, now=now)

    for one in (sent, draft):
        with pytest.raises(NotLive):
            flows.add_recipients(owner.actor, one.public_id, [Addressee("x@example.com")], key="k", now=now)


def test_too_few_credits_add_nobody(owner: Persona, two: list[Document], now: datetime) -> None:
    sent = send(owner, two, [f"r{number}@example.com" for number in range(749)], now=now).send

    with pytest.raises(InsufficientCredits):
        flows.add_recipients(
            owner.actor, sent.public_id, [Addressee("x@example.com"), Addressee("y@example.com")], key="k", now=now
        )
    assert (sent.recipients.count(), available(owner, now)) == (749, 2)


def test_who_comes_while_a_file_is_ended_gets_it_when_it_is_restored(
    owner: Persona, sent: Send, two: list[Document], now: datetime
) -> None:
    flows.revoke(owner.actor, sent.public_id, documents=[two[1].public_id], now=now)
    assert flows.add_recipients(owner.actor, sent.public_id, [Addressee("x@example.com")], key="k", now=now).charged == 1

    assert flows.restore(owner.actor, sent.public_id, documents=[two[1].public_id], now=now).charged == 1
    cookie = open_as(sent, "x@example.com", two[1], now=now)
    assert may_read(sent, "x@example.com", two[1], cookie, now) == "yes"


def test_reminding_is_free_reaches_those_who_have_not_opened_and_rests_an_hour(
    owner: Persona, sent: Send, two: list[Document], now: datetime
) -> None:
    open_as(sent, NADIA, two[0], now=now)

    assert flows.remind(owner.actor, sent.public_id, now=now) == 1
    assert OutgoingMail.objects.filter(to_address=KARI).order_by("pk").last().subject == "Olive Owner reminds you of 2 files"  # type: ignore[union-attr]
    with pytest.raises(RateLimited) as refusal:
        flows.remind(owner.actor, sent.public_id, now=now + 59 * MINUTE)
    assert refusal.value.facts == {"retry_after": 60}
    assert flows.remind(owner.actor, sent.public_id, now=now + 60 * MINUTE) == 1
    assert flows.remind(owner.actor, sent.public_id, recipients=[recipient_of(sent, NADIA).public_id], now=now) == 1
    assert available(owner, now) == 1496


# -- Settings ------------------------------------------------------------------------------------------------------------
def test_settings_bind_at_once(owner: Persona, sent: Send, two: list[Document], now: datetime) -> None:
    cookie = open_as(sent, NADIA, two[0], now=now)
    flows.change_settings(owner.actor, sent.public_id, lambda old: replace(old, expires_at=now + MINUTE), now=now)

    assert may_read(sent, NADIA, two[0], cookie, now + MINUTE - timedelta(seconds=1)) == "yes"
    assert may_read(sent, NADIA, two[0], cookie, now + MINUTE) == "expired"
    flows.change_settings(owner.actor, sent.public_id, lambda old: replace(old, permission="download_pdf"), now=now + 2 * MINUTE)
    assert _state(sent, now + 2 * MINUTE) is State.EXPIRED
    flows.change_settings(
        owner.actor, sent.public_id, lambda old: replace(old, expires_at=None, watermark=None), now=now + 2 * MINUTE
    )
    assert may_read(sent, NADIA, two[0], cookie, now + 2 * MINUTE) == "yes"
    shown = queries.send_detail(owner.actor, sent.public_id, now=now).settings
    assert shown == SendSettings(permission="download_pdf", watermark=None)


def test_settings_are_refused_whole(owner: Persona, sent: Send, now: datetime) -> None:
    with pytest.raises(Invalid) as refusal:
        flows.change_settings(
            owner.actor, sent.public_id, lambda old: replace(old, permission="download_pdf", expires_at=now), now=now
        )
    assert refusal.value.errors == {"expires_at": ["in_the_past"]}
    assert queries.send_detail(owner.actor, sent.public_id, now=now).settings == SendSettings()


def test_a_file_without_pages_keeps_its_right_to_be_downloaded(owner: Persona, now: datetime) -> None:
    other = make_document(owner, "model.bin", pages=0, now=now)
    sent = send(owner, [other], [NADIA], settings=SendSettings(permission="download_original"), now=now).send

    with pytest.raises(NotReady):
        flows.change_settings(owner.actor, sent.public_id, lambda old: replace(old, permission="view"), now=now)


# -- Calling back --------------------------------------------------------------------------------------------------------
def test_a_send_is_called_back_within_fifteen_minutes(owner: Persona, sent: Send, two: list[Document], now: datetime) -> None:
    late = now + 15 * MINUTE
    result = flows.cancel(owner.actor, sent.public_id, now=late)

    assert (result.returned, result.available) == (4, 1500)
    assert _state(sent, late) is State.CANCELLED
    assert flows.cancel(owner.actor, sent.public_id, now=late).returned == 0
    with pytest.raises(NotLive):
        flows.restore(owner.actor, sent.public_id, now=late)
    assert send(owner, two, [NADIA, KARI], now=late).charged == 4


def test_later_it_is_too_late(owner: Persona, sent: Send, now: datetime) -> None:
    with pytest.raises(TooLate):
        flows.cancel(owner.actor, sent.public_id, now=now + 15 * MINUTE + timedelta(seconds=1))
    assert _state(sent, now) is State.ACTIVE


def test_what_was_opened_stays_paid(owner: Persona, sent: Send, two: list[Document], now: datetime) -> None:
    cookie = open_as(sent, NADIA, two[0], now=now)

    assert flows.cancel(owner.actor, sent.public_id, now=now).returned == 3
    assert may_read(sent, NADIA, two[0], cookie, now) == "revoked"
    assert may_read(sent, NADIA, two[1], cookie, now) == "revoked"


def test_what_another_live_send_rests_on_stays_paid(
    owner: Persona, member: Persona, two: list[Document], sent: Send, now: datetime
) -> None:
    two[0].in_library = True
    two[0].save()
    other = send(member, two[:1], [NADIA], now=now)
    assert other.charged == 0

    assert flows.cancel(owner.actor, sent.public_id, now=now).returned == 3
    assert available(owner, now) == 1499
    flows.revoke(member.actor, other.send.public_id, now=now)
    assert flows.restore(member.actor, other.send.public_id, now=now).charged == 0


def test_what_was_paid_long_ago_is_not_given_back(owner: Persona, two: list[Document], sent: Send, now: datetime) -> None:
    flows.revoke(owner.actor, sent.public_id, now=now)
    later = now + timedelta(hours=1)
    again = send(owner, two, [NADIA, "new@example.com"], now=later)

    assert (again.charged, flows.cancel(owner.actor, again.send.public_id, now=later).returned) == (2, 2)


def test_restoring_what_was_given_back_elsewhere_charges_it(owner: Persona, two: list[Document], sent: Send, now: datetime) -> None:
    flows.revoke(owner.actor, sent.public_id, now=now)
    again = send(owner, two, [NADIA, KARI], now=now + MINUTE)
    assert again.charged == 0
    assert flows.cancel(owner.actor, again.send.public_id, now=now + MINUTE).returned == 4

    assert flows.restore(owner.actor, sent.public_id, now=now + 2 * MINUTE).charged == 4
    assert available(owner, now + 2 * MINUTE) == 1496


def test_a_draft_is_given_up(owner: Persona, two: list[Document], now: datetime) -> None:
    draft = flows.save_draft(owner.actor, request_for(two), now=now).send

    assert flows.cancel(owner.actor, draft.public_id, now=now + timedelta(days=1)).returned == 0
    assert _state(draft, now) is State.CANCELLED


# -- Bounces -------------------------------------------------------------------------------------------------------------
def test_a_final_bounce_gives_back_what_was_not_opened_at_any_time(owner: Persona, sent: Send, now: datetime) -> None:
    nadia = recipient_of(sent, NADIA)
    mail_bounced.send(None, about=f"recipient:{nadia.public_id}", address=NADIA, permanent=True)
    mail_bounced.send(None, about=f"recipient:{recipient_of(sent, KARI).public_id}", address=KARI, permanent=False)
    mail_bounced.send(None, about="challenge:chl_x", address=NADIA, permanent=True)
    assert jobs_named("sends.record_bounce") == [{"recipient_id": nadia.public_id}]

    later = now + timedelta(days=9)
    assert flows.record_bounce(nadia.public_id, now=later) == 2
    assert flows.record_bounce(nadia.public_id, now=later) == 0
    row = next(row for row in queries.send_detail(owner.actor, sent.public_id, now=later).recipients if row.address == NADIA)
    assert (row.state, row.mail) == ("revoked", "bounced")
    assert flows.restore(owner.actor, sent.public_id, recipients=[nadia.public_id], now=later).charged == 2
    assert available(owner, later) == 1496


def test_a_bounce_after_the_opening_changes_nothing_for_the_reader(
    owner: Persona, sent: Send, two: list[Document], now: datetime
) -> None:
    cookie = open_as(sent, NADIA, two[0], now=now)
    open_as(sent, NADIA, two[1], now=now)

    assert flows.record_bounce(recipient_of(sent, NADIA).public_id, now=now) == 0
    assert may_read(sent, NADIA, two[0], cookie, now) == "yes"
    assert available(owner, now) == 1496


# -- Replacing -----------------------------------------------------------------------------------------------------------
def test_replacing_charges_current_recipients_once_and_switches_every_link(
    owner: Persona, sent: Send, two: list[Document], now: datetime
) -> None:
    send(owner, two[:1], [NADIA, "third@example.com", owner.email], now=now)
    removed = send(owner, two[:1], ["gone@example.com"], now=now).send
    flows.remove_recipient(owner.actor, removed.public_id, recipient_of(removed, "gone@example.com").public_id, now=now)
    ended = send(owner, two[:1], ["ended@example.com"], now=now).send
    flows.revoke(owner.actor, ended.public_id, now=now)
    cookie = open_as(sent, NADIA, two[0], now=now)
    version = add_version(two[0], owner, now=now)
    before = available(owner, now)

    quote = queries.quote_of_replacement(owner.actor, two[0].public_id, version.public_id, now=now)
    assert (quote.cost, quote.recipients) == (3, 3)
    result = flows.replace(owner.actor, two[0].public_id, version.public_id, key="k", now=now)
    assert (result.charged, result.recipients, result.available) == (3, 3, before - 3)
    link = recipient_of(sent, NADIA).link
    assert link is not None
    admitted = access.check_pass(cookie, link.public_id, two[0].public_id, ip=IP, now=now)
    assert admitted.version == version
    again = flows.replace(owner.actor, two[0].public_id, version.public_id, key="k", now=now)
    assert (again.charged, again.recipients, again.replayed) == (3, 3, True)
    assert flows.restore(owner.actor, ended.public_id, now=now).charged == 1


def test_replacing_without_credits_changes_nothing(owner: Persona, two: list[Document], now: datetime) -> None:
    send(owner, two[:1], [f"r{number}@example.com" for number in range(800)], now=now)
    version = add_version(two[0], owner, now=now)

    with pytest.raises(InsufficientCredits):
        flows.replace(owner.actor, two[0].public_id, version.public_id, key="k", now=now)
    two[0].refresh_from_db()
    assert two[0].current_id != version.pk
    assert available(owner, now) == 700


@pytest.mark.parametrize(("state_", "refusal"), [(VersionState.CONVERTING, NotReady), (VersionState.FAILED, DocumentFailed)])
def test_only_a_ready_version_replaces(
    *, owner: Persona, two: list[Document], state_: str, refusal: type[Exception], now: datetime
) -> None:
    version = add_version(two[0], owner, state=state_, error="corrupt" if state_ == VersionState.FAILED else "", now=now)

    with pytest.raises(refusal):
        flows.replace(owner.actor, two[0].public_id, version.public_id, key="k", now=now)


def test_a_library_document_is_replaced_by_its_owner_alone(owner: Persona, member: Persona, now: datetime) -> None:
    shared = make_document(member, in_library=True, now=now)
    send(owner, [shared], [NADIA], now=now)
    version = add_version(shared, member, now=now)

    with pytest.raises(NotFound):
        flows.replace(owner.actor, shared.public_id, version.public_id, key="k", now=now)
    assert flows.replace(member.actor, shared.public_id, version.public_id, key="k", now=now).charged == 1


# -- Deleting ------------------------------------------------------------------------------------------------------------
def test_a_document_in_use_is_not_deleted_unless_its_sends_are_to_lose_it(
    owner: Persona, member: Persona, sent: Send, two: list[Document], now: datetime
) -> None:
    two[0].in_library = True
    two[0].save()
    send(member, two[:1], ["x@example.com"], now=now)
    cookie = open_as(sent, NADIA, two[0], now=now)

    with pytest.raises(InUse) as refusal:
        flows.delete_document(owner.actor, two[0].public_id, now=now)
    assert refusal.value.facts["where"] == [
        {"send": sent.public_id, "subject": "", "recipients": 2},
        {"send": "", "subject": "", "recipients": 1},
    ]
    flows.delete_document(owner.actor, two[0].public_id, end_sends=True, now=now)
    assert may_read(sent, NADIA, two[0], cookie, now) == "not_found"
    assert may_read(sent, NADIA, two[1], cookie, now) == "yes"
    with pytest.raises(NotFound):
        flows.restore(owner.actor, sent.public_id, documents=[two[0].public_id], now=now)
    assert available(owner, now) == 1495


def test_a_document_of_ended_sends_is_deleted(owner: Persona, sent: Send, two: list[Document], now: datetime) -> None:
    flows.revoke(owner.actor, sent.public_id, now=now)
    flows.delete_document(owner.actor, two[0].public_id, now=now)

    assert Document.objects.get(pk=two[0].pk).deleted_at == now


def test_a_waiting_send_that_loses_its_document_is_held(owner: Persona, two: list[Document], now: datetime) -> None:
    late = make_document(owner, "Late.docx", state=VersionState.CONVERTING, now=now)
    waiting = send(owner, [late], [NADIA], now=now).send
    flows.delete_document(owner.actor, late.public_id, end_sends=True, now=now)

    assert Send.objects.get(pk=waiting.pk).held_reason == "document_deleted"


# -- News ----------------------------------------------------------------------------------------------------------------
def test_the_sender_is_told_once_of_each_recipient_who_opens(
    owner: Persona, sent: Send, two: list[Document], now: datetime
) -> None:
    cookie = open_as(sent, NADIA, two[0], now=now)
    may_read(sent, NADIA, two[1], cookie, now)
    jobs = jobs_named("sends.tell_opened")
    assert len(jobs) == 1

    grant = Grant.objects.get(pk=str(jobs[0]["grant_id"]))
    for _ in range(2):
        flows.tell_opened(grant.link_id, grant.pk, now=now)
    mail = OutgoingMail.objects.get(to_address=owner.email)
    assert mail.subject == f"{NADIA} opened what you sent"
    assert "Term sheet.pdf" in mail.text
    assert f"/sends/{sent.public_id}/" in mail.text


def test_nothing_here_is_done_without_the_right_to_send(owner: Persona, sent: Send, now: datetime) -> None:
    reader = replace(owner.actor, capabilities=frozenset())
    for deed in (flows.cancel, flows.remind, flows.revoke):
        with pytest.raises(Forbidden):
            deed(reader, sent.public_id, now=now)
    with pytest.raises(Forbidden):
        flows.send_documents(reader, request_for([]), key="k", now=now)
    with pytest.raises(Forbidden):
        flows.restore(reader, sent.public_id, now=now)
    assert Recipient.objects.filter(removed_at=None).count() == 2


def test_two_admins_are_both_admins(owner: Persona, now: datetime) -> None:
    second = make_member(owner, "second@example.com", role="admin", now=now)
    sent = send(owner, [make_document(owner, now=now)], FIVE, now=now).send
    flows.revoke(second.actor, sent.public_id, now=now)

    with pytest.raises(NotFound):
        queries.send_detail(second.actor, sent.public_id, now=now)
    assert Event.objects.filter(verb=Verb.SEND_REVOKED, actor=second.user.public_id).count() == 1
    assert flows.restore(owner.actor, sent.public_id, now=now).charged == 0
