# SPDX-License-Identifier: Apache-2.0
"""Groups of guests: made, renamed, filled, deleted. Of those who lead the room."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from sealroom.access import flows as access
from sealroom.accounts.rules import Actor, clean_name
from sealroom.audit import flows as audit
from sealroom.audit.rules import Scalar, Verb
from sealroom.core.errors import Invalid, NotFound
from sealroom.datarooms.flows.hands import lead
from sealroom.datarooms.flows.places import lock_room, touch
from sealroom.datarooms.models import DataRoom, Group, GroupMember, Guest


@transaction.atomic
def create_group(actor: Actor, room_id: str, name: str, *, guests: Iterable[str] = (), now: datetime) -> Group:
    """A group of these guests (public ids), without rights. Raises `Forbidden`, `NotFound`, `Invalid` (name: also "taken";
    guests)."""
    room = lock_room(lead(actor, room_id).room)
    group = Group.objects.create(room=room, name=_free_name(room, name), created_at=now)
    _trail(actor, Verb.GROUP_CREATED, room, group, now=now)
    if wanted := set(guests):
        set_members(actor, room_id, group.public_id, wanted, now=now)
    return group


@transaction.atomic
def change_group(
    actor: Actor, room_id: str, group_id: str, *, name: str | None, guests: Iterable[str] | None, now: datetime
) -> None:
    """Another name, other members, or both (None: as it is), all or nothing. Raises as `rename_group` and `set_members`."""
    _group(actor, room_id, group_id)
    if name is not None:
        rename_group(actor, room_id, group_id, name, now=now)
    if guests is not None:
        set_members(actor, room_id, group_id, guests, now=now)


@transaction.atomic
def rename_group(actor: Actor, room_id: str, group_id: str, name: str, *, now: datetime) -> Group:
    """Call a group otherwise. Raises `Forbidden`, `NotFound`, `Invalid` (name)."""
    room, group = _group(actor, room_id, group_id)
    group.name = _free_name(room, name, but=group)
    group.save(update_fields=["name"])
    touch(room)
    _trail(actor, Verb.GROUP_CHANGED, room, group, now=now)
    return group


@transaction.atomic
def set_members(actor: Actor, room_id: str, group_id: str, guests: Iterable[str], *, now: datetime) -> None:
    """Make exactly these guests (public ids) the group. Raises `Forbidden`, `NotFound`, `Invalid` (`guests`: one is not of the
    room)."""
    room, group = _group(actor, room_id, group_id)
    wanted = set(guests)
    found = list(Guest.objects.filter(room=room, removed_at=None, public_id__in=wanted).order_by("pk"))
    if len(found) != len(wanted):
        raise Invalid({"guests": ["unknown"]})
    group.members.all().delete()
    GroupMember.objects.bulk_create([GroupMember(group=group, guest=guest) for guest in found])
    touch(room)
    _trail(actor, Verb.GROUP_CHANGED, room, group, now=now, members=list[Scalar](guest.public_id for guest in found))


@transaction.atomic
def delete_group(actor: Actor, room_id: str, group_id: str, *, now: datetime) -> None:
    """Delete a group; its members lose what they had through it. Raises `Forbidden`, `NotFound`."""
    room, group = _group(actor, room_id, group_id)
    if group.link is not None:
        access.revoke_link(group.link, now=now)
    _trail(actor, Verb.GROUP_DELETED, room, group, now=now)
    group.delete()
    touch(room)


def _free_name(room: DataRoom, text: str, *, but: Group | None = None) -> str:
    name = clean_name(text)
    others = room.groups.exclude(pk=but.pk) if but is not None else room.groups.all()
    if any(other.casefold() == name.casefold() for other in others.values_list("name", flat=True)):
        raise Invalid({"name": ["taken"]})
    return name


def _group(actor: Actor, room_id: str, group_id: str) -> tuple[DataRoom, Group]:
    room = lock_room(lead(actor, room_id).room)
    group = room.groups.select_related("link").filter(public_id=group_id).first()
    if group is None:
        raise NotFound
    return room, group


def _trail(actor: Actor, verb: Verb, room: DataRoom, group: Group, *, now: datetime, **facts: Any) -> None:
    audit.record(actor.who, verb, "group", group.public_id, now=now, label=group.name, room=room.public_id, **facts)
