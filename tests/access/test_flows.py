# SPDX-License-Identifier: Apache-2.0
"""Proving an address, the live check, and what each of them does not tell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sealroom.access import flows, queries
from sealroom.access.errors import CodeExpired, CodeWornOut, CodeWrong, NotAdmitted
from sealroom.access.models import Challenge, Grant, Link, Pass, Visitor
from sealroom.access.queries import Landing, LandingState
from sealroom.access.rules import Policy
from sealroom.access.signals import admission_refused, link_opened
from sealroom.audit.models import Event
from sealroom.audit.rules import Verb
from sealroom.core.errors import Invalid, RateLimited
from sealroom.core.ids import digest
from sealroom.core.models import Job
from sealroom.mail.models import OutgoingMail
from tests.factories.access import IP, Sent, code_of, mail_codes, make_document, make_link, prove, wrong_code
from tests.factories.accounts import Persona

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def sent(owner: Persona, recipient: str, now: datetime) -> Sent:
    documents = [make_document(owner, "Secret plan.pdf", now=now), make_document(owner, "Forecast.xlsx", now=now)]
    return make_link(owner, recipient, documents, now=now)


def meet(now: datetime) -> Visitor:
    return flows.meet(None, user_agent="Test browser", now=now).visitor


def admit(cookie: str | None, sent: Sent, now: datetime) -> flows.Admission:
    return flows.check_pass(cookie, sent.link.public_id, sent.documents[0].public_id, ip=IP, now=now)


def revoke_all(sent: Sent, now: datetime) -> None:
    for document in sent.documents:
        flows.revoke_document(sent.policy, document, now=now)


def reason_of(cookie: str | None, sent: Sent, now: datetime) -> str:
    with pytest.raises(NotAdmitted) as refusal:
        admit(cookie, sent, now)
    return refusal.value.reason


# -- Links ---------------------------------------------------------------------------------------------------------------
def test_a_link_is_kept_as_digest_and_sealed_never_in_clear(sent: Sent) -> None:
    row = Link.objects.get(pk=sent.link.pk)

    assert queries.link_url(row) == f"http://127.0.0.1:8000/v/{sent.token}/"
    assert row.token_digest == digest(sent.token)
    assert sent.token.encode() not in bytes(row.token_sealed)
    assert queries.find_link(sent.token) == queries.find_link(row.public_id) == row


def test_tokens_are_long_and_differ(owner: Persona, now: datetime) -> None:
    row = flows.create_policy(owner.team.pk, Policy())
    specs = [flows.LinkSpec(f"r{number}@example.com") for number in range(700)]
    links = flows.create_links(specs, team_id=owner.team.pk, policy=row, language="en", documents=[], now=now)

    tokens = {queries.link_url(link).rstrip("/").rpartition("/")[2] for link in links}
    assert len(tokens) == 700
    assert {len(token) for token in tokens} == {32}
    assert [link.address for link in links] == [spec.address for spec in specs]


# -- Codes ---------------------------------------------------------------------------------------------------------------
def test_the_invited_address_opens_with_the_code_it_was_mailed(sent: Sent, recipient: str, now: datetime) -> None:
    visitor = meet(now)
    view = flows.request_code(visitor, sent.token, recipient, ip=IP, now=now)
    code = code_of(view.id)
    mail_codes(now)
    mail = OutgoingMail.objects.get()

    assert (mail.to_address, mail.urgent) == (recipient, True)
    assert "Secret" not in mail.subject
    assert code in mail.text
    assert code in mail.html
    verified = flows.verify_code(visitor, sent.token, f" {code[:3]}-{code[3:]} ", remember=False, ip=IP, now=now)
    assert verified.link_id == sent.link.public_id
    assert admit(verified.new_cookie, sent, now).viewer.address == recipient


def test_the_code_goes_to_the_stored_address_whatever_was_typed(owner: Persona, now: datetime) -> None:
    sent = make_link(owner, "nadia@example.com", [make_document(owner, now=now)], now=now)
    flows.request_code(meet(now), sent.token, " Nadia@EXAMPLE.com. ", ip=IP, now=now)
    mail_codes(now)

    assert list(OutgoingMail.objects.values_list("to_address", flat=True)) == ["nadia@example.com"]


@pytest.mark.parametrize("variant", ["nadia+x@example.com", "na.dia@example.com", "nadia@example.org"])
def test_another_mailbox_is_not_invited(owner: Persona, variant: str, now: datetime) -> None:
    sent = make_link(owner, "nadia@example.com", [make_document(owner, now=now)], now=now)
    visitor = meet(now)
    view = flows.request_code(visitor, sent.token, variant, ip=IP, now=now)
    code = code_of(view.id)
    mail_codes(now)

    assert not OutgoingMail.objects.exists()
    with pytest.raises(CodeWrong):
        flows.verify_code(visitor, sent.token, code, remember=False, ip=IP, now=now)


def test_a_code_counts_in_the_browser_that_asked_only(sent: Sent, recipient: str, now: datetime) -> None:
    view = flows.request_code(meet(now), sent.token, recipient, ip=IP, now=now)
    other = meet(now)

    with pytest.raises(CodeExpired):
        flows.verify_code(other, sent.token, code_of(view.id), remember=False, ip=IP, now=now)
    flows.request_code(other, sent.token, recipient, ip=IP, now=now)
    with pytest.raises(CodeWrong):
        flows.verify_code(other, sent.token, code_of(view.id), remember=False, ip=IP, now=now)


def test_a_code_counts_for_the_link_it_was_asked_for_only(owner: Persona, sent: Sent, recipient: str, now: datetime) -> None:
    other = make_link(owner, recipient, sent.documents, now=now)
    visitor = meet(now)
    view = flows.request_code(visitor, sent.token, recipient, ip=IP, now=now)

    with pytest.raises(CodeExpired):
        flows.verify_code(visitor, other.token, code_of(view.id), remember=False, ip=IP, now=now)


def test_a_code_ends_after_ten_minutes(sent: Sent, recipient: str, now: datetime) -> None:
    visitor = meet(now)
    code = code_of(flows.request_code(visitor, sent.token, recipient, ip=IP, now=now).id)

    with pytest.raises(CodeExpired):
        flows.verify_code(visitor, sent.token, code, remember=False, ip=IP, now=now + 10 * MINUTE)
    verified = flows.verify_code(visitor, sent.token, code, remember=False, ip=IP, now=now + 10 * MINUTE - timedelta(seconds=1))
    assert verified.link_id == sent.link.public_id


def test_five_wrong_tries_wear_a_code_out(sent: Sent, recipient: str, now: datetime) -> None:
    visitor = meet(now)
    view = flows.request_code(visitor, sent.token, recipient, ip=IP, now=now)
    left = []
    for _ in range(5):
        with pytest.raises(CodeWrong) as refusal:
            flows.verify_code(visitor, sent.token, wrong_code(view.id), remember=False, ip=IP, now=now)
        left.append(refusal.value.facts["tries_left"])

    assert left == [4, 3, 2, 1, 0]
    with pytest.raises(CodeWornOut):
        flows.verify_code(visitor, sent.token, code_of(view.id), remember=False, ip=IP, now=now)


def test_a_code_is_used_up_by_its_use(sent: Sent, recipient: str, now: datetime) -> None:
    visitor = meet(now)
    code = code_of(flows.request_code(visitor, sent.token, recipient, ip=IP, now=now).id)
    flows.verify_code(visitor, sent.token, code, remember=False, ip=IP, now=now)

    with pytest.raises(CodeWornOut):
        flows.verify_code(visitor, sent.token, code, remember=False, ip=IP, now=now)


def test_a_new_code_burns_the_one_before(sent: Sent, recipient: str, now: datetime) -> None:
    visitor = meet(now)
    first = flows.request_code(visitor, sent.token, recipient, ip=IP, now=now)
    second = flows.request_code(visitor, sent.token, recipient, ip=IP, now=now + MINUTE)

    assert Challenge.objects.get(public_id=first.id).tries == 5
    if code_of(first.id) != code_of(second.id):
        with pytest.raises(CodeWrong):
            flows.verify_code(visitor, sent.token, code_of(first.id), remember=False, ip=IP, now=now + MINUTE)
    verified = flows.verify_code(visitor, sent.token, code_of(second.id), remember=False, ip=IP, now=now + MINUTE)
    assert verified.link_id == sent.link.public_id


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "12345x"])
def test_what_is_not_six_digits_costs_no_try(sent: Sent, recipient: str, typed: str, now: datetime) -> None:
    visitor = meet(now)
    flows.request_code(visitor, sent.token, recipient, ip=IP, now=now)

    with pytest.raises(Invalid):
        flows.verify_code(visitor, sent.token, typed, remember=False, ip=IP, now=now)
    assert Challenge.objects.get().tries == 0


def test_three_codes_in_ten_minutes_and_twenty_a_day(sent: Sent, recipient: str, now: datetime) -> None:
    visitor = meet(now)

    def ask(at: datetime) -> bool:
        try:
            flows.request_code(visitor, sent.token, recipient, ip=IP, now=at)
        except RateLimited:
            return False
        return True

    assert [ask(now) for _ in range(4)] == [True, True, True, False]
    granted = sum(ask(now + timedelta(minutes=10 * slot)) for slot in range(1, 100) for _ in range(3))
    assert granted == 17
    assert ask(now + timedelta(days=1))


def test_an_ip_has_a_cap_of_its_own_that_costs_the_address_nothing(sent: Sent, recipient: str, now: datetime) -> None:
    visitor = meet(now)
    for number in range(60):
        flows.request_code(visitor, sent.token, f"r{number}@example.com", ip=IP, now=now)

    for _ in range(5):
        with pytest.raises(RateLimited):
            flows.request_code(visitor, sent.token, recipient, ip=IP, now=now)
    assert flows.request_code(visitor, sent.token, recipient, ip="198.51.100.77", now=now).shown_address == recipient


def test_what_is_no_address_is_told_so_whoever_is_invited(sent: Sent, now: datetime) -> None:
    for reference in (sent.token, "nothing-here"):
        with pytest.raises(Invalid) as refusal:
            flows.request_code(meet(now), reference, "not an address", ip=IP, now=now)
        assert refusal.value.errors == {"address": ["bad_address"]}


def test_invited_not_invited_and_unknown_are_answered_and_worked_alike(
    sent: Sent, recipient: str, attacker: str, now: datetime
) -> None:
    def ask(reference: str, address: str) -> tuple[list[str], set[str]]:
        visitor = meet(now)
        with CaptureQueriesContext(connection) as captured:
            view = flows.request_code(visitor, reference, address, ip=IP, now=now)
        assert view == flows.ChallengeView(view.id, address, now + 10 * MINUTE)
        verbs = [" ".join(query["sql"].split(" ")[:3]) for query in captured if "SAVEPOINT" not in query["sql"]]
        job = Job.objects.get(arguments__challenge_id=view.id)
        return verbs, {job.name, job.lane, str(job.priority), str(len(str(job.arguments["sealed"])))}

    invited = ask(sent.token, recipient)
    assert ask(sent.token, attacker) == invited
    assert ask("x" * 32, "third@example.net") == invited
    mail_codes(now)
    assert list(OutgoingMail.objects.values_list("to_address", flat=True)) == [recipient]


def test_wrong_codes_are_answered_alike_for_invited_not_invited_and_unknown(
    sent: Sent, recipient: str, attacker: str, now: datetime
) -> None:
    def outcomes(reference: str, address: str) -> list[tuple[str, object]]:
        visitor = meet(now)
        view = flows.request_code(visitor, reference, address, ip=IP, now=now)
        told: list[tuple[str, object]] = []
        for _ in range(6):
            with pytest.raises((CodeWrong, CodeWornOut)) as refusal:
                flows.verify_code(visitor, reference, wrong_code(view.id), remember=False, ip=IP, now=now)
            told.append((refusal.value.code, refusal.value.facts))
        return told

    invited = outcomes(sent.token, recipient)
    assert outcomes(sent.token, attacker) == invited
    assert outcomes("x" * 32, "third@example.net") == invited


def test_the_database_alone_does_not_tell_a_code(sent: Sent, recipient: str, now: datetime) -> None:
    view = flows.request_code(meet(now), sent.token, recipient, ip=IP, now=now)
    code = code_of(view.id)
    row, job = Challenge.objects.get(), Job.objects.get(name="access.mail_code")

    assert row.code_digest not in {digest(code), digest(f"{view.id}\n{code}")}
    assert (len(row.code_digest), set(job.arguments)) == (64, {"challenge_id", "sealed"})
    assert bytes.fromhex(job.arguments["sealed"]).find(code.encode()) == -1


def test_a_wrong_code_and_an_uninvited_address_leave_a_trace(sent: Sent, recipient: str, attacker: str, now: datetime) -> None:
    refusals: list[dict[str, object]] = []

    def note(sender: object, **facts: object) -> None:
        refusals.append(facts)

    admission_refused.connect(note)
    try:
        visitor = meet(now)
        view = flows.request_code(visitor, sent.token, attacker, ip=IP, now=now)
        with pytest.raises(CodeWrong):
            flows.verify_code(visitor, sent.token, wrong_code(view.id), remember=False, ip=IP, now=now)
        mail_codes(now)
    finally:
        admission_refused.disconnect(note)

    team = sent.link.team.public_id
    verbs = Event.objects.filter(team=team, subject=sent.link.public_id).order_by("number").values_list("verb", "facts")
    assert list(verbs) == [
        (Verb.CODE_FAILED, {"verdict": "wrong"}),
        (Verb.CODE_REQUESTED, {"invited": False}),
    ]
    assert [(one["link_id"], one["reason"], one["ip"]) for one in refusals] == [(sent.link.pk, "email", IP)]


# -- Browsers ------------------------------------------------------------------------------------------------------------
def test_a_cookie_we_did_not_set_is_not_adopted(now: datetime) -> None:
    meeting = flows.meet("chosen-by-somebody-else", user_agent="", now=now)

    assert meeting.new_cookie is not None
    assert meeting.new_cookie != "chosen-by-somebody-else"
    assert flows.meet(meeting.new_cookie, user_agent="", now=now) == flows.Meeting(meeting.visitor, None)


def test_the_secret_changes_when_a_gate_is_passed(sent: Sent, recipient: str, now: datetime) -> None:
    meeting = flows.meet(None, user_agent="", now=now)
    assert meeting.new_cookie is not None
    new = prove(sent.token, recipient, cookie=meeting.new_cookie, now=now)

    assert new != meeting.new_cookie
    assert reason_of(meeting.new_cookie, sent, now) == "email"
    assert admit(new, sent, now).link == sent.link
    assert not Visitor.objects.filter(secret_digest__in=[new, meeting.new_cookie]).exists()


def test_proving_again_replaces_the_pass(sent: Sent, recipient: str, now: datetime) -> None:
    first = prove(sent.token, recipient, now=now)
    second = prove(sent.link.public_id, recipient, cookie=first, now=now + MINUTE)

    assert Pass.objects.filter(ended_at=None).count() == 1
    assert admit(second, sent, now + MINUTE).pass_id == Pass.objects.get(ended_at=None).public_id


def test_signing_out_ends_every_pass_of_the_browser(sent: Sent, recipient: str, now: datetime) -> None:
    cookie = prove(sent.token, recipient, now=now)

    assert flows.end_passes(cookie, now=now) == 1
    assert reason_of(cookie, sent, now) == "email"


# -- The live check ------------------------------------------------------------------------------------------------------
def test_the_check_costs_two_statements(sent: Sent, recipient: str, now: datetime) -> None:
    cookie = prove(sent.token, recipient, now=now)
    admit(cookie, sent, now)

    with CaptureQueriesContext(connection) as captured:
        admission = admit(cookie, sent, now)
    assert len(captured) == 2
    with CaptureQueriesContext(connection) as captured:
        assert admission.version.document_id == admission.document.pk == sent.documents[0].pk
        assert (admission.policy, admission.viewer.ip) == (Policy(), IP)
    assert len(captured) == 0


@pytest.mark.parametrize(
    ("end", "give_back", "reason"),
    [
        (lambda s, t: flows.revoke_policy(s.policy, now=t), lambda s, t: flows.restore_policy(s.policy, now=t), "revoked"),
        (lambda s, t: flows.revoke_link(s.link, now=t), lambda s, t: flows.restore_link(s.link, now=t), "revoked"),
        (
            lambda s, t: flows.revoke_document(s.policy, s.documents[0], now=t),
            lambda s, t: flows.restore_document(s.policy, s.documents[0], now=t),
            "revoked",
        ),
        (
            lambda s, t: flows.change_policy(s.policy, Policy(expires_at=t), now=t),
            lambda s, t: flows.change_policy(s.policy, Policy(), now=t),
            "expired",
        ),
        (
            lambda s, t: flows.change_policy(s.policy, Policy(starts_at=t + MINUTE), now=t),
            lambda s, t: flows.change_policy(s.policy, Policy(), now=t),
            "not_started",
        ),
    ],
)
def test_what_ends_access_binds_at_the_next_request_and_is_undone_as_fast(
    *,
    sent: Sent,
    recipient: str,
    end: Callable[[Sent, datetime], None],
    give_back: Callable[[Sent, datetime], None],
    reason: str,
    now: datetime,
) -> None:
    cookie = prove(sent.token, recipient, now=now)
    admit(cookie, sent, now)

    end(sent, now)
    assert reason_of(cookie, sent, now) == reason
    give_back(sent, now)
    assert admit(cookie, sent, now).document == sent.documents[0]


def test_expiry_is_exact_to_the_second(owner: Persona, recipient: str, now: datetime) -> None:
    end = now + 5 * MINUTE
    sent = make_link(owner, recipient, [make_document(owner, now=now)], policy=Policy(expires_at=end), now=now)
    cookie = prove(sent.token, recipient, now=now)

    assert admit(cookie, sent, end - timedelta(seconds=1)).document == sent.documents[0]
    assert reason_of(cookie, sent, end) == "expired"


def test_revoking_one_document_leaves_the_other(sent: Sent, recipient: str, now: datetime) -> None:
    cookie = prove(sent.token, recipient, now=now)
    flows.revoke_document(sent.policy, sent.documents[0], now=now)

    second = flows.check_pass(cookie, sent.link.public_id, sent.documents[1].public_id, ip=IP, now=now)
    assert second.document == sent.documents[1]


def test_a_pass_opens_its_own_link_only(owner: Persona, sent: Sent, recipient: str, now: datetime) -> None:
    other = make_link(owner, recipient, [make_document(owner, "Other.pdf", now=now)], now=now)
    cookie = prove(sent.token, recipient, now=now)

    assert reason_of(cookie, other, now) == "email"
    with pytest.raises(NotAdmitted) as refusal:
        flows.check_pass(cookie, sent.link.public_id, other.documents[0].public_id, ip=IP, now=now)
    assert refusal.value.reason == "not_found"


def test_a_deleted_document_is_not_found(sent: Sent, recipient: str, now: datetime) -> None:
    cookie = prove(sent.token, recipient, now=now)
    sent.documents[0].deleted_at = now
    sent.documents[0].save()

    assert reason_of(cookie, sent, now) == "not_found"


def test_a_pass_slides_and_ends(sent: Sent, recipient: str, now: datetime) -> None:
    cookie = prove(sent.token, recipient, now=now)
    for minutes in range(0, 12 * 60, 29):
        admit(cookie, sent, now + minutes * MINUTE)

    assert reason_of(cookie, sent, now + timedelta(hours=12)) == "email"
    cookie = prove(sent.token, recipient, now=now + timedelta(hours=13))
    assert reason_of(cookie, sent, now + timedelta(hours=13, minutes=30)) == "email"


def test_a_remembered_browser_keeps_its_pass_for_thirty_days(sent: Sent, recipient: str, now: datetime) -> None:
    cookie = prove(sent.token, recipient, remember=True, now=now)

    assert admit(cookie, sent, now + timedelta(days=29)).link == sent.link
    assert reason_of(cookie, sent, now + timedelta(days=30)) == "email"


def test_the_first_opening_is_written_once_and_told_once(sent: Sent, recipient: str, now: datetime) -> None:
    told: list[tuple[object, object]] = []

    def note(sender: object, link_id: int, grant_id: int, **_: object) -> None:
        told.append((link_id, grant_id))

    link_opened.connect(note)
    try:
        cookie = prove(sent.token, recipient, now=now)
        first = admit(cookie, sent, now + MINUTE)
        admit(cookie, sent, now + 2 * MINUTE)
        flows.check_pass(cookie, sent.link.public_id, sent.documents[1].public_id, ip=IP, now=now + 3 * MINUTE)
    finally:
        link_opened.disconnect(note)

    assert told == [(sent.link.pk, first.grant.pk)]
    assert list(Grant.objects.order_by("position").values_list("first_opened_at", flat=True)) == [
        now + MINUTE,
        now + 3 * MINUTE,
    ]
    assert Link.objects.get(pk=sent.link.pk).first_opened_at == now + MINUTE


def test_refusals_of_a_proved_reader_are_kept_but_cannot_flood(sent: Sent, recipient: str, now: datetime) -> None:
    cookie = prove(sent.token, recipient, now=now)
    flows.revoke_policy(sent.policy, now=now)
    for _ in range(30):
        reason_of(cookie, sent, now)
    reason_of("nobody", sent, now)

    denied = Event.objects.filter(verb=Verb.ACCESS_DENIED)
    assert denied.count() == 10
    assert denied.values_list("facts", flat=True)[0] == {"reason": "revoked"}


# -- What a page shows ---------------------------------------------------------------------------------------------------
def test_nobody_learns_anything_before_the_proof(sent: Sent, recipient: str, now: datetime) -> None:
    neutral = Landing(LandingState.NEEDS_CODE)

    assert queries.landing(None, sent.token, now=now) == neutral
    assert queries.landing("some-cookie", sent.link.public_id, now=now) == neutral
    assert queries.landing(None, "x" * 32, now=now) == neutral
    flows.revoke_policy(sent.policy, now=now)
    assert queries.landing(None, sent.token, now=now) == neutral


def test_a_proved_reader_sees_what_is_his(sent: Sent, recipient: str, now: datetime) -> None:
    cookie = prove(sent.token, recipient, now=now)
    flows.revoke_document(sent.policy, sent.documents[1], now=now)
    landing = queries.landing(cookie, sent.token, now=now)

    assert (landing.state, landing.address, landing.link_id) == (LandingState.OPEN, recipient, sent.link.public_id)
    assert [(one.name, one.verdict.value) for one in landing.documents] == [
        ("Secret plan.pdf", "admit"),
        ("Forecast.xlsx", "revoked"),
    ]
    assert landing == queries.landing(cookie, sent.link.public_id, now=now)


@pytest.mark.parametrize(
    ("end", "state", "reason"),
    [
        (lambda s, t: flows.revoke_policy(s.policy, now=t), LandingState.ENDED, "revoked"),
        (lambda s, t: flows.revoke_link(s.link, now=t), LandingState.ENDED, "revoked"),
        (revoke_all, LandingState.ENDED, "revoked"),
        (lambda s, t: flows.change_policy(s.policy, Policy(expires_at=t), now=t), LandingState.ENDED, "expired"),
        (
            lambda s, t: flows.change_policy(s.policy, Policy(starts_at=t + MINUTE), now=t),
            LandingState.NOT_STARTED,
            "not_started",
        ),
    ],
)
def test_a_proved_reader_is_told_what_ended_without_the_names_of_files(
    *, sent: Sent, recipient: str, end: Callable[[Sent, datetime], object], state: LandingState, reason: str, now: datetime
) -> None:
    cookie = prove(sent.token, recipient, now=now)
    end(sent, now)
    landing = queries.landing(cookie, sent.token, now=now)

    assert (landing.state, landing.reason, landing.documents) == (state, reason, ())


def test_looking_at_a_link_changes_nothing(sent: Sent, recipient: str, now: datetime) -> None:
    cookie = prove(sent.token, recipient, now=now)

    with CaptureQueriesContext(connection) as captured:
        for reference in (sent.token, sent.link.public_id, "x" * 32):
            for held in (None, "nobody", cookie):
                queries.landing(held, reference, now=now)
    assert {query["sql"].split(" ")[0] for query in captured} == {"SELECT"}
