# SPDX-License-Identifier: Apache-2.0
"""A whole room as one signed archive: asked for, watched while it is made, taken along."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods

from sealroom.core.archives import public_keys
from sealroom.core.errors import Invalid
from sealroom.core.secrets import keyring
from sealroom.datarooms import flows
from sealroom.datarooms.errors import ExportRunning
from sealroom.datarooms.queries import ExportView
from sealroom.datarooms.rules import ExportState
from sealroom.web import rooms
from sealroom.web.answers import done, page, part, wants_part
from sealroom.web.errors import TABLE
from sealroom.web.exporting import archive_file
from sealroom.web.gates import MemberRequest, member_required

ROWS = 20


@require_http_methods(["GET", "POST"])
@member_required
def export(request: MemberRequest, room_id: str) -> HttpResponse:
    """The archives of the room and how far one is that is being made; ask for one, or stop it."""
    if request.method == "POST":
        return _deed(request, room_id)
    hand = flows.lead(request.actor, room_id)
    found = flows.list_exports(request.actor, room_id)
    shown = Paginator(found, ROWS).get_page(request.GET.get("page", "1"))
    words = _state_words()
    context = {
        **rooms.head(hand, "room_export"),
        "shown": shown,
        "rows": [(one, *words[one.state], _why(one)) for one in shown],
        "is_running": any(one.state.is_under_way for one in found),
    }
    if wants_part(request):
        return part(request, "web/rooms/_exports.html", context)
    return page(request, "web/rooms/export.html", {**context, "public_key": next(iter(public_keys(keyring())))})


def _deed(request: MemberRequest, room_id: str) -> HttpResponse:
    here, deed = reverse("web:room_export", args=[room_id]), request.POST.get("deed", "")
    if deed in {"full", "short"}:
        try:
            flows.request_export(request.actor, room_id, has_short_paths=deed == "short", now=timezone.now())
        except ExportRunning:
            return done(request, here, _("One is being made already. It is shown here."))
        return done(request, here)
    flows.lead(request.actor, room_id)
    if deed != "stop":
        raise Invalid({"deed": ["unknown"]})
    flows.stop_export(request.actor, room_id, request.POST.get("export", "")[:32])
    return done(request, here, _("Stopped."))


def _state_words() -> dict[ExportState, tuple[str, str]]:
    """What the state of an export is called, with the tone of its badge."""
    return {
        ExportState.WAITING: (pgettext("export", "Waiting"), "neutral"),
        ExportState.RUNNING: (pgettext("export", "Being made"), "accent"),
        ExportState.READY: (pgettext("export", "Ready"), "ok"),
        ExportState.FAILED: (pgettext("export", "Failed"), "danger"),
        ExportState.EXPIRED: (pgettext("export", "No longer kept"), "neutral"),
        ExportState.STOPPED: (pgettext("export", "Stopped"), "neutral"),
    }


def _why(one: ExportView) -> str:
    """What went wrong, in words; "" where nothing did."""
    if one.state is ExportState.FAILED:
        row = TABLE.get(one.error_code)
        return f"{row.title}. {row.text}" if row is not None else _("Something went wrong. Ask for it again.")
    return _("The server has no room left; it is tried again.") if one.error_code == "storage_full" else ""


@require_GET
@member_required
def archive(request: MemberRequest, room_id: str, export_id: str) -> HttpResponseBase:
    """One archive that is ready; whether its reader still leads the room is asked now."""
    return archive_file(flows.open_export(request.actor, room_id, export_id, now=timezone.now()))
