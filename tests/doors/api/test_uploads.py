# SPDX-License-Identifier: Apache-2.0
"""Resumable uploads as machines speak them: tus 1.0.0, the headers and statuses of its text."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from tests.factories.api import Caller, make_caller
from tests.factories.documents import make_pdf

from sealroom.documents import flows as documents
from sealroom.documents.models import Document, Upload

PDF = make_pdf(["one", "two"])
BYTES = "application/offset+octet-stream"


def words(**pairs: str) -> str:
    """Upload-Metadata."""
    return ",".join(f"{word} {base64.b64encode(value.encode()).decode()}" for word, value in pairs.items())


def ask(caller: Caller, method: str, path: str, body: bytes = b"", *, kind: str = "", **headers: str) -> Any:
    """One request of the protocol; underscores of header names stand for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {"Authorization": f"Bearer {caller.key}", "Tus-Resumable": "1.0.0", **named}
    return caller.client.generic(method, path, body, content_type=kind or BYTES, headers=sent)


def begin(caller: Caller, size: int = len(PDF), name: str = "Offer.pdf") -> str:
    answer = ask(
        caller,
        "POST",
        "/api/v1/uploads",
        kind="text/plain",
        Upload_Length=str(size),
        Upload_Metadata=words(filename=name, filetype="application/pdf"),
    )
    assert answer.status_code == 201, answer.content
    return str(answer.headers["Location"])


def test_what_is_offered() -> None:
    for path in ("/api/v1/uploads", "/api/v1/uploads/upl_x"):
        answer = Caller("").client.options(path)
        assert answer.status_code == 204
        assert answer.headers["Tus-Version"] == "1.0.0"
        assert answer.headers["Tus-Extension"] == "creation,creation-with-upload,checksum,termination,expiration"
        assert answer.headers["Tus-Max-Size"] == str(2 * 1024**3)
        assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"
        assert "Upload-Offset" in answer.headers["Access-Control-Expose-Headers"]
        assert "Upload-Offset" in answer.headers["Access-Control-Allow-Headers"]
    assert "Tus-Version" not in Caller("").client.options("/api/v1/documents").headers


def test_from_creation_to_document(user: Caller) -> None:
    place = begin(user)
    half = ask(user, "PATCH", place, PDF[:300], Upload_Offset="0")
    assert (half.status_code, half.headers["Upload-Offset"], half.content) == (204, "300", b"")
    asked = ask(user, "HEAD", place)
    assert (asked.status_code, asked.headers["Upload-Offset"], asked.headers["Upload-Length"]) == (200, "300", str(len(PDF)))
    assert (asked.headers["Cache-Control"], asked.headers["Tus-Resumable"], asked.content) == ("no-store", "1.0.0", b"")
    assert asked.headers["Upload-Expires"].endswith(" GMT")
    done = ask(user, "PATCH", place, PDF[300:], Upload_Offset="300")
    made = user.get(f"/documents/{done.headers['Sealroom-Document']}").body
    assert (made["name"], made["size"], made["sha256"]) == ("Offer.pdf", len(PDF), hashlib.sha256(PDF).hexdigest())
    assert made["version_id"] == done.headers["Sealroom-Version"]
    assert ask(user, "HEAD", place).headers["Sealroom-Document"] == made["id"]


def test_bytes_that_come_with_the_creation(user: Caller) -> None:
    answer = ask(user, "POST", "/api/v1/uploads", PDF, Upload_Length=str(len(PDF)), Upload_Metadata=words(filename="Offer.pdf"))
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, str(len(PDF)))
    assert Document.objects.get().public_id == answer.headers["Sealroom-Document"]


def test_the_next_version(user: Caller) -> None:
    first = user.upload(PDF).body["id"]
    said = words(filename="Second.pdf", document=first)
    answer = ask(user, "POST", "/api/v1/uploads", PDF, Upload_Length=str(len(PDF)), Upload_Metadata=said)
    assert answer.headers["Sealroom-Document"] == first
    assert user.get(f"/documents/{first}/versions/{answer.headers['Sealroom-Version']}").body["number"] == 2


