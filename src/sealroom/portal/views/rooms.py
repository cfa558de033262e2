# SPDX-License-Identifier: Apache-2.0
"""A data room as its guests see it: folders and files, search, what the room says of itself, who else is there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from sealroom.access.errors import NotAdmitted
from sealroom.access.rules import Verdict
from sealroom.core.errors import NotFound
from sealroom.datarooms import flows as rooms
from sealroom.datarooms import queries, rules
from sealroom.datarooms.errors import GuestQuota
from sealroom.datarooms.flows import Found, Hand
from sealroom.datarooms.queries import SeenItem, Sight
from sealroom.datarooms.rules import Right, RoomState
from sealroom.documents.models import VersionState
from sealroom.httpkit.address import client_address
from sealroom.httpkit.templatetags.kit import human_size, number
from sealroom.httpkit.visitors import visitor_cookie
from sealroom.portal.door import onward_status, page_view
from sealroom.portal.errors import refusal_for
from sealroom.portal.room_pages import ask_url, can_show, frame, item_url, visit

PER_PAGE = 200  # rows of a folder at once
LONGEST_QUERY = 200  # characters


@dataclass(frozen=True)
class Row:
    """A folder or file as the table shows it. `note`: why a file cannot be opened. `where`: the folders it lies in, of a hit."""

    id: str
    name: str
    number: str
    is_folder: bool
    extension: str
    url: str
    content: str  # how much is in it, in words
    size: str  # "" of folders
    changed_at: datetime
    note: str = ""
    pdf_url: str = ""
    original_url: str = ""
    may_rename: bool = False
    may_throw: bool = False
    where: str = ""
    page: int = 0  # of a hit: where its words stand first
    ask_url: str = ""
    fate: str = ""  # of his own files: "locked" (asks for a password), "failed"


@require_safe
@page_view
def room(request: HttpRequest, *, link_id: str) -> HttpResponse:
    """A folder of the room (`?folder=`), the one a file lies in (`?at=`), or what a search finds (`?q=`)."""
    try:
        hand = visit(request, link_id)
    except NotAdmitted as error:
        if error.reason != Verdict.NOT_FOUND:
            raise
        return entrance_page(request, link_id)
    sight, wanted = queries.sight_for(hand), request.GET.get("q", "").strip()[:LONGEST_QUERY]
    if wanted:
        return _found_page(request, hand, link_id, sight, wanted)
    folder_id = request.GET.get("folder", "")
    if at := request.GET.get("at", ""):
        folder_id = sight.find(at).parent
    return _folder_page(request, hand, link_id, sight, folder_id)


@require_safe
@page_view
def item(request: HttpRequest, *, link_id: str, item_id: str) -> HttpResponse:
    """The direct address of a folder or file, which can be passed on within the room: whoever may not see it finds nothing."""
    seen = queries.sight_for(visit(request, link_id)).find(item_id)
    return redirect(item_url(seen, link_id))


@require_safe
@page_view
def about(request: HttpRequest, *, link_id: str) -> HttpResponse:
    """What the room says of itself."""
    hand = visit(request, link_id)
    if not hand.room.about.strip():
        raise NotFound(kind="about", id=link_id)
    words = {**frame(hand, link_id, "about"), "about": rules.about_html(hand.room.about)}
    return render(request, "portal/room_about.html", words)


@require_safe
@page_view
def guests(request: HttpRequest, *, link_id: str) -> HttpResponse:
    """Who else is in the room, where it shows that: names and organisations, never an address."""
    hand = visit(request, link_id)
    if not hand.room.shows_guests:
        raise NotFound(kind="guests", id=link_id)
    listed = queries.listed_guests(hand.guest, now=timezone.now()) if hand.guest is not None else []
    return render(request, "portal/room_guests.html", {**frame(hand, link_id, "guests"), "guests": listed})


@page_view
def join(request: HttpRequest, *, link_id: str) -> HttpResponse:
    """Take a place in the room (POST), for who proved an address at its open link."""
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    try:
        rooms.join(
            visitor_cookie(request),
            link_id,
            name=request.POST.get("name", "")[:400],
            ip=client_address(request),
            now=timezone.now(),
        )
    except GuestQuota as error:
        return entrance_page(request, link_id, refusal=refusal_for(error))
    return onward_status(redirect("portal:room", link_id))


def entrance_page(request: HttpRequest, link_id: str, **context: object) -> HttpResponse:
    """The one page for who has no place in the room yet. Raises `NotAdmitted` where nobody can take one."""
    found = rooms.room_to_join(visitor_cookie(request), link_id, ip=client_address(request), now=timezone.now())
    words = {"link_id": link_id, "room_name": found.name, "sign": queries.sign_of(link_id), **context}
    status = 403 if "refusal" in context else 200
    return render(request, "portal/room_entrance.html", words, status=status)


def _folder_page(request: HttpRequest, hand: Hand, link_id: str, sight: Sight, folder_id: str) -> HttpResponse:
    trail = sight.trail(folder_id) if folder_id else []
    if trail and not trail[-1].is_folder:
        raise NotFound(kind="folder", id=folder_id)
    children = sight.children(folder_id)
    page = Paginator(children, PER_PAGE).get_page(request.GET.get("page"))
    may_add = _may_add(hand, trail[-1] if trail else None)
    rows = _rows(hand, list(page.object_list), link_id)
    words = {
        **frame(hand, link_id, "room"),
        "crumbs": _crumbs(hand, link_id, trail),
        "branches": [(one, item_url(one.item, link_id), one.item.id == folder_id) for one in sight.branches(folder_id)],
        "folder_id": folder_id,
        "folder": trail[-1] if trail else None,
        "page": page,
        "page_query": urlencode({"folder": folder_id}) if folder_id else "",
        "rows": rows,
        "folder_count": sum(child.is_folder for child in children),
        "file_count": sum(not child.is_folder for child in children),
        "has_numbers": any(row.number for row in rows),
        "may_add": may_add,
        "may_take": rooms.can_take_something(hand, sight),
        "chose_nothing": "none" in request.GET,
    }
    return render(request, "portal/room.html", words)


def _found_page(request: HttpRequest, hand: Hand, link_id: str, sight: Sight, wanted: str) -> HttpResponse:
    found = rooms.search_room(sight, wanted)
    words = {
        **frame(hand, link_id, "room"),
        "q": wanted,
        "named": [_row(one, link_id, hand, where=_where(sight, one)) for one in found.by_name],
        "worded": _worded(found, link_id, hand, sight),
        "has_more": len(found.by_name) == rooms.MOST_HITS,
        "read": found.read,
        "readable": found.readable,
    }
    return render(request, "portal/room_found.html", words)


def _worded(found: Found, link_id: str, hand: Hand, sight: Sight) -> list[Row]:
    return [_row(hit.item, link_id, hand, where=_where(sight, hit.item), page=hit.page) for hit in found.by_words]


def _where(sight: Sight, item: SeenItem) -> str:
    return " / ".join(sight.way_to(item.id))


def _crumbs(hand: Hand, link_id: str, trail: Sequence[SeenItem]) -> list[dict[str, str]]:
    home = {"label": hand.room.name, "url": reverse("portal:room", args=[link_id])}
    return [home, *({"label": f"{one.number} {one.name}".strip(), "url": item_url(one, link_id)} for one in trail)]


def _may_add(hand: Hand, folder: SeenItem | None) -> bool:
    if hand.is_preview or hand.guest is None or hand.room.state != RoomState.OPEN:
        return False
    right = folder.right if folder else queries.right_at(hand.guest, None)
    return right is Right.CONTRIBUTE


def _rows(hand: Hand, items: Sequence[SeenItem], link_id: str) -> list[Row]:
    may_change = not hand.is_preview and hand.room.state == RoomState.OPEN
    brought = queries.brought_by(hand.room, hand.address, [one.pk for one in items]) if may_change else set()
    own = {one.pk for one in items if one.pk in brought and one.right is Right.CONTRIBUTE}
    failed = [one.pk for one in items if one.pk in own and one.state == VersionState.FAILED]
    locked = queries.locked_among(failed) if failed else set()
    rows = [_row(one, link_id, hand, is_own=one.pk in own) for one in items]
    return [replace(row, fate=_fate(one.pk, failed, locked)) for one, row in zip(items, rows, strict=True)]


def _fate(pk: int, failed: Collection[int], locked: Collection[int]) -> str:
    """What can be done with a file of his own that could not be prepared."""
    if pk in locked:
        return "locked"
    return "failed" if pk in failed else ""


def _row(item: SeenItem, link_id: str, hand: Hand, *, is_own: bool = False, where: str = "", page: int = 0) -> Row:
    is_shown = can_show(item)
    takes, names = rooms.may_take(item) and not hand.is_preview, [link_id, item.document_id]
    original = takes and item.right.rank >= Right.DOWNLOAD_ORIGINAL.rank
    return Row(
        id=item.id,
        name=item.name,
        number=item.number,
        is_folder=item.is_folder,
        extension=item.extension.upper(),
        url=item_url(item, link_id) if is_shown else "",
        content=_content(item),
        size="" if item.is_folder else human_size(item.size),
        changed_at=item.changed_at,
        note="" if is_shown else _note(item),
        pdf_url=reverse("portal:download", args=names) if takes and item.pages else "",
        original_url=reverse("portal:original", args=names) if original else "",
        may_rename=is_own,
        may_throw=is_own,
        where=where,
        page=page,
        ask_url=ask_url(hand, link_id, item.id),
    )


@require_safe
@page_view
def logo(request: HttpRequest, *, link_id: str) -> HttpResponse:
    """The picture of the room, for whoever is let in at that instant."""
    picture = rooms.logo_of(visit(request, link_id).room)
    headers = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
    return HttpResponse(picture, content_type="image/jpeg", headers=headers)


def _content(item: SeenItem) -> str:
    if item.is_folder:
        return ngettext("%(n)s file", "%(n)s files", item.files) % {"n": number(item.files)}
    if item.is_media:
        return _("Audio or video")
    if not item.pages:
        return item.extension.upper()
    return ngettext("%(n)s page", "%(n)s pages", item.pages) % {"n": number(item.pages)}


def _note(item: SeenItem) -> str:
    if item.state in {VersionState.RECEIVED, VersionState.CONVERTING}:
        return _("This file is still being prepared.")
    if item.right.rank >= Right.DOWNLOAD_ORIGINAL.rank:
        return _("This file cannot be shown here. You can download it.")
    return _("This file cannot be shown here.")
