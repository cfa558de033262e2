# SPDX-License-Identifier: Apache-2.0
"""Versions of a file in a data room."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status

from sealroom.accounts.rules import Actor
from sealroom.api.app import actor_of
from sealroom.api.repeats import repeatable
from sealroom.api.v1.datarooms.shapes import ROOM_TAG
from sealroom.api.v1.documents import FaultOut, PasswordIn, fault_out
from sealroom.datarooms import flows

router = Router(tags=[ROOM_TAG])


class FileVersionOut(Schema):
    """A version. `is_current`: readers see it. `error` says why it could not be prepared."""

    id: str
    number: int
    name: str
    type: str
    size: int
    sha256: str
    state: str
    pages: int | None
    error: FaultOut | None
    created_at: datetime
    published_at: datetime | None
    is_current: bool


class FileVersionsOut(Schema):
    """All versions, the first one first."""

    items: list[FileVersionOut]
    next: str | None


@router.get("/datarooms/{room_id}/items/{item_id}/versions", response=FileVersionsOut, summary="Versions of a file")
def list_versions(request: HttpRequest, room_id: str, item_id: str) -> FileVersionsOut:
    """A new version is sent to /uploads; readers see it as soon as it is ready."""
    return _all(actor_of(request), room_id, item_id)


@router.post(
    "/datarooms/{room_id}/items/{item_id}/versions/{version_id}/restore",
    response=FileVersionsOut,
    summary="Make another version the one readers see",
)
@repeatable
def restore(request: HttpRequest, room_id: str, item_id: str, version_id: str) -> FileVersionsOut:
    """409 `not_ready` while it is being prepared."""
    actor = actor_of(request)
    flows.restore_version(flows.lead(actor, room_id), item_id, version_id, now=timezone.now())
    return _all(actor, room_id, item_id)


@router.post("/datarooms/{room_id}/items/{item_id}/unlock", response={202: FileVersionsOut}, summary="Open a protected file")
def unlock(request: HttpRequest, room_id: str, item_id: str, body: PasswordIn) -> Status[FileVersionsOut]:
    """For a file whose newest version failed with `password_required` or `password_wrong`. The password is used once and kept
    nowhere; what came of it appears later as `state`."""
    actor = actor_of(request)
    flows.unlock_file(flows.lead(actor, room_id), item_id, body.password, now=timezone.now())
    return Status(202, _all(actor, room_id, item_id))


@router.post("/datarooms/{room_id}/items/{item_id}/retry", response={202: FileVersionsOut}, summary="Prepare a failed file again")
@repeatable
def retry(request: HttpRequest, room_id: str, item_id: str) -> Status[FileVersionsOut]:
    """Its newest version, without a new upload."""
    actor = actor_of(request)
    flows.retry_file(flows.lead(actor, room_id), item_id, now=timezone.now())
    return Status(202, _all(actor, room_id, item_id))


def _all(actor: Actor, room_id: str, item_id: str) -> FileVersionsOut:
    views = flows.versions_of(flows.oversee(actor, room_id), item_id)
    items = [
        FileVersionOut(
            id=one.id,
            number=one.number,
            name=one.name,
            type=one.kind,
            size=one.size,
            sha256=one.sha256,
            state=one.state,
            pages=one.pages,
            error=fault_out(one.error),
            created_at=one.created_at,
            published_at=one.published_at,
            is_current=one.is_current,
        )
        for one in views
    ]
    return FileVersionsOut(items=items, next=None)
