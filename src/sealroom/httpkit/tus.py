# SPDX-License-Identifier: Apache-2.0
"""Resumable uploads as doors speak them: tus 1.0.0 with creation, creation-with-upload, checksum, termination and expiration
(https://tus.io/protocols/resumable-upload). Only headers and statuses are here; what is kept is decided in `documents`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import ClassVar, Protocol

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
    "Sealroom-Item",
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


class Desk(Protocol):
    """Where uploads are taken in. What is refused, `documents.flows` and the rooms above it say."""

    def begin(self, name: str, size: int, said: Mapping[str, str], *, now: datetime) -> UploadView:
        """Open one; `said` is the whole metadata."""

    def find(self, upload_id: str, *, now: datetime) -> UploadView:
        """How far one is. Raises `NotFound`."""

    def append(
        self, upload_id: str, chunks: Iterator[bytes], *, offset: int, checksum: Checksum | None, now: datetime
    ) -> UploadView:
        """Add bytes; the last ones make the file."""

    def abandon(self, upload_id: str, *, now: datetime) -> None:
        """Forget one."""

    def told(self, upload: UploadView, *, now: datetime) -> Mapping[str, str]:
        """Headers that say what an upload has become."""


class _Own:
    """A member's own documents."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def begin(self, name: str, size: int, said: Mapping[str, str], *, now: datetime) -> UploadView:
        return documents.begin_upload(self._actor, name, size, now=now, document_id=said.get("document", ""))

    def find(self, upload_id: str, *, now: datetime) -> UploadView:
        return queries.upload_view(queries.get_upload(self._actor, upload_id, now=now))

    def append(
        self, upload_id: str, chunks: Iterator[bytes], *, offset: int, checksum: Checksum | None, now: datetime
    ) -> UploadView:
        return documents.append(self._actor, upload_id, chunks, offset=offset, checksum=checksum, now=now)

    def abandon(self, upload_id: str, *, now: datetime) -> None:
        documents.abandon_upload(self._actor, upload_id, now=now)

    def told(self, upload: UploadView, *, now: datetime) -> Mapping[str, str]:
        if not upload.document_id:
            return {}
        return {"Sealroom-Document": upload.document_id, "Sealroom-Version": upload.version_id}


def create(request: HttpRequest, into: Actor | Desk, *, address_of: Callable[[str], str], now: datetime) -> HttpResponse:
    """POST: open an upload, and take the bytes that came along. `into` is an actor for his own documents, else another desk.
    `Upload-Metadata` names the file (`filename`), and what else the desk asks for: `document`, the one it is the next version
    of."""
    _check_version(request)
    said, desk = _metadata(request), _desk(into)
    upload = desk.begin(said.get("filename", ""), _number(request, "Upload-Length"), said, now=now)
    if request.content_type == CONTENT_TYPE:
        upload = _take(request, desk, upload, offset=0, now=now)
    response = _answer(desk, upload, status=201, now=now)
    response.headers["Location"] = address_of(upload.id)
    return response


def state(request: HttpRequest, into: Actor | Desk, upload_id: str, *, now: datetime) -> HttpResponse:
    """HEAD: how many bytes are safe, and what the upload has become."""
    _check_version(request)
    desk = _desk(into)
    upload = desk.find(upload_id, now=now)
    response = _answer(desk, upload, status=200, now=now)
    response.headers["Upload-Length"] = str(upload.size)
    response.headers["Cache-Control"] = "no-store"
    return response


def append(request: HttpRequest, into: Actor | Desk, upload_id: str, *, now: datetime) -> HttpResponse:
    """PATCH: add bytes at an offset; the last ones make the document."""
    _check_version(request)
    desk = _desk(into)
    upload = desk.find(upload_id, now=now)
    if request.content_type != CONTENT_TYPE:
        raise TypeRefused(reason="content_type")
    taken = _take(request, desk, upload, offset=_number(request, "Upload-Offset"), now=now)
    return _answer(desk, taken, status=204, now=now)


def end(request: HttpRequest, into: Actor | Desk, upload_id: str, *, now: datetime) -> HttpResponse:
    """DELETE: forget the upload."""
    _check_version(request)
    _desk(into).abandon(upload_id, now=now)
    return HttpResponse(status=204)


def _desk(into: Actor | Desk) -> Desk:
    return _Own(into) if isinstance(into, Actor) else into


def _take(request: HttpRequest, desk: Desk, upload: UploadView, *, offset: int, now: datetime) -> UploadView:
    length = request.headers.get("Content-Length", "")
    is_told = length.isascii() and length.isdigit() and len(length) <= _DIGITS
    if is_told and offset == upload.offset and int(length) > upload.size - offset:
        raise TooLarge(limit=upload.size)
    return desk.append(upload.id, _body(request), offset=offset, checksum=_checksum(request), now=now)


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


def _answer(desk: Desk, upload: UploadView, *, status: int, now: datetime) -> HttpResponse:
    headers = {"Upload-Offset": str(upload.offset), "Upload-Expires": http_date(upload.expires_at.timestamp())}
    response = HttpResponse(status=status, headers=headers | dict(desk.told(upload, now=now)))
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
