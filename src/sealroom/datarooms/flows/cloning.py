# SPDX-License-Identifier: Apache-2.0
"""A data room as the template of another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from sealroom.access.flows import LinkSpec
from sealroom.access.models import Link, PolicyRow
from sealroom.accounts.rules import Actor, Capability, clean_name
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.billing.queries import limits_of
from sealroom.datarooms import queries, rules
from sealroom.datarooms.flows.hands import lead
from sealroom.datarooms.flows.places import lock_room, lock_team, make_link, make_links
from sealroom.datarooms.flows.settings import settle_open_link
from sealroom.datarooms.models import DataRoom, Group, GroupMember, Guest, Item, RightRow
from sealroom.documents import flows as documents
from sealroom.documents.flows import Copies, Keeping
from sealroom.documents.models import Version

_SETTINGS = (
    "team_id",
    "default_right",
    "shows_guests",
    "shows_index",
    "sends_updates",
    "question_audience",
    "banner",
    "about",
)


def clone_room(
    actor: Actor, room_id: str, name: str, *, with_guests: bool = False, with_files: bool = False, now: datetime
) -> DataRoom:
    """Make another room of the actor's with the same settings, folders, groups and rights; with the guests, too, who get links of
    their own and are not written to; and with files, each in the version that readers see, which count against the storage quota.
    Of those who lead the room. Raises `Forbidden`, `NotFound`, `Invalid` (name), `RoomQuota`; with files also `TooManyItems`,
    `StorageQuota`, `StorageFull`. Then nothing is made."""
    actor.require(Capability.MANAGE_ROOMS)
    actor.require_active()
    name = clean_name(name)
    if not with_files:
        return _clone(actor, room_id, name, None, with_guests=with_guests, now=now)
    with documents.copying() as copies:
        source = lead(actor, room_id).room
        _require_place(actor, now=now)
        versions = _versions(_files(source))
        documents.check_room(actor, sum(version.size for version in versions), now=now)
        for version in versions:  # before a lock is held: it takes as long as there are bytes
            copies.of(version)
        return _clone(actor, room_id, name, copies, with_guests=with_guests, now=now)


@transaction.atomic
def _clone(actor: Actor, room_id: str, name: str, copies: Copies | None, *, with_guests: bool, now: datetime) -> DataRoom:
    lock_team(actor.team_id)
    source = lock_room(lead(actor, room_id).room)
    _require_place(actor, now=now)
    room = _copy_room(source, name, actor, now=now)
    groups = _copy_groups(source, room, now=now)
    items = _copy_folders(source, room, actor, now=now)
    files = _copy_files(source, room, actor, items, copies, now=now) if copies is not None else {}
    guests = _copy_guests(source, room, actor, groups, now=now) if with_guests else {}
    _copy_rights(source, room, items | files, groups, guests)
    facts: dict[str, Any] = {"source": source.public_id, "guests": len(guests), "files": len(files)}
    audit.record(actor.who, Verb.DATA_ROOM_CLONED, "data_room", room.public_id, now=now, label=name, **facts)
    return room


def _require_place(actor: Actor, *, now: datetime) -> None:
    rules.require_room(used=queries.rooms_used(actor.team_id), limit=limits_of(actor.team_id, now=now).data_rooms)


def _files(source: DataRoom) -> list[Item]:
    """The files of a room, as many as one deed may copy."""
    found = list(queries.living(source).exclude(document=None).select_related("document__current").order_by("pk"))
    rules.require_few(len(found))
    return found


def _versions(files: Sequence[Item]) -> list[Version]:
    return [one.document.current for one in files if one.document is not None and one.document.current is not None]


def _copy_room(source: DataRoom, name: str, actor: Actor, *, now: datetime) -> DataRoom:
    policy = PolicyRow.objects.get(data_room=source)
    policy.pk, policy.revoked_at, policy.version = None, None, 1
    policy.save(force_insert=True)
    values = {field: getattr(source, field) for field in _SETTINGS}
    room = DataRoom.objects.create(**values, name=name, owner_id=actor.user_id, policy=policy, created_at=now)
    room.house_link = make_link(room, now=now)
    room.save(update_fields=["house_link"])
    settle_open_link(room, now=now)
    return lock_room(room)


def _copy_groups(source: DataRoom, room: DataRoom, *, now: datetime) -> dict[int, Group]:
    copies = {one.pk: Group(room=room, name=one.name, created_at=now) for one in source.groups.order_by("pk")}
    Group.objects.bulk_create(copies.values())
    if source.default_group_id is not None:
        DataRoom.objects.filter(pk=room.pk).update(default_group=copies[source.default_group_id])
    return copies


def _copy_folders(source: DataRoom, room: DataRoom, actor: Actor, *, now: datetime) -> dict[int, Item]:
    """Level by level, because a folder's path names those above it."""
    copies: dict[int, Item] = {}
    living = Item.objects.filter(room=source, document=None, trashed_at=None)
    level = list(living.filter(parent=None).order_by("position", "pk"))
    while level:
        made = {one.pk: _twin(one, room, copies, actor, now=now) for one in level}
        Item.objects.bulk_create(made.values())
        copies |= made
        level = list(living.filter(parent__in=made).order_by("position", "pk"))
    return copies


