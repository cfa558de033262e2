# SPDX-License-Identifier: Apache-2.0
"""The gates behind the code, page by page: passcode, terms, networks, open links, the wish for access, and what the list offers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from tests.doors.portal.conftest import (
    NADIA,
    UNKNOWN,
    Parcel,
    Reader,
    csrf_of,
    everything_stored,
    paper,
    send_parcel,
    without_tokens,
)
from tests.factories.accounts import Persona
from tests.factories.documents import make_pdf, upload_ready

from sealroom.access import flows as access
from sealroom.access.models import Acceptance, Link, Pass, PolicyRow, Terms
from sealroom.access.queries import link_url
from sealroom.access.rules import KEEP, Access, Permission, TermsMode
from sealroom.core.errors import RateLimited
from sealroom.portal.errors import REFUSALS
from sealroom.sends import flows as sends
from sealroom.sends.rules import SendSettings

pytestmark = pytest.mark.django_db
COOKIE = "sealroom_visitor"
NAME = "Term sheet"
GATES = {
    "email": (401, "email"),
    "passcode": (403, "passcode"),
    "terms": (403, "nda"),
    "ip": (403, "ip"),
    "country": (403, "ip"),
    "domain": (403, "domain"),
}


def policy_of(parcel: Parcel) -> PolicyRow:
    return Link.objects.select_related("policy").get(public_id=parcel.links[NADIA]).policy


def change(parcel: Parcel, *, passcode: str | None = KEEP, own_terms: Terms | None = None, **conditions: Any) -> None:
    """Put other conditions in force."""
    row = policy_of(parcel)
    access.change_policy(row, replace(row.value, **conditions), now=timezone.now(), passcode=passcode, own_terms=own_terms)


def own_terms(parcel: Parcel, html: str = "<h2>Rules</h2><p>Keep it to yourself.</p>") -> Terms:
    terms = access.make_terms(parcel.owner.actor, html=html, now=timezone.now())
    change(parcel, terms=TermsMode.OWN, own_terms=terms)
    return terms


def proved(parcel: Parcel) -> Reader:
    reader = Reader()
    reader.prove(parcel.tokens[NADIA], NADIA)
    return reader


def test_gates_come_one_after_the_other_each_on_its_own_page(parcel: Parcel, reader: Reader) -> None:
    terms = own_terms(parcel)
    change(parcel, passcode="Opal 7351")
    link = parcel.links[NADIA]
    after_code = reader.prove(parcel.tokens[NADIA], NADIA)
    asks = reader.get(after_code.headers["Location"])
    wrong = reader.post(f"/v/{link}/passcode/", f"/v/{link}/passcode/", passcode="Opal 0000")
    after_passcode = reader.post(f"/v/{link}/passcode/", f"/v/{link}/passcode/", passcode="Opal 7351")
    shows = reader.get(after_passcode.headers["Location"])
    nameless = reader.post(f"/v/{link}/terms/", f"/v/{link}/terms/", terms=terms.public_id, name="")
    after_terms = reader.post(f"/v/{link}/terms/", f"/v/{link}/terms/", terms=terms.public_id, name="Nadia B.")

    steps = [(step.status_code, step.headers["Location"]) for step in (after_code, after_passcode, after_terms)]
    assert steps == [(303, f"/v/{link}/passcode/"), (303, f"/v/{link}/terms/"), (303, parcel.address(NADIA))]
    assert (asks.status_code, wrong.status_code, shows.status_code, nameless.status_code) == (200, 422, 200, 422)
    assert "4 tries left" in wrong.content.decode()
    assert "Keep it to yourself." in shows.content.decode()
    for page in (asks, wrong, shows, nameless):
        assert NAME not in page.content.decode()
        assert page.headers["Cache-Control"] == "private, no-store"
    assert reader.get(parcel.address(NADIA)).status_code == 200
    assert Acceptance.objects.get().user_agent == "Browser of a test"


def test_a_later_gate_is_not_shown_before_an_earlier_one(parcel: Parcel, reader: Reader) -> None:
    own_terms(parcel)
    change(parcel, passcode="Opal 7351")
    link = parcel.links[NADIA]
    stranger = [reader.get(f"/v/{link}/{gate}/") for gate in ("passcode", "terms")]
    assert [page.status_code for page in stranger] == [401, 401]
    assert "Confirm your address" in stranger[0].content.decode()
    reader = proved(parcel)
    early = reader.get(f"/v/{link}/terms/")
    accepted = reader.post(f"/v/{link}/terms/", f"/v/{link}/passcode/", terms=Terms.objects.get().public_id, name="Nadia B.")
    for page in (early, accepted, reader.get(f"/v/d/{link}/"), reader.get(parcel.address(NADIA))):
        assert page.status_code == 403
        assert "Enter the passcode" in page.content.decode()
        assert "Keep it to yourself." not in page.content.decode()
    assert reader.get(f"/v/d/{link}/certificate.pdf").status_code == 403
    assert Acceptance.objects.count() == 0


@pytest.mark.parametrize("code", list(GATES))
def test_an_open_viewer_is_told_which_gate_it_stands_before(parcel: Parcel, code: str, settings: Any) -> None:
    reader = proved(parcel)
    if code == "email":
        Pass.objects.update(idle_expires_at=timezone.now())
    elif code == "passcode":
        change(parcel, passcode="Opal 7351")
    elif code == "terms":
        own_terms(parcel)
    else:
        limits: dict[str, Any] = {"ip": {"allow_ips": ("192.0.2.0/24",)}, "country": {"allow_countries": ("FR",)}}
        change(parcel, **limits.get(code, {"domains": ("example.org",)}))
    answer = reader.client.get(parcel.address(NADIA, "p/1.jpg"))
    status, gate = GATES[code]
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"], body["gate"]) == (status, status, code, gate)
    assert NAME not in answer.content.decode()


def test_every_verdict_has_its_sentence() -> None:
    ended = {code: REFUSALS[code].status for code in ("revoked", "expired", "used_up")}
    assert ended == {"revoked": 410, "expired": 410, "used_up": 410}
    assert {code: (REFUSALS[code].status, REFUSALS[code].gate) for code in GATES} == GATES


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"allow_ips": ("192.0.2.0/24",)}, "This cannot be opened from where you are."),
        ({"allow_countries": ("FR",)}, "This cannot be opened from where you are."),
        ({"block_domains": ("example.com",)}, "Your address is not among those admitted."),
    ],
)
def test_who_is_not_admitted_is_told_why_after_the_proof_only(parcel: Parcel, limits: dict[str, Any], sentence: str) -> None:
    change(parcel, **limits)
    for address in (f"/v/d/{parcel.links[NADIA]}/", parcel.address(NADIA)):
        page, neutral = proved(parcel).get(address), Reader().get(address)
        assert (page.status_code, neutral.status_code) == (403, 401)
        assert sentence in page.content.decode()
        assert sentence not in neutral.content.decode()
        assert NAME not in page.content.decode()


def test_a_forged_header_does_not_change_where_a_reader_comes_from(parcel: Parcel, settings: Any) -> None:
    change(parcel, allow_ips=("192.0.2.0/24",))
    reader, address = proved(parcel), parcel.address(NADIA)
    forged = {"HTTP_X_FORWARDED_FOR": "192.0.2.7", "HTTP_X_REAL_IP": "192.0.2.7", "HTTP_FORWARDED": "for=192.0.2.7"}
    assert reader.get(address, **forged).status_code == 403
    assert reader.get(address, REMOTE_ADDR="192.0.2.7").status_code == 200
    settings.SEALROOM_TRUSTED_PROXIES = 1
    assert reader.get(address, HTTP_X_FORWARDED_FOR="192.0.2.7, 198.51.100.1").status_code == 403
    assert reader.get(address, HTTP_X_FORWARDED_FOR="198.51.100.1, 192.0.2.7").status_code == 200


def test_five_wrong_passcodes_have_to_wait(parcel: Parcel) -> None:
    change(parcel, passcode="Opal 7351")
    reader, gate = proved(parcel), f"/v/{parcel.links[NADIA]}/passcode/"
    answers = [reader.post(gate, gate, passcode="Opal 0000") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    assert 0 < int(answers[5].headers["Retry-After"]) <= 900
    assert "Too many wrong passcodes" in answers[5].content.decode()


def test_terms_that_changed_while_they_were_read_are_shown_anew(parcel: Parcel) -> None:
    old = own_terms(parcel)
    reader, gate = proved(parcel), f"/v/{parcel.links[NADIA]}/terms/"
    own_terms(parcel, "<p>Something new.</p>")
    answer = reader.post(gate, gate, terms=old.public_id, name="Nadia B.")
    assert answer.status_code == 409
    for words in ("The terms have changed meanwhile.", "Something new.", 'value="Nadia B."'):
        assert words in answer.content.decode()
    assert Acceptance.objects.count() == 0


def test_terms_are_cleaned_once_more_when_they_are_shown(parcel: Parcel) -> None:
    terms = own_terms(parcel)
    Terms.objects.filter(pk=terms.pk).update(html='<p onclick="x()">Text</p><script>alert(1)</script>')
    page = proved(parcel).get(f"/v/{parcel.links[NADIA]}/terms/").content.decode()
    assert "<p>Text</p>" in page
    assert "alert(1)" not in page
    assert "onclick" not in page


def test_terms_that_are_a_pdf_are_shown_as_stamped_pages(owner: Persona, moment: datetime) -> None:
    parcel = send_parcel(owner, [paper(owner, now=moment)], now=moment)
    document = upload_ready(owner.actor, make_pdf(["Rules, first page", "Rules, second page"]), name="Rules.pdf", now=moment)
    terms = access.make_terms(owner.actor, version=document.current, now=moment)
    change(parcel, terms=TermsMode.OWN, own_terms=terms, passcode="Opal 7351")
    link, reader = parcel.links[NADIA], proved(parcel)
    image = f"/v/d/{link}/terms/1.jpg"
    assert (Reader().get(image).status_code, reader.get(image).status_code) == (401, 403)
    reader.post(f"/v/{link}/passcode/", f"/v/{link}/passcode/", passcode="Opal 7351")
    page = reader.get(f"/v/{link}/terms/").content.decode()
    marked = reader.get(image)
    change(parcel, watermark=None)
    clean = reader.get(image)

    assert (f'src="{image}"' in page, f'src="/v/d/{link}/terms/2.jpg"' in page) == (True, True)
    assert (marked.status_code, marked.headers["Content-Type"]) == (200, "image/jpeg")
    assert marked.headers["Cache-Control"] == "private, no-store"
    assert marked.content != clean.content, "the mark is in its pixels"
    assert reader.get(f"/v/d/{link}/terms/3.jpg").status_code == 404
    accepted = reader.post(f"/v/{link}/terms/", f"/v/{link}/terms/", terms=terms.public_id, name="Nadia B.")
    assert accepted.headers["Location"] == parcel.address(NADIA)
    assert Acceptance.objects.get().text_sha256 == terms.sha256


def test_a_reader_gets_the_record_of_his_own_acceptance_only(parcel: Parcel) -> None:
    terms = own_terms(parcel)
    reader, link = proved(parcel), parcel.links[NADIA]
    before = reader.get(f"/v/d/{link}/certificate.pdf")
    reader.post(f"/v/{link}/terms/", f"/v/{link}/terms/", terms=terms.public_id, name="Nadia B.")
    record = reader.get(f"/v/d/{link}/certificate.pdf")
    listed = reader.get(f"/v/d/{link}/?list")

    assert (before.status_code, record.status_code, record.headers["Content-Type"]) == (404, 200, "application/pdf")
    assert record.content[:5] == b"%PDF-"
    assert f'href="/v/d/{link}/certificate.pdf"' in listed.content.decode()
    assert Reader().get(f"/v/d/{link}/certificate.pdf").status_code == 401


def test_secret_changes_at_every_gate(parcel: Parcel) -> None:
    terms = own_terms(parcel)
    change(parcel, passcode="Opal 7351")
    reader, link = Reader(), parcel.links[NADIA]
    reader.prove(parcel.tokens[NADIA], NADIA, remember="on")
    secrets = [reader.client.cookies[COOKIE].value]
    ages = []
    for gate, fields in (("passcode", {"passcode": "Opal 7351"}), ("terms", {"terms": terms.public_id, "name": "Nadia B."})):
        answer = reader.post(f"/v/{link}/{gate}/", f"/v/{link}/{gate}/", **fields)
        secrets.append(reader.client.cookies[COOKIE].value)
        ages.append(answer.cookies[COOKIE]["max-age"])
    assert len(set(secrets)) == 3
    assert ages == [30 * 24 * 3600] * 2, "a remembered device stays one"
    old = Client()
    old.cookies[COOKIE] = secrets[1]
    assert old.get(parcel.address(NADIA)).status_code == 401


# -- Open and quick links ------------------------------------------------------------------------------------------------
def test_a_link_that_asks_for_no_address_opens_by_a_button_and_not_by_looking(parcel: Parcel, reader: Reader) -> None:
    change(parcel, access=Access.NAMED_QUICK)
    token, link = parcel.tokens[NADIA], parcel.links[NADIA]
    before = everything_stored()
    page = reader.get(f"/v/{token}/")
    assert everything_stored() == before
    assert f'action="/v/{token}/open/"' in page.content.decode()
    assert NAME not in page.content.decode()
    opened = reader.post(f"/v/{token}/open/", f"/v/{token}/")
    assert (opened.status_code, opened.headers["Location"]) == (303, parcel.address(NADIA))
    assert reader.get(parcel.address(NADIA)).status_code == 200
    again = Reader().get(parcel.address(NADIA))
    assert again.status_code == 401
    assert f'action="/v/{link}/open/"' in again.content.decode()


def test_an_open_link_leads_through_its_gates(parcel: Parcel, reader: Reader) -> None:
    change(parcel, access=Access.ANYONE, passcode="Opal 7351")
    link = access.create_link(
        team_id=parcel.owner.team.pk,
        policy=policy_of(parcel),
        address="",
        name="",
        language="fr",
        documents=parcel.documents,
        now=timezone.now(),
    )
    token = link_url(link).rstrip("/").rpartition("/")[2]
    opened = reader.post(f"/v/{token}/open/", f"/v/{token}/")
    assert opened.headers["Location"] == f"/v/{link.public_id}/passcode/"
    assert "Saisissez le code d’accès" in reader.get(opened.headers["Location"]).content.decode(), "in the link's language"


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_an_ended_open_link_looks_like_one_that_never_was(parcel: Parcel, how: str) -> None:
    change(parcel, access=Access.NAMED_QUICK)
    page = f"/v/{parcel.tokens[NADIA]}/"
    reader = Reader()
    token = csrf_of(reader.get(page))
    if how == "revoked":
        sends.revoke(parcel.owner.actor, parcel.send.public_id, now=timezone.now())
    else:
        change(parcel, expires_at=timezone.now() - timedelta(seconds=1))
    never = Reader()
    assert without_tokens(Reader().get(page), parcel.tokens[NADIA]) == without_tokens(never.get(f"/v/{UNKNOWN}/"), UNKNOWN)
    late = cast("HttpResponse", reader.client.post(f"{page}open/", {"csrfmiddlewaretoken": token}))
    unknown = never.post(f"/v/{UNKNOWN}/open/", f"/v/{UNKNOWN}/")
    assert (late.status_code, unknown.status_code) == (404, 404)
    assert without_tokens(late, parcel.tokens[NADIA]) == without_tokens(unknown, UNKNOWN)


@pytest.mark.parametrize("path", ["open/", "passcode/", "terms/", "request/"])
def test_writes_need_the_csrf_token(parcel: Parcel, path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(f"/v/{parcel.tokens[NADIA]}/{path}", {"name": "x"}).status_code == 403


@pytest.mark.parametrize("path", ["passcode/", "terms/", "request/", "open/"])
def test_looking_at_a_gate_changes_nothing(parcel: Parcel, path: str) -> None:
    terms = own_terms(parcel)
    change(parcel, passcode="Opal 7351")
    reader = proved(parcel)
    before = everything_stored()
    for _ in range(2):
        reader.get(f"/v/{parcel.tokens[NADIA]}/{path}")
    assert everything_stored() == before
    assert terms.policies.count() == 1


# -- Asking for access ---------------------------------------------------------------------------------------------------
@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What the room of sends was asked, in the place of its flow."""
    calls: list[dict[str, object]] = []

    def request_access(reference: str, **wish: object) -> None:
        calls.append({"reference": reference, **wish})
        if wish["note"] == "again":
            raise RateLimited(retry_after=60)

    monkeypatch.setattr("sealroom.portal.views.asking.sends.request_access", request_access)
    return calls


