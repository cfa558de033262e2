# SPDX-License-Identifier: Apache-2.0
"""What guests do in a room where they may contribute: put files in, make folders, rename, prepare again and throw away what they
brought."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from sealroom.core.errors import Invalid
from sealroom.datarooms import flows as rooms
from sealroom.portal.door import data_view, onward_status, page_view
from sealroom.portal.room_pages import visit

CHUNK = 256 * 1024


@require_POST
@data_view
def upload(request: HttpRequest, *, link_id: str) -> HttpResponse:
    """Take a file in as the request's body: into `?folder=`, below it into the folders of `?path=`, which are made as needed."""
    hand, now = visit(request, link_id), timezone.now()
    folder_id, path, name = (request.GET.get(key, "") for key in ("folder", "path", "name"))
    if request.content_type != "application/octet-stream":
        raise Invalid({"body": ["not_a_file"]})
    size = request.headers.get("Content-Length", "")
    if path:
        folder_id = rooms.create_path(hand, folder_id, path, now=now).public_id
    item = rooms.add_file(hand, folder_id, _incoming(request), name=name, size=int(size) if size.isdigit() else None, now=now)
    return JsonResponse({"id": item.public_id, "name": item.name}, status=201)


@require_POST
@page_view
def upload_form(request: HttpRequest, *, link_id: str) -> HttpResponseBase:
    """Take in the files of a plain form."""
    folder_id, files = request.POST.get("folder", ""), request.FILES.getlist("files")
    hand = visit(request, link_id)
    if not files:
        raise Invalid({"files": ["required"]})
    for file in files:
        rooms.add_file(hand, folder_id, file.chunks(CHUNK), name=file.name or "", size=file.size, now=timezone.now())
    return _back(link_id, folder_id)


@require_POST
@page_view
def folder(request: HttpRequest, *, link_id: str) -> HttpResponseBase:
    """Make a folder."""
    folder_id = request.POST.get("folder", "")
    rooms.create_folder(visit(request, link_id), folder_id, request.POST.get("name", "")[:400], now=timezone.now())
    return _back(link_id, folder_id)


@require_POST
@page_view
def rename(request: HttpRequest, *, link_id: str, item_id: str) -> HttpResponseBase:
    """Give an item another name."""
    rooms.rename(visit(request, link_id), item_id, request.POST.get("name", "")[:400], now=timezone.now())
    return _back(link_id, request.POST.get("folder", ""))


@require_POST
@page_view
def throw(request: HttpRequest, *, link_id: str, item_id: str) -> HttpResponseBase:
    """Throw away what he brought himself."""
    rooms.throw_away(visit(request, link_id), [item_id], now=timezone.now())
    return _back(link_id, request.POST.get("folder", ""))


@require_POST
@page_view
def again(request: HttpRequest, *, link_id: str, item_id: str) -> HttpResponseBase:
    """Prepare a file that failed once more: with the password it asks for, which is not kept, or as it is."""
    hand, now, password = visit(request, link_id), timezone.now(), request.POST.get("password", "")
    if password:
        rooms.unlock_file(hand, item_id, password, now=now)
    else:
        rooms.retry_file(hand, item_id, now=now)
    return _back(link_id, request.POST.get("folder", ""))


def _incoming(request: HttpRequest) -> Iterator[bytes]:
    """The body as it arrives, never whole in memory."""
    return iter(lambda: request.read(CHUNK), b"")


def _back(link_id: str, folder_id: str) -> HttpResponse:
    where = f"?{urlencode({'folder': folder_id})}" if folder_id else ""
    return onward_status(redirect(reverse("portal:room", args=[link_id]) + where))
