# SPDX-License-Identifier: Apache-2.0
"""Who read what in a data room: by guest, group, file and folder, as heat, and who has not come; to look at and to take along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from sealroom.core.errors import Invalid
from sealroom.datarooms import flows, queries
from sealroom.datarooms.queries import Analytics, UsageList
from sealroom.web import rooms, usage
from sealroom.web.answers import page
from sealroom.web.exporting import XLSX, list_file
from sealroom.web.gates import MemberRequest, member_required

ROWS = 50
_LISTS: dict[str, Callable[[Analytics, str], usage.Listing]] = {
    "guests": usage.guests,
    "groups": usage.groups,
    "items": usage.items,
    "missing": usage.missing,
}
HEAT = "heat"


@require_GET
@member_required
def analytics(request: MemberRequest, room_id: str) -> HttpResponse:
    """One list of the room, sorted and in pages, or its heat; above it the sums of all."""
    hand = flows.lead(request.actor, room_id)
    found = queries.analytics(hand.room, now=timezone.now())
    which = request.GET.get("show", "")
    which = which if which in {*_LISTS, HEAT} else "guests"
    context: dict[str, Any] = {
        **rooms.head(hand, "room_analytics"),
        "which": which,
        "export": which if which in set(UsageList) else UsageList.GUESTS.value,
        "has_guests": bool(found.guests),
        "is_read": any(one.use.opens for one in found.guests),
        "totals": usage.totals(found),
        "views": _views(found, which),
    }
    context |= _heat(found, room_id) if which == HEAT else _list(request, _LISTS[which](found, room_id), which)
    return page(request, "web/rooms/analytics.html", context)


def _views(found: Analytics, which: str) -> list[dict[str, object]]:
    words = {
        "guests": (_("Guests"), None),
        "groups": (_("Groups"), None),
        "items": (_("Files and folders"), None),
        "heat": (_("Heat"), None),
        "missing": (_("Not yet here"), len(found.missing)),
    }
    return [
        {"label": label, "url": f"?show={name}", "active": name == which, "count": count} for name, (label, count) in words.items()
    ]


def _heat(found: Analytics, room_id: str) -> dict[str, object]:
    heat = found.heat(files=usage.HOT_FILES, guests=usage.HOT_GUESTS)
    return {
        "heat_rows": usage.heat_rows(heat, room_id),
        "heat_guests": [one.guest for one in heat.guests],
        "most": heat.most // 1000,
        "levels": range(1, usage.LEVELS + 1),
    }


def _list(request: MemberRequest, listing: usage.Listing, which: str) -> dict[str, object]:
    rows, sort = listing.ordered(request.GET.get("sort", ""))
    shown = Paginator(rows, ROWS).get_page(request.GET.get("page", "1"))
    return {
        "shown": shown,
        "rows": [listing.shown(one) for one in shown],
        "heads": [_head(column, sort, which) for column in (listing.first, *listing.columns)],
        "sorts": [
            (_start(column), column.label, column.key == sort.removeprefix("-")) for column in (listing.first, *listing.columns)
        ],
        "query": urlencode({"show": which, "sort": sort}),
    }


def _start(column: usage.Column) -> str:
    """The order one wants of a column first: the greatest figure, the first word."""
    return f"-{column.key}" if column.is_figure else column.key


def _head(column: usage.Column, sort: str, which: str) -> dict[str, object]:
    is_on, falls = column.key == sort.removeprefix("-"), sort.startswith("-")
    other = column.key if falls else f"-{column.key}"
    query = urlencode({"show": which, "sort": other if is_on else _start(column)})
    order = ("descending" if falls else "ascending") if is_on else ""
    return {"label": column.label, "is_figure": column.is_figure, "order": order, "url": f"?{query}"}


@require_POST
@member_required
def take_along(request: MemberRequest, room_id: str) -> HttpResponseBase:
    """One list with all its rows as a workbook."""
    which = request.POST.get("list", "")
    if which not in set(UsageList):
        flows.lead(request.actor, room_id)
        raise Invalid({"list": ["unknown"]})
    parts = flows.export_usage(request.actor, room_id, UsageList(which), now=timezone.now())
    return list_file(parts, XLSX, name=f"analytics-{which}")
