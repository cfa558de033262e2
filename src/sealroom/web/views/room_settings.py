# SPDX-License-Identifier: Apache-2.0
"""The settings of a data room: what it is, and the conditions that bind every guest."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from sealroom.access import queries as access
from sealroom.core.errors import DomainError, Invalid
from sealroom.datarooms import flows, queries
from sealroom.datarooms.flows import Hand
from sealroom.datarooms.rules import RoomSettings
from sealroom.documents.errors import TooLarge, WorkshopFailure
from sealroom.web import conditions, rooms, setting_panels
from sealroom.web.answers import done, page
from sealroom.web.errors import refusal_of
from sealroom.web.forms.rooms import RoomForm
from sealroom.web.forms.security import SettingsForm
from sealroom.web.gates import MemberRequest, member_required

_PLAIN = (
    "name",
    "default_right",
    "default_group",
    "shows_guests",
    "shows_index",
    "sends_updates",
    "question_audience",
    "banner",
    "about",
)
_LEFT_OUT = {"permission", "limits"}  # each guest has a right of his own; a room is read for months
_PANELS = {"access": "web/rooms/_access.html", "period": "web/rooms/_period.html"}


@require_http_methods(["GET", "POST"])
@member_required
def settings(request: MemberRequest, room_id: str) -> HttpResponse:
    """Change the settings; they bind at once, also for who has a page open."""
    hand, now = flows.lead(request.actor, room_id), timezone.now()
    before = queries.settings_of(hand.room)
    if request.method == "GET":
        return _show(request, hand, before, _form_of(hand, before), now=now)
    form = RoomForm(request.POST, groups=queries.groups_of(hand.room))
    ways = SettingsForm(request.POST, documents=setting_panels.pdfs_of(request.actor))
    if not form.is_valid() or not ways.is_valid():
        return _show(request, hand, before, form, ways=ways, now=now)
    plain = {name: form.cleaned_data[name] for name in _PLAIN}
    wanted = RoomSettings(**plain, conditions=conditions.settings_of(ways, before=before.conditions))
    try:
        flows.change_room(request.actor, room_id, wanted, now=now)
    except Invalid as error:
        form.refuse(Invalid({name: why for name, why in error.errors.items() if name not in conditions.GROUP_OF}))
        return _show(request, hand, wanted, form, ways=ways, errors=error.errors, now=now)
    return done(request, reverse("web:room_settings", args=[room_id]), _("The settings are in force."))


@require_http_methods(["GET", "POST"])
@member_required
def logo(request: MemberRequest, room_id: str) -> HttpResponse:
    """The picture of the room; choose another, or none."""
    if request.method == "GET":
        picture = flows.logo_of(flows.lead(request.actor, room_id).room)
        return HttpResponse(picture, content_type="image/jpeg", headers={"Cache-Control": "private, no-store"})
    now, file = timezone.now(), request.FILES.get("logo")
    here = f"{reverse('web:room_settings', args=[room_id])}#logo"
    if request.POST.get("deed") == "remove":
        flows.remove_logo(request.actor, room_id, now=now)
        return done(request, here, _("The room shows no logo any more."))
    if not isinstance(file, UploadedFile):
        flows.lead(request.actor, room_id)
        raise Invalid({"logo": ["required"]})
    try:
        flows.set_logo(request.actor, room_id, file.chunks(), name=file.name or "", now=now)
    except (TooLarge, WorkshopFailure) as error:
        return _refused_logo(request, room_id, error, now=now)
    return done(request, here, _("Guests see the new logo from now on."))


def _refused_logo(request: MemberRequest, room_id: str, error: DomainError, *, now: datetime) -> HttpResponse:
    """The page once more, with what was wrong with the picture at its field."""
    hand = flows.lead(request.actor, room_id)
    refusal = refusal_of(error)
    said = _("This is no picture that can be shown. Choose a PNG, JPEG or WebP.")
    if isinstance(error, TooLarge):
        said = f"{refusal.title}. {refusal.text}"
    shown = queries.settings_of(hand.room)
    return _show(request, hand, shown, _form_of(hand, shown), logo_refused=said, status=refusal.status, now=now)


def _form_of(hand: Hand, shown: RoomSettings) -> RoomForm:
    initial = {name: value for name, value in asdict(shown).items() if name in _PLAIN}
    return RoomForm(initial=initial, groups=queries.groups_of(hand.room))


def _show(
    request: MemberRequest,
    hand: Hand,
    shown: RoomSettings,
    form: RoomForm,
    *,
    ways: SettingsForm | None = None,
    errors: dict[str, list[str]] | None = None,
    logo_refused: str = "",
    status: int = 422,
    now: datetime,
) -> HttpResponse:
    panels = setting_panels.context(request.actor, shown.conditions, errors=errors, form=ways, now=now)
    ways_in: Any = panels["form"].fields["access"]
    ways_in.choices = [one for one in ways_in.choices if one[0] != "anyone"]
    kept = [replace(one, panel=_PANELS.get(one.name, one.panel)) for one in panels["settings"] if one.name not in _LEFT_OUT]
    open_link = hand.room.open_link
    context = {
        **panels,
        **rooms.head(hand, "room_settings"),
        "settings": kept,
        "room_form": form,
        "refused": ways is not None,
        "logo_refused": logo_refused,
        "has_logo": bool(hand.room.logo_key),
        "open_url": access.link_url(open_link) if open_link is not None and open_link.revoked_at is None else "",
    }
    return page(request, "web/rooms/settings.html", context, status=status if ways is not None or logo_refused else 200)
