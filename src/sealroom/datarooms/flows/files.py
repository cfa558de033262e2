# SPDX-License-Identifier: Apache-2.0
"""Files of a room: their bytes are documents on the storage of its owner, kept by the room alone; versions of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from sealroom.accounts.queries import actor_of_user
from sealroom.accounts.rules import Actor
from sealroom.audit.rules import Verb
from sealroom.core.errors import Forbidden, NotFound
from sealroom.datarooms import queries, rules
from sealroom.datarooms.flows.change import Change, begin, foresee, lock_room, look, system_in
from sealroom.datarooms.flows.hands import Hand
from sealroom.datarooms.models import DataRoom, Item
from sealroom.documents import flows as documents
from sealroom.documents import queries as document_queries
from sealroom.documents.flows import Checksum, Destination, Keeping
from sealroom.documents.models import Document, Version, VersionState
from sealroom.documents.queries import UploadView, VersionView


def storage_of(room: DataRoom) -> Actor:
    """The owner of a room as the one who lends it his team's storage. Raises `Forbidden` when he left the team."""
    actor = actor_of_user(room.owner_id, room.team_id)
    if actor is None:
        raise Forbidden
    return actor


def keeping_of(hand: Hand) -> Keeping:
    """How documents are told that a room keeps them."""
    return Keeping(queries.KEPT_BY, hand.who)


def add_file(hand: Hand, parent_id: str, chunks: Iterable[bytes], *, name: str, size: int | None, now: datetime) -> Item:
    """Take a new file into a folder ("": the top), by its name or the next free one; document and item together or neither.

    Raises `NotFound`, `Forbidden`, `RoomClosed`, `RoomFull`, `TooDeep`, and all that `documents.flows.accept_upload` does.
    """
    made: list[Item] = []
    actor = _ask_folder(hand, parent_id)

    def witness(document: Document) -> None:
        made.append(_add(hand, parent_id, document, now=now))

    documents.accept_upload(actor, chunks, name=name, size=size, now=now, witness=witness, keeping=keeping_of(hand))
    return made[0]


def replace_file(hand: Hand, item_id: str, chunks: Iterable[bytes], *, name: str, size: int | None, now: datetime) -> Version:
    """Take in the next version of a file. Readers stay with the one they see until the new one is ready, and see it from then on
    (`publish_ready`). Raises as `add_file`."""
    actor, document = _ask_file(hand, item_id)

    def witness(_: Document) -> None:
        _replace(hand, item_id, now=now)

    return documents.add_kept_version(
        actor, document, chunks, name=name, size=size, now=now, witness=witness, keeping=keeping_of(hand)
    )


def unlock_file(hand: Hand, item_id: str, password: str, *, now: datetime) -> None:
    """Prepare the newest version of a file, which failed for want of its password, again with it (`documents.flows.unlock`). Raises
    `NotFound`, `Forbidden`, `RoomClosed`, `Invalid`, `NotReady`, `RateLimited`."""
    _, document = _ask_file(hand, item_id)
    documents.unlock_kept(document, password, who=hand.who, now=now, room=hand.room.public_id)


def retry_file(hand: Hand, item_id: str, *, now: datetime) -> None:
    """Prepare the newest version of a file, which failed, again. Raises as `unlock_file`."""
    _, document = _ask_file(hand, item_id)
    documents.retry_kept(document, now=now)


# -- Resumable uploads -----------------------------------------------------------------------------------------------------
def begin_upload(hand: Hand, parent_id: str, name: str, size: int, *, now: datetime, item_id: str = "") -> UploadView:
    """Open a resumable upload of a new file of a folder, or (`item_id`) of the next version of a file. It is this hand's alone, in
    this room. Refuses as `add_file` would, as far as can be told before the bytes come."""
    owner = _owner_of(hand)
    if not item_id:
        return documents.begin_kept_upload(_ask_folder(hand, parent_id), name, size, owner=owner, place=parent_id, now=now)
    actor, document = _ask_file(hand, item_id)
    return documents.begin_kept_upload(actor, name, size, owner=owner, place=item_id, document=document, now=now)


def append_upload(
    hand: Hand, upload_id: str, chunks: Iterable[bytes], *, offset: int, now: datetime, checksum: Checksum | None = None
) -> UploadView:
    """Add bytes to such an upload; with the last of them the file, or its next version, is there. What he may do is asked again
    then. Raises `NotFound` for another's, and as `documents.flows.append` and `add_file`."""

    def witness(place: str, document: Document) -> None:
        if Item.objects.filter(document=document).exists():
            _replace(hand, place, now=now)
        else:
            _add(hand, place, document, now=now)

    into = Destination(_owner_of(hand), keeping_of(hand), witness)
    return documents.append(storage_of(hand.room), upload_id, chunks, offset=offset, now=now, checksum=checksum, into=into)


