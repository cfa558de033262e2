# SPDX-License-Identifier: Apache-2.0
"""Resumable uploads of guests who may contribute to a data room: the API's protocol behind the room's gates, the form's token in
the header `X-CSRFToken`. What is refused for good is marked by `X-File-Row`: the script does not try it again."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from sealroom.core.errors import DomainError, NotFound
from sealroom.documents.errors import ChecksumMismatch, OffsetConflict
from sealroom.httpkit import tus
from sealroom.httpkit.room_uploads import RoomDesk
from sealroom.portal.door import data_view, problem
from sealroom.portal.room_pages import visit

_GOES_ON = (OffsetConflict, ChecksumMismatch, NotFound)  # the script asks where the upload stands, or begins anew


@require_POST
@data_view
def begin(request: HttpRequest, *, link_id: str) -> HttpResponse:
    """Open an upload of a new file; the metadata names its folder, and those below it that its path has."""

    def address_of(upload_id: str) -> str:
        return reverse("portal:room_resume", args=[link_id, upload_id])

    return _answered(lambda: tus.create(request, RoomDesk(visit(request, link_id)), address_of=address_of, now=timezone.now()))


@require_http_methods(["HEAD", "PATCH", "DELETE"])
@data_view
def part(request: HttpRequest, *, link_id: str, upload_id: str) -> HttpResponse:
    """Ask where an upload stands, go on with it, or give it up."""
    deed = {"HEAD": tus.state, "PATCH": tus.append, "DELETE": tus.end}[request.method or "HEAD"]
    return _answered(lambda: deed(request, RoomDesk(visit(request, link_id)), upload_id, now=timezone.now()))


def _answered(deed: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        response = deed()
    except DomainError as error:
        response = problem(error)
        if not isinstance(error, _GOES_ON):
            response.headers["X-File-Row"] = "yes"
    tus.sign(response)
    return response
