# SPDX-License-Identifier: Apache-2.0
"""Resumable uploads into a data room, for those who lead it: the API's protocol under the session, the form's token in the header
`X-CSRFToken`. What is refused for good is said in words, marked by `X-File-Row`, as the page of sending files has it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from sealroom.core.errors import DomainError, NotFound
from sealroom.datarooms import flows
from sealroom.documents.errors import ChecksumMismatch, OffsetConflict
from sealroom.httpkit import tus
from sealroom.httpkit.room_uploads import RoomDesk
from sealroom.web.errors import refusal_of
from sealroom.web.gates import MemberRequest, member_required

_GOES_ON = (OffsetConflict, ChecksumMismatch, NotFound)  # the script asks where the upload stands, or begins anew


@require_POST
@member_required
def begin(request: MemberRequest, room_id: str) -> HttpResponse:
    """Open an upload of a new file; the metadata names its folder, and those below it that its path has."""

    def address_of(upload_id: str) -> str:
        return reverse("web:room_resume", args=[room_id, upload_id])

    return _answered(request, lambda: tus.create(request, _desk(request, room_id), address_of=address_of, now=timezone.now()))


@require_http_methods(["HEAD", "PATCH", "DELETE"])
@member_required
def upload(request: MemberRequest, room_id: str, upload_id: str) -> HttpResponse:
    """Ask where an upload stands, go on with it, or give it up."""
    deed = {"HEAD": tus.state, "PATCH": tus.append, "DELETE": tus.end}[request.method or "HEAD"]
    return _answered(request, lambda: deed(request, _desk(request, room_id), upload_id, now=timezone.now()))


def _desk(request: MemberRequest, room_id: str) -> RoomDesk:
    return RoomDesk(flows.lead(request.actor, room_id))


def _answered(request: MemberRequest, deed: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        response = deed()
    except DomainError as error:
        refusal = refusal_of(error, may_see=request.actor.capabilities)
        response = JsonResponse({"said": f"{refusal.title}. {refusal.text}"}, status=refusal.status)
        if not isinstance(error, _GOES_ON):
            response.headers["X-File-Row"] = "yes"
    tus.sign(response)
    return response
