# SPDX-License-Identifier: Apache-2.0
"""Paper: the viewer asks for a print job, then for each of its pages once."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from sealroom.access import flows as access
from sealroom.access.flows import Purpose
from sealroom.core.errors import Invalid
from sealroom.portal.door import data_view
from sealroom.portal.views.pages import admit, body_of, instant, picture, whole
from sealroom.viewing import flows as viewing


@require_POST
@data_view
def start(request: HttpRequest, *, link_id: str, document_id: str) -> JsonResponse:
    """Issue a print job of pages `first` to `last`; one print is counted."""
    admission = admit(request, link_id, document_id, Purpose.LOOK)
    first, last = _pages(request)
    job = viewing.start_print(admission, first, last, now=timezone.now())
    answer = {
        "job": job.public_id,
        "first": job.first_page,
        "last": job.last_page,
        "expires_at": instant(job.expires_at),
        "prints_left": access.prints_left(admission),
    }
    return JsonResponse(answer, status=201)


@require_GET
@data_view
def page(request: HttpRequest, *, link_id: str, document_id: str, job_id: str, number: int) -> HttpResponse:
    """One page of a job, stamped, the first time it is asked for."""
    admission = admit(request, link_id, document_id)
    return picture(viewing.print_page(admission, job_id, number, now=timezone.now()))


def _pages(request: HttpRequest) -> tuple[int, int]:
    body = body_of(request)
    try:
        return whole(body["first"]), whole(body["last"])
    except (ValueError, TypeError, KeyError) as error:
        raise Invalid({"pages": ["malformed"]}) from error
