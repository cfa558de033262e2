# SPDX-License-Identifier: Apache-2.0
"""Resumable uploads as doors speak them: tus 1.0.0 with creation, creation-with-upload, checksum, termination and expiration
(https://tus.io/protocols/resumable-upload). Only headers and statuses are here; what is kept is decided in `documents`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import ClassVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import http_date

from sealroom.accounts.rules import Actor
from sealroom.core.errors import DomainError, Invalid
from sealroom.documents import flows as documents
from sealroom.documents import queries
from sealroom.documents.errors import TooLarge, TypeRefused
from sealroom.documents.flows.resumable import Checksum
from sealroom.documents.queries import UploadView

PROTOCOL = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,termination,expiration"
ALGORITHMS = ("sha1", "sha256")
CONTENT_TYPE = "application/offset+octet-stream"
ASKED_HEADERS = (
    "Tus-Resumable",
    "Upload-Checksum",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Offset",
    "X-HTTP-Method-Override",
)
ANSWERED_HEADERS = (
    "Location",
    "Sealroom-Document",
    "Sealroom-Version",
    "Tus-Checksum-Algorithm",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Resumable",
    "Tus-Version",
    "Upload-Expires",
    "Upload-Length",
    "Upload-Offset",
)

_PIECE = 64 * 1024
_LONGEST_NAME = 4096
_DIGITS = 15


class TusVersion(DomainError):
    """The client speaks another version of the protocol, or none."""

    code: ClassVar[str] = "tus_version"


def offers(most: int) -> dict[str, str]:
    """The headers that answer OPTIONS; `most` bytes are taken."""
    return {
        "Tus-Resumable": PROTOCOL,
        "Tus-Version": PROTOCOL,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(most),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }


def sign(response: HttpResponseBase) -> None:
    """Every answer names the protocol, refusals too."""
    response.headers["Tus-Resumable"] = PROTOCOL
    if response.status_code == 412:
        response.headers["Tus-Version"] = PROTOCOL


def create(request: HttpRequest, actor: Actor, *, address_of: Callable[[str], str], now: datetime) -> HttpResponse:
    """POST: open an upload, and take the bytes that came along. `Upload-Metadata` names the file (`filename`), and the document it
    is the next version of (`document`), if any."""
    _check_version(request)
    said = _metadata(request)
    upload = documents.begin_upload(
        actor, said.get("filename", ""), _number(request, "Upload-Length"), now=now, document_id=said.get("document", "")
    )
    if request.content_type == CONTENT_TYPE:
        upload = _take(request, actor, upload, offset=0, now=now)
    response = _answer(upload, status=201)
    response.headers["Location"] = address_of(upload.id)
    return response


def state(request: HttpRequest, actor: Actor, upload_id: str, *, now: datetime) -> HttpResponse:
    """HEAD: how many bytes are safe, and what the upload has become."""
    _check_version(request)
    upload = queries.upload_view(queries.get_upload(actor, upload_id, now=now))
    response = _answer(upload, status=200)
    response.headers["Upload-Length"] = str(upload.size)
    response.headers["Cache-Control"] = "no-store"
    return response


def append(request: HttpRequest, actor: Actor, upload_id: str, *, now: datetime) -> HttpResponse:
    """PATCH: add bytes at an offset; the last ones make the document."""
    _check_version(request)
    upload = queries.upload_view(queries.get_upload(actor, upload_id, now=now))
    if request.content_type != CONTENT_TYPE:
        raise TypeRefused(reason="content_type")
    return _answer(_take(request, actor, upload, offset=_number(request, "Upload-Offset"), now=now), status=204)


def end(request: HttpRequest, actor: Actor, upload_id: str, *, now: datetime) -> HttpResponse:
    """DELETE: forget the upload."""
    _check_version(request)
    documents.abandon_upload(actor, upload_id, now=now)
    return HttpResponse(status=204)


def _take(request: HttpRequest, actor: Actor, upload: UploadView, *, offset: int, now: datetime) -> UploadView:
    length = request.headers.get("Content-Length", "")
    is_told = length.isascii() and length.isdigit() and len(length) <= _DIGITS
    if is_told and offset == upload.offset and int(length) > upload.size - offset:
        raise TooLarge(limit=upload.size)
    return documents.append(actor, upload.id, _body(request), offset=offset, checksum=_checksum(request), now=now)


def _body(request: HttpRequest) -> Iterator[bytes]:
    """The bytes as they arrive. A connection that breaks is the end of them: what came is kept."""
    while True:
        try:
            piece = request.read(_PIECE)
        except OSError:
            return
        if not piece:
            return
        yield piece


def _answer(upload: UploadView, *, status: int) -> HttpResponse:
    headers = {"Upload-Offset": str(upload.offset), "Upload-Expires": http_date(upload.expires_at.timestamp())}
    if upload.document_id:
        headers |= {"Sealroom-Document": upload.document_id, "Sealroom-Version": upload.version_id}
    response = HttpResponse(status=status, headers=headers)
    del response.headers["Content-Type"]
    return response


def _check_version(request: HttpRequest) -> None:
    if request.headers.get("Tus-Resumable") != PROTOCOL:
        raise TusVersion(version=PROTOCOL)


def _number(request: HttpRequest, name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise Invalid({name: ["not_a_number"]})
    return int(text)


def _metadata(request: HttpRequest) -> Mapping[str, str]:
    """Pairs of a word and its value in Base64. Raises `Invalid` for anything of another shape."""
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in request.headers.get("Upload-Metadata", "").split(","))):
        word, _, value = pair.partition(" ")
        try:
            text = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise Invalid({"Upload-Metadata": ["not_base64"]}) from error
        if word in found or len(text) > _LONGEST_NAME or "\0" in text:
            raise Invalid({"Upload-Metadata": ["malformed"]})
        found[word] = text
    return found


def _checksum(request: HttpRequest) -> Checksum | None:
    said = request.headers.get("Upload-Checksum", "")
    if not said:
        return None
    name, _, value = said.partition(" ")
    if name not in ALGORITHMS:
        raise Invalid({"Upload-Checksum": ["unknown_algorithm"]})
    try:
        return Checksum(name, base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError) as error:
        raise Invalid({"Upload-Checksum": ["not_base64"]}) from error
