# SPDX-License-Identifier: Apache-2.0
"""Setting and clearing rights, many at once. What holds for whom follows at the next request; nothing derived is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from sealroom.accounts.rules import Actor
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.billing.queries import limits_of
from sealroom.core.errors import Invalid, NotFound
from sealroom.datarooms.errors import FeatureMissing
from sealroom.datarooms.flows.hands import lead
from sealroom.datarooms.models import DataRoom, Group, Guest, Item, RightRow
from sealroom.datarooms.rules import MOST_RIGHT_CHANGES, Right, RightChange, Role, check_right_changes

_BATCH = 500
_FILE_FEATURE = "file_permissions"  # the catalogue's word for rights on single files


@dataclass(frozen=True)
class _Named:
    """What the ids of some changes stand for. The empty id stands for the whole room."""

    items: dict[str, Item | None]
    guests: dict[str, Guest]
    groups: dict[str, Group]

    def key(self, change: RightChange) -> tuple[int | None, int | None, int | None]:
        item = self.items[change.item]
        guest = self.guests[change.guest].pk if change.guest else None
        return item.pk if item else None, guest, self.groups[change.group].pk if change.group else None


@transaction.atomic
def set_rights(actor: Actor, room_id: str, changes: Sequence[RightChange], *, now: datetime) -> int:
    """Set or clear rights in a room the actor leads, all of them or none. Returns how many are other than before; what is so
    already leaves no trace. Possible in every state of the room (docs/decisions/0118).

    Raises `NotFound` (also for an item, guest or group that is not of this room or not there any more), `Forbidden`, `Invalid`
    (changes: required, too_many, one_person, twice; guest: co_owner), and `FeatureMissing` for a right that would be set anew on a
    single file and is not in the plan. Folders, the room and clearing never need it.
    """
    hand = lead(actor, room_id)
    if errors := check_right_changes(changes):
        raise Invalid(errors, most=MOST_RIGHT_CHANGES)
    room = DataRoom.objects.select_for_update(no_key=True).filter(pk=hand.room.pk, deleted_at=None).first()
    if room is None:
        raise NotFound
    named = _find(room, changes)
    kept = _kept(room, named)
    due = [(change, kept.get(named.key(change))) for change in changes]
    due = [(change, row) for change, row in due if change.right != (Right(row.right) if row else None)]
    _require_feature(actor, [named.items[change.item] for change, _row in due if change.right is not None], now=now)
    if due:
        _write(room, named, due)
        DataRoom.objects.filter(pk=room.pk).update(revision=F("revision") + 1)
        rights = [f"{one.item or room.public_id} {one.guest or one.group} {one.right or 'cleared'}" for one, _row in due]
        audit.record(hand.who, Verb.RIGHTS_CHANGED, "data_room", room.public_id, now=now, room=room.public_id, rights=rights)
    return len(due)


def _find(room: DataRoom, changes: Sequence[RightChange]) -> _Named:
    item_ids = {one.item for one in changes} - {""}
    items: dict[str, Item | None] = {one.public_id: one for one in room.items.filter(public_id__in=item_ids, trashed_at=None)}
    guest_ids, group_ids = {one.guest for one in changes} - {""}, {one.group for one in changes} - {""}
    guests = {one.public_id: one for one in room.guests.filter(public_id__in=guest_ids, removed_at=None)}
    groups = {one.public_id: one for one in room.groups.filter(public_id__in=group_ids)}
    if (len(items), len(guests), len(groups)) != (len(item_ids), len(guest_ids), len(group_ids)):
        raise NotFound
    if any(guest.role == Role.CO_OWNER for guest in guests.values()):
        raise Invalid({"guest": ["co_owner"]})  # may do everything; a row would do nothing
    return _Named({"": None, **items}, guests, groups)


def _kept(room: DataRoom, named: _Named) -> dict[tuple[int | None, int | None, int | None], RightRow]:
    on = Q(item__in=[item.pk for item in named.items.values() if item]) | Q(item=None)
    whose = Q(guest__in=[one.pk for one in named.guests.values()]) | Q(group__in=[one.pk for one in named.groups.values()])
    return {(row.item_id, row.guest_id, row.group_id): row for row in RightRow.objects.filter(on, whose, room=room)}


def _require_feature(actor: Actor, items: Iterable[Item | None], *, now: datetime) -> None:
    on_files = any(item is not None and not item.is_folder for item in items)
    if on_files and _FILE_FEATURE not in limits_of(actor.team_id, now=now).features:
        raise FeatureMissing(feature=_FILE_FEATURE)


def _write(room: DataRoom, named: _Named, due: Sequence[tuple[RightChange, RightRow | None]]) -> None:
    gone = [row.pk for change, row in due if row is not None and change.right is None]
    other, new = [], []
    for change, row in due:
        if change.right is None:
            continue
        if row is not None:
            row.right = change.right
            other.append(row)
        else:
            item, guest, group = named.key(change)
            new.append(RightRow(room=room, item_id=item, guest_id=guest, group_id=group, right=change.right))
    RightRow.objects.filter(pk__in=gone).delete()
    RightRow.objects.bulk_update(other, ["right"], batch_size=_BATCH)
    RightRow.objects.bulk_create(new, batch_size=_BATCH)
