# SPDX-License-Identifier: Apache-2.0
"""What a sender looks at in a send besides its page: as a recipient sees it, its files by version, the record of an acceptance; and
its deletion."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sealroom.access import queries as access
from sealroom.httpkit.visitors import set_visitor_cookie, visitor_cookie
from sealroom.sends import flows, queries
from sealroom.web import reading, showing
from sealroom.web.answers import done, page
from sealroom.web.gates import MemberRequest, member_required
from sealroom.web.views.terms import certificate_file


@require_POST
@member_required
def preview(request: MemberRequest, send_id: str) -> HttpResponseBase:
    """Look at a send as one recipient would, or (recipient="") as whoever holds the open link; for ten minutes, counted nowhere."""
    seen = flows.preview(
        request.actor,
        send_id,
        request.POST.get("recipient", "")[:32],
        cookie=visitor_cookie(request),
        user_agent=request.headers.get("User-Agent", "")[:300],
        now=timezone.now(),
    )
    response = redirect(seen.url)
    set_visitor_cookie(response, seen.cookie, remember=False)
    return response


@require_http_methods(["GET", "POST"])
@member_required
def delete(request: MemberRequest, send_id: str) -> HttpResponse:
    """Delete a send for good, after it was asked back."""
    now = timezone.now()
    if request.method == "POST":
        flows.delete_send(request.actor, send_id, now=now)
        return done(request, reverse("web:sends"), _("The send is deleted. Its files are still under “earlier files”."))
    return page(request, "web/sends/delete.html", {"send": showing.send(request.actor, send_id, now=now)})


@require_GET
@member_required
def versions(request: MemberRequest, send_id: str, document_id: str) -> HttpResponse:
    """Every version of a file with what this send's readers did with it."""
    send = showing.send(request.actor, send_id, now=timezone.now())
    shown = reading.versions_of(request.actor, send_id, document_id)
    return page(request, "web/sends/versions.html", {"send": send.row, "file": shown})


@require_GET
@member_required
def certificate(request: MemberRequest, send_id: str, acceptance_id: str) -> HttpResponse:
    """The evidence of one acceptance under the member's own send, as a PDF."""
    send = queries.get_send(request.actor, send_id)
    found = access.acceptance_for(request.actor.team_id, acceptance_id, policies=[send.policy])
    return certificate_file(access.certificate_pdf(found, send_id=send_id), acceptance_id)
