# SPDX-License-Identifier: Apache-2.0
"""Uploads that outlive a dropped connection, a closed browser and a killed server: bytes are kept part by part, each encrypted and
synced before the offset that counts it, and become one document when the last has come (tus 1.0, https://tus.io).

The last part is not counted by the offset until the document exists: a client that asks after a crash sends it again, and whichever
client is used, an upload that says it is complete has become a document.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F

from sealroom.accounts.rules import Actor, Capability
from sealroom.core.errors import Invalid, NotFound
from sealroom.documents import queries, rules
from sealroom.documents.errors import BlobMissing, ChecksumMismatch, OffsetConflict, TooLarge, TooManyUploads, TypeRefused
from sealroom.documents.flows.upload import Keeping, Witness, accept_upload, add_kept_version, add_version, check_room
from sealroom.documents.models import Document, Upload, UploadPart
from sealroom.documents.ports import StoredBlob, get_blob_store
from sealroom.documents.queries import UploadView
from sealroom.documents.rules import Refusal

log = structlog.get_logger("sealroom.documents")

PART_BYTES = 8 * 1024**2
"""The most that a crash can cost: a part is kept whole or not at all."""

LIFE = timedelta(hours=23)
"""How long after its last byte an unfinished upload can go on. Its parts are removed within the hour that follows."""

MAX_OPEN = 1000
"""Uploads of one user that have begun and not ended: each is a row, however few bytes it holds."""

_PIECE = 1 << 18
_SHOWS_NOTHING = b"\x01"


@dataclass(frozen=True)
class Checksum:
    """What a client says of the bytes of one request: `algorithm` one of `hashlib`'s, `digest` in bytes."""

    algorithm: str
    digest: bytes


@dataclass(frozen=True)
class Destination:
    """Where an upload goes that a room above keeps. `owner` names whose it is there: nobody else finds it again. `witness` is told
    the place and the document it became, in the transaction that makes it, and may still refuse by raising."""

    owner: str
    keeping: Keeping
    witness: Callable[[str, Document], None]


def begin_upload(actor: Actor, name: str, size: int, *, now: datetime, document_id: str = "") -> UploadView:
    """Open an upload of `size` bytes, of a new document or (`document_id`) of the next version of one of the actor's own.

    Refuses before a byte is sent: `TooLarge`, `StorageQuota` (what lies half uploaded counts), `TypeRefused` by the name alone,
    `TooManyUploads`, and `NotFound` when the document is not the actor's own.
    """
    actor.require(Capability.SEND)
    document = queries.get_own_document(actor, document_id) if document_id else None
    return _open(actor, name, size, document=document, now=now)


def begin_kept_upload(
    actor: Actor, name: str, size: int, *, owner: str, place: str, document: Document | None = None, now: datetime
) -> UploadView:
    """Open an upload on the actor's storage for a room above, which has decided that it may be done: of a new document, or of the
    next version of `document`. `owner` and `place` as in `Destination`. Refuses as `begin_upload`."""
    actor.require(Capability.SEND)
    return _open(actor, name, size, document=document, kept_for=owner, place=place, now=now)


def _open(
    actor: Actor, name: str, size: int, *, document: Document | None, kept_for: str = "", place: str = "", now: datetime
) -> UploadView:
    name = rules.clean_name(name)
    if size <= 0:
        raise TypeRefused(reason=str(Refusal.EMPTY)) if size == 0 else Invalid({"size": ["negative"]})
    refusal = rules.decide_kind(name, _SHOWS_NOTHING).refusal
    if refusal in (Refusal.PROGRAM, Refusal.ARCHIVE):
        raise TypeRefused(reason=str(refusal))
    if queries.count_open_uploads(actor.user_id, now=now) >= MAX_OPEN:
        raise TooManyUploads(limit=MAX_OPEN)
    check_room(actor, size, waiting=queries.bytes_half_uploaded(actor.team_id), now=now)
    upload = Upload.objects.create(
        team_id=actor.team_id,
        user_id=actor.user_id,
        name=name,
        size=size,
        document=document,
        is_version=document is not None,
        kept_for=kept_for,
        place=place,
        created_at=now,
        expires_at=now + LIFE,
    )
    return queries.upload_view(upload)


