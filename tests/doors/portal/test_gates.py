# SPDX-License-Identifier: Apache-2.0
"""Address and code: what a stranger learns (nothing), what looking changes (nothing), how a code wears out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from tests.doors.portal.conftest import (
    FORWARDED_TO,
    NADIA,
    UNKNOWN,
    Parcel,
    Reader,
    csrf_of,
    everything_stored,
    without_tokens,
)
from tests.factories.access import code_of, latest_challenge, wrong_code

from sealroom.access.models import Challenge, Pass, Visitor
from sealroom.core.jobs.worker import drain
from sealroom.mail.models import OutgoingMail
from sealroom.sends import flows as sends

pytestmark = pytest.mark.django_db
COOKIE = "sealroom_visitor"


def test_recipient_opens_the_link_proves_the_address_and_reads(parcel: Parcel, reader: Reader) -> None:
    token = parcel.tokens[NADIA]
    asked = reader.ask(token, NADIA)
    drain()
    letter = OutgoingMail.objects.get(about__startswith="challenge:")
    code = code_of(latest_challenge(NADIA).public_id)
    entered = reader.type(token, code)

    assert (asked.status_code, asked.headers["Location"]) == (303, f"/v/{token}/verify/")
    assert letter.to_address == NADIA
    assert code in letter.text.replace("\u202f", "").replace(" ", "")
    assert (entered.status_code, entered.headers["Location"]) == (303, parcel.address(NADIA)), (
        "the only document, without a list between"
    )
    assert reader.get(parcel.address(NADIA)).status_code == 200


def test_landing_is_the_same_page_for_every_link_that_is_and_is_not(parcel: Parcel, reader: Reader) -> None:
    known, unknown = reader.get(f"/v/{parcel.tokens[NADIA]}/"), reader.get(f"/v/{UNKNOWN}/")
    assert (known.status_code, unknown.status_code) == (200, 200)
    assert without_tokens(known, parcel.tokens[NADIA]) == without_tokens(unknown, UNKNOWN)
    assert known.headers.keys() == unknown.headers.keys()
    for secret in ("Term sheet", "Papers for Thursday", "owner@example.com", NADIA, "Northwind"):
        assert secret not in known.content.decode()


def test_landing_of_an_ended_link_is_neutral_too(parcel: Parcel, reader: Reader) -> None:
    before = without_tokens(reader.get(f"/v/{parcel.tokens[NADIA]}/"))
    sends.revoke(parcel.owner.actor, parcel.send.public_id, now=timezone.now())
    assert without_tokens(reader.get(f"/v/{parcel.tokens[NADIA]}/")) == before


@pytest.mark.parametrize("who", ["invited", "not invited", "unknown link"])
def test_asking_for_a_code_gets_one_answer(parcel: Parcel, who: str) -> None:
    reader = Reader()
    reference = UNKNOWN if who == "unknown link" else parcel.tokens[NADIA]
    address = FORWARDED_TO if who == "not invited" else NADIA
    asked = reader.ask(reference, address)
    waiting = reader.get(asked.headers["Location"])
    other = Reader()
    model = other.get(other.ask(parcel.tokens[NADIA], NADIA).headers["Location"])

    assert (asked.status_code, waiting.status_code) == (303, 200)
    assert without_tokens(waiting, reference, address) == without_tokens(model, parcel.tokens[NADIA], NADIA)


def test_forwarded_link_gives_a_stranger_nothing(parcel: Parcel, reader: Reader) -> None:
    token = parcel.tokens[NADIA]
    reader.ask(token, FORWARDED_TO)
    code = code_of(latest_challenge(FORWARDED_TO).public_id)
    drain()
    tried = reader.type(token, code)

    assert OutgoingMail.objects.filter(about__startswith="challenge:").count() == 0
    assert tried.status_code == 422
    assert Pass.objects.count() == 0
    assert reader.get(parcel.address(NADIA)).status_code == 401
    assert reader.get(parcel.address(NADIA, "p/1.jpg")).status_code == 401


def test_five_wrong_tries_burn_the_code(parcel: Parcel, reader: Reader) -> None:
    token = parcel.tokens[NADIA]
    reader.ask(token, NADIA)
    challenge = latest_challenge(NADIA).public_id
    wrong = [reader.type(token, wrong_code(challenge)) for _ in range(5)]
    right = reader.type(token, code_of(challenge))

    assert [answer.status_code for answer in wrong] == [422] * 5
    assert "4 tries left" in wrong[0].content.decode()
    assert right.status_code == 429
    assert "Retry-After" in right.headers
    assert Pass.objects.count() == 0


def test_stranger_wears_a_code_out_as_fast_as_a_recipient(parcel: Parcel) -> None:
    answers = []
    for address in (NADIA, FORWARDED_TO):
        reader = Reader()
        reader.ask(parcel.tokens[NADIA], address)
        tries = [reader.type(parcel.tokens[NADIA], wrong_code(latest_challenge(address).public_id)) for _ in range(6)]
        answers.append([(answer.status_code, without_tokens(answer, address)) for answer in tries])
    assert answers[0] == answers[1]


def test_code_expires_after_ten_minutes(parcel: Parcel, reader: Reader) -> None:
    token = parcel.tokens[NADIA]
    reader.ask(token, NADIA)
    code = code_of(latest_challenge(NADIA).public_id)
    page = csrf_of(reader.get(f"/v/{token}/verify/"))
    Challenge.objects.update(made_at=timezone.now() - timedelta(minutes=10))
    late = reader.client.post(f"/v/{token}/verify/", {"code": code, "csrfmiddlewaretoken": page})
    assert late.status_code == 422
    assert "This code has expired." in late.content.decode()
    assert Pass.objects.count() == 0


def test_code_opens_only_the_browser_that_asked(parcel: Parcel, reader: Reader) -> None:
    token = parcel.tokens[NADIA]
    reader.ask(token, NADIA)
    code = code_of(latest_challenge(NADIA).public_id)
    thief = Reader()
    elsewhere = thief.post(f"/v/{token}/verify/", f"/v/{token}/", code=code)
    assert elsewhere.status_code == 302
    assert elsewhere.headers["Location"] == f"/v/{token}/"
    assert Pass.objects.count() == 0


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "1234567", "１２３４５６"])
def test_what_is_no_code_costs_no_try(parcel: Parcel, reader: Reader, code: str) -> None:
    reader.ask(parcel.tokens[NADIA], NADIA)
    answer = reader.type(parcel.tokens[NADIA], code)
    assert answer.status_code == 422
    assert Challenge.objects.get().tries == 0


def test_what_is_no_address_is_said_before_anything_happens(parcel: Parcel, reader: Reader) -> None:
    answer = reader.ask(parcel.tokens[NADIA], "nadia@")
    assert answer.status_code == 422
    assert "Enter a whole e-mail address" in answer.content.decode()
    assert (Visitor.objects.count(), Challenge.objects.count()) == (0, 0)


def test_too_many_codes_are_refused_with_a_time_to_wait(parcel: Parcel, reader: Reader) -> None:
    answers = [reader.ask(parcel.tokens[NADIA], NADIA) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [303, 303, 303, 429]
    assert 0 < int(answers[3].headers["Retry-After"]) <= 600


@pytest.mark.parametrize("path", ["code/", "verify/"])
def test_gate_refuses_a_form_without_its_token(parcel: Parcel, path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post(f"/v/{parcel.tokens[NADIA]}/{path}", {"address": NADIA, "code": "123456"})
    assert answer.status_code == 403
    assert (Visitor.objects.count(), Challenge.objects.count()) == (0, 0)


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_at_mailed_addresses_changes_nothing(parcel: Parcel, method: str) -> None:
    client = Client()
    before = everything_stored()
    for token in (*parcel.tokens.values(), *parcel.links.values(), UNKNOWN):
        for path in (
            f"/v/{token}/",
            f"/v/{token}/verify/",
            f"/v/{token}/code/",
            f"/v/d/{token}/",
            f"/v/d/{token}/{parcel.document}/",
        ):
            getattr(client, method)(path)
    assert everything_stored() == before
    assert COOKIE not in client.cookies


def test_cookie_is_bound_to_host_and_hidden_from_scripts(parcel: Parcel, reader: Reader) -> None:
    reader.ask(parcel.tokens[NADIA], NADIA)
    cookie = reader.client.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")


def test_cookie_has_the_host_prefix_under_https(parcel: Parcel, settings: object) -> None:
    settings.SEALROOM_SECURE = True  # type: ignore[attr-defined]
    reader = Reader()
    reader.ask(parcel.tokens[NADIA], NADIA)
    cookie = reader.client.cookies["__Host-sealroom_visitor"]
    assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")


def test_secret_changes_when_the_gate_is_passed(parcel: Parcel, reader: Reader) -> None:
    reader.ask(parcel.tokens[NADIA], NADIA)
    before = reader.client.cookies[COOKIE].value
    reader.type(parcel.tokens[NADIA], code_of(latest_challenge(NADIA).public_id))
    after = reader.client.cookies[COOKIE].value
    old = Client()
    old.cookies[COOKIE] = before

    assert before != after
    assert old.get(parcel.address(NADIA)).status_code == 401


def test_secret_that_was_planted_is_never_adopted(parcel: Parcel, reader: Reader) -> None:
    reader.client.cookies[COOKIE] = "planted"
    reader.ask(parcel.tokens[NADIA], NADIA)
    assert reader.client.cookies[COOKIE].value != "planted"


@pytest.mark.parametrize(("fields", "days"), [({}, ""), ({"remember": "on"}, 30 * 24 * 3600)])
def test_device_is_remembered_only_on_request(parcel: Parcel, reader: Reader, fields: dict[str, str], days: object) -> None:
    entered = reader.prove(parcel.tokens[NADIA], NADIA, **fields)
    assert entered.cookies[COOKIE]["max-age"] == days


def test_known_device_goes_straight_in_by_the_mailed_link(parcel: Parcel, reader: Reader) -> None:
    reader.prove(parcel.tokens[NADIA], NADIA)
    again = reader.get(f"/v/{parcel.tokens[NADIA]}/")
    assert (again.status_code, again.headers["Location"]) == (302, parcel.address(NADIA))


def test_reader_whose_pass_ran_out_proves_the_address_at_the_clean_address(parcel: Parcel, reader: Reader) -> None:
    reader.prove(parcel.tokens[NADIA], NADIA)
    Pass.objects.update(idle_expires_at=timezone.now())
    asked_again = reader.get(parcel.address(NADIA))
    entered = reader.prove(parcel.links[NADIA], NADIA)

    assert asked_again.status_code == 401
    assert f'action="/v/{parcel.links[NADIA]}/code/"' in asked_again.content.decode()
    assert "Term sheet" not in asked_again.content.decode()
    assert entered.headers["Location"] == parcel.address(NADIA)


def test_gates_speak_the_language_of_the_browser_and_of_the_cookie(parcel: Parcel) -> None:
    french = Client(headers={"Accept-Language": "fr"})
    chosen = Client(headers={"Accept-Language": "fr"})
    chosen.cookies["sealroom_language"] = "en"
    assert "Confirmez votre adresse" in french.get(f"/v/{UNKNOWN}/").content.decode()
    assert "Confirm your address" in chosen.get(f"/v/{UNKNOWN}/").content.decode()


@pytest.mark.parametrize("path", ["", "verify/", "code/"])
def test_every_answer_carries_the_strict_headers(parcel: Parcel, reader: Reader, path: str) -> None:
    headers = reader.get(f"/v/{parcel.tokens[NADIA]}/{path}").headers
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
