# SPDX-License-Identifier: Apache-2.0
"""The bytes of a document. Each request is judged anew by `check_pass`; nothing is answered from memory, nothing may be kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from sealroom.access import flows as access
from sealroom.access.flows import Admission, Purpose
from sealroom.access.rules import Permission
from sealroom.core.errors import Invalid
from sealroom.httpkit.address import client_address
from sealroom.httpkit.visitors import visitor_cookie
from sealroom.portal.door import data_view, page_view, speak
from sealroom.portal.names import download_name, original_name
from sealroom.viewing import flows as viewing
from sealroom.viewing.flows import PageImage

THUMBNAIL = 160
LADDER = (800, 1200, 1600, 2000, 2400)  # pixels across; the steps that the house draws
LARGEST_REPORT = 16 * 1024  # bytes


def admit(request: HttpRequest, link_id: str, document_id: str, purpose: Purpose = Purpose.READ) -> Admission:
    """The one live check, and the reader's language."""
    cookie, ip = visitor_cookie(request), client_address(request)
    admission = access.check_pass(cookie, link_id, document_id, ip=ip, now=timezone.now(), purpose=purpose)
    speak(request, admission.link.language)
    return admission


@require_GET
@data_view
def page(request: HttpRequest, *, link_id: str, document_id: str, number: int) -> HttpResponse:
    """One page as a picture stamped for this reader."""
    admission = admit(request, link_id, document_id)
    return picture(viewing.render_page(admission, number, width=_width(request), now=timezone.now()))


def picture(image: PageImage) -> HttpResponse:
    """Pixels of a page on their way to one reader."""
    headers = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
    return HttpResponse(image.data, content_type=image.content_type, headers=headers)


@require_GET
@page_view
def download(request: HttpRequest, *, link_id: str, document_id: str) -> HttpResponseBase:
    """The stamped PDF, where the sender allows it."""
    admission = admit(request, link_id, document_id)
    chunks = viewing.download_pdf(admission, now=timezone.now())
    return attachment(chunks, download_name(admission.document.name), "application/pdf")


@require_GET
@page_view
def original(request: HttpRequest, *, link_id: str, document_id: str) -> HttpResponseBase:
    """The file as it was uploaded, where the sender allows even that. It is only ever an attachment: no browser shows it here."""
    admission = admit(request, link_id, document_id)
    chunks = viewing.download_original(admission, now=timezone.now())
    name = original_name(admission.document.name, admission.version.name)
    return attachment(chunks, name, "application/octet-stream")


def attachment(chunks: Iterator[bytes], name: str, content_type: str) -> StreamingHttpResponse:
    """Bytes to be kept by the reader; no browser shows them here."""
    return StreamingHttpResponse(
        chunks,
        content_type=content_type,
        headers={
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or "attachment",
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )


@require_POST
@data_view
def seen(request: HttpRequest, *, link_id: str, document_id: str) -> JsonResponse:
    """Hear which pages were on screen; tell whether access still stands and until when."""
    admission = admit(request, link_id, document_id, Purpose.LOOK)
    pages = reported(request)
    if pages:  # what was on screen keeps a counted view alive; a mere question counts none
        admission = admit(request, link_id, document_id)
    now = timezone.now()
    if pages:
        viewing.heartbeat(admission, pages, now=now)
    return JsonResponse(state_of(admission, now=now))


def state_of(admission: Admission, *, now: datetime) -> dict[str, object]:
    """What an open viewer must know of its access; the sender may have changed it meanwhile."""
    policy, ends = admission.policy, admission.ends_at
    takes = not admission.is_preview
    return {
        "now": instant(now),
        "expires_at": instant(ends) if ends else None,
        "may_print": takes and policy.allows(Permission.PRINT),
        "prints_left": access.prints_left(admission) if policy.allows(Permission.PRINT) else None,
        "may_download": takes and policy.allows(Permission.DOWNLOAD_PDF),
        "may_download_original": takes and policy.allows(Permission.DOWNLOAD_ORIGINAL),
        "may_copy": policy.may_copy_text,
        "shield": policy.screen_shield.value,
        "is_preview": admission.is_preview,
        "version": admission.version.public_id,
    }


def instant(moment: datetime) -> str:
    """A moment as the script reads it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _width(request: HttpRequest) -> int:
    """The width asked for; the renderer brings it to its next step. Raises `Invalid` for what is no number."""
    text = request.GET.get("w", str(LADDER[1]))
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise Invalid({"w": ["not_a_number"]})
    return min(int(text), LADDER[-1])


def body_of(request: HttpRequest) -> Any:
    """What the script sent. Raises `Invalid` for what is no JSON, and for more than a script of ours sends."""
    if request.content_type != "application/json" or len(request.body) > LARGEST_REPORT:
        raise Invalid({"body": ["not_json"]})
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Invalid({"body": ["not_json"]}) from error


def reported(request: HttpRequest) -> dict[int, int]:
    """Milliseconds on screen by page, as the browser claims. Raises `Invalid` for anything of another shape."""
    try:
        pages = body_of(request)["pages"]
        return {whole(page): whole(spent) for page, spent in pages.items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Invalid({"pages": ["malformed"]}) from error


def whole(value: object) -> int:
    """A number from nought on. Raises `TypeError` and `ValueError` for all else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError(value)
    number = int(value)
    if not 0 <= number <= 10**9:
        raise ValueError(value)
    return number
