# SPDX-License-Identifier: Apache-2.0
"""What happened in a room, for those who lead it: the trail's events about it, and what its guests had on screen. Latest first, in
small questions, whatever the length."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from heapq import merge

from django.db.models import Q

from sealroom.access.models import Link
from sealroom.audit import queries as audit
from sealroom.audit.queries import EventPage, EventView
from sealroom.core.tables import Row
from sealroom.datarooms.models import DataRoom, Item
from sealroom.datarooms.queries.export import told
from sealroom.viewing.models import Opening, PageView

ACTIVITY = (
    "at", "what", "who", "kind_of_who", "subject", "path", "ip", "device", "version", "pages", "seconds", "seconds_by_page",
    "downloaded_at", "printed_at", "facts",
)  # fmt: skip
READING = "reading"
"""What `activity_rows` call an opening; every other word is a verb of the trail."""
_BATCH = 500
_Dated = tuple[datetime, Row]


def events_of(room: DataRoom, *, cursor: str | None = None, limit: int = audit.MOST) -> EventPage:
    """Events about a room, everything in it, and its files as they were reached through its links; latest first."""
    links = Link.objects.filter(policy=room.policy_id)
    condition = (
        Q(subject_kind="data_room", subject=room.public_id)
        | Q(its_room=room.public_id)
        | Q(subject_kind="document", its_link__in=links.values("public_id"))
    )
    facts = {"its_room": "room", "its_link": "link"}
    return audit.list_events_about(room.team.public_id, condition, facts=facts, cursor=cursor, limit=limit)


def activity_rows(room: DataRoom) -> Iterator[Row]:
    """Events and openings in one list. An opening has its pages ("1 2 5") and the seconds each was on screen ("1=12.5 2=3.0")."""
    paths = _paths(room)
    by_time = merge(_events(room, paths), _openings(room, paths), key=lambda one: one[0], reverse=True)
    return (row for _at, row in by_time)


def _events(room: DataRoom, paths: dict[str, str]) -> Iterator[_Dated]:
    cursor: str | None = None
    while True:
        page = events_of(room, cursor=cursor)
        yield from ((event.at, _event(event, paths)) for event in page.items)
        cursor = page.next
        if cursor is None:
            return


def _event(one: EventView, paths: dict[str, str]) -> Row:
    facts = json.dumps(one.facts, ensure_ascii=False, sort_keys=True)
    path = paths.get(one.subject, "")
    who = one.actor_label or one.actor
    return (told(one.at), one.verb, who, one.actor_kind, one.subject, path, one.ip, "", "", "", "", "", "", "", facts)


def _openings(room: DataRoom, paths: dict[str, str]) -> Iterator[_Dated]:
    through = Opening.objects.filter(grant__link__policy=room.policy_id).order_by("-started_at", "-pk")
    listed = list(through.values_list("pk", flat=True))  # numbers only: to sort anew for each batch takes longer than all else
    rows = Opening.objects.select_related("grant__document", "grant__link", "version")
    for start in range(0, len(listed), _BATCH):
        batch = listed[start : start + _BATCH]
        pages: dict[int, list[PageView]] = defaultdict(list)
        for view in PageView.objects.filter(opening__in=batch).order_by("page"):
            pages[view.opening_id].append(view)
        found = rows.in_bulk(batch)
        yield from ((one.started_at, _opening(one, pages[one.pk], paths)) for one in (found[pk] for pk in batch if pk in found))


def _opening(one: Opening, views: list[PageView], paths: dict[str, str]) -> Row:
    document = one.grant.document.public_id
    who = one.address or one.grant.link.address
    pages = " ".join(str(view.page) for view in views)
    each = " ".join(f"{view.page}={view.active_ms / 1000:.1f}" for view in views)
    seconds = sum(view.active_ms for view in views) // 1000
    ends = (told(one.downloaded_at), told(one.printed_at))
    place = (document, paths.get(document, ""), one.ip, one.device, one.version.number)
    return (told(one.started_at), READING, who, "visitor", *place, pages, seconds, each, *ends, "")


def _paths(room: DataRoom) -> dict[str, str]:
    """The path of every item by its id and by its document's, those in the trash as well."""
    rows = Item.objects.filter(room=room).values_list("pk", "path", "name", "public_id", "document__public_id")
    names = {pk: name for pk, _, name, _, _ in rows}
    paths = dict[str, str]()
    for _pk, above, name, item, document in rows:
        path = "/".join([*(names[int(pk)] for pk in above.split("/") if pk), name])
        paths[item] = path
        if document:
            paths[document] = path
    return paths
