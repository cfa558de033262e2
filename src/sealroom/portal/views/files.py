# SPDX-License-Identifier: Apache-2.0
"""The files behind a link: a list that says of each what can be done with it, or the only one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from pathlib import PurePath

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from sealroom.access import flows
from sealroom.access import queries as access
from sealroom.access.errors import NotAdmitted
from sealroom.access.queries import LandedDocument, Landing, LandingState
from sealroom.access.rules import Permission, Verdict
from sealroom.httpkit.address import client_address
from sealroom.httpkit.visitors import visitor_cookie
from sealroom.portal.door import data_view, is_only_document, onward, page_view, speak
from sealroom.sends import queries as sends
from sealroom.viewing.flows.pages import draw_page

COUNTDOWN = timedelta(days=2)  # what ends sooner is counted down


@dataclass(frozen=True)
class FileRow:
    """A file as the list shows it. `opens` and the two downloads are offered only where they would be granted."""

    id: str
    name: str
    extension: str
    pages: int
    size: int
    is_media: bool
    opens: bool
    has_pdf: bool
    has_original: bool
    views_left: int | None
    state: str  # a sentence about what cannot be done


@require_safe
@page_view
def files(request: HttpRequest, *, link_id: str) -> HttpResponse:
    """The list of files, or the only one (`?list` shows the list all the same); of a mail also its words."""
    return show(request, link_id)


def show(request: HttpRequest, link_id: str, *, status: int = 200, **more: object) -> HttpResponse:
    """What stands behind a link, for a browser that passed every gate. Raises `NotAdmitted`."""
    now = timezone.now()
    found = access.landing(visitor_cookie(request), link_id, ip=client_address(request), now=now)
    speak(request, found.language)
    if found.state is not LandingState.OPEN:
        raise NotAdmitted(reason=found.reason or Verdict.EMAIL.value, starts_at=found.starts_at)
    if found.rights or (is_only_document(found, link_id) and "list" not in request.GET and not more):
        return onward(request, found, link_id)
    words = _words(request, link_id, now=now)
    context = {
        "link_id": link_id,
        "files": [_row(document, found) for document in found.documents],
        "address": found.address,
        "envelope": sends.envelope_of(link_id),
        "may": _allowed(found.permission),
        "is_preview": found.is_preview,
        "has_accepted": found.has_accepted,
        "words": words,
        "can_reply": bool(found.address) and not found.is_preview and sends.mail_behind(link_id) is not None,
        "has_replied": "replied" in request.GET,
        **more,
        **_end(found, now=now),
    }
    return render(request, "portal/files.html", context, status=status)


def _words(request: HttpRequest, link_id: str, *, now: datetime) -> str:
    """The protected words, once more past the live check; showing them is written down as an opening first."""
    if not sends.has_words(link_id):
        return ""
    flows.open_words(visitor_cookie(request), link_id, ip=client_address(request), now=now)
    return sends.words_of(link_id, lambda one: reverse("portal:picture", args=[link_id, one]))


@require_GET
@data_view
def picture(request: HttpRequest, *, link_id: str, picture_id: str) -> HttpResponse:
    """A picture among the words, drawn for this reader under his mark, past the live check; it is an opening as the words are."""
    now, cookie, ip = timezone.now(), visitor_cookie(request), client_address(request)
    flows.check_link(cookie, link_id, ip=ip, now=now)
    found = sends.picture_behind(link_id, picture_id)
    gate = flows.open_words(cookie, link_id, ip=ip, now=now)
    image = draw_page(found.version, 1, width=found.width, wishes=gate.policy.watermark, viewer=gate.viewer, now=now)
    headers = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
    return HttpResponse(image.data, content_type=image.content_type, headers=headers)


def _row(document: LandedDocument, found: Landing) -> FileRow:
    is_open = document.verdict is Verdict.ADMIT
    can_show = bool(document.pages) or document.is_media
    takes_along = is_open and not found.is_preview and found.permission is not None
    has_original = takes_along and found.permission is Permission.DOWNLOAD_ORIGINAL
    return FileRow(
        id=document.id,
        name=document.name,
        extension=PurePath(document.name).suffix.lstrip(".").upper() or document.kind.upper(),
        pages=document.pages,
        size=document.size,
        is_media=document.is_media,
        opens=document.can_be_read,
        has_pdf=takes_along
        and bool(document.pages)
        and found.permission in {Permission.DOWNLOAD_PDF, Permission.DOWNLOAD_ORIGINAL},
        has_original=has_original,
        views_left=document.views_left if is_open else None,
        state=_state(document.verdict, can_show=can_show, has_original=has_original),
    )


def _state(verdict: Verdict, *, can_show: bool, has_original: bool) -> str:
    if verdict is Verdict.USED_UP:
        return _("You have opened this file as often as the sender allows.")
    if verdict is Verdict.WITHHELD:
        return _("This file is not available. Ask the sender.")
    if verdict is not Verdict.ADMIT:
        return _("Access to this file has ended.")
    if can_show:
        return ""
    return _("This file cannot be shown here. You can download it.") if has_original else _("This file cannot be shown here.")


def _allowed(permission: Permission | None) -> str:
    """What is allowed, in a few words."""
    words = {
        Permission.PRINT: _("Reading and printing"),
        Permission.DOWNLOAD_PDF: _("Reading and download as PDF"),
        Permission.DOWNLOAD_ORIGINAL: _("Reading and download"),
    }
    return words.get(permission, _("View only")) if permission else _("View only")


def _end(found: Landing, *, now: datetime) -> dict[str, object]:
    """When access ends: at an instant, counted down where it is near; or so long after a first opening that is still to come."""
    ends = found.expires_at
    left = None if ends is None or ends - now > COUNTDOWN else ceil((ends - now).total_seconds())
    return {"expires_at": ends, "seconds_left": left, "seconds_to_come": None if ends else found.expire_after_opening_s}
