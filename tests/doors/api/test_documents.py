# SPDX-License-Identifier: Apache-2.0
"""Documents: upload, state, versions, deletion."""

from __future__ import annotations

import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings
from tests.factories.api import PDF, Caller, make_failed, make_ready
from tests.factories.documents import make_pdf

from sealroom.core.jobs.worker import drain
from sealroom.documents.models import Document


def test_upload_answers_what_was_kept_and_becomes_ready(admin: Caller) -> None:
    data = make_pdf(["one", "two", "three"])
    answer = admin.upload(data, name="Term sheet.pdf")
    body = answer.body
    assert (answer.status, set(body)) == (201, {"id", "version_id", "name", "size", "sha256", "state", "pages", "error"})
    assert (body["name"], body["size"], body["sha256"]) == ("Term sheet.pdf", len(data), hashlib.sha256(data).hexdigest())
    assert (body["state"], body["pages"], body["error"]) == ("received", None, None)
    drain()
    ready = admin.get(f"/documents/{body['id']}").body
    assert (ready["state"], ready["pages"], ready["version_id"]) == ("ready", 3, body["version_id"])
    assert admin.get("/documents").body["items"] == [ready]


def test_broken_file_fails_with_its_code_and_cannot_be_sent(admin: Caller) -> None:
    document = admin.upload(b"%PDF-1.7\nnot really").body["id"]
    drain()
    body = admin.get(f"/documents/{document}").body
    assert (body["state"], body["error"]["code"]) == ("failed", "corrupt")
    assert body["error"]["message"]
    refused = admin.post("/sends", {"documents": [document], "recipients": ["a@example.net"]})
    assert (refused.status, refused.code) == (422, "corrupt")
    assert refused.body["document"] == document
    assert admin.get("/credits").body["used"] == 0


def test_upload_is_refused_by_size_and_first_bytes(admin: Caller, settings: Settings) -> None:
    assert admin.upload(b"MZ" + b"\0" * 200, name="setup.exe").code == "type_refused"
    assert admin.upload(b"MZ" + b"\0" * 200, name="Offer.pdf").code == "type_refused"
    settings.SEALROOM_MAX_FILE_BYTES = 1000
    answer = admin.upload(PDF + b"x" * 1000)
    assert (answer.status, answer.code, answer.body["limit"]) == (413, "too_large", 1000)
    answer = admin.upload(PDF + b"x" * 200_000)  # refused from Content-Length, before it is read
    assert (answer.status, answer.code, answer.body["limit"]) == (413, "too_large", 1000)
    assert Document.objects.count() == 0


def test_upload_takes_one_file_and_nothing_else(admin: Caller) -> None:
    file = SimpleUploadedFile("a.pdf", PDF)
    assert admin.upload(parts={}).code == "invalid"
    assert admin.upload(parts={"file": "text"}).code == "invalid"
    assert admin.upload(parts={"file": file, "folder": "x"}).body["errors"] == {"folder": ["unknown"]}
    assert (
        admin.upload(parts={"file": SimpleUploadedFile("a.pdf", PDF), "more": SimpleUploadedFile("b.pdf", PDF)}).code == "invalid"
    )
    assert admin.upload(parts={"file": [SimpleUploadedFile("a.pdf", PDF), SimpleUploadedFile("b.pdf", PDF)]}).code == "invalid"
    assert admin.call("POST", "/documents", {"file": "x"}).code == "invalid"
    assert Document.objects.count() == 0


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x"]
)
def test_upload_that_is_no_multipart_is_400(admin: Caller, content_type: str) -> None:
    response = admin.client.generic(
        "POST", "/api/v1/documents", b"--x\r\ngarbage", content_type=content_type, headers={"Authorization": f"Bearer {admin.key}"}
    )
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"


def test_upload_repeated_under_its_key_is_one_document(admin: Caller) -> None:
    first = admin.upload(key="up-1")
    again = admin.upload(key="up-1")
    assert (again.status, again.body, again.headers["Idempotent-Replayed"]) == (201, first.body, "true")
    assert admin.upload(PDF + b"%other", key="up-1").code == "idempotency_conflict"
    assert Document.objects.count() == 1


