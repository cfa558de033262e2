# SPDX-License-Identifier: Apache-2.0
"""Resumable uploads (tus 1.0) into a data room. Each ends in a file of it, named by `Sealroom-Item`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from ninja import Router

from sealroom.api.app import actor_of
from sealroom.api.v1.datarooms.shapes import ROOM_TAG
from sealroom.core.errors import Invalid
from sealroom.datarooms import flows
from sealroom.httpkit import tus
from sealroom.httpkit.room_uploads import RoomDesk

router = Router(tags=[ROOM_TAG])


@router.post("/datarooms/{room_id}/uploads", response={201: None}, summary="Begin a resumable upload into a data room")
def begin(request: HttpRequest, room_id: str) -> HttpResponse:
    """As /uploads. `Upload-Metadata` names the file (`filename`), its `folder` (an id) and folders below that (`path`), or the
    `item` it is the next version of; readers see a version as soon as it is ready."""

    def address_of(upload_id: str) -> str:
        return reverse("api:room_upload", kwargs={"room_id": room_id, "upload_id": upload_id})

    return tus.create(request, _desk(request, room_id), address_of=address_of, now=timezone.now())


@router.get(
    "/datarooms/{room_id}/uploads/{upload_id}",
    response={200: None},
    summary="How far an upload is (HEAD)",
    url_name="room_upload",
)
def state(request: HttpRequest, room_id: str, upload_id: str) -> HttpResponse:
    """`Upload-Offset` counts the bytes that are safe."""
    return tus.state(request, _desk(request, room_id), upload_id, now=timezone.now())


@router.patch("/datarooms/{room_id}/uploads/{upload_id}", response={204: None}, summary="Add bytes to an upload")
def append(request: HttpRequest, room_id: str, upload_id: str) -> HttpResponse:
    """The last make the file, by its name or the next free one."""
    return tus.append(request, _desk(request, room_id), upload_id, now=timezone.now())


@router.delete("/datarooms/{room_id}/uploads/{upload_id}", response={204: None}, summary="Forget an upload")
def end(request: HttpRequest, room_id: str, upload_id: str) -> HttpResponse:
    """Its bytes are removed; a file it has become stays."""
    return tus.end(request, _desk(request, room_id), upload_id, now=timezone.now())


@router.post(
    "/datarooms/{room_id}/uploads/{upload_id}", response={204: None}, summary="PATCH or DELETE, for clients that cannot say so"
)
def override(request: HttpRequest, room_id: str, upload_id: str) -> HttpResponse:
    """`X-HTTP-Method-Override` names which."""
    deed = {"PATCH": append, "DELETE": end}.get(request.headers.get("X-HTTP-Method-Override", ""))
    if deed is None:
        raise Invalid({"X-HTTP-Method-Override": ["unknown"]})
    return deed(request, room_id, upload_id)


def _desk(request: HttpRequest, room_id: str) -> RoomDesk:
    return RoomDesk(flows.lead(actor_of(request), room_id))