WISH = {"address": "omar@example.org", "name": "Omar", "note": "May I?"}


def test_whoever_asks_for_access_gets_one_answer(parcel: Parcel, asked: list[dict[str, object]]) -> None:
    pages = []
    for reference in (parcel.tokens[NADIA], UNKNOWN):
        reader = Reader()
        answer = reader.post(f"/v/{reference}/request/", f"/v/{reference}/request/", **WISH)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/v/{reference}/request/?sent")
        pages.append(without_tokens(reader.get(answer.headers["Location"]), reference))
    assert pages[0] == pages[1]
    assert [{name: call[name] for name in WISH} for call in asked] == [WISH, WISH]
    assert [call["ip"] for call in asked] == ["127.0.0.1"] * 2


@pytest.mark.parametrize(("field", "text"), [("address", "nobody"), ("name", ""), ("name", "x" * 201), ("note", "x" * 501)])
def test_a_wish_that_cannot_be_read_is_not_passed_on(
    parcel: Parcel, asked: list[dict[str, object]], reader: Reader, field: str, text: str
) -> None:
    page = f"/v/{parcel.tokens[NADIA]}/request/"
    answer = reader.post(page, page, **{**WISH, field: text})
    assert (answer.status_code, asked) == (422, [])
    assert "error-text" in answer.content.decode()


