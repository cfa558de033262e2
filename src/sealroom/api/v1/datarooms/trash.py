# SPDX-License-Identifier: Apache-2.0
"""The trash of a data room."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema

from sealroom.api.app import Limit, actor_of
from sealroom.api.paging import paged
from sealroom.api.repeats import repeatable
from sealroom.api.v1.datarooms.items import items_out
from sealroom.api.v1.datarooms.shapes import ROOM_TAG, ItemIdsIn, ItemsOut
from sealroom.datarooms import flows

router = Router(tags=[ROOM_TAG])


class TrashedOut(Schema):
    """What was thrown away, with all that lay in it (`files`). `where`: names of the folders it lay in."""

    id: str
    kind: Literal["folder", "file"]
    name: str
    where: list[str]
    files: int
    trashed_by: str
    trashed_at: datetime
    lasts_until: datetime


class TrashOut(Schema):
    """A page of the trash, the latest first."""

    items: list[TrashedOut]
    next: str | None


@router.get("/datarooms/{room_id}/trash", response=TrashOut, summary="What was thrown away")
def list_trash(request: HttpRequest, room_id: str, cursor: str = "", limit: Limit = 50) -> TrashOut:
    """For 30 days; it counts against the storage."""
    rows, following = paged(flows.trash_of(flows.oversee(actor_of(request), room_id)), cursor, limit, key=lambda one: one.id)
    items = [
        TrashedOut(
            id=one.id,
            kind="folder" if one.is_folder else "file",
            name=one.name,
            where=list(one.where),
            files=one.files,
            trashed_by=one.trashed_by,
            trashed_at=one.trashed_at,
            lasts_until=one.lasts_until,
        )
        for one in rows
    ]
    return TrashOut(items=items, next=following)


@router.post("/datarooms/{room_id}/trash/restore", response=ItemsOut, summary="Put items back")
@repeatable
def restore(request: HttpRequest, room_id: str, body: ItemIdsIn) -> ItemsOut:
    """To where they were, or the nearest folder above that is there."""
    actor = actor_of(request)
    return items_out(actor, room_id, flows.restore(flows.lead(actor, room_id), body.items, now=timezone.now()))


@router.post("/datarooms/{room_id}/trash/delete", response={204: None}, summary="Delete items for good")
@repeatable
def delete(request: HttpRequest, room_id: str, body: ItemIdsIn) -> HttpResponse:
    """With all that lay in them and every version."""
    flows.delete_for_good(flows.lead(actor_of(request), room_id), body.items, now=timezone.now())
    return HttpResponse(status=204)
