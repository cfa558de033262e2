# SPDX-License-Identifier: Apache-2.0
"""An operator stops a team, and lets it go on."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from sealroom.accounts import flows, queries
from sealroom.web.answers import done, page
from sealroom.web.forms.operating import SuspensionForm
from sealroom.web.gates import UserRequest, operator_required
from sealroom.web.operators import Question, ask, is_confirmed, team_url, who_of


@require_http_methods(["GET", "HEAD", "POST"])
@operator_required
def suspend(request: UserRequest, team_id: str) -> HttpResponse:
    """What it means, why, and the button: the page that asks is the page that does."""
    team = queries.find_team_by_id(team_id)
    form = SuspensionForm(request.POST or None, initial={"reason": team.suspension, "closes_links": team.closes_links})
    if request.method != "POST" or not form.is_valid():
        context = {"team": team, "form": form, "back": team_url(team_id)}
        return page(request, "web/operating/suspend.html", context, status=422 if form.errors else 200)
    flows.suspend_team(team, **form.cleaned_data, who=who_of(request), now=timezone.now())
    return done(request, team_url(team_id), _("%(team)s is suspended.") % {"team": team.name})


@require_POST
@operator_required
def resume(request: UserRequest, team_id: str) -> HttpResponse:
    """Let the team go on."""
    team = queries.find_team_by_id(team_id)
    if not is_confirmed(request):
        title = _("Let %(team)s go on?") % {"team": team.name}
        sentence = _("Its members can send again at once, and its links open again.")
        return ask(request, Question(title, (sentence,), _("End the suspension"), team_url(team_id)))
    flows.resume_team(team, who=who_of(request), now=timezone.now())
    return done(request, team_url(team_id), _("%(team)s may go on.") % {"team": team.name})
