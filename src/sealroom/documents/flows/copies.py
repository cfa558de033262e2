# SPDX-License-Identifier: Apache-2.0
"""A document once more: bytes of its own, so that either can be deleted without the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime

from django.db import transaction

from sealroom.accounts.rules import Actor
from sealroom.audit.rules import Verb
from sealroom.core import jobs
from sealroom.core.jobs.rules import IDLE
from sealroom.documents import queries
from sealroom.documents.flows.prepare import defer_bake
from sealroom.documents.flows.upload import Keeping, check_quota, leave_trail
from sealroom.documents.models import Document, Page, Version, VersionState
from sealroom.documents.ports import get_blob_store

_DERIVED = ("pdf_key", "structure_key", "text_key", "media_key")
_PIECE = 1 << 18


class Copies:
    """Blobs of versions, copied and without a row so far. What takes long is done by `of`, before a lock is held."""

    def __init__(self) -> None:
        self.stored: list[str] = []
        self._made: dict[int, tuple[Version, dict[str, str], str | None]] = {}

    def of(self, version: Version) -> tuple[Version, dict[str, str], str | None]:
        """The version as it was copied, its new keys by column, and that of the first page's pixels. Raises `BlobMissing`,
        `BlobCorrupt`, `StorageFull`."""
        if version.pk not in self._made:
            columns = ["original_key"]
            first = None
            if version.state == VersionState.READY:
                columns += [column for column in _DERIVED if getattr(version, column) is not None]
                first = version.page_rows.filter(number=1).exclude(base_key=None).values_list("base_key", flat=True).first()
            keys = {column: self._copy(getattr(version, column)) for column in columns}
            self._made[version.pk] = version, keys, self._copy(first) if first else None
        return self._made[version.pk]

    def _copy(self, key: str) -> str:
        store = get_blob_store()
        with closing(store.open(key)) as blob:
            made = store.put(iter(lambda: blob.read(_PIECE), b"")).key
        self.stored.append(made)
        return made


@contextmanager
def copying() -> Iterator[Copies]:
    """Copies that are removed again when the block ends by an exception."""
    copies = Copies()
    try:
        yield copies
    except BaseException:
        # A commit may have gone through although it raised: ask before removing.
        for key in queries.unused_keys(copies.stored):
            get_blob_store().delete(key)
        raise


def check_copies(actor: Actor, versions: Iterable[Version], *, now: datetime) -> None:
    """Raise `StorageQuota` unless all of these fit once more. Locks the team's row until the transaction ends."""
    check_quota(actor, sum(version.size for version in versions), now=now)


@transaction.atomic
def copy_document(actor: Actor, version: Version, copies: Copies, *, name: str, keeping: Keeping, now: datetime) -> Document:
    """Make a new document of the actor's from one version of another, kept by a room above.

    What was prepared is taken along (a protected file opens only with a password nobody kept), except the pixels of later pages,
    which are drawn again. The quota is asked before, by `check_copies`.
    """
    source, keys, first = copies.of(version)
    document = Document.objects.create(team_id=actor.team_id, owner_id=actor.user_id, name=name, kept_by=keeping.by, created_at=now)
    made = Version(document=document, number=1, name=name, uploaded_by_id=actor.user_id, created_at=now, published_at=now, **keys)
    for column in ("kind", "size", "sha256", "scan", "scanned_at"):
        setattr(made, column, getattr(source, column))
    if source.is_infected:
        made.state, made.error_code, made.error_facts = source.state, source.error_code, source.error_facts
    if source.state == VersionState.READY:
        for column in ("state", "error_code", "error_facts", "pages", "media"):
            setattr(made, column, getattr(source, column))
        made.ready_at, made.baked_pages = now, int(first is not None)
    made.save()
    document.current = made
    document.save(update_fields=["current"])
    if source.state == VersionState.READY:
        _copy_pages(source, made, first)
    elif not source.is_infected:
        jobs.defer("documents.prepare", key=f"{made.pk}", lane=str(actor.team_id), version_id=made.pk)
    leave_trail(keeping.who, Verb.DOCUMENT_UPLOADED, document, made, now=now)
    return document


def _copy_pages(source: Version, made: Version, first: str | None) -> None:
    rows = source.page_rows.order_by("number").values_list("number", "width", "height", "error_code")
    Page.objects.bulk_create(
        [
            Page(version=made, number=number, width=width, height=height, error_code=error, base_key=first if number == 1 else None)
            for number, width, height, error in rows
        ],
        batch_size=500,
    )
    if made.pages and made.text_key is None:
        lane = str(made.document.team_id)
        jobs.defer("documents.read", key=f"{made.pk}", lane=lane, priority=IDLE, version_id=made.pk)
    defer_bake(made)
