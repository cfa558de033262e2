# SPDX-License-Identifier: Apache-2.0
"""Resumable uploads from the page: the API's protocol under the session, the form's token in the header `X-CSRFToken`. What a room
refuses for good is answered with the file's row, as one-request uploads are."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from sealroom.core.errors import DomainError, NotFound
from sealroom.documents.errors import ChecksumMismatch, OffsetConflict
from sealroom.httpkit import tus
from sealroom.web.answers import part
from sealroom.web.errors import refusal_of
from sealroom.web.gates import MemberRequest, member_required

_GOES_ON = (OffsetConflict, ChecksumMismatch, NotFound)  # the script asks where the upload stands, or begins anew


@require_POST
@member_required
def begin(request: MemberRequest) -> HttpResponse:
    """Open an upload."""
    return _answered(request, lambda: tus.create(request, request.actor, address_of=_address, now=timezone.now()))


@require_http_methods(["HEAD", "PATCH", "DELETE"])
@member_required
def upload(request: MemberRequest, upload_id: str) -> HttpResponse:
    """Ask where an upload stands, go on with it, or give it up."""
    deed = {"HEAD": tus.state, "PATCH": tus.append, "DELETE": tus.end}[request.method or "HEAD"]
    return _answered(request, lambda: deed(request, request.actor, upload_id, now=timezone.now()))


def _answered(request: MemberRequest, deed: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        response = deed()
    except DomainError as error:
        refusal = refusal_of(error, may_see=request.actor.capabilities)
        row = {"name": request.GET.get("name", ""), "refusal": refusal}
        response = part(request, "web/send/_file_refused.html", row, status=refusal.status)
        if not isinstance(error, _GOES_ON):
            response.headers["X-File-Row"] = "yes"
    tus.sign(response)
    return response


def _address(upload_id: str) -> str:
    return reverse("web:resume", kwargs={"upload_id": upload_id})
