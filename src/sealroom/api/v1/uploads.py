# SPDX-License-Identifier: Apache-2.0
"""Resumable uploads (tus 1.0): what large files and bad lines need. Each ends in a document, named by `Sealroom-Document`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from ninja import Router

from sealroom.api.app import actor_of
from sealroom.core.errors import Invalid
from sealroom.httpkit import tus

router = Router(tags=["uploads"])


@router.post("/uploads", response={201: None}, summary="Begin a resumable upload")
def begin(request: HttpRequest) -> HttpResponse:
    """`Upload-Length` in bytes; `Upload-Metadata` with `filename`, and `document` for its next version. `Location` is where bytes
    are added; with Content-Type application/offset+octet-stream the first may come along."""
    return tus.create(request, actor_of(request), address_of=_address, now=timezone.now())


@router.get("/uploads/{upload_id}", response={200: None}, summary="How far an upload is (HEAD)", url_name="upload")
def state(request: HttpRequest, upload_id: str) -> HttpResponse:
    """`Upload-Offset` counts the bytes that are safe."""
    return tus.state(request, actor_of(request), upload_id, now=timezone.now())


@router.patch("/uploads/{upload_id}", response={204: None}, summary="Add bytes to an upload")
def append(request: HttpRequest, upload_id: str) -> HttpResponse:
    """At `Upload-Offset`; 409 `offset_conflict` when it stands elsewhere, 460 `checksum_mismatch`. The last make the document."""
    return tus.append(request, actor_of(request), upload_id, now=timezone.now())


@router.delete("/uploads/{upload_id}", response={204: None}, summary="Forget an upload")
def end(request: HttpRequest, upload_id: str) -> HttpResponse:
    """Its bytes are removed; a document it has become stays."""
    return tus.end(request, actor_of(request), upload_id, now=timezone.now())


@router.post("/uploads/{upload_id}", response={204: None}, summary="PATCH or DELETE, for clients that cannot say so")
def override(request: HttpRequest, upload_id: str) -> HttpResponse:
    """`X-HTTP-Method-Override` names which."""
    deed = {"PATCH": append, "DELETE": end}.get(request.headers.get("X-HTTP-Method-Override", ""))
    if deed is None:
        raise Invalid({"X-HTTP-Method-Override": ["unknown"]})
    return deed(request, upload_id)


def _address(upload_id: str) -> str:
    return reverse("api:upload", kwargs={"upload_id": upload_id})
