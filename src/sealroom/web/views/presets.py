# SPDX-License-Identifier: Apache-2.0
"""Admin Settings, DOC SECURITY: presets, and whether every send must follow one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sealroom.accounts.rules import Capability
from sealroom.core.errors import Invalid
from sealroom.sends import flows, queries
from sealroom.sends.queries import PresetRow
from sealroom.sends.rules import PERIOD, SendSettings
from sealroom.web import bundles, setting_panels
from sealroom.web.answers import done, page
from sealroom.web.forms.security import PresetForm
from sealroom.web.gates import MemberRequest, admin_required
from sealroom.web.presets import fixed_of
from sealroom.web.setting_words import ShownSetting, labels, shown_settings, span

_admins_only = admin_required(Capability.MANAGE_DOC_SECURITY)


@require_GET
@_admins_only
def index(request: MemberRequest) -> HttpResponse:
    """The team's presets, each with what it says and what it fixes."""
    now, actor = timezone.now(), request.actor
    rows = []
    for row in queries.list_presets(actor):
        _row, settings = queries.settings_of_preset(actor, row.id, now=now)
        fixed = [labels()[group.name] for group in bundles.groups() if set(bundles.names_of(group.name)) <= set(row.fixed)]
        shown = setting_panels.for_preset(shown_settings(settings, zone=actor.time_zone))
        rows.append((row, [_lasting(one, row) for one in shown], fixed))
    return page(request, "web/security/presets.html", {"rows": rows, "presets_only": queries.presets_only(actor)})


@require_http_methods(["GET", "POST"])
@_admins_only
def edit(request: MemberRequest, preset_id: str = "") -> HttpResponse:
    """Make a preset, or change one. Drafts and sends to come follow it as it is then."""
    now, actor = timezone.now(), request.actor
    row, settings = None, queries.house_settings(actor, now=now)
    if preset_id:
        row, settings = queries.settings_of_preset(actor, preset_id, now=now)
    if request.method == "GET":
        return _show(request, row, settings, fixed_of(row), now=now)
    form = PresetForm(request.POST)
    fixed = bundles.fixed_names(request.POST.getlist("fixed"))
    errors: dict[str, list[str]] = {}
    if form.is_valid():
        data = form.cleaned_data
        try:
            flows.save_preset(
                actor,
                preset_id,
                data["name"],
                bundles.bundle_of(form, before=settings),
                fixed,
                is_default=data["is_default"],
                now=now,
            )
        except Invalid as error:
            errors = error.errors
            if "name" in errors:
                form.add_error("name", _name_error(errors.pop("name")))
        else:
            return done(request, reverse("web:presets"), _("The preset “%(name)s” is saved.") % {"name": data["name"]})
    return _show(request, row, settings, frozenset(fixed), form=form, errors=errors, now=now)


def _lasting(shown: ShownSetting, row: PresetRow) -> ShownSetting:
    """A preset has no dates, but a length that begins with each sending."""
    seconds, timer = row.settings.get(PERIOD), row.settings.get("expire_after_opening_s")
    if shown.name != "period" or not isinstance(seconds, int):
        return shown
    facts = {"time": span(seconds)}
    if isinstance(timer, int):
        facts |= {"timer": span(timer)}
        return replace(
            shown, word=_("ends %(timer)s after the first opening, and %(time)s after the sending at the latest") % facts
        )
    return replace(shown, word=_("ends %(time)s after the sending") % facts)


def _name_error(reasons: list[str]) -> str:
    return _("Another preset has this name.") if "taken" in reasons else _("Choose another name.")


def _show(
    request: MemberRequest,
    row: PresetRow | None,
    settings: SendSettings,
    fixed: frozenset[str],
    *,
    form: PresetForm | None = None,
    errors: dict[str, list[str]] | None = None,
    now: datetime,
) -> HttpResponse:
    shown = form or PresetForm(initial=bundles.initial_of_preset(row, settings))
    panels = setting_panels.context(request.actor, settings, fixed=fixed, errors=errors, form=shown, now=now)
    context = {
        **panels,
        "settings": setting_panels.for_preset(panels["settings"]),
        "preset": row,
        "fixing": True,
        "refused": bool(form),
    }
    return page(request, "web/security/preset.html", context, status=422 if form else 200)


@require_POST
@_admins_only
def remove(request: MemberRequest, preset_id: str) -> HttpResponse:
    """Take a preset away; what was sent with it stays as it is."""
    flows.remove_preset(request.actor, preset_id, now=timezone.now())
    return done(request, reverse("web:presets"), _("The preset is removed. Sends that followed it stay as they are."))


@require_POST
@_admins_only
def only(request: MemberRequest) -> HttpResponse:
    """Ask for a preset with every send, or leave the choice."""
    is_on = request.POST.get("only") == "on"
    flows.set_presets_only(request.actor, is_on, now=timezone.now())
    said = _("Every new send must follow a preset.") if is_on else _("Members may send without a preset.")
    return done(request, reverse("web:presets"), said)