def append(
    actor: Actor,
    upload_id: str,
    chunks: Iterable[bytes],
    *,
    offset: int,
    now: datetime,
    checksum: Checksum | None = None,
    into: Destination | None = None,
) -> UploadView:
    """Add bytes at `offset`; with the last of them the upload becomes its document, once however many requests end it together.

    Each part is safe when it is counted, so of a stream that breaks off all but the part under way is kept; with `checksum` all of
    it is kept or nothing. `into` for an upload that a room above began. Raises `NotFound` (another's, expired), `OffsetConflict`,
    `ChecksumMismatch`, `TooLarge` (more than
    was declared), and when the document is made all that `accept_upload` raises.
    """
    actor.require(Capability.SEND)
    kept_for = into.owner if into else ""
    upload = queries.get_upload(actor, upload_id, now=now, kept_for=kept_for)
    if offset != upload.offset:
        raise OffsetConflict(offset=upload.offset)
    if upload.finished_at is not None:
        return queries.upload_view(upload)
    source = _Source(chunks, checksum)
    if offset == 0:
        _check_kind(upload, source)
    _store_parts(actor, upload, source, now=now)
    if upload.size == sum(upload.parts.values_list("size", flat=True)):
        _finish(actor, upload, into, now=now)
    return queries.upload_view(queries.get_upload(actor, upload_id, now=now, kept_for=kept_for))


def abandon_upload(actor: Actor, upload_id: str, *, now: datetime, kept_for: str = "") -> None:
    """Forget an upload and remove its parts; a document it has become stays. `NotFound` when there is none."""
    actor.require(Capability.SEND)
    _remove(queries.get_upload(actor, upload_id, now=now, kept_for=kept_for))


def remove_expired_uploads(*, now: datetime) -> int:
    """Remove uploads that nobody went on with in `LIFE`; returns how many."""
    expired = list(Upload.objects.filter(expires_at__lte=now))
    for upload in expired:
        _remove(upload)
    return len(expired)


def _check_kind(upload: Upload, source: _Source) -> None:
    """Refuse by the first bytes, as soon as there are enough of them; what comes in smaller pieces is refused at the end."""
    head = source.peek(rules.HEAD_BYTES)
    if len(head) < min(rules.HEAD_BYTES, upload.size):
        return
    refusal = rules.decide_kind(upload.name, head[: rules.HEAD_BYTES]).refusal
    if refusal is not None:
        _remove(upload)
        raise TypeRefused(reason=str(refusal))


def _store_parts(actor: Actor, upload: Upload, source: _Source, *, now: datetime) -> None:
    """Store what comes. Without a checksum each part is counted as soon as it is safe; with one all are, when it proved right."""
    store = get_blob_store()
    waiting: list[StoredBlob] = []
    try:
        came = 0
        while came < upload.size - upload.offset and source.peek(1):
            check_room(actor, 0, waiting=queries.bytes_half_uploaded(actor.team_id) + came, now=now)
            blob = store.put(source.take(min(PART_BYTES, upload.size - upload.offset - came)))
            waiting.append(blob)
            came += blob.size
            if source.checksum is None:
                _count(upload, waiting, now=now)
                waiting, came = [], 0
        if source.peek(1) and upload.offset + came >= upload.size:
            raise TooLarge(limit=upload.size)
        source.verify()
        if waiting:
            _count(upload, waiting, now=now)
            waiting = []
    finally:
        for blob in waiting:
            store.delete(blob.key)


