# SPDX-License-Identifier: Apache-2.0
"""Permissions in a data room: what holds for whom on what, and why; set for many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from sealroom.api.app import Body, Limit, actor_of
from sealroom.api.paging import paged
from sealroom.api.repeats import repeatable
from sealroom.api.v1.datarooms.shapes import ROOM_TAG, Id, Permission
from sealroom.core.errors import Invalid, NotFound
from sealroom.datarooms import flows, queries
from sealroom.datarooms.queries import Cell, Column, Matrix, SeenItem
from sealroom.datarooms.rules import MOST_RIGHT_CHANGES, Right, RightChange

router = Router(tags=[ROOM_TAG])
_GUEST, _GROUP = "gst_", "grp_"  # how ids of both begin


class SubjectOut(Schema):
    """A guest (`label`: the address) or a group (its name)."""

    id: str
    kind: Literal["guest", "group"]
    label: str


class PlaceOut(Schema):
    """A folder or file."""

    id: str
    kind: Literal["folder", "file"]
    name: str
    number: str


class PermissionOut(Schema):
    """What one guest or group may do with one item (null: the whole room, where nothing is set further down), and why. `source`:
    own (it was set for exactly this guest or group), group (for the group named by `from_group`), default (the room's);
    `from_item`: the item it was set on, null for the room. `is_set_here`: something is set for exactly this subject on exactly this
    item."""

    subject: SubjectOut
    item: PlaceOut | None
    permission: str
    source: str
    from_group: str | None
    from_item: PlaceOut | None
    is_set_here: bool


class PermissionsOut(Schema):
    """A page of permissions: the folder (or the room) itself, then what lies directly in it; of each item groups by name, then
    guests by address."""

    items: list[PermissionOut]
    next: str | None


class PermissionsIn(Body):
    """The same permission for every one of these guests and groups (ids) on every one of these items (null: the whole room). A
    `permission` of null clears what is set there."""

    subjects: list[Id] = Field(min_length=1, max_length=MOST_RIGHT_CHANGES)
    items: list[Id | None] = Field(min_length=1, max_length=MOST_RIGHT_CHANGES)
    permission: Permission | None


class PermissionsSetOut(Schema):
    """How many are other than before."""

    changed: int


@router.get("/datarooms/{room_id}/permissions", response=PermissionsOut, summary="What holds for whom, and why")
def list_permissions(
    request: HttpRequest,
    room_id: str,
    *,
    folder: str = "",
    item: str = "",
    subject: str = "",
    cursor: str = "",
    limit: Limit = 100,
) -> PermissionsOut:
    """Of a `folder` (none: the top) and what lies in it, or of one `item` alone; with `subject` of one guest or group. Co-owners
    may do everything and are not listed."""
    room = flows.oversee(actor_of(request), room_id).room
    if item:
        found = queries.house_sight(room).find(item)
        folder = item if found.is_folder else found.parent
    rows = _rows(queries.matrix(room, folder), item=item, subject=subject)
    items, following = paged(rows, cursor, limit, key=lambda one: f"{one.item.id if one.item else ''}:{one.subject.id}")
    return PermissionsOut(items=items, next=following)


@router.post("/datarooms/{room_id}/permissions", response=PermissionsSetOut, summary="Set or clear permissions")
@repeatable
def set_permissions(request: HttpRequest, room_id: str, body: PermissionsIn) -> PermissionsSetOut:
    """All or none, at most 2,000 in one call; they hold at every guest's next request. In every state of the room. 403
    `feature_missing` for single files where the plan does not include that."""
    subjects, items = dict.fromkeys(body.subjects), dict.fromkeys(body.items)
    right = Right(body.permission) if body.permission is not None else None
    if len(subjects) * len(items) > MOST_RIGHT_CHANGES:
        raise Invalid({"subjects": ["too_many"], "items": ["too_many"]}, most=MOST_RIGHT_CHANGES)
    changes = [_change(subject, item, right) for item in items for subject in subjects]
    return PermissionsSetOut(changed=flows.set_rights(actor_of(request), room_id, changes, now=timezone.now()))


def _change(subject: str, item: str | None, right: Right | None) -> RightChange:
    if not subject.startswith((_GUEST, _GROUP)):
        raise NotFound(kind="subject", id=subject)
    guest, group = (subject, "") if subject.startswith(_GUEST) else ("", subject)
    return RightChange(item or "", guest, group, right)


def _rows(found: Matrix, *, item: str, subject: str) -> list[PermissionOut]:
    if subject and all(one.id != subject for one in found.columns):
        raise NotFound(kind="subject", id=subject)
    rows = [row for row in (found.here, *found.rows) if not item or (row.item is not None and row.item.id == item)]
    return [out for row in rows for out in _cells(found.columns, row.item, row.cells) if not subject or out.subject.id == subject]


def _cells(columns: Sequence[Column], item: SeenItem | None, cells: Sequence[Cell]) -> list[PermissionOut]:
    return [
        PermissionOut(
            subject=SubjectOut(id=column.id, kind="group" if column.is_group else "guest", label=column.label),
            item=_place(item),
            permission=cell.right.value,
            source=cell.source.value,
            from_group=cell.group or None,
            from_item=_place(cell.item),
            is_set_here=cell.is_here,
        )
        for column, cell in zip(columns, cells, strict=True)
    ]


def _place(item: SeenItem | None) -> PlaceOut | None:
    if item is None:
        return None
    return PlaceOut(id=item.id, kind="folder" if item.is_folder else "file", name=item.name, number=item.number)
