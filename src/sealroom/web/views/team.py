# SPDX-License-Identifier: Apache-2.0
"""Admin Settings: the team itself, and what its members send (names and numbers, never contents)."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sealroom.accounts import flows as accounts
from sealroom.accounts import queries
from sealroom.accounts.rules import Capability
from sealroom.sends import flows as sends
from sealroom.sends import queries as send_queries
from sealroom.web import showing
from sealroom.web.answers import done, page
from sealroom.web.forms.start import TeamForm
from sealroom.web.gates import MemberRequest, admin_required


@require_http_methods(["GET", "POST"])
@admin_required(Capability.MANAGE_TEAM)
def team(request: MemberRequest) -> HttpResponse:
    """Name, zone and language of the team."""
    row = queries.team_of(request.actor)
    form = TeamForm(request.POST or None, initial={"name": row.name, "time_zone": row.time_zone, "language": row.language})
    if request.method == "POST" and form.is_valid():
        accounts.update_team(request.actor, **form.cleaned_data, now=timezone.now())
        return done(request, reverse("web:team"), _("Saved."))
    return page(request, "web/people/team.html", {"form": form}, status=422 if form.errors else 200)


@require_GET
@admin_required(Capability.SEE_TEAM_USAGE)
def activity(request: MemberRequest) -> HttpResponse:
    """The team's sends: who sent how much to how many, and how it stands."""
    now, search = timezone.now(), request.GET.get("q", "").strip()[:200]
    found = send_queries.list_team_sends(request.actor, search=search, cursor=request.GET.get("cursor", ""), now=now)
    context = {
        "rows": [showing.row(one, now=now) for one in found.items],
        "search": search,
        "next_url": "?" + urlencode({"q": search, "cursor": found.next}) if found.next else "",
    }
    return page(request, "web/people/activity.html", context)


@require_POST
@admin_required(Capability.REVOKE_ANY_SEND)
def revoke(request: MemberRequest, send_id: str) -> HttpResponse:
    """End access to a colleague's send, or (deed=restore) give it back."""
    if request.POST.get("deed") == "restore":
        sends.restore(request.actor, send_id, now=timezone.now())
        return done(request, reverse("web:activity"), _("Access is given again."))
    sends.revoke(request.actor, send_id, now=timezone.now())
    return done(request, reverse("web:activity"), _("Access ended for everybody."))
