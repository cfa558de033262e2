# SPDX-License-Identifier: Apache-2.0
"""The files of a data room for those who lead it: the tree, uploads, one item with its versions, the trash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sealroom.core.errors import DomainError, Invalid, NotFound
from sealroom.datarooms import flows, queries
from sealroom.datarooms.flows import Hand
from sealroom.datarooms.queries import SeenItem
from sealroom.web import composing, rooms
from sealroom.web.answers import done, page
from sealroom.web.errors import refusal_of
from sealroom.web.gates import MemberRequest, member_required

ROWS = 200  # of a folder on one page


@require_GET
@member_required
def tree(request: MemberRequest, room_id: str) -> HttpResponse:
    """What lies in one folder, page by page."""
    hand = flows.lead(request.actor, room_id)
    sight = queries.house_sight(hand.room)
    folder = request.GET.get("folder", "")
    trail = sight.trail(folder) if folder else []
    if trail and not trail[-1].is_folder:
        raise NotFound
    search = request.GET.get("q", "").strip()[:200]
    items = sight.search(search, ROWS) if search else sight.children(folder)
    first, number = _slice(request.GET.get("page", ""), len(items))
    context = {
        **rooms.head(hand, "room"),
        "rows": items[first : first + ROWS],
        "folder": folder,
        "room_crumbs": rooms.crumbs(hand, trail),
        "called": rooms.called(trail[-1]) if trail else _("All files"),
        "search": search,
        "total": len(items),
        "first": first + 1,
        "last": min(first + ROWS, len(items)),
        "before_page": number - 1,
        "next_page": number + 1 if first + ROWS < len(items) else 0,
        "folders": rooms.folder_choices(sight),
        "branches": [(one, one.item.id == folder) for one in sight.branches(folder)],
        "trashed": len(flows.trash_of(hand)),
        "since": timezone.now().isoformat(),
    }
    return page(request, "web/rooms/files.html", context)


def _slice(text: str, count: int) -> tuple[int, int]:
    """Where a page of rows begins, and its number; what there is none of is the nearest one there is."""
    number = int(text) if text.isdecimal() and len(text) < 6 else 1
    number = min(max(number, 1), max(1, -(-count // ROWS)))
    return (number - 1) * ROWS, number


@require_POST
@member_required
def deeds(request: MemberRequest, room_id: str) -> HttpResponse:
    """One deed with chosen items of a folder, or a new folder in it."""
    hand, now, post = flows.lead(request.actor, room_id), timezone.now(), request.POST
    folder, chosen, to = post.get("folder", ""), post.getlist("item"), post.get("to", "")
    deed, _colon, about = post.get("deed", "").partition(":")
    said = ""
    if deed == "folder":
        flows.create_folder(hand, folder, post.get("name", ""), now=now)
    elif deed == "sort":
        flows.sort_folder(hand, folder, now=now)
        said = _("In order by name.")
    elif deed in {"up", "down"}:
        _step(hand, about, is_up=deed == "up", now=now)
    elif not chosen:
        raise Invalid({"item": ["required"]})
    elif deed == "trash":
        flows.throw_away(hand, chosen, now=now)
        said = _("In the trash, for 30 days.")
    elif deed == "move":
        flows.move(hand, chosen, to, before_id=post.get("before", ""), now=now)
        said = _("Moved.")
    elif deed == "copy":
        flows.copy(hand, chosen, to, now=now)
        said = _("Copied.")
    else:
        raise Invalid({"deed": ["unknown"]})
    return done(request, _folder_url(room_id, folder, post.get("page", "")), said)


def _folder_url(room_id: str, folder: str, number: str = "") -> str:
    query = [f"folder={folder}"] if folder else []
    query += [f"page={number}"] if number.isdecimal() and number != "1" else []
    return reverse("web:room", args=[room_id]) + ("?" + "&".join(query) if query else "")


def _step(hand: Hand, item_id: str, *, is_up: bool, now: datetime) -> None:
    """Put an item one place up or down among its siblings; at the end nothing happens."""
    sight = queries.house_sight(hand.room)
    item = sight.find(item_id)
    siblings = sight.children(item.parent)
    place = siblings.index(item)
    if is_up and place > 0:
        flows.move(hand, [item_id], item.parent, before_id=siblings[place - 1].id, now=now)
    elif not is_up and place + 1 < len(siblings):
        behind = siblings[place + 2].id if place + 2 < len(siblings) else ""
        flows.move(hand, [item_id], item.parent, before_id=behind, now=now)


@require_POST
@member_required
def upload(request: MemberRequest, room_id: str) -> HttpResponseBase:
    """Take in one file sent as the body, with the folders its path names; or, from a plain form, the files chosen in it."""
    hand, now = flows.lead(request.actor, room_id), timezone.now()
    if request.content_type == "application/octet-stream":
        return _streamed(request, hand, now=now)
    folder, count = request.POST.get("folder", ""), 0
    for file in request.FILES.getlist("files"):
        flows.add_file(hand, folder, file.chunks(composing.CHUNK), name=file.name or "", size=file.size, now=now)
        count += 1
    if not count:
        raise Invalid({"files": ["required"]})
    return done(request, _folder_url(room_id, folder), ngettext("%(n)s file added", "%(n)s files added", count) % {"n": count})


def _streamed(request: MemberRequest, hand: Hand, *, now: datetime) -> HttpResponseBase:
    query = request.GET
    size = int(request.headers.get("Content-Length") or 0)
    try:
        folder = query.get("folder", "")
        if path := query.get("path", ""):
            folder = flows.create_path(hand, folder, path, now=now).public_id
        item = flows.add_file(hand, folder, composing.incoming(request), name=query.get("name", ""), size=size, now=now)
    except DomainError as error:
        refusal = refusal_of(error, may_see=request.actor.capabilities)
        return JsonResponse({"said": f"{refusal.title}. {refusal.text}"}, status=refusal.status)
    since = parse_datetime(query.get("since", "")[:40])
    fresh = queries.fresh_folders(item, since=since) if since is not None and is_aware(since) else []
    return JsonResponse({"id": item.public_id, "said": _("Added"), "fresh": fresh}, status=201)


@require_http_methods(["GET", "POST"])
@member_required
def item(request: MemberRequest, room_id: str, item_id: str) -> HttpResponse:
    """A folder or file by itself: its name, and a file's versions."""
    hand = flows.lead(request.actor, room_id)
    sight = queries.house_sight(hand.room)
    trail = sight.trail(item_id)
    if request.method == "POST":
        return _changed(request, hand, trail[-1], now=timezone.now())
    found = trail[-1]
    versions = [] if found.is_folder else flows.versions_of(hand, item_id)[::-1]
    context = {
        **rooms.head(hand, "room"),
        "item": found,
        "room_crumbs": rooms.crumbs(hand, trail),
        "called": rooms.called(found),
        "versions": versions,
        "failed": composing.shown_version(versions[0]) if versions and versions[0].state == "failed" else None,
    }
    return page(request, "web/rooms/item.html", context)