@transaction.atomic
def _count(upload: Upload, blobs: list[StoredBlob], *, now: datetime) -> None:
    """Write stored parts down and move the offset over them. Raises when somebody else did so meanwhile."""
    row = Upload.objects.select_for_update(no_key=True).filter(pk=upload.pk, finished_at=None).first()
    if row is None or row.offset != upload.offset:
        raise OffsetConflict(offset=row.offset if row else upload.offset)
    row.parts.filter(position__gte=row.offset).delete()  # a last part of a request that died; its bytes go with the sweep
    at = row.offset
    for blob in blobs:
        UploadPart.objects.create(upload=row, position=at, size=blob.size, key=blob.key)
        at += blob.size
    row.offset = at if at < row.size else at - blobs[-1].size
    row.expires_at = now + LIFE
    row.save(update_fields=["offset", "expires_at"])
    upload.offset = at


def _finish(actor: Actor, upload: Upload, into: Destination | None, *, now: datetime) -> None:
    """Make the document from the parts. Of several who do so at once one wins, and the others find what it made."""
    parts = list(upload.parts.order_by("position"))

    def claim(document: Document) -> None:
        won = Upload.objects.filter(pk=upload.pk, finished_at=None).update(finished_at=now, document=document, offset=F("size"))
        if not won:
            raise _Overtaken
        UploadPart.objects.filter(upload_id=upload.pk).delete()
        if into is not None:
            into.witness(upload.place, document)

    try:
        _make(actor, upload, _joined(parts), into, witness=claim, now=now)
    except (_Overtaken, BlobMissing):
        if not Upload.objects.filter(pk=upload.pk).exclude(finished_at=None).exists():
            raise NotFound(kind="upload", id=upload.public_id) from None
    except TypeRefused:
        _remove(upload)
        raise
    else:
        _discard(parts)


def _make(
    actor: Actor, upload: Upload, chunks: Iterable[bytes], into: Destination | None, *, witness: Witness, now: datetime
) -> None:
    name, size, keeping = upload.name, upload.size, into.keeping if into else None
    document = upload.document if upload.is_version else None
    if document is None:
        accept_upload(actor, chunks, name=name, size=size, now=now, witness=witness, keeping=keeping)
    elif keeping is None:
        add_version(actor, document.public_id, chunks, name=name, size=size, now=now, witness=witness)
    else:
        add_kept_version(actor, document, chunks, name=name, size=size, now=now, keeping=keeping, witness=witness)


def _joined(parts: list[UploadPart]) -> Iterator[bytes]:
    store = get_blob_store()
    for part in parts:
        with closing(store.open(part.key)) as blob:
            while piece := blob.read(_PIECE):
                yield piece


def _remove(upload: Upload) -> None:
    parts = list(upload.parts.all())
    Upload.objects.filter(pk=upload.pk).delete()
    _discard(parts)


def _discard(parts: list[UploadPart]) -> None:
    for part in parts:
        try:
            get_blob_store().delete(part.key)
        except OSError:
            log.warning("blob left for the sweep", key=part.key, exc_info=True)


class _Overtaken(Exception):
    """Another request finished this upload first."""


class _Source:
    """A stream that can be looked into, cut into parts, and held against its checksum; never whole in memory."""

    def __init__(self, chunks: Iterable[bytes], checksum: Checksum | None) -> None:
        self._chunks = iter(chunks)
        self._ahead = b""
        self.checksum = checksum
        self._hash = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None

    def peek(self, most: int) -> bytes:
        """At least `most` of the next bytes, fewer only at the end."""
        while len(self._ahead) < most and (chunk := next(self._chunks, b"")):
            self._ahead += chunk
        return self._ahead

    def take(self, most: int) -> Iterator[bytes]:
        """The next bytes, at most so many."""
        while most and (ahead := self.peek(1)):
            piece, self._ahead = ahead[:most], ahead[most:]
            most -= len(piece)
            if self._hash is not None:
                self._hash.update(piece)
            yield piece

    def verify(self) -> None:
        """Raises `ChecksumMismatch` unless what was taken is what the client told."""
        if self.checksum is not None and self._hash is not None and self._hash.digest() != self.checksum.digest:
            raise ChecksumMismatch(algorithm=self.checksum.algorithm)