def _copy_files(
    source: DataRoom, room: DataRoom, actor: Actor, folders: dict[int, Item], copies: Copies, *, now: datetime
) -> dict[int, Item]:
    """Each file as a document of its own, on the actor's storage. What came after the bytes were copied is copied now."""
    files = _files(source)
    documents.check_copies(actor, _versions(files), now=now)
    keeping = Keeping(queries.KEPT_BY, actor.who)
    made: dict[int, Item] = {}
    for one in files:
        assert one.document is not None
        assert one.document.current is not None
        item = _twin(one, room, folders, actor, now=now)
        item.document = documents.copy_document(actor, one.document.current, copies, name=one.name, keeping=keeping, now=now)
        made[one.pk] = item
    Item.objects.bulk_create(made.values())
    return made


def _twin(one: Item, room: DataRoom, copies: dict[int, Item], actor: Actor, *, now: datetime) -> Item:
    parent = copies[one.parent_id] if one.parent_id is not None else None
    return Item(
        room=room,
        parent=parent,
        path=parent.own_path if parent is not None else "",
        position=one.position,
        name=one.name,
        name_key=one.name_key,
        added_by=actor.email,
        created_at=now,
        changed_at=now,
    )


def _copy_guests(source: DataRoom, room: DataRoom, actor: Actor, groups: dict[int, Group], *, now: datetime) -> dict[int, Guest]:
    """Everybody who is in the source, but for the new owner. They have places in the team's quota already."""
    rows = source.guests.select_related("link").filter(removed_at=None, revoked_at=None)
    found = list(rows.exclude(address=actor.email).order_by("pk"))
    specs = [LinkSpec(one.address, one.name) for one in found]
    links = make_links(room, specs, now=now) if specs else []
    for link, one in zip(links, found, strict=True):
        link.language = one.link.language if one.link is not None else link.language
    Link.objects.bulk_update(links, ["language"])
    kept = ("address", "name", "role", "access_from", "access_until", "message")
    copies = {
        one.pk: Guest(
            room=room,
            link=link,
            invited_by_id=actor.user_id,
            added_at=now,
            updates_told_at=now,
            **{field: getattr(one, field) for field in kept},
        )
        for one, link in zip(found, links, strict=True)
    }
    Guest.objects.bulk_create(copies.values())
    memberships = GroupMember.objects.filter(guest__in=copies).values_list("group", "guest")
    GroupMember.objects.bulk_create([GroupMember(group=groups[group], guest=copies[guest]) for group, guest in memberships])
    return copies


def _copy_rights(
    source: DataRoom, room: DataRoom, folders: dict[int, Item], groups: dict[int, Group], guests: dict[int, Guest]
) -> None:
    copies = []
    for row in RightRow.objects.filter(room=source).order_by("pk"):
        if row.item_id is not None and row.item_id not in folders:
            continue
        if row.guest_id is not None and row.guest_id not in guests:
            continue
        copies.append(
            RightRow(
                room=room,
                item=folders[row.item_id] if row.item_id is not None else None,
                guest=guests[row.guest_id] if row.guest_id is not None else None,
                group=groups[row.group_id] if row.group_id is not None else None,
                right=row.right,
            )
        )
    RightRow.objects.bulk_create(copies)