def _changed(request: MemberRequest, hand: Hand, found: SeenItem, *, now: datetime) -> HttpResponse:
    here, deed = reverse("web:room_item", args=[hand.room.public_id, found.id]), request.POST.get("deed", "")
    file = request.FILES.get("file")
    if deed == "rename":
        flows.rename(hand, found.id, request.POST.get("name", ""), now=now)
        return done(request, here, _("Saved."))
    if deed == "restore":
        flows.restore_version(hand, found.id, request.POST.get("version", ""), now=now)
        return done(request, here, _("Readers see this version now."))
    if deed == "replace" and isinstance(file, UploadedFile):
        flows.replace_file(hand, found.id, file.chunks(composing.CHUNK), name=file.name or "", size=file.size, now=now)
        return done(request, here, _("The new version is being prepared. Readers see it as soon as it is ready."))
    return _tried_again(request, hand, found, deed, now=now)


def _tried_again(request: MemberRequest, hand: Hand, found: SeenItem, deed: str, *, now: datetime) -> HttpResponse:
    """What can be done with a file whose newest version failed."""
    here = reverse("web:room_item", args=[hand.room.public_id, found.id])
    if deed == "unlock":
        flows.unlock_file(hand, found.id, request.POST.get("password", ""), now=now)
        return done(request, here, _("The password was taken. The file is being prepared."))
    if deed == "retry":
        flows.retry_file(hand, found.id, now=now)
        return done(request, here, _("The file is being prepared again."))
    raise Invalid({"deed": ["unknown"]})


@require_http_methods(["GET", "POST"])
@member_required
def trash(request: MemberRequest, room_id: str) -> HttpResponse:
    """What was thrown away: put it back, or delete it for good."""
    hand = flows.lead(request.actor, room_id)
    if request.method == "POST":
        return _taken_out(request, hand, request.POST.getlist("item"), now=timezone.now())
    return page(request, "web/rooms/trash.html", {**rooms.head(hand, "room"), "rows": flows.trash_of(hand)})


def _taken_out(request: MemberRequest, hand: Hand, chosen: Sequence[str], *, now: datetime) -> HttpResponse:
    here, deed = reverse("web:room_trash", args=[hand.room.public_id]), request.POST.get("deed", "")
    if not chosen or deed not in {"restore", "delete"}:
        raise Invalid({"item": ["required"]})
    if deed == "restore":
        flows.restore(hand, chosen, now=now)
        return done(request, here, _("Put back to where it was."))
    if request.POST.get("sure") != "yes":
        rows = [one for one in flows.trash_of(hand) if one.id in set(chosen)]
        return page(request, "web/rooms/trash_delete.html", {**rooms.head(hand, "room"), "rows": rows})
    flows.delete_for_good(hand, chosen, now=now)
    return done(request, here, _("Deleted for good."))
