# SPDX-License-Identifier: Apache-2.0
"""Films and sounds: the player's page, how far a marked copy is, and the bytes in ranges. Each range is judged anew."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from sealroom.access.flows import Admission, Purpose
from sealroom.access.queries import Landing
from sealroom.access.rules import Verdict
from sealroom.portal.door import data_view
from sealroom.portal.room_pages import origin_of
from sealroom.portal.views.pages import admit, state_of
from sealroom.viewing import flows as viewing
from sealroom.viewing.flows import Form, Showing

MODULES = ("expiry", "loader", "pulse")
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_HEADERS = {"Accept-Ranges": "bytes", "X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}


@dataclass(frozen=True)
class Span:
    """The first and the last byte asked for, both included; `is_whole`: no range was asked for."""

    first: int
    last: int
    is_whole: bool = False


@require_safe
@data_view
def media(request: HttpRequest, *, link_id: str, document_id: str) -> HttpResponseBase:
    """Bytes of the film or sound this reader may have: all, or one range (RFC 9110, 14)."""
    is_asking = request.method == "HEAD"  # whether and how much: no byte leaves, so nothing is counted
    admission = admit(request, link_id, document_id, Purpose.LOOK if is_asking else Purpose.READ)
    stream = viewing.open_stream(admission, now=timezone.now())
    span = span_of(request.headers.get("Range", ""), stream.size)
    if span is None:
        stream.file.close()
        return HttpResponse(status=416, headers=_HEADERS | {"Content-Range": f"bytes */{stream.size}"})
    headers = _HEADERS | {"Content-Length": str(span.last - span.first + 1)}
    if not span.is_whole:
        headers["Content-Range"] = f"bytes {span.first}-{span.last}/{stream.size}"
    status = 200 if span.is_whole else 206
    if is_asking:
        stream.file.close()
        return HttpResponse(status=status, content_type=stream.type, headers=headers)
    body = viewing.play(admission, stream, first=span.first, last=span.last)
    return StreamingHttpResponse(body, status=status, content_type=stream.type, headers=headers)


@require_GET
@data_view
def state(request: HttpRequest, *, link_id: str, document_id: str) -> JsonResponse:
    """How far the copy with this reader's mark is."""
    admission = admit(request, link_id, document_id)
    found = viewing.showing(admission, now=timezone.now())
    return JsonResponse({"form": found.form, "state": found.state, "percent": found.percent, "lines": found.lines})


def player(request: HttpRequest, admission: Admission, landing: Landing) -> HttpResponse:
    """The player of one film or sound; `reading.viewer` calls it. The page holds no byte of it."""
    now = timezone.now()
    found = viewing.showing(admission, now=now)
    link_id, document_id = admission.link.public_id, admission.document.public_id
    others = [row for row in landing.documents if row.verdict is Verdict.ADMIT and (row.pages or row.is_media)]
    ends = admission.ends_at
    context = {
        "link_id": link_id,
        "document_id": document_id,
        "name": admission.document.name,
        "envelope": origin_of(landing, document_id),
        "files": others,
        "has_video": found.media.has_video,
        "width": found.media.width,
        "height": found.media.height,
        "expires_at": ends,
        "ends_soon": ends is not None and ends - now < timedelta(days=1),
        "about_mark": _about_mark(found, admission),
        "modules": MODULES,
        "facts": _facts(found, admission, link_id=link_id, document_id=document_id),
    }
    return render(request, "portal/player.html", context)


def span_of(header: str, size: int) -> Span | None:
    """What a Range header asks of `size` bytes; None when that cannot be given (416). Headers of another shape, and those that name
    several ranges, are passed over, as RFC 9110 allows: the whole is answered."""
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.group() == "bytes=-" or size == 0:
        return Span(0, size - 1, is_whole=True)
    first, last = match.groups()
    if not first:
        return Span(max(0, size - int(last)), size - 1) if int(last) else None
    if last and int(last) < int(first):
        return Span(0, size - 1, is_whole=True)
    if int(first) >= size:
        return None
    return Span(int(first), min(int(last), size - 1) if last else size - 1)


def _about_mark(found: Showing, admission: Admission) -> str:
    if found.form is Form.SOUND:
        return _("A sound cannot carry a mark. Who listened, and when, is recorded.")
    address = admission.viewer.address or _("this reader")
    if found.form is Form.LAID_OVER:
        return _("Marked for {address}: the mark lies over the picture while it plays here.").format(address=address)
    if found.form is Form.BURNED:
        return _("Marked for {address}: the mark is part of every picture.").format(address=address)
    return ""


def _facts(found: Showing, admission: Admission, *, link_id: str, document_id: str) -> dict[str, object]:
    names = {"link_id": link_id, "document_id": document_id}
    return {
        "address": reverse("portal:viewer", kwargs=names),
        "media": reverse("portal:media", kwargs=names),
        "progress": reverse("portal:media_state", kwargs=names),
        "form": found.form,
        "state": found.state,
        "percent": found.percent,
        "lines": found.lines,
        "words": _words(),
        **state_of(admission, now=timezone.now()),
    }


def _words() -> dict[str, object]:
    ended = {"title": _("Access has ended"), "detail": _("Ask the sender if you still need this document.")}
    return {
        "expires_in": _("Expires in {left}"),
        "until": _("Until {day}"),
        "marking": _("Your copy is being marked: {percent}%"),
        "failed": _("Your copy could not be made. Ask the sender."),
        "broken": _("It cannot be played right now. Try again."),
        "ended": ended,
        "expired": {"title": _("Access has expired."), "detail": ended["detail"]},
    }