def test_asking_too_often_has_to_wait(parcel: Parcel, asked: list[dict[str, object]], reader: Reader) -> None:
    page = f"/v/{parcel.tokens[NADIA]}/request/"
    answer = reader.post(page, page, **{**WISH, "note": "again"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")


def test_the_first_page_and_an_ended_one_lead_to_the_wish(parcel: Parcel) -> None:
    reader = proved(parcel)
    sends.revoke(parcel.owner.actor, parcel.send.public_id, now=timezone.now())
    ended = reader.get(f"/v/d/{parcel.links[NADIA]}/").content.decode()
    assert f'href="/v/{parcel.links[NADIA]}/request/"' in ended
    assert f'href="/v/{UNKNOWN}/request/"' in Reader().get(f"/v/{UNKNOWN}/").content.decode()


# -- The list ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def two(owner: Persona, moment: datetime) -> Parcel:
    """Two documents, one of which cannot be shown."""
    papers = [paper(owner, now=moment), paper(owner, "Film.xyz", pages=0, now=moment)]
    return send_parcel(owner, papers, settings=SendSettings(permission="download_original"), now=moment)


LISTS: list[tuple[Permission, int, str]] = [
    (Permission.VIEW, 0, "View only"),
    (Permission.PRINT, 0, "Reading and printing"),
    (Permission.DOWNLOAD_PDF, 1, "Reading and download as PDF"),
    (Permission.DOWNLOAD_ORIGINAL, 1, "Reading and download"),
]


@pytest.mark.parametrize(("permission", "downloads", "words"), LISTS)
def test_the_list_offers_what_is_allowed(two: Parcel, permission: Permission, downloads: int, words: str) -> None:
    change(two, permission=permission)
    page = proved(two).get(f"/v/d/{two.links[NADIA]}/").content.decode()
    assert page.count("/download/") == downloads
    assert words in page
    assert "This file cannot be shown here." in page


def test_the_list_says_how_long_and_how_often(two: Parcel) -> None:
    change(two, max_views=2, expire_after_opening_s=3600)
    reader, link = proved(two), two.links[NADIA]
    before = reader.get(f"/v/d/{link}/").content.decode()
    assert "2 openings left" in before
    assert "after you first open a file" in before
    reader.get(two.address(NADIA, "p/1.jpg"))
    after = reader.get(f"/v/d/{link}/").content.decode()
    assert "1 opening left" in after
    assert 'data-countdown="' in after
    change(two, max_views=1)
    Pass.objects.filter(link__public_id=link).update(ended_at=timezone.now())
    assert "You have opened this file as often as the sender allows." in proved(two).get(f"/v/d/{link}/").content.decode()


def test_a_preview_shows_the_list_without_anything_to_take_along(two: Parcel) -> None:
    change(two, permission=Permission.DOWNLOAD_PDF, passcode="Opal 7351")
    row = Link.objects.get(public_id=two.links[NADIA])
    verified = access.issue_preview(row, by=two.owner.user, cookie=None, user_agent="", now=timezone.now())
    client = Client()
    client.cookies[COOKIE] = verified.new_cookie
    page = client.get(f"/v/d/{row.public_id}/")
    assert page.status_code == 200
    assert "This is what the recipient sees." in page.content.decode()
    assert "/download/" not in page.content.decode()


@pytest.mark.parametrize("path", ["passcode/", "terms/", "request/"])
def test_gates_speak_french(parcel: Parcel, path: str, new_reader: Callable[[], Reader]) -> None:
    change(parcel, passcode="Opal 7351") if path == "passcode/" else own_terms(parcel)
    Link.objects.update(language="fr")
    reader = proved(parcel)
    reader.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "fr"
    page = reader.get(f"/v/{parcel.links[NADIA]}/{path}").content.decode()
    words = {"passcode/": "Code d’accès", "terms/": "J’accepte ces conditions", "request/": "Demander l’accès"}
    assert words[path] in page
