# SPDX-License-Identifier: Apache-2.0
"""The settings of a send that went out: changed with their price in view, and read back as they are in force."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from sealroom.core.errors import Invalid
from sealroom.httpkit.templatetags.kit import credit_count as said_credits
from sealroom.sends import flows, queries
from sealroom.sends.queries import SendDetail
from sealroom.sends.rules import SendSettings
from sealroom.web import conditions, presets, setting_panels, showing
from sealroom.web.answers import done, page
from sealroom.web.forms.security import SettingsForm
from sealroom.web.gates import MemberRequest, member_required


@require_http_methods(["GET", "POST"])
@member_required
def settings(request: MemberRequest, send_id: str) -> HttpResponse:
    """Change how a send may be opened; binds at once, also for who has a page open. What costs credits is asked back once."""
    now = timezone.now()
    send = queries.send_detail(request.actor, send_id, now=now)
    fixed = presets.fixed_for(request.actor, send_id)
    if request.method == "GET":
        return _show(request, send, send.settings, fixed, now=now)
    form = SettingsForm(request.POST, documents=setting_panels.pdfs_of(request.actor))
    if not form.is_valid():
        return _show(request, send, send.settings, fixed, form=form, now=now)
    wanted = conditions.settings_of(form, before=send.settings, fixed=fixed)
    try:
        is_wider = wanted.is_open and not send.settings.is_open and send.row.sent_at is not None
        if is_wider and request.POST.get("deed") != "confirm":
            quote = queries.quote(request.actor, (), (), send_id=send_id, access=wanted.access, now=now)
            if quote.cost:
                context = {"send": showing.row(send.row, now=now), "quote": quote, "kept": _kept(request)}
                return page(request, "web/sends/widen.html", context)
        result = flows.change_settings(
            request.actor, send_id, lambda before: conditions.settings_of(form, before=before, fixed=fixed), now=now
        )
    except Invalid as error:
        return _show(request, send, wanted, fixed, form=form, errors=error.errors, now=now)
    said = _("The settings are in force.")
    if result.charged:
        said = _("The settings are in force, for %(credits)s.") % {"credits": said_credits(result.charged)}
    return done(request, reverse("web:send_settings", args=[send_id]), said)


def _show(
    request: MemberRequest,
    send: SendDetail,
    shown: SendSettings,
    fixed: frozenset[str],
    *,
    form: SettingsForm | None = None,
    errors: dict[str, list[str]] | None = None,
    now: datetime,
) -> HttpResponse:
    context = {
        **setting_panels.context(request.actor, shown, fixed=fixed, errors=errors, form=form, now=now),
        "send": showing.row(send.row, now=now),
        "in_force": setting_panels.context(request.actor, send.settings, fixed=fixed, now=now)["settings"],
        "unknown_errors": [key for key in errors or {} if key not in conditions.GROUP_OF],
    }
    return page(request, "web/sends/settings.html", context, status=422 if form else 200)


def _kept(request: MemberRequest) -> list[tuple[str, str]]:
    """What was posted, to be posted again with the answer to the price."""
    left_out = {"csrfmiddlewaretoken", "deed"}
    return [(name, value) for name, values in request.POST.lists() if name not in left_out for value in values]
