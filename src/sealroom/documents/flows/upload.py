# SPDX-License-Identifier: Apache-2.0
"""Taking bytes in: a new document, a new version of one, and making that version the one that readers see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Max

from sealroom.accounts.models import Team
from sealroom.accounts.rules import Actor, Capability
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb, Who
from sealroom.billing import queries as billing
from sealroom.core import jobs
from sealroom.core.errors import Invalid, NotFound
from sealroom.core.jobs.rules import IDLE, NORMAL
from sealroom.documents import queries, rules
from sealroom.documents.errors import NotReady, StorageQuota, TooLarge, TypeRefused
from sealroom.documents.kinds import Kind
from sealroom.documents.models import Document, Version, VersionState
from sealroom.documents.ports import StoredBlob, get_blob_store

log = structlog.get_logger("sealroom.documents")
Witness = Callable[[Document], None]


@dataclass(frozen=True)
class Keeping:
    """A room above that keeps what comes in: `by` goes into `Document.kept_by`, and the trail names `who` as the one who brought
    it, while the actor lends his storage."""

    by: str
    who: Who


@dataclass(frozen=True)
class _Arrival:
    """Bytes that lie safely in the store and have no row yet."""

    name: str
    kind: Kind
    blob: StoredBlob


def accept_upload(
    actor: Actor,
    chunks: Iterable[bytes],
    *,
    name: str,
    size: int | None,
    now: datetime,
    witness: Witness | None = None,
    keeping: Keeping | None = None,
    brought_by: Who | None = None,
) -> Document:
    """Take in a new document; it belongs to the actor, and with `keeping` is that room's alone. `brought_by`: who brought it, where
    that was not the actor.

    Streams in constant memory. When this returns, the bytes are synced to the medium and the rows committed; when it raises,
    nothing is kept. Refuses by the declared `size` and the first bytes before anything is stored: `TooLarge`, `StorageQuota`,
    `TypeRefused`; while storing: `TooLarge`, `StorageQuota`, `StorageFull`, `Invalid` (a size other than declared). What needs
    a parser is found later by "documents.prepare", which this defers. `witness` is called with the new document in the transaction
    that makes it, and may still refuse by raising.
    """
    actor.require(Capability.SEND)
    arrival = _take_in(actor, chunks, name=name, size=size, now=now)
    try:
        with transaction.atomic():
            check_quota(actor, arrival.blob.size, now=now)
            document = Document.objects.create(
                team_id=actor.team_id,
                owner_id=actor.user_id,
                name=arrival.name,
                kept_by=keeping.by if keeping else "",
                created_at=now,
            )
            version = _add_row(actor, document, arrival, number=1, now=now)
            version.published_at = now
            version.save(update_fields=["published_at"])
            document.current = version
            document.save(update_fields=["current"])
            if witness is not None:
                witness(document)
            # The trail's lock comes last: a witness may take the lock of a room above.
            who = keeping.who if keeping else brought_by or actor.who
            leave_trail(who, Verb.DOCUMENT_UPLOADED, document, version, now=now)
    except BaseException:
        _discard(arrival.blob)
        raise
    return document


def add_version(
    actor: Actor,
    document_id: str,
    chunks: Iterable[bytes],
    *,
    name: str,
    size: int | None,
    now: datetime,
    witness: Witness | None = None,
) -> Version:
    """Take in the next version of one of the actor's own documents. Readers go on seeing the current one until
    `publish_version`. Refuses as `accept_upload`, `witness` included; `NotFound` when the document is not the actor's own."""
    actor.require(Capability.SEND)
    found = queries.get_own_document(actor, document_id)
    return _add_version(actor, found, chunks, name=name, size=size, now=now, witness=witness)


def add_kept_version(
    actor: Actor,
    document: Document,
    chunks: Iterable[bytes],
    *,
    name: str,
    size: int | None,
    now: datetime,
    keeping: Keeping,
    witness: Witness | None = None,
) -> Version:
    """As `add_version`, of a document that a room above keeps; that room has decided that it may be done."""
    actor.require(Capability.SEND)
    return _add_version(actor, document, chunks, name=name, size=size, now=now, witness=witness, keeping=keeping)


@transaction.atomic
def publish_version(document: Document, version: Version, *, who: Who, now: datetime) -> None:
    """Make a ready version the one that every reader sees from the next request on.

    For `sends.flows.replace`, which charges in the same transaction, and for rooms above that keep the document.
    Raises `NotFound` when the version is of another
    document and `NotReady` unless it is ready. Publishing the current version again changes nothing.
    """
    locked = Document.objects.select_for_update(no_key=True).get(pk=document.pk)
    fresh = Version.objects.filter(pk=version.pk, document=locked).first()
    if fresh is None or locked.deleted_at is not None:
        raise NotFound(kind="version", id=version.public_id)
    if fresh.state != VersionState.READY:
        raise NotReady(state=fresh.state, error=fresh.error_code)
    if locked.current_id == fresh.pk:
        return
    fresh.published_at = now
    fresh.save(update_fields=["published_at"])
    locked.current = fresh
    locked.name = fresh.name
    locked.save(update_fields=["current", "name"])
    document.current, document.name = fresh, fresh.name
    leave_trail(who, Verb.VERSION_PUBLISHED, locked, fresh, now=now)


