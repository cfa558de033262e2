# SPDX-License-Identifier: Apache-2.0
"""The tree of a data room: listed, filled, put in order, thrown away; files to take along."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from ninja import Router, Status
from pydantic import Field, model_validator

from sealroom.accounts.rules import Actor
from sealroom.api.app import Body, Limit, actor_of
from sealroom.api.paging import paged
from sealroom.api.repeats import repeatable
from sealroom.api.v1.datarooms.shapes import ROOM_TAG, Id, Ids, ItemIdsIn, ItemOut, ItemsOut, attachment, bytes_of, item_out
from sealroom.core.errors import NotFound
from sealroom.datarooms import flows, queries
from sealroom.datarooms.models import Item
from sealroom.datarooms.queries import SeenItem, Sight

router = Router(tags=[ROOM_TAG])
_MOST_HITS = 10_000


class ItemIn(Body):
    """What is put into `folder` (null: at the top): a folder of this `name`, the folders of a `path` ("Contracts/2026", as far as
    they are not there yet), or a copy of a `document` you may send (by its own name or `name`). Files can also be sent to
    /uploads."""

    folder: Id | None = None
    name: str = Field("", max_length=260)
    path: str = Field("", max_length=2_000)
    document: Id = ""

    @model_validator(mode="after")
    def _one_thing(self) -> ItemIn:
        if bool(self.path) == bool(self.document or self.name):
            raise ValueError("name a folder, a path or a document")
        return self


class NameIn(Body):
    """Another name."""

    name: str = Field(max_length=260)


class MoveIn(Body):
    """Items go into `folder` (null: the top) in the order named, before one of its items (null: behind all)."""

    items: Ids = Field(min_length=1)
    folder: Id | None = None
    before: Id | None = None


class CopyIn(Body):
    """Items are copied into `folder` (null: the top)."""

    items: Ids = Field(min_length=1)
    folder: Id | None = None


@router.get("/datarooms/{room_id}/items", response=ItemsOut, summary="What lies in a folder")
def list_items(
    request: HttpRequest,
    room_id: str,
    *,
    folder: str = "",
    deep: bool = False,
    search: str = "",
    cursor: str = "",
    limit: Limit = 100,
) -> ItemsOut:
    """In the order of the room; without `folder` at the top. `deep`: everything below, folders before what is in them. `search`:
    names in the whole room."""
    sight = _sight(actor_of(request), room_id)
    items, following = paged(_chosen(sight, folder, search[:200], deep=deep), cursor, limit, key=lambda one: one.id)
    return ItemsOut(items=[item_out(one) for one in items], next=following)


@router.post("/datarooms/{room_id}/items", response={201: ItemOut}, summary="Make a folder, or put a document in")
@repeatable
def add(request: HttpRequest, room_id: str, body: ItemIn) -> Status[ItemOut]:
    """By the name, or the next free one. A document is copied and counts against the storage; the room keeps it whatever becomes of
    the original. 409 `room_closed`, `room_full`."""
    actor, now = actor_of(request), timezone.now()
    hand, folder = flows.lead(actor, room_id), body.folder or ""
    if body.document:
        made = flows.bring_document(hand, folder, body.document, name=body.name, now=now)
    elif body.path:
        made = flows.create_path(hand, folder, body.path, now=now)
    else:
        made = flows.create_folder(hand, folder, body.name, now=now)
    return Status(201, _one(actor, room_id, made.public_id))


@router.post("/datarooms/{room_id}/items/move", response=ItemsOut, summary="Move items, or put them in order")
@repeatable
def move(request: HttpRequest, room_id: str, body: MoveIn) -> ItemsOut:
    """All or none. A name that is taken there becomes the next free one. 409 `cycle` for a folder into itself."""
    actor = actor_of(request)
    hand = flows.lead(actor, room_id)
    moved = flows.move(hand, body.items, body.folder or "", before_id=body.before or "", now=timezone.now())
    return items_out(actor, room_id, moved)


@router.post("/datarooms/{room_id}/items/copy", response={201: ItemsOut}, summary="Copy items")
@repeatable
def copy(request: HttpRequest, room_id: str, body: CopyIn) -> Status[ItemsOut]:
    """With all below them and the permissions set on them. Copies count against the storage."""
    actor = actor_of(request)
    made = flows.copy(flows.lead(actor, room_id), body.items, body.folder or "", now=timezone.now())
    return Status(201, items_out(actor, room_id, made))


@router.post("/datarooms/{room_id}/items/trash", response={204: None}, summary="Throw items away")
@repeatable
def throw_away(request: HttpRequest, room_id: str, body: ItemIdsIn) -> HttpResponse:
    """With all below them: gone for every guest at the next request, deleted for good after 30 days."""
    flows.throw_away(flows.lead(actor_of(request), room_id), body.items, now=timezone.now())
    return HttpResponse(status=204)


@router.get("/datarooms/{room_id}/items/{item_id}", response=ItemOut, summary="One folder or file")
def read(request: HttpRequest, room_id: str, item_id: str) -> ItemOut:
    """Not of what lies in the trash."""
    return _one(actor_of(request), room_id, item_id)


@router.patch("/datarooms/{room_id}/items/{item_id}", response=ItemOut, summary="Rename an item")
@repeatable
def rename(request: HttpRequest, room_id: str, item_id: str, body: NameIn) -> ItemOut:
    """409 `name_taken` where something else in its folder has the name."""
    actor = actor_of(request)
    flows.rename(flows.lead(actor, room_id), item_id, body.name, now=timezone.now())
    return _one(actor, room_id, item_id)


@router.get(
    "/datarooms/{room_id}/items/{item_id}/content",
    response={200: None},
    summary="A file as it was uploaded",
    openapi_extra=bytes_of("application/octet-stream"),
)
def content(request: HttpRequest, room_id: str, item_id: str) -> StreamingHttpResponse:
    """The version that readers see, unmarked; for keys that lead. Access is asked again while it goes out, and the stream breaks
    off when it has ended."""
    taken = flows.take_file(actor_of(request), room_id, item_id, now=timezone.now())
    return attachment(taken.chunks, taken.name, "application/octet-stream", taken.size)


def items_out(actor: Actor, room_id: str, items: Sequence[Item]) -> ItemsOut:
    """Items as they are now, after something was done with them."""
    sight = _sight(actor, room_id)
    return ItemsOut(items=[item_out(sight.find(one.public_id)) for one in items], next=None)


def _sight(actor: Actor, room_id: str) -> Sight:
    return queries.house_sight(flows.oversee(actor, room_id).room)


def _one(actor: Actor, room_id: str, item_id: str) -> ItemOut:
    return item_out(_sight(actor, room_id).find(item_id))


def _chosen(sight: Sight, folder: str, search: str, *, deep: bool) -> list[SeenItem]:
    if search.strip():
        return sight.search(search, _MOST_HITS)
    if folder and not sight.find(folder).is_folder:
        raise NotFound(kind="folder", id=folder)
    return sight.below(folder) if deep else sight.children(folder)
