# SPDX-License-Identifier: Apache-2.0
"""Send Files: as a plain form, and what its scripts ask for."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.doors.web.conftest import HTMX
from tests.factories.access import make_document
from tests.factories.accounts import Persona
from tests.factories.documents import make_pdf
from tests.factories.sends import available, request_for

from sealroom.credits import flows as credits
from sealroom.documents.models import Document, VersionState
from sealroom.mail.models import OutgoingMail
from sealroom.sends import flows as sends
from sealroom.sends.models import Send, SendState

pytestmark = pytest.mark.django_db
FIVE = "\n".join(f"r{number}@example.com" for number in range(5))


def fields(chosen: list[Document], **more: Any) -> dict[str, Any]:
    """What the form sends."""
    plain = {
        "document": [file.public_id for file in chosen],
        "recipients": FIVE,
        "message": "Here it is.",
        "language": "en",
        "permission": "view",
        "mark": ["email", "ip", "time"],
        "key": "k1",
    }
    return plain | more


def test_two_files_to_five_people_cost_ten_and_lead_to_the_send(owner: Persona, files: list[Document], present: datetime) -> None:
    response = owner.client().post("/", fields(files, deed="notify"))

    sent = Send.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/sends/{sent.public_id}/")
    assert (sent.state, sent.charged, available(owner, present)) == (SendState.SENT, 10, 1490)
    assert sent.message == "Here it is."


def test_link_is_got_without_a_mail(owner: Persona, files: list[Document]) -> None:
    client = owner.client()
    client.post("/", fields(files, deed="link"))

    sent = Send.objects.get()
    page = client.get(f"/sends/{sent.public_id}/").content.decode()
    assert OutgoingMail.objects.count() == 0
    assert len(set(re.findall(r'value="(http://127\.0\.0\.1:8000/v/[^"]+)"', page))) == 5


def test_plain_form_takes_files_along(owner: Persona) -> None:
    upload = SimpleUploadedFile("Offer.pdf", make_pdf(), content_type="application/pdf")
    response = owner.client().post("/", fields([], deed="notify", files=[upload]))

    sent = Send.objects.get()
    assert (response.status_code, [one.document.name for one in sent.send_documents.all()]) == (302, ["Offer.pdf"])
    assert (sent.state, sent.confirmed_at is not None, sent.charged) == (SendState.DRAFT, True, 0)  # waits for its file


def test_too_few_credits_send_nothing_and_keep_everything(owner: Persona, files: list[Document], present: datetime) -> None:
    pairs = [f"used:{number}" for number in range(1495)]
    credits.spend(owner.team.pk, pairs, actor=owner.actor, key="x", request_digest="", now=present)

    response = owner.client().post("/", fields(files, deed="notify"))

    page = response.content.decode()
    assert response.status_code == 402
    assert "This needs 10 credits and 5 are left: 5 are missing." in page
    assert ("Here it is." in page, "r4@example.com" in page, files[0].public_id in page) == (True, True, True)
    assert Send.objects.get().state == SendState.DRAFT
    assert available(owner, present) == 5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"document": []}, "Add at least one file."),
        ({"recipients": ""}, "Name at least one person by e-mail address."),
        ({"recipients": "a@example.com, nobody"}, "Correct or remove: nobody"),
        ({"recipients": "\n".join(f"p{n}@example.com" for n in range(501))}, "At most 500 people fit here."),
    ],
)
def test_incomplete_form_says_what_is_missing(owner: Persona, files: list[Document], change: dict[str, Any], words: str) -> None:
    response = owner.client().post("/", fields(files, deed="notify") | change)
    assert (response.status_code, words in response.content.decode()) == (422, True)
    assert not Send.objects.exclude(state=SendState.DRAFT).exists()


def test_end_in_the_past_is_refused(owner: Persona, files: list[Document]) -> None:
    response = owner.client().post("/", fields(files, deed="notify", expires_at="2020-01-01T10:00"))
    assert response.status_code == 422
    assert not Send.objects.filter(state=SendState.SENT).exists()


def test_end_is_read_in_the_senders_zone(owner: Persona, files: list[Document]) -> None:
    owner.user.time_zone = "Europe/Paris"
    owner.user.save()
    owner.client().post("/", fields(files, deed="notify", expires_at="2100-07-01T18:00", permission="download_pdf", mark=["name"]))
    policy = Send.objects.get().policy
    assert policy.expires_at is not None
    assert policy.expires_at.isoformat() == "2100-07-01T16:00:00+00:00"
    assert policy.permission == "download_pdf"
    assert policy.watermark is not None
    assert policy.watermark["fields"] == ["name"]


def test_draft_is_kept_and_priced_at_each_change(owner: Persona, files: list[Document]) -> None:
    client = owner.client()
    response = client.post("/draft/", fields(files, recipients=f"{FIVE}\nr0@example.com\nnobody"), headers=HTMX)

    answer = response.content.decode()
    draft = Send.objects.get()
    assert (response.status_code, response["HX-Replace-Url"]) == (200, f"/?draft={draft.public_id}")
    assert ("<strong>10 credits</strong>" in answer, "1,490 left after" in answer) == (True, True)
    assert "One address was given twice and counts once." in answer
    assert 'data-invalid="[&quot;nobody&quot;]"' in answer

    page = client.get("/").content.decode()
    assert all(text in page for text in ("Here it is.", "r4@example.com", "nobody", "Term sheet.pdf", draft.public_id))


def test_empty_form_makes_no_draft(owner: Persona) -> None:
    owner.client().post("/draft/", {"recipients": "", "message": ""}, headers=HTMX)
    assert not Send.objects.exists()


def test_looking_at_the_page_changes_nothing(owner: Persona, files: list[Document]) -> None:
    for address in ("/", "/?new=1", "/files/choose/"):
        assert owner.client().get(address).status_code == 200
    assert not Send.objects.exists()


def test_draft_can_be_discarded(owner: Persona, files: list[Document]) -> None:
    client = owner.client()
    client.post("/draft/", fields(files), headers=HTMX)
    client.post("/draft/discard/", {"draft": Send.objects.get().public_id})
    assert not Send.objects.exists()
    assert Document.objects.filter(deleted_at=None).count() == 2


def test_file_is_removed_from_the_draft_by_its_button(owner: Persona, files: list[Document]) -> None:
    owner.client().post("/", fields(files, remove=files[0].public_id))
    assert [one.document.name for one in Send.objects.get().send_documents.all()] == ["Forecast.xlsx"]


def test_upload_as_body_answers_with_its_row(owner: Persona) -> None:
    response = owner.client().post("/files/?name=Offer%20%C3%A9.pdf", make_pdf(), content_type="application/octet-stream")
    document = Document.objects.get()
    assert (response.status_code, response["X-File-Row"], document.name) == (201, "yes", "Offer é.pdf")
    assert f'hx-get="/files/{document.public_id}/"' in response.content.decode()


def test_program_is_refused_with_a_sentence(owner: Persona) -> None:
    response = owner.client().post("/files/?name=setup.exe", b"MZ" + bytes(200), content_type="application/octet-stream")
    assert (response.status_code, response["X-File-Row"], Document.objects.count()) == (415, "yes", 0)
    assert "This kind of file is not accepted" in response.content.decode()


def test_upload_needs_the_token_of_the_page(owner: Persona) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner.user)
    response = client.post("/files/?name=a.pdf", make_pdf(), content_type="application/octet-stream")
    assert (response.status_code, Document.objects.count()) == (403, 0)


def test_row_stops_asking_when_the_file_is_ready(owner: Persona, present: datetime) -> None:
    busy = make_document(owner, "Busy.pdf", state=VersionState.CONVERTING, now=present)
    broken = make_document(owner, "Broken.pdf", state=VersionState.FAILED, error="password_required", now=present)
    client = owner.client()
    waiting, failed = (client.get(f"/files/{one.public_id}/", headers=HTMX) for one in (busy, broken))
    assert ("every 1s" in waiting.content.decode(), "HX-Trigger" in waiting) == (True, False)
    assert ("every 1s" in failed.content.decode(), failed["HX-Trigger"]) == (False, "file-ready")
    assert f'formaction="/files/{broken.public_id}/unlock/"' in failed.content.decode()


def test_failed_file_is_tried_again_from_its_row(owner: Persona, present: datetime) -> None:
    broken = make_document(owner, "Broken.pdf", state=VersionState.FAILED, error="unreadable", now=present)
    client, again = owner.client(), f"/files/{broken.public_id}/retry/"
    assert f'formaction="{again}"' in client.get(f"/files/{broken.public_id}/", headers=HTMX).content.decode()
    row = client.post(again, headers=HTMX).content.decode()
    assert ("every 1s" in row, again in row) == (True, False)
    assert "A file is still being prepared. Try again" in client.post(again, {"next": "/sends/"}, follow=True).content.decode()


def test_failed_file_is_tried_again_without_scripts(owner: Persona, present: datetime) -> None:
    broken = make_document(owner, "Broken.pdf", state=VersionState.FAILED, error="unreadable", now=present)
    client, again = owner.client(), f"/files/{broken.public_id}/retry/"
    assert client.post(again, {"next": "/sends/"})["Location"] == "/sends/"
    assert [one.state for one in broken.versions.all()] == [VersionState.RECEIVED]
    assert client.post(again, {"next": "https://elsewhere.example/"})["Location"] == "/"


def test_file_and_draft_of_others_do_not_exist(member: Persona, stranger: Persona, owner: Persona, files: list[Document]) -> None:
    draft = sends.save_draft(owner.actor, request_for(files), now=files[0].created_at).send.public_id
    for other in (member, stranger):
        client = other.client()
        assert client.get(f"/files/{files[0].public_id}/").status_code == 404
        assert client.get(f"/?draft={draft}").status_code == 404
        assert client.post("/draft/", fields([], draft=draft)).status_code == 404
        assert client.post("/", fields(files, deed="notify")).status_code == 404
    assert not Send.objects.filter(state=SendState.SENT).exists()


def test_earlier_files_are_chosen_into_the_draft(owner: Persona, member: Persona, files: list[Document], present: datetime) -> None:
    shared = make_document(member, "Library.pdf", in_library=True, now=present)
    client = owner.client()
    page = client.get("/files/choose/").content.decode()
    assert ("Term sheet.pdf" in page, "Library.pdf" in page) == (True, True)
    client.post("/files/choose/", {"chosen": [shared.public_id, files[1].public_id]})
    assert [one.document.name for one in Send.objects.get().send_documents.all()] == ["Library.pdf", "Forecast.xlsx"]
    rows = client.post("/files/choose/", {"chosen": [files[0].public_id]}, headers=HTMX).content.decode()
    assert f'value="{files[0].public_id}"' in rows


def test_session_that_ended_keeps_the_page(client: Client) -> None:
    response = client.post("/draft/", {"message": "typed"}, headers=HTMX)
    assert (response.status_code, response["HX-Retarget"], response["X-Status"]) == (422, "#toasts", "403")
    assert "What you typed is still here." in response.content.decode()


def test_visitor_is_asked_to_sign_in_and_led_back(client: Client) -> None:
    assert client.get("/?draft=x")["Location"] == "/accounts/login/?next=/%3Fdraft%3Dx"
    assert client.post("/draft/", {})["Location"] == "/accounts/login/?next=/"