def _add_version(
    actor: Actor,
    found: Document,
    chunks: Iterable[bytes],
    *,
    name: str,
    size: int | None,
    now: datetime,
    witness: Witness | None,
    keeping: Keeping | None = None,
) -> Version:
    arrival = _take_in(actor, chunks, name=name, size=size, now=now)
    try:
        with transaction.atomic():
            check_quota(actor, arrival.blob.size, now=now)
            if witness is not None:
                witness(found)  # before the document's lock: rooms above are locked before their documents
            document = _lock_living(found, keeping)
            last: int = document.versions.aggregate(value=Max("number"))["value"]
            version = _add_row(actor, document, arrival, number=last + 1, now=now)
            leave_trail(keeping.who if keeping else actor.who, Verb.VERSION_ADDED, document, version, now=now)
    except BaseException:
        _discard(arrival.blob)
        raise
    return version


def _lock_living(found: Document, keeping: Keeping | None) -> Document:
    """The document's row until the transaction ends; it may have been deleted while its new bytes came in."""
    rows = Document.objects.select_for_update(no_key=True).select_related(None)
    document = rows.filter(pk=found.pk, kept_by=keeping.by if keeping else "", deleted_at=None).first()
    if document is None:
        raise NotFound(kind="document", id=found.public_id)
    return document


def _take_in(actor: Actor, chunks: Iterable[bytes], *, name: str, size: int | None, now: datetime) -> _Arrival:
    """Look at the first bytes, then store the stream."""
    name = rules.clean_name(name)
    most, quota = _room_left(actor, now=now)
    if size is not None:
        _check_size(size, most, quota)
    head, stream = _split_head(chunks)
    verdict = rules.decide_kind(name, head)
    if verdict.kind is None:
        raise TypeRefused(reason=str(verdict.refusal))
    try:
        blob = get_blob_store().put(stream, limit=min(most, quota.left))
    except TooLarge as error:
        # The store knows one limit only; say which of the two it was.
        raise (TooLarge(limit=most) if most <= quota.left else quota.refusal()) from error
    if size is not None and blob.size != size:
        _discard(blob)
        raise Invalid({"size": ["mismatch"]}, expected=size, received=blob.size)
    return _Arrival(name, verdict.kind, blob)


@dataclass(frozen=True)
class _Quota:
    """A team's storage in bytes."""

    used: int
    limit: int

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)

    def refusal(self) -> StorageQuota:
        return StorageQuota(used=self.used, limit=self.limit)


def check_room(actor: Actor, size: int, *, waiting: int = 0, now: datetime) -> None:
    """Refuse (`TooLarge`, `StorageQuota`) what could not be taken in; `waiting` bytes are stored already and count too."""
    most, quota = _room_left(actor, now=now)
    _check_size(size, most, _Quota(quota.used + waiting, quota.limit))


def _room_left(actor: Actor, *, now: datetime) -> tuple[int, _Quota]:
    """The largest file, and what the team may still store: everything that comes in or is copied asks here. Raises
    `TeamSuspended`."""
    actor.require_active()
    limit = billing.limits_of(actor.team_id, now=now).storage_bytes
    return settings.SEALROOM_MAX_FILE_BYTES, _Quota(queries.storage_used(actor.team_id), limit)


def _check_size(size: int, most: int, quota: _Quota) -> None:
    if size > most:
        raise TooLarge(limit=most, size=size)
    if size > quota.left:
        raise quota.refusal()


def check_quota(actor: Actor, size: int, *, now: datetime) -> None:
    """Raise `TooLarge`, `StorageQuota` unless so many bytes fit. Counts
    again under the team's lock: two uploads that each fit may not fit together."""
    Team.objects.select_for_update(no_key=True).get(pk=actor.team_id)
    most, quota = _room_left(actor, now=now)
    _check_size(size, most, quota)


def _add_row(actor: Actor, document: Document, arrival: _Arrival, *, number: int, now: datetime) -> Version:
    version = Version.objects.create(
        document=document,
        number=number,
        name=arrival.name,
        kind=arrival.kind,
        size=arrival.blob.size,
        sha256=arrival.blob.sha256,
        original_key=arrival.blob.key,
        uploaded_by_id=actor.user_id,
        created_at=now,
    )
    lane = str(actor.team_id)
    # A film takes minutes: it must not stand before the files of others.
    priority = IDLE if arrival.kind is Kind.MEDIA else NORMAL
    jobs.defer("documents.prepare", key=f"{version.pk}", lane=lane, priority=priority, version_id=version.pk)
    return version


def leave_trail(who: Who, verb: Verb, document: Document, version: Version, *, now: datetime) -> None:
    """Write down what became of a version."""
    audit.record(
        who,
        verb,
        "document",
        document.public_id,
        now=now,
        label=document.name,
        version=version.public_id,
        number=version.number,
        kind=version.kind,
        size=version.size,
        sha256=version.sha256,
    )


def _split_head(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, and the whole stream with them."""
    rest = iter(chunks)
    head = b""
    while len(head) < rules.HEAD_BYTES:
        chunk = next(rest, None)
        if chunk is None:
            break
        head += chunk
    return head[: rules.HEAD_BYTES], chain([head], rest)


def _discard(blob: StoredBlob) -> None:
    """Remove bytes that got no row. When even that fails, or a commit's outcome is unknown, the daily sweep decides."""
    try:
        if not Version.objects.filter(original_key=blob.key).exists():
            get_blob_store().delete(blob.key)
    except Exception:
        log.warning("blob left for the sweep", key=blob.key, exc_info=True)