def upload_of(hand: Hand, upload_id: str, *, now: datetime) -> tuple[UploadView, str]:
    """How far an upload of this hand's is, and the item it became ("" until then). Raises `NotFound`."""
    upload = document_queries.get_upload(storage_of(hand.room), upload_id, now=now, kept_for=_owner_of(hand))
    view = document_queries.upload_view(upload)
    item = queries.living(hand.room).filter(document__public_id=view.document_id).first() if view.document_id else None
    return view, item.public_id if item else ""


def abandon_upload(hand: Hand, upload_id: str, *, now: datetime) -> None:
    """Forget an upload of this hand's; a file it has become stays. Raises `NotFound`."""
    documents.abandon_upload(storage_of(hand.room), upload_id, now=now, kept_for=_owner_of(hand))


# -- Versions --------------------------------------------------------------------------------------------------------------
def versions_of(hand: Hand, item_id: str) -> list[VersionView]:
    """Every version of a file, the first one first, for who may change it. Raises `NotFound`, `Forbidden`, `Invalid`."""
    _, document = look(hand).file(item_id)
    return document_queries.list_versions(document)


@transaction.atomic
def restore_version(hand: Hand, item_id: str, version_id: str, *, now: datetime) -> Item:
    """Make an earlier (or later) version the one that readers see. Raises as `versions_of`, `RoomClosed`, `NotReady`."""
    change = begin(hand)
    item, document = change.file(item_id)
    version = document.versions.filter(public_id=version_id).first()
    if version is None:
        raise NotFound(kind="version", id=version_id)
    documents.publish_version(document, version, who=hand.who, now=now)
    _follow(change, item, version, now=now)
    change.finish(Verb.ITEM_CHANGED, [item], now=now, what="version", number=version.number)
    return item


@transaction.atomic
def publish_ready(version_id: int, *, now: datetime) -> bool:
    """Let readers see a version of a room's file that has become ready, unless a later one was published meanwhile; doing it again
    changes nothing. Returns whether it was published."""
    room_id = queries.room_awaiting(version_id)
    if room_id is None:
        return False
    room = lock_room(room_id)
    version = Version.objects.select_related("document__item", "document__team").get(pk=version_id)
    document = version.document
    later = document.versions.filter(number__gt=version.number).exclude(published_at=None)
    is_due = version.published_at is None and version.state == VersionState.READY and not later.exists()
    if not is_due or document.deleted_at is not None:
        return False
    item: Item = document.item
    change = Change(Hand(room, system_in(room), ""), room)
    documents.publish_version(document, version, who=change.hand.who, now=now)
    _follow(change, item, version, now=now)
    change.finish(Verb.ITEM_CHANGED, [item], now=now, what="version", number=version.number)
    return True


def _ask_folder(hand: Hand, parent_id: str) -> Actor:
    change = foresee(hand)
    folder = change.folder(parent_id)
    change.require_space(1)
    rules.require_depth(rules.depth_of(folder.own_path if folder else "") + 1)
    return storage_of(hand.room)


def _ask_file(hand: Hand, item_id: str) -> tuple[Actor, Document]:
    _, document = foresee(hand).file(item_id)
    return storage_of(hand.room), document


def _add(hand: Hand, parent_id: str, document: Document, *, now: datetime) -> Item:
    """The item of a document that has just come in, in the transaction that makes it."""
    change = begin(hand)
    item = change.add(change.folder(parent_id), document.name, document=document, now=now)
    change.finish(Verb.ITEM_ADDED, [item], now=now)
    return item


def _replace(hand: Hand, item_id: str, *, now: datetime) -> None:
    """Ask again, now that all bytes of a version are there, and write down that it came."""
    change = begin(hand)
    item, _ = change.file(item_id)
    change.finish(Verb.ITEM_CHANGED, [item], now=now, what="version_added")


def _follow(change: Change, item: Item, version: Version, *, now: datetime) -> None:
    """The item after another version was published: it keeps its name, but for the extension."""
    name = rules.with_extension_of(item.name, version.name)
    if name != item.name and item.trashed_at is None:
        name = change.free_name(item.parent, name, but=item)
    change.call(item, name)
    item.changed_at = now
    item.save(update_fields=["name", "name_key", "changed_at"])


def _owner_of(hand: Hand) -> str:
    return f"{hand.room.public_id} {hand.address}"
