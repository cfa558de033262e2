# SPDX-License-Identifier: Apache-2.0
"""Requests for access: who asks, what inviting them costs, and the two answers."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from sealroom.httpkit.templatetags.kit import credit_count as said_credits
from sealroom.sends import flows, queries
from sealroom.web.answers import done, page, safe_next
from sealroom.web.gates import MemberRequest, member_required


@require_GET
@member_required
def index(request: MemberRequest) -> HttpResponse:
    """Everybody who waits for an answer, over all sends; and what was answered lately."""
    rows = queries.list_requests(request.actor, decided=True, now=timezone.now())
    context = {
        "pending": [one for one in rows if one.state == "pending"],
        "decided": [one for one in rows if one.state != "pending"][:50],
        "here": request.path,
    }
    return page(request, "web/sends/requests.html", context)


@require_POST
@member_required
def approve(request: MemberRequest, request_id: str) -> HttpResponse:
    """Invite who asked: charged once, however often it is pressed."""
    result = flows.approve_request(request.actor, request_id, key=f"approve:{request_id}", now=timezone.now())
    who = request.POST.get("who", "")
    said = _("%(who)s is invited.") % {"who": who}
    if result.charged:
        said = _("%(who)s is invited, for %(credits)s.") % {"who": who, "credits": said_credits(result.charged)}
    return done(request, safe_next(request, reverse("web:requests")), said)


@require_POST
@member_required
def decline(request: MemberRequest, request_id: str) -> HttpResponse:
    """Leave who asked outside; they are told nothing."""
    flows.decline_request(request.actor, request_id, now=timezone.now())
    said = _("Declined. %(who)s is told nothing.") % {"who": request.POST.get("who", "")}
    return done(request, safe_next(request, reverse("web:requests")), said)