def test_documents_are_their_owners(admin: Caller, user: Caller, foreign: Caller) -> None:
    document = admin.document()
    absent = user.get("/documents/doc_absent").body | {"request_id": "", "id": document}
    for caller in (user, foreign):
        seen = caller.get(f"/documents/{document}")
        assert (seen.status, seen.body | {"request_id": ""}) == (404, absent)
        assert caller.call("DELETE", f"/documents/{document}").status == 404
        assert caller.upload(to=f"/documents/{document}/versions").status == 404
        assert caller.get("/documents").body == {"items": [], "next": None}
        assert caller.post("/sends", {"documents": [document], "recipients": ["a@example.net"]}).status == 404
        assert caller.post("/sends/quote", {"documents": [document], "recipients": ["a@example.net"]}).status == 404


def test_document_in_use_is_kept_unless_its_sends_end(admin: Caller) -> None:
    document = admin.document()
    sent = admin.send([document], ["a@example.net", "b@example.net"], subject="Offer")
    refused = admin.call("DELETE", f"/documents/{document}")
    assert (refused.status, refused.code) == (409, "in_use")
    assert refused.body["where"] == [{"send": sent["id"], "subject": "Offer", "recipients": 2}]
    assert admin.call("DELETE", f"/documents/{document}?end_sends=true").status == 204
    assert admin.get(f"/documents/{document}").status == 404
    assert admin.get(f"/sends/{sent['id']}").body["state"] in {"revoked", "active"}


def test_replacement_costs_one_for_each_recipient_and_keeps_the_links(admin: Caller) -> None:
    document = admin.document()
    sent = admin.send([document], ["a@example.net", "b@example.net", "c@example.net"])
    removed = sent["recipients"][2]["id"]
    assert admin.call("DELETE", f"/sends/{sent['id']}/recipients/{removed}").status == 204
    added = admin.upload(PDF + b"%second", name="Offer v2.pdf", to=f"/documents/{document}/versions")
    assert (added.status, added.body["published"], added.body["cost"], added.body["recipients"]) == (201, False, 2, 2)
    publish = f"/documents/{document}/versions/{added.body['id']}/publish"
    assert admin.post(publish).code == "not_ready"
    make_ready(added.body["id"])
    published = admin.post(publish, key="p-1")
    assert (published.status, published.body) == (200, {"charged": 2, "available": 1495, "recipients": 2})
    assert admin.post(publish, key="p-1").body == published.body
    assert admin.get(f"/documents/{document}").body["version_id"] == added.body["id"]
    after = admin.get(f"/sends/{sent['id']}").body
    assert after["recipients"][0]["link"] == sent["recipients"][0]["link"]
    version = admin.get(f"/documents/{document}/versions/{added.body['id']}").body
    assert (version["published"], version["number"]) == (True, 2)


def test_failed_replacement_cannot_be_published(admin: Caller) -> None:
    document = admin.document()
    version = admin.upload(PDF + b"%bad", to=f"/documents/{document}/versions").body["id"]
    make_failed(version, code="password_required")
    refused = admin.post(f"/documents/{document}/versions/{version}/publish")
    assert (refused.status, refused.code) == (422, "password_required")


def test_documents_come_in_pages(admin: Caller) -> None:
    names = [admin.upload(name=f"{n}.pdf").body["id"] for n in range(3)]
    first = admin.get("/documents?limit=2").body
    second = admin.get(f"/documents?limit=2&cursor={first['next']}").body
    assert [one["id"] for one in first["items"] + second["items"]] == names[::-1]
    assert second["next"] is None
    assert admin.get("/documents?cursor=zzz").code == "invalid"
    assert admin.get("/documents?library=true").body["items"] == []


def test_read_key_changes_nothing(admin: Caller, boss: object) -> None:
    from tests.factories.api import make_caller  # noqa: PLC0415 -- one test needs it

    document = admin.document()
    reader = make_caller(admin.persona, "read")  # type: ignore[arg-type]
    assert reader.get(f"/documents/{document}").status == 200
    assert reader.upload().code == "forbidden"
    assert reader.call("DELETE", f"/documents/{document}").code == "forbidden"
    assert reader.post("/sends", {"documents": [document], "recipients": ["a@example.net"]}).code == "forbidden"
