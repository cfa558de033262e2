# SPDX-License-Identifier: Apache-2.0
"""The rows of the table of settings, by name: Access, Start and expiry, Limits, Passcode, Terms of access, Restrictions."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pikepdf
import pypdfium2 as pdfium
import pytest
from django.contrib.auth.hashers import identify_hasher

from sealroom.access import flows, ports, queries
from sealroom.access.errors import CodeWrong, NotAdmitted, PasscodeWrong, PrintsUsedUp, TermsStale
from sealroom.access.flows import Admission
from sealroom.access.models import Acceptance, Pass, PolicyRow, Reader, Tally, Visitor
from sealroom.access.queries import LandingState
from sealroom.access.rules import Access, Permission, Policy, TermsMode, Verdict
from sealroom.access.signals import admission_refused
from sealroom.audit.models import Event
from sealroom.audit.rules import Verb
from sealroom.core.errors import Forbidden, Invalid, NotFound, RateLimited
from sealroom.core.ids import digest
from sealroom.mail.models import OutgoingMail
from tests.factories.access import IP, Sent, code_of, mail_codes, make_document, make_link, make_pass, prove
from tests.factories.accounts import Persona

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NADIA, OTHER, OUTSIDE = "nadia@example.com", "omar@example.com", "eve@elsewhere.example"


def sent(owner: Persona, now: datetime, address: str = NADIA, **conditions: Any) -> Sent:
    """A link with two documents under these conditions."""
    documents = [make_document(owner, "Plan.pdf", now=now), make_document(owner, "Forecast.pdf", now=now)]
    return make_link(owner, address, documents, policy=Policy(**conditions), now=now)


def change(one: Sent, now: datetime, **conditions: Any) -> None:
    """Put other conditions in force."""
    row = PolicyRow.objects.get(pk=one.policy.pk)
    flows.change_policy(row, replace(row.value, **conditions), now=now)


def meet(now: datetime) -> Visitor:
    return flows.meet(None, user_agent="Test browser", now=now).visitor


def press(one: Sent, now: datetime) -> str:
    """Open a link by its button; returns the cookie."""
    return flows.open_link(meet(now), one.token, ip=IP, now=now).new_cookie


def admit(cookie: str | None, one: Sent, now: datetime, *, place: int = 0, ip: str = IP) -> Admission:
    return flows.check_pass(cookie, one.link.public_id, one.documents[place].public_id, ip=ip, now=now)


def answer(cookie: str | None, one: Sent, now: datetime, *, place: int = 0, ip: str = IP) -> str:
    """How the live check answers."""
    try:
        admit(cookie, one, now, place=place, ip=ip)
    except NotAdmitted as refusal:
        return refusal.reason
    return "admit"


def state(cookie: str | None, one: Sent, now: datetime) -> LandingState:
    return queries.landing(cookie, one.token, ip=IP, now=now).state


# -- Access --------------------------------------------------------------------------------------------------------------
def test_row_access_named_code_asks_the_named_person_for_a_code(owner: Persona, now: datetime) -> None:
    one = sent(owner, now)
    assert state(None, one, now) is LandingState.NEEDS_CODE
    with pytest.raises(NotFound):
        press(one, now)
    with pytest.raises(CodeWrong):
        prove(one.token, OTHER, now=now)
    assert admit(prove(one.token, NADIA, now=now), one, now).viewer.address == NADIA


def test_row_access_named_quick_opens_by_holding_the_own_link(owner: Persona, now: datetime) -> None:
    one = sent(owner, now, access=Access.NAMED_QUICK)
    assert state(None, one, now) is LandingState.NEEDS_OPEN
    cookie = press(one, now)

    admission = admit(cookie, one, now)
    assert (admission.viewer.address, admission.reader.address) == (NADIA, NADIA)
    assert Pass.objects.get(visitor__secret_digest=digest(cookie)).address == "", "named, and not proved"
    change(one, now, access=Access.NAMED_CODE)
    assert answer(cookie, one, now) == "email", "what asks for a code now is not opened by a pass got without one"
    assert state(cookie, one, now) is LandingState.NEEDS_CODE


def test_row_access_domains_admits_who_proves_an_address_of_one(owner: Persona, now: datetime) -> None:
    one = sent(owner, now, address="", access=Access.DOMAINS, domains=("example.com",))
    for reader in (NADIA, OTHER):
        assert admit(prove(one.token, reader, now=now), one, now).viewer.address == reader
    with pytest.raises(CodeWrong):
        prove(one.token, OUTSIDE, now=now)
    mail_codes(now)

    assert sorted(OutgoingMail.objects.values_list("to_address", flat=True)) == [NADIA, OTHER]
    assert sorted(Reader.objects.values_list("address", flat=True)) == [NADIA, OTHER]


def test_row_access_anyone_verified_admits_who_proves_any_address(owner: Persona, now: datetime) -> None:
    one = sent(owner, now, address="", access=Access.ANYONE_VERIFIED, block_domains=("elsewhere.example",))
    assert admit(prove(one.token, "Omar@EXAMPLE.com", now=now), one, now).viewer.address == OTHER
    with pytest.raises(CodeWrong):
        prove(one.token, OUTSIDE, now=now)
    change(one, now, block_domains=("example.com",))
    cookie = make_pass(one.link, now=now)
    assert answer(cookie, one, now) == "email", "a pass without an address is none here"


def test_row_access_an_open_link_mails_sixty_codes_an_hour_to_whomever(owner: Persona, now: datetime) -> None:
    open_one = sent(owner, now, address="", access=Access.ANYONE_VERIFIED)
    named = sent(owner, now)

    def ask(one: Sent, number: int, at: datetime) -> bool:
        visitor = flows.meet(None, user_agent="", now=at).visitor
        try:
            flows.request_code(visitor, one.token, f"r{number}@example.com", ip=f"198.51.100.{number}", now=at)
        except RateLimited:
            return False
        return True

    assert [ask(open_one, number, now) for number in range(61)] == [True] * 60 + [False]
    assert ask(open_one, 60, now + timedelta(hours=1))
    assert all(ask(named, number, now + timedelta(hours=2)) for number in range(61)), "codes of this one reach its reader only"


def test_row_access_anyone_opens_by_holding_the_link(owner: Persona, now: datetime) -> None:
    one = sent(owner, now, address="", access=Access.ANYONE)
    assert state(None, one, now) is LandingState.NEEDS_OPEN
    cookies = [press(one, now), press(one, now)]
    assert [admit(cookie, one, now).viewer.address for cookie in cookies] == ["", ""]
    assert Reader.objects.count() == 1, "all who proved nothing are one reader"
    flows.revoke_policy(one.policy, now=now)
    assert state(None, one, now) is LandingState.NEEDS_CODE, "an ended link looks like one that never was"
    with pytest.raises(NotFound):
        press(one, now)


def test_row_access_an_own_link_under_open_access_admits_its_owner_whatever_the_domains(owner: Persona, now: datetime) -> None:
    one = sent(owner, now, address=OUTSIDE, access=Access.DOMAINS, domains=("example.com",))
    assert answer(prove(one.token, OUTSIDE, now=now), one, now) == "admit"
    assert admit(prove(one.token, NADIA, now=now), one, now).viewer.address == NADIA
    change(one, now, access=Access.NAMED_CODE)
    later = now + HOUR
    assert answer(prove(one.token, OUTSIDE, now=later), one, later) == "domain"


def test_row_access_a_code_proves_the_address_it_was_mailed_to(owner: Persona, now: datetime) -> None:
    one = sent(owner, now, address="", access=Access.ANYONE_VERIFIED)
    visitor = meet(now)
    first = flows.request_code(visitor, one.token, NADIA, ip=IP, now=now)
    code = code_of(first.id)
    flows.request_code(visitor, one.token, OTHER, ip=IP, now=now)
    with pytest.raises(CodeWrong):
        flows.verify_code(visitor, one.token, code, remember=False, ip=IP, now=now)


def test_row_access_changed_while_a_code_is_on_its_way_binds(owner: Persona, now: datetime) -> None:
    one = sent(owner, now, access=Access.ANYONE_VERIFIED)
    visitor = meet(now)
    code = code_of(flows.request_code(visitor, one.token, OTHER, ip=IP, now=now).id)
    change(one, now, access=Access.NAMED_CODE)
    cookie = flows.verify_code(visitor, one.token, code, remember=False, ip=IP, now=now).new_cookie
    assert answer(cookie, one, now) == "email"


def test_pressing_the_button_is_capped_and_changes_the_secret(owner: Persona, now: datetime) -> None:
    one = sent(owner, now, access=Access.ANYONE)
    meeting = flows.meet(None, user_agent="", now=now)
    verified = flows.open_link(meeting.visitor, one.token, ip=IP, now=now)
    assert answer(meeting.new_cookie, one, now) == "email"
    assert answer(verified.new_cookie, one, now) == "admit"
    for _ in range(119):
        press(one, now)
    with pytest.raises(RateLimited):
        press(one, now)


# -- Start and expiry ----------------------------------------------------------------------------------------------------
def test_row_start_and_expiry_by_dates(owner: Persona, now: datetime) -> None:
    one = sent(owner, now, starts_at=now + MINUTE, expires_at=now + HOUR)
    cookie = prove(one.token, NADIA, now=now)
    second = timedelta(seconds=1)
    moments = [now + MINUTE - second, now + MINUTE, now + HOUR - second, now + HOUR]
    answers = []
    for moment in moments:
        cookie = prove(one.token, NADIA, cookie=cookie, now=moment) if moment > now + MINUTE else cookie
        answers.append(answer(cookie, one, moment))
    assert answers == ["not_started", "admit", "admit", "expired"]


def test_row_start_and_expiry_by_a_timer_from_the_first_reading_of_each_recipient(owner: Persona, now: datetime) -> None:
    one = sent(owner, now, expire_after_opening_s=600)
    cookie = prove(one.token, NADIA, now=now)
    look = flows.check_pass(cookie, one.link.public_id, one.documents[0].public_id, ip=IP, now=now, purpose=flows.Purpose.LOOK)
    assert look.ends_at is None, "to look starts nothing"
    first = now + MINUTE
    assert admit(cookie, one, first).ends_at == first + timedelta(minutes=10)
    assert admit(cookie, one, first + MINUTE, place=1).ends_at == first + timedelta(minutes=10), "one time for all files"
    assert answer(cookie, one, first + timedelta(minutes=10)) == "expired"
    change(one, now, expire_after_opening_s=1200)
    assert answer(cookie, one, first + timedelta(minutes=10)) == "admit", "what the sender changes binds at once"


def test_row_start_and_expiry_timer_is_each_readers_own_where_addresses_are_proved(owner: Persona, now: datetime) -> None:
    one = sent(owner, now, address="", access=Access.ANYONE_VERIFIED, expire_after_opening_s=600)
    nadia, omar = prove(one.token, NADIA, now=now), prove(one.token, OTHER, now=now)
    admit(nadia, one, now)
    later = now + timedelta(minutes=10)
    assert (answer(nadia, one, later), answer(omar, one, later)) == ("expired", "admit")


def test_row_start_and_expiry_timer_is_shared_on_an_anonymous_link(owner: Persona, now: datetime) -> None:
    one = sent(owner, now, address="", access=Access.ANYONE, expire_after_opening_s=600)
    first, second = press(one, now), press(one, now)
    admit(first, one, now)
    later = now + timedelta(minutes=10)
    assert (answer(first, one, later), answer(second, one, later)) == ("expired", "expired")
    assert state(None, one, later) is LandingState.NEEDS_CODE, "nobody new is let in either"


# -- Limits --------------------------------------------------------------------------------------------------------------
def test_row_limits_views_are_counted_per_reader_and_document(owner: Persona, now: datetime) -> None:
    one = sent(owner, now, max_views=1)
    cookie = prove(one.token, NADIA, remember=True, now=now)
    assert [answer(cookie, one, now), answer(cookie, one, now + MINUTE), answer(cookie, one, now + 20 * MINUTE)] == ["admit"] * 3
    left = now + 51 * MINUTE
    assert (answer(cookie, one, left), answer(cookie, one, left, place=1)) == ("used_up", "admit")
    assert sorted(Tally.objects.values_list("views", flat=True)) == [1, 1]
    found = queries.landing(cookie, one.token, ip=IP, now=left)
    assert [(row.verdict, row.views_left) for row in found.documents] == [(Verdict.USED_UP, 0), (Verdict.ADMIT, 0)]
    assert queries.landing(cookie, one.token, ip=IP, now=left + HOUR).reason == "used_up"
    change(one, left, max_views=2)
    assert answer(cookie, one, left) == "admit"


def test_row_limits_prints_are_counted_and_end(owner: Persona, now: datetime) -> None:
    one = sent(owner, now, permission=Permission.PRINT, max_prints=2)
    admission = admit(prove(one.token, NADIA, now=now), one, now)
    assert flows.prints_left(admission) == 2
    assert [flows.take_print(admission, now=now) for _ in range(2)] == [1, 2]
    with pytest.raises(PrintsUsedUp) as refusal:
        flows.take_print(admission, now=now)
    assert (refusal.value.code, refusal.value.facts["limit"], flows.prints_left(admission)) == ("prints_used_up", 2, 0)
    change(one, now, max_prints=None)
    assert flows.take_print(admission, now=now) == 3


def test_row_limits_a_print_asks_again_whether_it_is_allowed(owner: Persona, now: datetime) -> None:
    one = sent(owner, now, permission=Permission.PRINT)
    admission = admit(prove(one.token, NADIA, now=now), one, now)
    assert flows.prints_left(admission) is None
    change(one, now, permission=Permission.VIEW)
    with pytest.raises(Forbidden):
        flows.take_print(admission, now=now)
    flows.revoke_policy(one.policy, now=now)
    with pytest.raises(NotAdmitted):
        flows.take_print(admission, now=now)
    assert not Tally.objects.exists()


# -- Passcode ------------------------------------------------------------------------------------------------------------
def locked(owner: Persona, now: datetime, passcode: str = "Opal 7351") -> Sent:
    one = sent(owner, now)
    flows.set_passcode(one.policy, passcode)
    return one


def try_it(cookie: str, one: Sent, clear: str, now: datetime, *, ip: str = IP) -> str:
    return flows.try_passcode(cookie, one.link.public_id, clear, ip=ip, now=now).new_cookie


def test_row_passcode_is_asked_after_the_address_and_kept_as_a_hash(owner: Persona, now: datetime, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["sealroom.accounts.adapters.passwords.BoundedArgon2PasswordHasher"]
    one = locked(owner, now)
    with pytest.raises(NotAdmitted):
        try_it("", one, "Opal 7351", now)
    cookie = prove(one.token, NADIA, now=now)
    assert (answer(cookie, one, now), state(cookie, one, now)) == ("passcode", LandingState.NEEDS_PASSCODE)
    assert queries.landing(cookie, one.token, ip=IP, now=now).documents == ()

    after = try_it(cookie, one, "  Opal 7351 ", now)
    assert (answer(cookie, one, now), answer(after, one, now)) == ("email", "admit"), "the secret changes at the gate"
    kept = PolicyRow.objects.get(pk=one.policy.pk)
    assert identify_hasher(kept.passcode_hash).algorithm == "argon2"
    assert "Opal" not in str(PolicyRow.objects.values().get(pk=one.policy.pk))


def test_row_passcode_another_one_is_asked_again_and_none_is_not(owner: Persona, now: datetime) -> None:
    one = locked(owner, now)
    cookie = try_it(prove(one.token, NADIA, now=now), one, "Opal 7351", now)
    row = PolicyRow.objects.get(pk=one.policy.pk)
    flows.change_policy(row, replace(row.value, max_views=9), now=now)
    assert answer(cookie, one, now) == "admit", "a change of the rest keeps it"
    flows.change_policy(row, row.value, now=now, passcode="Opal 7351")
    assert answer(cookie, one, now) == "admit", "the same one again is no other"
    flows.change_policy(row, row.value, now=now, passcode="Jade 1537")
    assert answer(cookie, one, now) == "passcode"
    with pytest.raises(PasscodeWrong):
        try_it(cookie, one, "Opal 7351", now)
    flows.change_policy(row, row.value, now=now, passcode=None)
    assert answer(cookie, one, now) == "admit"
    flows.change_policy(row, row.value, now=now, passcode="Opal 7351")
    assert answer(cookie, one, now) == "passcode", "one that was taken away and set again is asked for again"
    assert row.passcode_version == 3


def test_row_passcode_a_policy_is_made_with_one(owner: Persona, now: datetime) -> None:
    row = flows.create_policy(owner.team.pk, Policy(), passcode="Opal 7351")
    assert (row.value.passcode_version, bool(row.value.passcode_hash)) == (1, True)
    for wrong, reason in (("abc", "too_short"), ("x" * 129, "too_long")):
        with pytest.raises(Invalid) as refusal:
            flows.create_policy(owner.team.pk, Policy(), passcode=wrong)
        assert refusal.value.errors == {"passcode": [reason]}


def test_row_passcode_five_wrong_tries_from_one_address(owner: Persona, now: datetime) -> None:
    one = locked(owner, now)
    heard: list[str] = []

    def hear(sender: object, *, reason: str, address: str, **rest: object) -> None:
        heard.append(f"{reason} {address}")

    admission_refused.connect(hear)
    cookie, left = prove(one.token, NADIA, now=now), []
    for _ in range(5):
        with pytest.raises(PasscodeWrong) as refusal:
            try_it(cookie, one, "wrong one", now)
        left.append(refusal.value.facts["tries_left"])
    with pytest.raises(RateLimited) as limited:
        try_it(cookie, one, "Opal 7351", now)
    admission_refused.disconnect(hear)

    assert (left, limited.value.facts["retry_after"]) == ([4, 3, 2, 1, 0], 900)
    assert heard == [f"passcode {NADIA}"] * 5
    assert Event.objects.filter(verb=Verb.PASSCODE_FAILED).count() == 5
    assert answer(try_it(cookie, one, "Opal 7351", now, ip="203.0.113.9"), one, now) == "admit"
    later = now + timedelta(minutes=15)
    assert try_it(prove(one.token, NADIA, now=later), one, "Opal 7351", later)


def test_row_passcode_fifty_wrong_tries_an_hour_from_anywhere(owner: Persona, now: datetime) -> None:
    one = locked(owner, now)
    cookie = prove(one.token, NADIA, now=now)
    for number in range(50):
        with pytest.raises(PasscodeWrong):
            try_it(cookie, one, "wrong one", now, ip=f"198.51.100.{number}")
    with pytest.raises(RateLimited):
        try_it(cookie, one, "Opal 7351", now, ip="203.0.113.9")


def test_row_passcode_right_ones_cost_no_try(owner: Persona, now: datetime) -> None:
    one = locked(owner, now)
    for _ in range(7):
        assert try_it(make_pass(one.link, now=now), one, "Opal 7351", now)
    with pytest.raises(PasscodeWrong) as refusal:
        try_it(make_pass(one.link, now=now), one, "wrong one", now)
    assert refusal.value.facts["tries_left"] == 4


# -- Terms of access -----------------------------------------------------------------------------------------------------
def accept(cookie: str, one: Sent, terms_id: str, now: datetime, name: str = "Nadia B.") -> str:
    return flows.accept_terms(cookie, one.link.public_id, terms_id, name, ip=IP, user_agent="Browser/1", now=now).new_cookie


def test_row_terms_of_access_are_accepted_once_by_a_verified_reader_with_evidence(owner: Persona, now: datetime) -> None:
    terms = flows.set_organization_terms(owner.actor, html="<h2>Rules</h2><p>Keep it to yourself.</p>", now=now)
    one = sent(owner, now, terms=TermsMode.ORGANIZATION)
    cookie = prove(one.token, NADIA, now=now)
    assert (answer(cookie, one, now), state(cookie, one, now)) == ("terms", LandingState.NEEDS_TERMS)
    after = accept(cookie, one, terms.public_id, now)
    assert (answer(cookie, one, now), answer(after, one, now)) == ("email", "admit"), "the secret changes at the gate"

    row = Acceptance.objects.get()
    evidence = (row.terms, row.text_sha256, row.number, row.typed_name, row.address, row.ip, row.user_agent, row.accepted_at)
    assert evidence == (terms, terms.sha256, 1, "Nadia B.", NADIA, IP, "Browser/1", now)
    mail = OutgoingMail.objects.get(about=f"acceptance:{row.public_id}")
    assert mail.to_address == NADIA
    for words in ("Keep it to yourself.", terms.sha256, "Nadia B.", "2026-11-22 14:03:00 UTC", f"/v/d/{one.link.public_id}/"):
        assert words in mail.text
    assert Event.objects.filter(verb=Verb.TERMS_ACCEPTED).count() == 1
    elsewhere = prove(one.token, NADIA, now=now)
    assert answer(elsewhere, one, now) == "admit", "once, on whatever browser"
    assert answer(accept(elsewhere, one, terms.public_id, now), one, now) == "admit"
    assert Acceptance.objects.count() == 1


def test_row_terms_of_access_anonymous_readers_accept_every_time(owner: Persona, now: datetime) -> None:
    one = sent(owner, now, address="", access=Access.ANYONE)
    terms = flows.make_terms(owner.actor, html="<p>Mine</p>", now=now)
    row = one.policy
    flows.change_policy(row, replace(row.value, terms=TermsMode.OWN), now=now, own_terms=terms)
    first = accept(press(one, now), one, terms.public_id, now)
    second = press(one, now)
    assert (answer(first, one, now), answer(second, one, now)) == ("admit", "terms")
    assert Acceptance.objects.get().address == ""
    assert not OutgoingMail.objects.exists()


def test_row_terms_of_access_a_changed_text_asks_again(owner: Persona, now: datetime) -> None:
    old = flows.set_organization_terms(owner.actor, html="<p>Old</p>", now=now)
    one = sent(owner, now, terms=TermsMode.ORGANIZATION)
    cookie = accept(prove(one.token, NADIA, now=now), one, old.public_id, now)
    new = flows.set_organization_terms(owner.actor, html="<p>New</p>", now=now)
    assert answer(cookie, one, now) == "terms"
    with pytest.raises(TermsStale):
        accept(cookie, one, old.public_id, now)
    assert answer(accept(cookie, one, new.public_id, now), one, now) == "admit"
    assert [row.number for row in queries.acceptances_of([one.policy])] == [2, 1]
    flows.set_organization_terms(owner.actor, html="<p>Third</p>", now=now)
    flows.withdraw_organization_terms(owner.actor, now=now)
    assert answer(make_pass(one.link, now=now), one, now) == "admit", "without a text nothing is asked"


def test_row_terms_of_access_own_text_stays_with_every_change_of_the_rest(owner: Persona, now: datetime) -> None:
    terms = flows.make_terms(owner.actor, html="<p>Mine</p>", now=now)
    with pytest.raises(Invalid):
        flows.create_policy(owner.team.pk, Policy(terms=TermsMode.OWN))
    row = flows.create_policy(owner.team.pk, Policy(terms=TermsMode.OWN), own_terms=terms)
    flows.change_policy(row, replace(row.value, max_views=3), now=now)
    assert row.terms == terms
    flows.change_policy(row, replace(row.value, terms=TermsMode.OFF), now=now)
    assert row.terms is None


def test_row_terms_of_access_need_a_name(owner: Persona, now: datetime) -> None:
    terms = flows.set_organization_terms(owner.actor, html="<p>Text</p>", now=now)
    one = sent(owner, now, terms=TermsMode.ORGANIZATION)
    cookie = prove(one.token, NADIA, now=now)
    with pytest.raises(Invalid):
        accept(cookie, one, terms.public_id, now, name=" ")
    assert (answer(cookie, one, now), Acceptance.objects.count()) == ("terms", 0)


def test_row_terms_of_access_the_certificate_holds_the_whole_evidence(owner: Persona, now: datetime) -> None:
    body = "".join(f"<p>Clause {number} says something about the documents.</p>" for number in range(120))
    terms = flows.set_organization_terms(owner.actor, html=f"<h2>Rules &amp; more</h2>{body}", now=now)
    one = sent(owner, now, terms=TermsMode.ORGANIZATION)
    accept(prove(one.token, NADIA, now=now), one, terms.public_id, now, name="Nadia 李")
    row = queries.acceptance_for(owner.team.pk, Acceptance.objects.get().public_id)
    pdf = queries.certificate_pdf(row, send_id="snd_x")

    pages = pdfium.PdfDocument(pdf)
    text = "\n".join(page.get_textpage().get_text_range() for page in pages)
    for words in (
        "Nadia 李", NADIA, "2026-11-22 14:03:00", IP, "Browser/1", terms.sha256, "Plan.pdf; Forecast.pdf", "snd_x", "Northwind",
        "Rules & more", "Clause 0 says", "Clause 119 says", row.public_id, "Page 1 of 4",
    ):  # fmt: skip
        assert words in text
    assert pdf == queries.certificate_pdf(row, send_id="snd_x")
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert "/Names" not in opened.Root


def test_row_terms_of_access_evidence_is_found_by_its_team_only(owner: Persona, stranger: Persona, now: datetime) -> None:
    terms = flows.set_organization_terms(owner.actor, html="<p>Text</p>", now=now)
    one = sent(owner, now, terms=TermsMode.ORGANIZATION)
    accept(prove(one.token, NADIA, now=now), one, terms.public_id, now)
    row = Acceptance.objects.get()
    assert [view.address for view in queries.list_acceptances(owner.actor, search="nadia")] == [NADIA]
    assert queries.list_acceptances(owner.actor, search="nobody") == queries.list_acceptances(stranger.actor) == []
    for team, policies in ((stranger.team.pk, None), (owner.team.pk, [flows.create_policy(owner.team.pk, Policy())])):
        with pytest.raises(NotFound):
            queries.acceptance_for(team, row.public_id, policies=policies)


# -- Restrictions --------------------------------------------------------------------------------------------------------
def test_row_restrictions_allow_and_block_lists_of_domains(owner: Persona, now: datetime) -> None:
    one = sent(owner, now)
    cookie = prove(one.token, NADIA, now=now)
    answers = []
    for lists in ({"domains": ("example.com",)}, {"domains": ("example.org",)}, {"domains": (), "block_domains": ("example.com",)}):
        change(one, now, **lists)
        answers.append(answer(cookie, one, now))
    assert answers == ["admit", "domain", "domain"]
    assert state(cookie, one, now) is LandingState.REFUSED


def test_row_restrictions_allowed_ip_ranges(owner: Persona, now: datetime) -> None:
    one = sent(owner, now, allow_ips=("192.0.2.0/24", "2001:db8::/32"))
    cookie = prove(one.token, NADIA, now=now)
    sources = ["192.0.2.9", "192.0.3.9", "2001:db8::9", "2001:db9::9", "::ffff:192.0.2.9", ""]
    assert [answer(cookie, one, now, ip=ip) for ip in sources] == ["admit", "ip", "admit", "ip", "admit", "ip"]


class Atlas:
    """A finder for tests."""

    knows_any = True

    @classmethod
    def from_settings(cls) -> Atlas:
        return cls()

    def country(self, ip: str) -> str:
        return {"192.0.2.9": "FR", "203.0.113.9": "US"}.get(ip, "")


@pytest.fixture
def atlas(settings: Any) -> Iterator[None]:
    settings.SEALROOM_COUNTRY_FINDER = "tests.access.test_rows.Atlas"
    ports.get_country_finder.cache_clear()
    yield
    ports.get_country_finder.cache_clear()


@pytest.mark.usefixtures("atlas")
def test_row_restrictions_allowed_countries(owner: Persona, now: datetime) -> None:
    one = sent(owner, now, allow_countries=("FR", "DE"))
    cookie = prove(one.token, NADIA, now=now)
    sources = ["192.0.2.9", "203.0.113.9", "198.51.100.1"]
    assert [answer(cookie, one, now, ip=ip) for ip in sources] == ["admit", "country", "country"], "unknown is not allowed"


# -- Preview -------------------------------------------------------------------------------------------------------------
def test_row_preview_as_recipient_is_short_and_leaves_no_trace(owner: Persona, now: datetime) -> None:
    terms = flows.make_terms(owner.actor, html="<p>Mine</p>", now=now)
    one = sent(owner, now, permission=Permission.PRINT, max_views=1, allow_ips=("192.0.2.0/24",), expire_after_opening_s=60)
    flows.change_policy(one.policy, replace(one.policy.value, terms=TermsMode.OWN), now=now, passcode="Opal 7351", own_terms=terms)
    events = Event.objects.count()
    verified = flows.issue_preview(one.link, by=owner.user, cookie=None, user_agent="Sender's browser", now=now)
    admission = admit(verified.new_cookie, one, now)

    assert (admission.is_preview, admission.viewer.address) == (True, "owner@example.com")
    with pytest.raises(Forbidden):
        flows.take_print(admission, now=now)
    late = now + timedelta(minutes=10)
    answers = [answer(verified.new_cookie, one, moment) for moment in (now + 9 * MINUTE, late)]
    assert answers == ["admit", "email"], "it is not prolonged"
    assert (Tally.objects.count(), Event.objects.count(), Acceptance.objects.count()) == (0, events, 0)
    assert Reader.objects.get().first_opened_at is None
    one.link.refresh_from_db()
    assert one.link.first_opened_at is None
    flows.revoke_policy(one.policy, now=now)
    assert answer(verified.new_cookie, one, now) == "revoked"
