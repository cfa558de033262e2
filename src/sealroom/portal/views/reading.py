# SPDX-License-Identifier: Apache-2.0
"""The viewer's page. It holds no pixel: its script asks for each picture but the first, which the page itself asks for, so that it
waits for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from math import ceil
from pathlib import PurePath

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from sealroom.access import queries as access_queries
from sealroom.access.errors import NotAdmitted
from sealroom.access.flows import Purpose
from sealroom.access.queries import LandedDocument, Landing, LandingState
from sealroom.access.rules import Verdict
from sealroom.core.errors import NotFound
from sealroom.documents import queries as documents
from sealroom.httpkit.address import client_address
from sealroom.httpkit.templatetags.kit import day_text, duration
from sealroom.httpkit.visitors import visitor_cookie
from sealroom.portal.door import page_view, speak
from sealroom.portal.room_pages import origin_of
from sealroom.portal.views.media import player
from sealroom.portal.views.pages import LADDER, admit, state_of

MODULES = (  # fetched side by side with the entry
    "away", "book", "controls", "desk", "expiry", "find", "layers", "loader", "outline", "paper", "pulse", "saving", "shield",
    "thumbs",
)  # fmt: skip
SPREADSHEETS = {".xls", ".xlsx", ".xlsm", ".xlsb", ".ods", ".fods"}
READING_WIDTH = 794  # CSS pixels: as in book.js, like WIDEST_BOX
WIDEST_BOX = 8000


@require_safe
@page_view
def viewer(request: HttpRequest, *, link_id: str, document_id: str) -> HttpResponse:
    """The viewer of one document."""
    now = timezone.now()
    landing = _landing(request, link_id)
    admission = admit(request, link_id, document_id, Purpose.LOOK)
    if admission.version.media is not None:
        return player(request, admission, landing)
    sizes = documents.page_sizes(admission.version)
    if not sizes:
        raise NotFound(kind="document", id=document_id)
    state = state_of(admission, now=now)
    others = [row for row in map(_row, landing.documents) if row.is_open and (row.pages or row.is_media)]
    ids = [row.id for row in others]
    address = reverse("portal:viewer", kwargs={"link_id": link_id, "document_id": document_id})
    context = {
        "link_id": link_id,
        "document_id": document_id,
        "name": admission.document.name,
        "envelope": origin_of(landing, document_id),
        "files": others,
        "position": ids.index(document_id) + 1 if document_id in ids else 1,
        "page_count": len(sizes),
        "expires_at": admission.ends_at,
        "expiry": _expiry(admission.ends_at, now=now),
        "ends_soon": admission.ends_at is not None and admission.ends_at - now < timedelta(days=1),
        "marked_for": (admission.viewer.address or _("this reader")) if admission.policy.watermark else "",
        "previewed": admission.link.name or admission.link.address if admission.is_preview else "",
        "sends_password": admission.policy.protect_pdf,
        "has_address": bool(admission.reader.address),
        "modules": MODULES,
        "first": _first_picture(sizes, address),
        "is_spreadsheet": PurePath(admission.version.name).suffix.lower() in SPREADSHEETS,
        "state": state,
        "facts": _facts(address, sizes, state),
    }
    return render(request, "portal/viewer.html", context)


@dataclass(frozen=True)
class FirstPicture:
    """The first page's picture as the page asks for it, before any script runs: the browser chooses the step that suits its screen.
    All texts, since a template would write numbers in the reader's manner."""

    label: str
    width: str
    height: str
    sizes: str
    sources: str


def _first_picture(sizes: Sequence[tuple[float, float]], address: str) -> FirstPicture:
    """Laid out as the script does it: at its natural size, small pages enlarged to reading width, shrunk to the desk by style."""
    width, height = (min(14400.0, max(36.0, points)) * 96 / 72 for points in sizes[0])
    scale = min(max(1.0, READING_WIDTH / width), WIDEST_BOX / width)
    across = round(width * scale)
    return FirstPicture(
        label=_("Page {page} of {pages}").format(page=1, pages=len(sizes)),
        width=str(across),
        height=str(round(height * scale)),
        sizes=f"(max-width: 767px) min({across}px, calc(100vw - 20px)), min({across}px, calc(100vw - 188px))",
        sources=", ".join(f"{address}p/1.jpg?w={step} {step}w" for step in LADDER),
    )


def _landing(request: HttpRequest, link_id: str) -> Landing:
    """What this browser finds behind the link; raises `NotAdmitted` for the gate when the address is not proved."""
    now = timezone.now()
    found = access_queries.landing(visitor_cookie(request), link_id, ip=client_address(request), now=now)
    if found.state is LandingState.NEEDS_CODE:
        raise NotAdmitted(reason=Verdict.EMAIL)
    speak(request, found.language)
    return found


@dataclass(frozen=True)
class FileRow:
    """A file as the list and the menu show it."""

    id: str
    name: str
    extension: str
    pages: int
    is_open: bool
    is_media: bool = False


def _row(document: LandedDocument) -> FileRow:
    extension = PurePath(document.name).suffix.lstrip(".").upper() or document.kind.upper()
    return FileRow(document.id, document.name, extension, document.pages, document.verdict is Verdict.ADMIT, document.is_media)


def _expiry(ends: datetime | None, *, now: datetime) -> str:
    """The first words of the countdown; the script goes on from there."""
    if ends is None:
        return ""
    if ends - now >= timedelta(days=1):
        return _("Until {day}").format(day=day_text(timezone.localtime(ends).date(), long=True))
    return _("Expires in {left}").format(left=duration(ceil((ends - now).total_seconds())))


def _facts(address: str, sizes: Iterable[tuple[float, float]], state: dict[str, object]) -> dict[str, object]:
    """What the viewer's script starts from. Sizes are run-length encoded: most documents have one."""
    runs = [[len(list(group)), round(width, 2), round(height, 2)] for (width, height), group in groupby(sizes)]
    return {"address": address, "sizes": runs, "ladder": LADDER, "words": _words(), **state}


def _words() -> dict[str, object]:
    """Sentences the viewer's script may show."""
    ask_sender = _("Ask the sender if you still need this document.")
    return {
        "page_of": _("Page {page} of {pages}"),
        "go_to_page": _("Go to page {page}"),
        "expires_in": _("Expires in {left}"),
        "until": _("Until {day}"),
        "offline": _("No connection. Trying again…"),
        "page_failed": _("This page could not be shown."),
        "retry": _("Try again"),
        "ended": {"title": _("Access has ended"), "detail": ask_sender},
        "expired": {"title": _("Access has expired."), "detail": ask_sender},
        "hits": _("{now} of {total}"),
        "no_hits": _("Nothing found"),
        "link_to": _("Link to page {page}"),
        "printing": _("Page {page} of {pages} is being prepared…"),
        "print_failed": _("The pages could not be printed. Try again."),
        "print_refused": _("Printing is not allowed any more, or no print is left."),
        "print_invalid": _("Choose pages from 1 to {pages}, at most 500."),
    }
