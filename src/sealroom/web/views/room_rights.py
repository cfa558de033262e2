# SPDX-License-Identifier: Apache-2.0
"""Rights of a data room: a matrix of one folder against groups and guests, each cell with the right that holds and whence."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from sealroom.accounts.rules import Capability
from sealroom.billing import queries as billing
from sealroom.core.errors import Invalid
from sealroom.datarooms import flows, queries
from sealroom.datarooms.queries import Cell, Column, Matrix, Row
from sealroom.datarooms.rules import Right, RightChange, Source
from sealroom.web import rooms
from sealroom.web.answers import done, page
from sealroom.web.gates import MemberRequest, member_required

ROWS, COLUMNS = 40, 8  # of one page: each cell is two fields of a form
WHOLE = "room"  # stands for the whole room where a field's name holds an item


@dataclass(frozen=True)
class ShownCell:
    """A cell: what is set here ("": nothing), the right that holds, and why, in words."""

    name: str
    label: str
    chosen: str
    word: str
    why: str
    is_locked: bool


@require_http_methods(["GET", "POST"])
@member_required
def rights(request: MemberRequest, room_id: str) -> HttpResponse:
    """Look at rights, and set or clear many at once."""
    hand = flows.lead(request.actor, room_id)
    if request.method == "POST":
        count = flows.set_rights(request.actor, room_id, _changes(request.POST), now=timezone.now())
        said = ngettext("%(n)s right was changed.", "%(n)s rights were changed.", count) % {"n": count}
        return done(request, _address(room_id, request.POST), said)
    folder = request.GET.get("folder", "")
    found = queries.matrix(hand.room, folder)
    first, row_page = _slice(request.GET.get("page", ""), len(found.rows), ROWS)
    left, column_page = _slice(request.GET.get("people", ""), len(found.columns), COLUMNS)
    columns = found.columns[left : left + COLUMNS]
    has_files = "file_permissions" in billing.limits_of(request.actor.team_id, now=timezone.now()).features
    shown = [found.here, *found.rows[first : first + ROWS]]
    context = {
        **rooms.head(hand, "room_rights"),
        "columns": columns,
        "here": _row(found.here, left, columns, has_files=True),
        "rows": [_row(one, left, columns, has_files=has_files) for one in shown[1:]],
        "rights": list(rooms.right_words().items()),
        "folder": folder,
        "room_crumbs": rooms.crumbs(hand, list(found.trail), route="web:room_rights"),
        "is_locked": not has_files and any(one.item is not None and not one.item.is_folder for one in found.rows),
        "plan_url": reverse("web:plan_modify") if request.actor.may(Capability.BUY) else "",
        **_pages(room_id, folder, found, row_page, column_page),
    }
    return page(request, "web/rooms/rights.html", context)


def _slice(text: str, count: int, size: int) -> tuple[int, int]:
    number = int(text) if text.isdecimal() and len(text) < 6 else 1
    number = min(max(number, 1), max(1, -(-count // size)))
    return (number - 1) * size, number


def _pages(room_id: str, folder: str, found: Matrix, row_page: int, column_page: int) -> dict[str, object]:
    def url(rows: int, people: int) -> str:
        return _address(room_id, {"folder": folder, "page": str(rows), "people": str(people)})

    return {
        "row_page": row_page,
        "column_page": column_page,
        "rows_before": url(row_page - 1, column_page) if row_page > 1 else "",
        "rows_next": url(row_page + 1, column_page) if row_page * ROWS < len(found.rows) else "",
        "people_before": url(row_page, column_page - 1) if column_page > 1 else "",
        "people_next": url(row_page, column_page + 1) if column_page * COLUMNS < len(found.columns) else "",
        "people_total": len(found.columns),
    }


def _address(room_id: str, query: QueryDict | dict[str, str]) -> str:
    kept = {name: str(query.get(name, "")) for name in ("folder", "page", "people")}
    kept = {name: value for name, value in kept.items() if value and (name == "folder" or value != "1")}
    return reverse("web:room_rights", args=[room_id]) + (f"?{urlencode(kept)}" if kept else "")


def _row(row: Row, left: int, columns: tuple[Column, ...], *, has_files: bool) -> dict[str, object]:
    item = row.item
    is_locked = item is not None and not item.is_folder and not has_files
    cells = row.cells[left : left + len(columns)]
    called = rooms.called(item) if item else _("The whole room")
    return {
        "item": item,
        "called": called,
        "key": item.id if item else WHOLE,
        "cells": [
            _cell(cell, column, item.id if item else WHOLE, called, is_locked=is_locked)
            for cell, column in zip(cells, columns, strict=True)
        ],
    }


def _cell(cell: Cell, column: Column, key: str, called: str, *, is_locked: bool) -> ShownCell:
    return ShownCell(
        name=f"{key}.{column.id}",
        label=_("Right of %(who)s on %(what)s") % {"who": column.label, "what": called},
        chosen=cell.right.value if cell.is_here else "",
        word=rooms.right_words()[cell.right.value],
        why=_why(cell, column),
        is_locked=is_locked,
    )


def _why(cell: Cell, column: Column) -> str:
    """Where the right comes from."""
    if cell.source is Source.DEFAULT:
        return _("from the room’s settings")
    where = rooms.called(cell.item) if cell.item else _("the whole room")
    if cell.is_here and (column.is_group or cell.source is Source.OWN):
        return _("set here")
    if cell.source is Source.GROUP and not column.is_group:
        return _("from the group %(group)s on %(where)s") % {"group": cell.group, "where": where}
    return _("from %(where)s") % {"where": where}


def _changes(post: QueryDict) -> list[RightChange]:
    """What was chosen for many at once, or else every cell that differs from what the page showed. Cells another one changed
    meanwhile, and this one left alone, stay as they are."""
    if post.get("deed") == "many":
        return [
            _change(f"{item}.{who}", post.get("many_right", "")) for item in post.getlist("item") for who in post.getlist("who")
        ]
    names = [name.removeprefix("was.") for name in post if name.startswith("was.")]
    return [_change(name, post.get(name, "")) for name in names if name in post and post[name] != post[f"was.{name}"]]


def _change(name: str, value: str) -> RightChange:
    item, _dot, who = name.partition(".")
    if value and value not in set(Right):
        raise Invalid({"changes": ["unknown"]})
    is_group = who.startswith("grp_")
    right = Right(value) if value else None
    return RightChange("" if item == WHOLE else item, "" if is_group else who, who if is_group else "", right)