def test_for_clients_without_patch(user: Caller) -> None:
    place = begin(user)
    answer = ask(user, "POST", place, PDF, Upload_Offset="0", X_HTTP_Method_Override="PATCH")
    assert answer.status_code == 204
    assert ask(user, "POST", place, X_HTTP_Method_Override="DELETE").status_code == 204
    assert ask(user, "POST", place, X_HTTP_Method_Override="GET").status_code == 400


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_checksums(user: Caller, algorithm: str) -> None:
    place = begin(user)
    told = f"{algorithm} {base64.b64encode(hashlib.new(algorithm, PDF).digest()).decode()}"
    wrong = ask(user, "PATCH", place, PDF[:-1] + b"?", Upload_Offset="0", Upload_Checksum=told)
    assert (wrong.status_code, wrong.json()["code"]) == (460, "checksum_mismatch")
    assert ask(user, "HEAD", place).headers["Upload-Offset"] == "0"
    assert ask(user, "PATCH", place, PDF, Upload_Offset="0", Upload_Checksum=told).status_code == 204


def problem_of(answer: Any) -> tuple[int, str]:
    """Status and code of a refusal, which names the protocol like every other answer."""
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    return answer.status_code, answer.json()["code"]


def test_refusals(user: Caller, admin: Caller, foreign: Caller, settings: Any) -> None:
    place = begin(user)
    assert problem_of(ask(user, "PATCH", place, PDF, Upload_Offset="5")) == (409, "offset_conflict")
    assert problem_of(ask(user, "PATCH", place, PDF, Upload_Offset="five")) == (400, "invalid")
    assert problem_of(ask(user, "PATCH", place, PDF, kind="application/json", Upload_Offset="0")) == (415, "type_refused")
    assert problem_of(ask(user, "PATCH", place, PDF + b"x", Upload_Offset="0")) == (413, "too_large")
    assert problem_of(ask(user, "PATCH", place, PDF, Upload_Offset="0", Upload_Checksum="crc32 AAAA")) == (400, "invalid")
    assert problem_of(ask(user, "PATCH", place, PDF, Upload_Offset="0", Upload_Checksum="sha1 ?")) == (400, "invalid")
    version = ask(user, "PATCH", place, PDF, Upload_Offset="0", Tus_Resumable="0.2.2")
    assert problem_of(version) == (412, "tus_version")
    assert version.headers["Tus-Version"] == "1.0.0"
    for other in (admin, foreign):
        for method in ("HEAD", "PATCH", "DELETE"):
            assert ask(other, method, place, Upload_Offset="0").status_code == 404
    for said in ("filename ?", "filename", "filename YQ==,filename YQ=="):
        answer = ask(user, "POST", "/api/v1/uploads", Upload_Length="5", Upload_Metadata=said)
        assert answer.status_code == (201 if said == "filename" else 400), said
    assert problem_of(ask(user, "POST", "/api/v1/uploads", kind="text/plain")) == (400, "invalid")
    settings.SEALROOM_MAX_FILE_BYTES = 100
    large = ask(user, "POST", "/api/v1/uploads", kind="text/plain", Upload_Length="101")
    assert problem_of(large) == (413, "too_large")
    settings.SEALROOM_MAX_FILE_BYTES = 2**50
    full = ask(user, "POST", "/api/v1/uploads", kind="text/plain", Upload_Length=str(2**49))
    assert problem_of(full) == (403, "storage_quota")
    program = ask(user, "POST", "/api/v1/uploads", kind="text/plain", Upload_Length="9", Upload_Metadata=words(filename="a.exe"))
    assert problem_of(program) == (415, "type_refused")
    assert Document.objects.count() == 0


def test_termination_and_expiration(user: Caller) -> None:
    place = begin(user)
    assert ask(user, "DELETE", place).status_code == 204
    assert ask(user, "HEAD", place).status_code == 404
    late = begin(user)
    Upload.objects.update(expires_at=timezone.now())
    assert ask(user, "PATCH", late, PDF, Upload_Offset="0").status_code == 404
    assert documents.remove_expired_uploads(now=timezone.now() + timedelta(seconds=1)) == 1


def test_a_key_that_may_only_read_begins_nothing(user: Caller) -> None:
    assert user.persona is not None
    reader = make_caller(user.persona, "read")
    answer = ask(reader, "POST", "/api/v1/uploads", kind="text/plain", Upload_Length="5")
    assert problem_of(answer) == (403, "forbidden")
    assert ask(Caller(""), "POST", "/api/v1/uploads").status_code == 401
