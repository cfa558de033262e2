# SPDX-License-Identifier: Apache-2.0
"""Data Rooms: the list, the life of a room, and looks at it through other eyes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from sealroom.accounts.rules import Actor, Capability
from sealroom.billing import queries as billing
from sealroom.core.errors import Invalid, NotFound
from sealroom.datarooms import flows, queries
from sealroom.httpkit.visitors import set_visitor_cookie, visitor_cookie
from sealroom.web import rooms
from sealroom.web.answers import done, page
from sealroom.web.gates import MemberRequest, member_required


@require_http_methods(["GET", "POST"])
@member_required
def index(request: MemberRequest) -> HttpResponse:
    """The rooms the member leads or visits, with what the plan has left; a form opens another one."""
    if request.method == "GET":
        return _show(request)
    name = request.POST.get("name", "")
    try:
        room = flows.create_room(request.actor, name, now=timezone.now())
    except Invalid:
        return _show(request, name=name, status=422)
    sentence = _("The data room is open. Put files into it, then invite guests.")
    return done(request, reverse("web:room", args=[room.public_id]), sentence)


def _show(request: MemberRequest, *, name: str = "", status: int = 200) -> HttpResponse:
    actor, now = request.actor, timezone.now()
    actor.require(Capability.MANAGE_ROOMS)
    led, words = queries.led_rooms(actor), rooms.state_words()
    context = {
        "rows": [(row, words[row.state]) for row in led if row.trashed_at is None],
        "trashed": [row for row in led if row.trashed_at is not None],
        "visited": queries.visited_rooms(actor, now=now),
        "usage": queries.usage_of(actor.team_id),
        "limits": billing.limits_of(actor.team_id, now=now),
        "name": name,
        "refused": status == 422,
    }
    return page(request, "web/rooms/index.html", context, status=status)


@require_POST
@member_required
def look(request: MemberRequest, room_id: str) -> HttpResponseBase:
    """Look at the room, or at one file of it: as one who leads it, as a guest, or as a group. For ten minutes, counted nowhere."""
    hand = flows.lead(request.actor, room_id)
    facts: dict[str, Any] = {
        "cookie": visitor_cookie(request),
        "user_agent": request.headers.get("User-Agent", "")[:300],
        "now": timezone.now(),
    }
    eyes = request.POST.get("eyes", "")[:32]
    if eyes.startswith("gst_"):
        seen = flows.preview_as_guest(request.actor, room_id, eyes, **facts)
    elif eyes:
        seen = flows.preview_as_group(request.actor, room_id, eyes, **facts)
    else:
        seen = flows.open_as_lead(request.actor, room_id, **facts)
    url = seen.url
    if (file := request.POST.get("file", "")[:32]) and not eyes:
        assert hand.room.house_link is not None  # it was just looked through
        found = queries.house_sight(hand.room).find(file)
        if found.is_folder:
            raise NotFound
        url = reverse("portal:viewer", args=[hand.room.house_link.public_id, found.document_id])
    response = redirect(url)
    set_visitor_cookie(response, seen.cookie, remember=False)
    return response


@require_POST
@member_required
def state(request: MemberRequest, room_id: str) -> HttpResponse:
    """One deed with the whole room. Nothing posted: nothing done."""
    deed = _deeds().get(request.POST.get("deed", ""))
    if deed is None:
        flows.lead(request.actor, room_id, in_trash=True)
        raise Invalid({"deed": ["unknown"]})
    return deed(request, room_id, timezone.now())


@require_http_methods(["GET", "POST"])
@member_required
def delete(request: MemberRequest, room_id: str) -> HttpResponse:
    """Delete a room for good, after it was asked back."""
    room = flows.own(request.actor, room_id, in_trash=True).room
    if request.method == "POST":
        if request.POST.get("sure") != "yes":
            raise Invalid({"sure": ["required"]})
        flows.delete_room(request.actor, room_id, now=timezone.now())
        return done(request, reverse("web:rooms"), _("The room is deleted for good."))
    row = next(one for one in queries.led_rooms(request.actor) if one.id == room.public_id)
    return page(request, "web/rooms/delete.html", {"row": row})


Deed = Callable[[MemberRequest, str, datetime], HttpResponse]


def _deeds() -> dict[str, Deed]:
    return {
        "archive": _plain(flows.archive_room, "web:room_settings", _("The room is archived: everybody reads on, nothing changes.")),
        "close": _plain(flows.close_room, "web:room_settings", _("The room is closed: its guests are out.")),
        "reopen": _plain(flows.reopen_room, "web:room_settings", _("The room is open again.")),
        "trash": _plain(flows.trash_room, "", _("The room is in the trash for 30 days. Its guests are out.")),
        "restore": _plain(flows.restore_room, "web:room", _("The room is back as it was.")),
        "clone": _clone,
        "give": _give,
    }


def _plain(flow: Callable[..., None], route: str, sentence: str) -> Deed:
    def deed(request: MemberRequest, room_id: str, now: datetime) -> HttpResponse:
        actor: Actor = request.actor
        flow(actor, room_id, now=now)
        return done(request, reverse(route, args=[room_id]) if route else reverse("web:rooms"), sentence)

    return deed


def _clone(request: MemberRequest, room_id: str, now: datetime) -> HttpResponse:
    name, with_guests = request.POST.get("name", ""), request.POST.get("guests") == "on"
    with_files = request.POST.get("files") == "on"
    room = flows.clone_room(request.actor, room_id, name, with_guests=with_guests, with_files=with_files, now=now)
    sentence = _("This is the copy: same folders, groups, rights and settings.")
    return done(request, reverse("web:room", args=[room.public_id]), sentence)


def _give(request: MemberRequest, room_id: str, now: datetime) -> HttpResponse:
    address = request.POST.get("address", "").strip()
    flows.give_room(request.actor, room_id, address, now=now)
    return done(request, reverse("web:rooms"), _("The room belongs to %(who)s now. You stay as a co-owner.") % {"who": address})
