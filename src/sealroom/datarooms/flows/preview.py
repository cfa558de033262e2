# SPDX-License-Identifier: Apache-2.0
"""Who leads a room looks at it: as a guest, as a group, or at everything. For ten minutes, in his own browser, marked with his own
address, with nothing to fulfil, nothing counted and nothing done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from sealroom.access import flows as access
from sealroom.access import queries as access_queries
from sealroom.access.models import Link
from sealroom.accounts.models import User
from sealroom.accounts.rules import Actor
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.core.errors import NotFound
from sealroom.datarooms.flows.hands import lead
from sealroom.datarooms.flows.places import lock_room, make_link
from sealroom.datarooms.models import DataRoom, Group, Guest


@dataclass(frozen=True)
class Preview:
    """A look into a room: the secret to set as the browser's cookie at the guests' pages, and where to go."""

    cookie: str
    url: str


@transaction.atomic
def preview_as_guest(actor: Actor, room_id: str, guest_id: str, *, cookie: str | None, user_agent: str, now: datetime) -> Preview:
    """Look as a guest would. What ended for him stays ended. Raises `Forbidden`, `NotFound`."""
    room = lead(actor, room_id).room
    guest = Guest.objects.select_related("link__policy").filter(room=room, public_id=guest_id, removed_at=None).first()
    if guest is None or guest.link is None:
        raise NotFound
    return _look(actor, room, guest.link, guest.public_id, cookie=cookie, user_agent=user_agent, now=now)


@transaction.atomic
def preview_as_group(actor: Actor, room_id: str, group_id: str, *, cookie: str | None, user_agent: str, now: datetime) -> Preview:
    """Look as somebody would who is in this group alone. Raises `Forbidden`, `NotFound`."""
    room = lock_room(lead(actor, room_id).room)
    group = room.groups.select_related("link").filter(public_id=group_id).first()
    if group is None:
        raise NotFound
    if group.link is None:
        group.link = make_link(room, now=now)
        Group.objects.filter(pk=group.pk).update(link=group.link)
    return _look(actor, room, group.link, group.public_id, cookie=cookie, user_agent=user_agent, now=now)


@transaction.atomic
def open_as_lead(actor: Actor, room_id: str, *, cookie: str | None, user_agent: str, now: datetime) -> Preview:
    """Look at everything in the room. Raises `Forbidden`, `NotFound`."""
    room = lead(actor, room_id).room
    assert room.house_link is not None  # every room has had one since migration 0011
    return _look(actor, room, room.house_link, "", cookie=cookie, user_agent=user_agent, now=now)


def _look(actor: Actor, room: DataRoom, link: Link, through: str, *, cookie: str | None, user_agent: str, now: datetime) -> Preview:
    by = User.objects.get(pk=actor.user_id)
    made = access.issue_preview(link, by=by, cookie=cookie, user_agent=user_agent, now=now)
    audit.record(actor.who, Verb.DATA_ROOM_PREVIEWED, "data_room", room.public_id, now=now, through=through)
    return Preview(made.new_cookie, access_queries.link_url(link))
