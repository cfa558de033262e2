# SPDX-License-Identifier: Apache-2.0
"""The people of a data room: guests and co-owners, groups, invitations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from sealroom.core.errors import Invalid, NotFound
from sealroom.datarooms import flows, queries
from sealroom.datarooms.errors import GuestQuota, NotAMember
from sealroom.datarooms.flows import Hand
from sealroom.datarooms.queries import GuestRow
from sealroom.datarooms.rules import GuestChange, Invitation, Invited, Role
from sealroom.web import rooms
from sealroom.web.answers import done, page
from sealroom.web.errors import refusal_of
from sealroom.web.forms.rooms import GuestForm, InviteForm
from sealroom.web.forms.sending import read_recipients
from sealroom.web.gates import MemberRequest, member_required

ROWS = 200


@require_http_methods(["GET", "POST"])
@member_required
def people(request: MemberRequest, room_id: str) -> HttpResponse:
    """Everybody in the room and the groups; invite, remind, make a group."""
    hand, now = flows.lead(request.actor, room_id), timezone.now()
    deed = request.POST.get("deed", "")
    if request.method == "GET":
        return _show(request, hand, now=now)
    if deed == "invite":
        return _invite(request, hand, now=now)
    if deed == "group":
        return _make_group(request, hand, now=now)
    if deed == "remind":
        count = flows.remind(request.actor, room_id, guests=request.POST.getlist("guest"), now=now)
        said = ngettext("%(n)s reminder is on its way.", "%(n)s reminders are on their way.", count) % {"n": count}
        return done(request, _here(hand), said)
    raise Invalid({"deed": ["unknown"]})


def _here(hand: Hand) -> str:
    return reverse("web:room_people", args=[hand.room.public_id])


def _show(
    request: MemberRequest,
    hand: Hand,
    *,
    form: InviteForm | None = None,
    group_name: str = "",
    refused: str = "",
    status: int = 422,
    now: datetime,
) -> HttpResponse:
    groups = queries.groups_of(hand.room)
    names, words, roles = {one.id: one.name for one in groups}, rooms.guest_words(), rooms.role_words()
    search = request.GET.get("q", "").strip()[:200].casefold()
    found = [one for one in queries.guests_of(hand.room, now=now) if search in f"{one.address} {one.name}".casefold()]
    start = {"notify": True, "language": request.actor.language}
    context = {
        **rooms.head(hand, "room_people"),
        "rows": [(one, words[one.state], roles[one.role], [names[group] for group in one.groups]) for one in found[:ROWS]],
        "more": max(0, len(found) - ROWS),
        "search": search,
        "groups": groups,
        "form": form or InviteForm(groups=groups, initial=start),
        "owner": hand.room.owner.name or hand.room.owner.email,
        "group_name": group_name,
        "refused": refused,
    }
    return page(request, "web/rooms/people.html", context, status=status if form or refused else 200)


def _invite(request: MemberRequest, hand: Hand, *, now: datetime) -> HttpResponse:
    form = InviteForm(request.POST, groups=queries.groups_of(hand.room))
    if not form.is_valid():
        return _show(request, hand, form=form, now=now)
    data = form.cleaned_data
    typed = read_recipients(data["people"])
    if typed.invalid:
        form.refuse(Invalid({"addresses": ["bad_address"]}, lines=[{"text": one} for one in typed.invalid]))
        return _show(request, hand, form=form, now=now)
    invitation = Invitation(
        people=tuple(Invited(one.address, one.name) for one in typed.people),
        right=data["right"] or None,
        groups=tuple(data.get("groups", ())),
        access_from=data["access_from"],
        access_until=data["access_until"],
        message=data["message"],
        role=data["role"] or Role.GUEST.value,
        has_notice=data["notify"],
        language=data["language"],
    )
    try:
        guests = flows.invite(request.actor, hand.room.public_id, invitation, now=now)
    except Invalid as error:
        form.refuse(error)
        return _show(request, hand, form=form, now=now)
    except (GuestQuota, NotAMember) as error:
        refusal = refusal_of(error)
        form.refuse_at("role" if isinstance(error, NotAMember) else "people", refusal)
        return _show(request, hand, form=form, status=refusal.status, now=now)
    said = ngettext("%(n)s person was let in.", "%(n)s people were let in.", len(guests)) % {"n": len(guests)}
    return done(request, _here(hand), said)


def _make_group(request: MemberRequest, hand: Hand, *, now: datetime) -> HttpResponse:
    name = request.POST.get("name", "")
    try:
        made = flows.create_group(request.actor, hand.room.public_id, name, now=now)
    except Invalid as error:
        return _show(request, hand, group_name=name, refused=_group_error(error), now=now)
    here = reverse("web:room_group", args=[hand.room.public_id, made.public_id])
    return done(request, here, _("The group is made. Choose who is in it."))


def _group_error(error: Invalid) -> str:
    is_taken = "taken" in error.errors.get("name", [])
    return _("Another group has this name.") if is_taken else _("Write a name, in visible characters on one line.")


@require_http_methods(["GET", "POST"])
@member_required
def guest(request: MemberRequest, room_id: str, guest_id: str) -> HttpResponse:
    """One guest: what he is, and the deeds with him."""
    hand, now = flows.lead(request.actor, room_id), timezone.now()
    row = next((one for one in queries.guests_of(hand.room, now=now) if one.id == guest_id), None)
    if row is None:
        raise NotFound(kind="guest", id=guest_id)
    groups = queries.groups_of(hand.room)
    if request.method == "GET":
        return _show_guest(request, hand, row, GuestForm(groups=groups, initial=_initial(row)))
    deed = request.POST.get("deed", "")
    if deed != "save":
        return _deed_with(request, hand, row, deed, now=now)
    form = GuestForm(request.POST, groups=groups)
    if form.is_valid():
        data = form.cleaned_data
        change = GuestChange(
            data["name"], data["role"] or row.role, tuple(data.get("groups", ())), data["access_from"], data["access_until"]
        )
        try:
            flows.change_guest(request.actor, room_id, guest_id, change, now=now)
        except Invalid as error:
            form.refuse(error)
        except NotAMember as error:
            form.refuse_at("role", refusal_of(error))
        else:
            return done(request, _here(hand), _("Saved."))
    return _show_guest(request, hand, row, form)


def _initial(row: GuestRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "role": row.role.value,
        "groups": list(row.groups),
        "access_from": row.access_from,
        "access_until": row.access_until,
    }


def _show_guest(request: MemberRequest, hand: Hand, row: GuestRow, form: GuestForm) -> HttpResponse:
    context = {
        **rooms.head(hand, "room_people"),
        "guest": row,
        "state": rooms.guest_words()[row.state],
        "form": form,
        "is_self": row.address == request.actor.email,
    }
    return page(request, "web/rooms/guest.html", context, status=422 if form.errors else 200)


def _deed_with(request: MemberRequest, hand: Hand, row: GuestRow, deed: str, *, now: datetime) -> HttpResponse:
    actor, room_id, who = request.actor, hand.room.public_id, {"who": row.address}
    if deed == "revoke":
        flows.revoke_guest(actor, room_id, row.id, now=now)
        said = _("Access ended for %(who)s.") % who
    elif deed == "restore":
        flows.restore_guest(actor, room_id, row.id, now=now)
        said = _("%(who)s has access again.") % who
    elif deed == "remove":
        flows.remove_from_room(actor, room_id, row.id, now=now)
        is_self = row.address == actor.email
        return done(request, reverse("web:rooms") if is_self else _here(hand), _("%(who)s has no place here any more.") % who)
    elif deed == "remind":
        flows.remind(actor, room_id, guests=[row.id], now=now)
        said = _("A reminder is on its way to %(who)s.") % who
    else:
        raise Invalid({"deed": ["unknown"]})
    return done(request, reverse("web:room_guest", args=[room_id, row.id]), said)


@require_http_methods(["GET", "POST"])
@member_required
def group(request: MemberRequest, room_id: str, group_id: str) -> HttpResponse:
    """One group: its name, who is in it, its end."""
    hand, now = flows.lead(request.actor, room_id), timezone.now()
    row = next((one for one in queries.groups_of(hand.room) if one.id == group_id), None)
    if row is None:
        raise NotFound(kind="group", id=group_id)
    refused = ""
    if request.method == "POST":
        if request.POST.get("deed") == "delete":
            flows.delete_group(request.actor, room_id, group_id, now=now)
            return done(request, _here(hand), _("The group is deleted. Who was in it lost what they had through it."))
        try:
            if request.POST.get("name", "") != row.name:
                flows.rename_group(request.actor, room_id, group_id, request.POST.get("name", ""), now=now)
            flows.set_members(request.actor, room_id, group_id, request.POST.getlist("guest"), now=now)
        except Invalid as error:
            refused = _group_error(error)
        else:
            return done(request, _here(hand), _("Saved."))
    guests = [one for one in queries.guests_of(hand.room, now=now) if one.role != Role.CO_OWNER]
    context = {
        **rooms.head(hand, "room_people"),
        "group": row,
        "guests": [(one, group_id in one.groups) for one in guests],
        "refused": refused,
    }
    return page(request, "web/rooms/group.html", context, status=422 if refused else 200)
