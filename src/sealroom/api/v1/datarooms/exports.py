# SPDX-License-Identifier: Apache-2.0
"""A whole data room as one signed archive."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import StrictBool

from sealroom.accounts.rules import Actor
from sealroom.api.app import Body, Limit, actor_of
from sealroom.api.paging import paged
from sealroom.api.repeats import repeatable
from sealroom.api.v1.datarooms.shapes import ROOM_TAG, attachment, bytes_of
from sealroom.core.errors import NotFound
from sealroom.datarooms import flows
from sealroom.datarooms.queries import ExportView

router = Router(tags=[ROOM_TAG])


class ExportIn(Body):
    """How files are called in the archive: by their folders, or with `short_paths` counted ("files/0001.pdf")."""

    short_paths: StrictBool = False


class ExportOut(Schema):
    """An export. `state`: waiting, running (`progress` in per cent), ready, failed (`error` says why), expired (its archive was
    deleted)."""

    id: str
    state: str
    error: str | None
    progress: int
    short_paths: bool
    size: int
    sha256: str
    requested_by: str
    created_at: datetime
    ready_at: datetime | None
    expires_at: datetime | None


class ExportsOut(Schema):
    """A page of exports, the latest first."""

    items: list[ExportOut]
    next: str | None


@router.get("/datarooms/{room_id}/export", response=ExportsOut, summary="Exports of a data room")
def list_exports(request: HttpRequest, room_id: str, cursor: str = "", limit: Limit = 50) -> ExportsOut:
    """Also those that have expired."""
    found = flows.list_exports(actor_of(request), room_id)
    rows, following = paged(found, cursor, limit, key=lambda one: one.id)
    return ExportsOut(items=[_out(one) for one in rows], next=following)


@router.post("/datarooms/{room_id}/export", response={202: ExportOut}, summary="Have a data room made into an archive")
@repeatable
def request_export(request: HttpRequest, room_id: str, body: ExportIn | None = None) -> Status[ExportOut]:
    """Files, questions, guests, permissions and activity, signed; made by and by and kept for a week. 409 `export_running` while
    another is being made."""
    actor = actor_of(request)
    made = flows.request_export(actor, room_id, has_short_paths=(body or ExportIn()).short_paths, now=timezone.now())
    return Status(202, _one(actor, room_id, made))


@router.get("/datarooms/{room_id}/export/{export_id}", response=ExportOut, summary="How far an export is")
def read(request: HttpRequest, room_id: str, export_id: str) -> ExportOut:
    """Ask again until it is ready or failed."""
    return _one(actor_of(request), room_id, export_id)


@router.get(
    "/datarooms/{room_id}/export/{export_id}/content",
    response={200: None},
    summary="The archive",
    openapi_extra=bytes_of("application/zip"),
)
def content(request: HttpRequest, room_id: str, export_id: str) -> StreamingHttpResponse:
    """A ZIP file; `sealroom export verify` proves it. 404 before it is ready and after it has expired. For keys that lead."""
    found = flows.open_export(actor_of(request), room_id, export_id, now=timezone.now())
    return attachment(found.chunks, found.name, "application/zip", found.size)


def _one(actor: Actor, room_id: str, export_id: str) -> ExportOut:
    found = next((one for one in flows.list_exports(actor, room_id) if one.id == export_id), None)
    if found is None:
        raise NotFound(kind="export", id=export_id)
    return _out(found)


def _out(one: ExportView) -> ExportOut:
    return ExportOut(
        id=one.id,
        state=one.state.value,
        error=one.error_code or None,
        progress=one.progress,
        short_paths=one.has_short_paths,
        size=one.size,
        sha256=one.sha256,
        requested_by=one.requested_by,
        created_at=one.created_at,
        ready_at=one.ready_at,
        expires_at=one.expires_at,
    )
