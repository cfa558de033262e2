# SPDX-License-Identifier: Apache-2.0
"""How tree and rights of a room are read together, so that they are of one and the same instant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from django.db import transaction
from django.db.models import Q

from sealroom.core.prepared import Prepared
from sealroom.datarooms.models import DataRoom, GroupMember, RightRow
from sealroom.datarooms.rules import Right, Setting

T = TypeVar("T")
Settings = Mapping[int | None, Sequence[Setting]]  # what is set for somebody, by item (None: the room)
_TRIES = 3


def steadily(room_pk: int, read: Callable[[DataRoom], T], *, just_read: DataRoom | None = None) -> T:
    """What `read` makes of the room, with nothing changed between its statements and, where the room was `just_read`, since then.

    Who read the rights before a change and the tree after it could see what was hidden before and after. Every change of either
    raises the room's revision: it is read again until none came between; in a room that never rests, under its lock.
    """
    room = just_read or DataRoom.objects.get(pk=room_pk)
    for _ in range(_TRIES):
        found = read(room)
        if _unchanged.first(room=room_pk, revision=room.revision) is not None:
            return found
        room = DataRoom.objects.get(pk=room_pk)
    with transaction.atomic():
        return read(DataRoom.objects.select_for_update(no_key=True).get(pk=room_pk))


_unchanged = Prepared(
    lambda room, revision: DataRoom.objects.filter(pk=room, revision=revision).only("pk"), numbers=("room", "revision")
)


def settings_of_guest(room_pk: int, guest_pk: int) -> Settings:
    """What is set for a guest and his groups, as it is now."""
    groups = GroupMember.objects.filter(guest=guest_pk).values("group")
    rows = RightRow.objects.filter(Q(guest=guest_pk) | Q(group__in=groups), room=room_pk)
    return by_item(rows.values_list("item", "group", "right"))


def settings_of_group(room_pk: int, group_pk: int) -> Settings:
    """What is set for a group: all there is for somebody who is only in that one."""
    rows = RightRow.objects.filter(room=room_pk, group=group_pk)
    return by_item(rows.values_list("item", "group", "right"))


def by_item(rows: Iterable[tuple[int | None, int | None, str]]) -> Settings:
    """Rows of (item, group, right) by item."""
    settings: dict[int | None, list[Setting]] = defaultdict(list)
    for item, group, right in rows:
        settings[item].append(Setting(Right(right), group))
    return settings
