# SPDX-License-Identifier: Apache-2.0
"""A whole room as one signed archive, for those who lead it: made by a job, kept for a week, whatever the state of the room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from sealroom.accounts.rules import Actor
from sealroom.audit import flows as audit
from sealroom.audit.rules import SYSTEM, ActorKind, Verb, Who
from sealroom.core import jobs
from sealroom.core.archives import Entry, signed_archive, signing_key
from sealroom.core.errors import NotFound
from sealroom.core.jobs.rules import IDLE
from sealroom.core.secrets import keyring
from sealroom.core.tables import Row, csv_parts
from sealroom.datarooms import queries
from sealroom.datarooms.errors import ExportRunning
from sealroom.datarooms.flows.hands import lead, oversee
from sealroom.datarooms.flows.places import lock_room
from sealroom.datarooms.models import RoomExport
from sealroom.datarooms.queries import ExportFile, ExportView, Snapshot
from sealroom.datarooms.rules import EXPORT_LASTS, ExportState, safe_part
from sealroom.documents.errors import BlobCorrupt, BlobMissing, StorageFull
from sealroom.documents.ports import get_blob_store

UNDER_WAY = tuple(state for state in ExportState if state.is_under_way)
_BLOCK = 1 << 18


@dataclass(frozen=True)
class OpenedExport:
    """An archive to take along: its file name, its size in bytes, its SHA-256, and its bytes, which may be asked for once."""

    name: str
    size: int
    sha256: str
    chunks: Iterator[bytes]


@transaction.atomic
def request_export(actor: Actor, room_id: str, *, has_short_paths: bool = False, now: datetime) -> str:
    """Have the whole room made into an archive; returns the export's id. Raises `Forbidden`, `NotFound`, and `ExportRunning` while
    another is being made."""
    room = lock_room(lead(actor, room_id).room)
    if RoomExport.objects.filter(room=room, state__in=UNDER_WAY).exists():
        raise ExportRunning
    made = RoomExport.objects.create(
        room=room, requested_by_id=actor.user_id, has_short_paths=has_short_paths, state=ExportState.WAITING, created_at=now
    )
    lane = f"export:{room.team_id}"  # of its own: what the team waits for is not held up by it
    jobs.defer("datarooms.make_export", key=f"{made.pk}", lane=lane, priority=IDLE, export_id=made.pk)
    return made.public_id


@transaction.atomic
def stop_export(actor: Actor, room_id: str, export_id: str) -> None:
    """Do not make an export any further; one that has come to its end stays as it is. Raises `Forbidden`, `NotFound`."""
    rows = RoomExport.objects.filter(room=lock_room(lead(actor, room_id).room), public_id=export_id)
    if not rows.exists():
        raise NotFound(kind="export", id=export_id)
    rows.filter(state__in=UNDER_WAY).update(state=ExportState.STOPPED)


def list_exports(actor: Actor, room_id: str) -> list[ExportView]:
    """The exports of a room, the latest first. Raises `Forbidden`, `NotFound`."""
    return queries.exports_of(oversee(actor, room_id).room)


@transaction.atomic
def open_export(actor: Actor, room_id: str, export_id: str, *, now: datetime) -> OpenedExport:
    """An archive that is ready. Raises `Forbidden`, `NotFound`: also before it is ready and after it has expired."""
    room = lead(actor, room_id).room
    ready = RoomExport.objects.filter(room=room, state=ExportState.READY, expires_at__gt=now).exclude(blob_key=None)
    found = ready.filter(public_id=export_id).first()
    if found is None:
        raise NotFound(kind="export", id=export_id)
    assert found.blob_key is not None
    assert found.ready_at is not None
    name = safe_part(f"{room.name} {found.ready_at:%Y-%m-%d}.zip")
    chunks = _blocks(get_blob_store().open(found.blob_key))
    facts = {"list": "data_room", "format": "zip", "room": room.public_id, "export": found.public_id}
    audit.record(actor.who, Verb.DATA_EXPORTED, "data_room", room.public_id, now=now, label=room.name, **facts)
    return OpenedExport(name, found.size, found.sha256, chunks)


def make_export(export_id: int, *, now: datetime) -> None:
    """Write the archive of an export that waits, or that a worker died over. Bytes that cannot be read are kept as a
    failure. Raises `StorageFull`: it is tried again."""
    rows = RoomExport.objects.filter(pk=export_id, state__in=UNDER_WAY)
    export = rows.select_related("room__team", "room__policy", "requested_by").first()
    if export is None:
        return
    if export.room.deleted_at is not None:
        rows.update(state=ExportState.FAILED, error_code="room_deleted")
        return
    if not rows.update(state=ExportState.RUNNING, progress=0):
        return
    try:
        blob = get_blob_store().put(_archive(export, now=now))
    except _NotWanted:
        return
    except (BlobMissing, BlobCorrupt) as fault:
        rows.update(state=ExportState.FAILED, error_code=fault.code)
        return
    except StorageFull as fault:
        rows.update(error_code=fault.code)
        raise
    with transaction.atomic():
        values = {"blob_key": blob.key, "size": blob.size, "sha256": blob.sha256, "ready_at": now, "expires_at": now + EXPORT_LASTS}
        if rows.update(state=ExportState.READY, progress=100, error_code="", **values):
            _record(export, sha256=blob.sha256, now=now)
            return
    get_blob_store().delete(blob.key)  # another worker was quicker, or nobody wants it any more


def give_up_export(export_id: int) -> None:
    """Mark an export failed that was tried to the end of its attempts."""
    rows = RoomExport.objects.filter(pk=export_id, state__in=UNDER_WAY)
    rows.filter(error_code="").update(error_code="error")
    rows.update(state=ExportState.FAILED)


def remove_old_exports(*, now: datetime) -> int:
    """Delete archives that have expired and those of deleted rooms; returns how many. The rows stay, to be listed."""
    old = RoomExport.objects.filter(Q(expires_at__lte=now) | Q(room__deleted_at__isnull=False)).exclude(blob_key=None)
    found = list(old)
    for export in found:
        assert export.blob_key is not None
        RoomExport.objects.filter(pk=export.pk).update(state=ExportState.EXPIRED, blob_key=None)
        get_blob_store().delete(export.blob_key)
    return len(found)


def _record(export: RoomExport, *, sha256: str, now: datetime) -> None:
    room, user = export.room, export.requested_by
    who = Who(ActorKind.MEMBER, user.public_id, team=room.team.public_id, label=user.email, route=SYSTEM.route)
    facts = {"room": room.public_id, "export": export.public_id, "sha256": sha256}
    audit.record(who, Verb.DATA_ROOM_EXPORTED, "data_room", room.public_id, now=now, label=room.name, **facts)


def _archive(export: RoomExport, *, now: datetime) -> Iterator[bytes]:
    room = export.room
    taken = queries.snapshot(room, has_short_paths=export.has_short_paths)
    facts = {
        "room": room.public_id,
        "name": room.name,
        "export": export.public_id,
        "made_at": now.isoformat(),
        "installation": settings.SEALROOM_BASE_URL,
    }
    entries = _entries(export, taken, now=now)
    return signed_archive(entries, facts, key=signing_key(keyring()), at=now)


def _entries(export: RoomExport, taken: Snapshot, *, now: datetime) -> Iterator[Entry]:
    room = export.room
    yield _table("index.csv", queries.INDEX, taken.index_rows(), now)
    progress = _Progress(
        sum(one.original.size for one in taken.files if one.original is not None and not one.original.is_withheld), export
    )
    full = {one.item.parent for one in taken.files}
    for one in taken.files:
        if one.original is not None and one.original.is_withheld:
            continue
        if one.original is not None:
            yield Entry(one.named.entry, _opener(one, progress), one.item.changed_at, one.original.size)
        elif one.named.entry and one.item.id not in full:
            yield Entry(one.named.entry, tuple, one.item.changed_at)
    yield _table("questions.csv", queries.QUESTIONS, queries.question_rows(room, taken.paths), now)
    yield _table("guests.csv", queries.GUESTS, queries.guest_rows(room, now=now), now)
    yield _table("rights.csv", queries.RIGHTS, taken.rights_rows(), now)
    yield _table("activity.csv", queries.ACTIVITY, queries.activity_rows(room), now)


def _table(name: str, head: Iterable[str], rows: Iterator[Row], at: datetime) -> Entry:
    return Entry(name, lambda: (part.encode() for part in csv_parts(list(head), rows)), at)


class _NotWanted(Exception):
    """The export was stopped while its archive was written."""


class _Progress:
    """Counts bytes and writes down each further percent; the last is for the archive that is kept. Raises `_NotWanted`."""

    def __init__(self, total: int, export: RoomExport) -> None:
        self._total, self._export = max(total, 1), export.pk
        self._done = self._told = 0

    def add(self, size: int) -> None:
        self._done += size
        percent = min(99, self._done * 100 // self._total)
        if percent > self._told:
            self._told = percent
            if not RoomExport.objects.filter(pk=self._export, state=ExportState.RUNNING).update(progress=percent):
                raise _NotWanted


def _opener(one: ExportFile, progress: _Progress) -> Callable[[], Iterator[bytes]]:
    def blocks() -> Iterator[bytes]:
        assert one.original is not None
        for block in _blocks(get_blob_store().open(one.original.key)):
            yield block
            progress.add(len(block))

    return blocks


def _blocks(opened: BinaryIO) -> Iterator[bytes]:
    with closing(opened) as blob:
        while block := blob.read(_BLOCK):
            yield block
