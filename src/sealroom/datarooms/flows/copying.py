# SPDX-License-Identifier: Apache-2.0
"""Copies within a room, and of a member's documents into one. The bytes are copied before the room is locked; rows follow in one
transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from sealroom.accounts.models import Team
from sealroom.audit.rules import Verb
from sealroom.datarooms import queries, rules
from sealroom.datarooms.flows.change import Change, begin
from sealroom.datarooms.flows.files import keeping_of, storage_of
from sealroom.datarooms.flows.hands import Hand
from sealroom.datarooms.models import Item, RightRow
from sealroom.datarooms.rules import Right
from sealroom.documents import flows as documents
from sealroom.documents import queries as document_queries
from sealroom.documents.flows import Copies
from sealroom.documents.models import Document, Version


@dataclass(frozen=True)
class _Plan:
    """What is copied: the items named, and with them all below in an order in which parents come first."""

    folder: Item | None
    roots: list[Item]
    items: list[Item]

    @property
    def versions(self) -> list[Version]:
        return [item.document.current for item in self.items if item.document is not None and item.document.current is not None]


def copy(hand: Hand, item_ids: Sequence[str], to_folder_id: str, *, now: datetime) -> list[Item]:
    """Copy items with all below them into a folder ("": the top), with the rights that are set on them. Of each file the version
    that readers see is copied, as a document of its own that counts against the storage quota. Returns the copies of what was
    named.

    A guest's copy has what he contributes to only: a copy must not give a right that the original withholds. Raises as `move`, and
    `RoomFull`, `StorageQuota`, `StorageFull`; then nothing is copied.
    """
    with documents.copying() as copies:
        with transaction.atomic():
            plan = _plan(begin(hand), item_ids, to_folder_id)
        documents.check_room(storage_of(hand.room), sum(version.size for version in plan.versions), now=now)
        for version in plan.versions:
            copies.of(version)
        with transaction.atomic():
            return _copy(hand, item_ids, to_folder_id, copies, now=now)


def bring_document(hand: Hand, parent_id: str, document_id: str, *, name: str = "", now: datetime) -> Item:
    """Put a copy of a document that a member may send into a folder of a room he leads ("": at the top), by this name or its own,
    or the next free one. The copy counts against the storage quota; what becomes of the document does not matter to it.

    Raises `Forbidden` (a guest), `NotFound`, `Invalid`, `RoomClosed`, `RoomFull`, `TooDeep`, `StorageQuota`, `StorageFull`."""
    actor = hand.require_lead()
    with documents.copying() as copies:
        with transaction.atomic():
            begin(hand).folder(parent_id)
        version = _current(document_queries.get_document(actor, document_id))
        documents.check_room(storage_of(hand.room), version.size, now=now)
        copies.of(version)
        with transaction.atomic():
            return _bring(hand, parent_id, document_id, copies, name=name, now=now)


def _bring(hand: Hand, parent_id: str, document_id: str, copies: Copies, *, name: str, now: datetime) -> Item:
    storage = storage_of(hand.room)
    Team.objects.select_for_update(no_key=True).get(pk=storage.team_id)  # before the room: the order of all locks
    change = begin(hand)
    source = document_queries.get_document(hand.require_lead(), document_id)  # it may have been deleted meanwhile
    version = _current(source)
    documents.check_copies(storage, [version], now=now)
    called = rules.with_extension_of(rules.item_name(name or source.name), version.name)
    document = documents.copy_document(storage, version, copies, name=called, keeping=keeping_of(hand), now=now)
    item = change.add(change.folder(parent_id), called, document=document, now=now)
    change.finish(Verb.ITEM_ADDED, [item], now=now)
    return item


def _current(document: Document) -> Version:
    assert document.current is not None  # every document has had a version since it was made
    return document.current


def _plan(change: Change, item_ids: Sequence[str], to_folder_id: str) -> _Plan:
    folder = change.folder(to_folder_id)
    roots = change.items(item_ids)
    rules.require_no_ring([item.own_path for item in roots if item.is_folder], folder.own_path if folder else "")
    chosen: dict[int, Item] = {}
    for root in roots:
        rows = queries.below(root).filter(trashed_at=None).select_related("parent", "document__current")
        for item in sorted(rows, key=lambda one: (rules.depth_of(one.path), one.position, one.pk)):
            if item.pk == root.pk or (item.parent_id in chosen and change.right(item) is Right.CONTRIBUTE):
                chosen[item.pk] = item
        rules.require_few(len(chosen))
    return _Plan(folder, roots, list(chosen.values()))


def _copy(hand: Hand, item_ids: Sequence[str], to_folder_id: str, copies: Copies, *, now: datetime) -> list[Item]:
    actor = storage_of(hand.room)
    Team.objects.select_for_update(no_key=True).get(pk=actor.team_id)  # before the room: the order of all locks
    change = begin(hand)
    plan = _plan(change, item_ids, to_folder_id)
    documents.check_copies(actor, plan.versions, now=now)
    change.require_space(len(plan.items))
    made: dict[int, Item] = {}
    for item in plan.items:
        folder = made.get(item.parent_id, plan.folder) if item.parent_id else plan.folder
        document = None
        if item.document is not None and item.document.current is not None:
            document = documents.copy_document(
                actor, item.document.current, copies, name=item.name, keeping=keeping_of(hand), now=now
            )
        made[item.pk] = change.add(folder, item.name, document=document, now=now)
    _copy_rights(change, made)
    roots = [made[item.pk] for item in plan.roots]
    change.finish(Verb.ITEM_COPIED, roots, now=now, copied=len(made))
    return roots


def _copy_rights(change: Change, made: dict[int, Item]) -> None:
    rows = RightRow.objects.filter(room=change.room, item__in=list(made)).values_list("item", "guest", "group", "right")
    RightRow.objects.bulk_create(
        [
            RightRow(room=change.room, item=made[item], guest_id=guest, group_id=group, right=right)
            for item, guest, group, right in rows
            if item is not None
        ],
        batch_size=500,
    )
