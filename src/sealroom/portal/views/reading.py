# SPDX-License-Identifier: Apache-2.0
"""The files behind a link, and the viewer's page. The viewer's page holds no pixel: its script asks for each picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from math import ceil
from pathlib import PurePath
from typing import TypedDict

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from sealroom.access import queries as access_queries
from sealroom.access.errors import NotAdmitted
from sealroom.access.flows import Admission
from sealroom.access.queries import LandedDocument, Landing, LandingState
from sealroom.access.rules import Permission, Verdict
from sealroom.core.errors import NotFound
from sealroom.documents import queries as documents
from sealroom.httpkit.address import client_address
from sealroom.httpkit.templatetags.kit import day_text, duration
from sealroom.portal.door import page_view, speak, visitor_cookie
from sealroom.portal.views.pages import LADDER, admit, state_of
from sealroom.sends import queries as sends

MODULES = ("book", "controls", "desk", "expiry", "loader", "pulse", "thumbs")  # fetched side by side with the entry


@require_safe
@page_view
def files(request: HttpRequest, *, link_id: str) -> HttpResponse:
    """The list of files, or the only one."""
    landing = _landing(request, link_id)
    if landing.state in {LandingState.ENDED, LandingState.NOT_STARTED}:
        raise NotAdmitted(reason=landing.reason, starts_at=landing.starts_at)
    readable = [document for document in landing.documents if document.verdict is Verdict.ADMIT]
    if len(landing.documents) == 1 and readable and readable[0].pages:
        return redirect("portal:viewer", link_id=link_id, document_id=readable[0].id)
    context = {
        "link_id": link_id,
        "files": [_row(document) for document in landing.documents],
        "address": landing.address,
        "expires_at": landing.expires_at,
        "envelope": sends.envelope_of(link_id),
        "may_download": landing.permission in {Permission.DOWNLOAD_PDF, Permission.DOWNLOAD_ORIGINAL},
    }
    return render(request, "portal/files.html", context)


@require_safe
@page_view
def viewer(request: HttpRequest, *, link_id: str, document_id: str) -> HttpResponse:
    """The viewer of one document."""
    now = timezone.now()
    landing = _landing(request, link_id)
    admission = admit(request, link_id, document_id)
    sizes = documents.page_sizes(admission.version)
    if not sizes:
        raise NotFound(kind="document", id=document_id)
    others = [row for row in map(_row, landing.documents) if row.is_open and row.pages]
    ids = [row.id for row in others]
    context = {
        "link_id": link_id,
        "document_id": document_id,
        "name": admission.document.name,
        "envelope": sends.envelope_of(link_id),
        "files": others,
        "position": ids.index(document_id) + 1 if document_id in ids else 1,
        "page_count": len(sizes),
        "may_download": admission.policy.allows(Permission.DOWNLOAD_PDF),
        "expires_at": admission.policy.expires_at,
        "expiry": _expiry(admission.policy.expires_at, now=now),
        "ends_soon": admission.policy.expires_at is not None and admission.policy.expires_at - now < timedelta(days=1),
        "marked_for": admission.viewer.address if admission.policy.watermark else "",
        "modules": MODULES,
        "facts": _facts(admission, sizes, link_id=link_id, document_id=document_id),
    }
    return render(request, "portal/viewer.html", context)


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


def _row(document: LandedDocument) -> FileRow:
    extension = PurePath(document.name).suffix.lstrip(".").upper() or document.kind.upper()
    return FileRow(document.id, document.name, extension, document.pages, document.verdict is Verdict.ADMIT)


def _expiry(ends: datetime | None, *, now: datetime) -> str:
    """The first words of the countdown; the script goes on from there."""
    if ends is None:
        return ""
    if ends - now >= timedelta(days=1):
        return _("Until {day}").format(day=day_text(timezone.localtime(ends).date(), long=True))
    return _("Expires in {left}").format(left=duration(ceil((ends - now).total_seconds())))


class Words(TypedDict):
    """Sentences the viewer's script may show."""

    page_of: str
    go_to_page: str
    expires_in: str
    until: str
    offline: str
    page_failed: str
    retry: str
    ended: dict[str, str]
    expired: dict[str, str]


def _facts(admission: Admission, sizes: Iterable[tuple[float, float]], *, link_id: str, document_id: str) -> dict[str, object]:
    """What the viewer's script starts from. Sizes are run-length encoded: most documents have one."""
    runs = [[len(list(group)), round(width, 2), round(height, 2)] for (width, height), group in groupby(sizes)]
    return {
        "address": reverse("portal:viewer", kwargs={"link_id": link_id, "document_id": document_id}),
        "sizes": runs,
        "ladder": LADDER,
        "words": _words(),
        **state_of(admission, now=timezone.now()),
    }


def _words() -> Words:
    return {
        "page_of": _("Page {page} of {pages}"),
        "go_to_page": _("Go to page {page}"),
        "expires_in": _("Expires in {left}"),
        "until": _("Until {day}"),
        "offline": _("No connection. Trying again…"),
        "page_failed": _("This page could not be shown."),
        "retry": _("Try again"),
        "ended": {"title": _("Access has ended"), "detail": _("Ask the sender if you still need this document.")},
        "expired": {"title": _("Access has expired."), "detail": _("Ask the sender if you still need this document.")},
    }
