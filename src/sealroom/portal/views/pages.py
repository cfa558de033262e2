# SPDX-License-Identifier: Apache-2.0
"""The bytes of a document. Each request is judged anew by `check_pass`; nothing is answered from memory, nothing may be kept."""

from __future__ import annotations

import json
from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from sealroom.access import flows as access
from sealroom.access.flows import Admission
from sealroom.access.rules import Permission
from sealroom.core.errors import Invalid
from sealroom.httpkit.address import client_address
from sealroom.portal.door import data_view, page_view, speak, visitor_cookie
from sealroom.portal.names import download_name
from sealroom.viewing import flows as viewing

THUMBNAIL = 160
LADDER = (800, 1200, 1600, 2000, 2400)  # pixels across; the steps that the house draws
LARGEST_REPORT = 16 * 1024  # bytes


def admit(request: HttpRequest, link_id: str, document_id: str) -> Admission:
    """The one live check, and the reader's language."""
    admission = access.check_pass(visitor_cookie(request), link_id, document_id, ip=client_address(request), now=timezone.now())
    speak(request, admission.link.language)
    return admission


@require_GET
@data_view
def page(request: HttpRequest, *, link_id: str, document_id: str, number: int) -> HttpResponse:
    """One page as a picture stamped for this reader."""
    admission = admit(request, link_id, document_id)
    image = viewing.render_page(admission, number, width=_width(request), now=timezone.now())
    return HttpResponse(
        image.data,
        content_type=image.content_type,
        headers={"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"},
    )


@require_GET
@page_view
def download(request: HttpRequest, *, link_id: str, document_id: str) -> HttpResponseBase:
    """The stamped PDF, where the sender allows it."""
    admission = admit(request, link_id, document_id)
    chunks = viewing.download_pdf(admission, now=timezone.now())
    name = download_name(admission.document.name)
    return StreamingHttpResponse(
        chunks,
        content_type="application/pdf",
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
    admission = admit(request, link_id, document_id)
    now = timezone.now()
    pages = _reported(request)
    if pages:
        viewing.heartbeat(admission, pages, now=now)
    return JsonResponse(state_of(admission, now=now))


def state_of(admission: Admission, *, now: datetime) -> dict[str, object]:
    """What an open viewer must know of its access; the sender may have changed it meanwhile."""
    ends = admission.policy.expires_at
    return {
        "now": _instant(now),
        "expires_at": _instant(ends) if ends else None,
        "may_download": admission.policy.allows(Permission.DOWNLOAD_PDF),
        "version": admission.version.public_id,
    }


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _width(request: HttpRequest) -> int:
    """The width asked for; the renderer brings it to its next step. Raises `Invalid` for what is no number."""
    text = request.GET.get("w", str(LADDER[1]))
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise Invalid({"w": ["not_a_number"]})
    return min(int(text), LADDER[-1])


def _reported(request: HttpRequest) -> dict[int, int]:
    """Milliseconds on screen by page, as the browser claims. Raises `Invalid` for anything of another shape."""
    if request.content_type != "application/json" or len(request.body) > LARGEST_REPORT:
        raise Invalid({"body": ["not_json"]})
    try:
        pages = json.loads(request.body)["pages"]
        return {_whole(page): _whole(spent) for page, spent in pages.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Invalid({"pages": ["malformed"]}) from error


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError(value)
    number = int(value)
    if not 0 <= number <= 10**9:
        raise ValueError(value)
    return number
