# SPDX-License-Identifier: Apache-2.0
"""What is asked of documents. A document is its owner's; in the library every member of the team sees it too. What a room above
keeps (`Document.kept_by`) is found by nobody here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from sealroom.accounts.rules import Actor
from sealroom.core.errors import DomainError, Invalid, NotFound
from sealroom.documents.models import Document, LooseBlob, Page, Upload, UploadPart, Version, VersionScan, VersionState
from sealroom.documents.ports import BlobStore, get_blob_store, get_keepers, get_scanner

MOST_LISTED = 100
LOOSE_FOR = timedelta(days=1)
"""How long a blob must have been without a row before it is removed: longer than any upload, conversion or backup takes."""

_BATCH = 500
_KEYS = ("original_key", "pdf_key", "structure_key", "text_key", "media_key")
"""The columns of a version that name a blob."""


@dataclass(frozen=True)
class Fault:
    """Why a version cannot be viewed: a stable code, and facts for the door's sentence."""

    code: str
    facts: dict[str, object]


@dataclass(frozen=True)
class VersionView:
    """One upload of a document. `pages` is None until known, 0 for what can be sent but not viewed."""

    id: str
    number: int
    name: str
    kind: str
    size: int
    sha256: str
    state: str
    pages: int | None
    error: Fault | None
    created_at: datetime
    published_at: datetime | None
    is_current: bool


@dataclass(frozen=True)
class DocumentView:
    """A document as doors show it; size, state and so on are those of its current version (`version_id`)."""

    id: str
    version_id: str
    name: str
    kind: str
    size: int
    sha256: str
    state: str
    pages: int | None
    error: Fault | None
    in_library: bool
    owner: str
    created_at: datetime
    is_media: bool = False

    @property
    def is_viewable(self) -> bool:
        """Whether it has something to show: pages, or what a player plays."""
        return self.state == VersionState.READY and (bool(self.pages) or self.is_media)


@dataclass(frozen=True)
class DocumentPage:
    """Some documents, newest first, and the cursor of those after them (None: there are none)."""

    items: tuple[DocumentView, ...]
    next: str | None


@dataclass(frozen=True)
class UploadView:
    """A resumable upload: `offset` counts the bytes that are safe. `document_id` and `version_id` are empty until it has ended."""

    id: str
    name: str
    size: int
    offset: int
    expires_at: datetime
    document_id: str = ""
    version_id: str = ""


@dataclass(frozen=True)
class Storage:
    """What a team's documents take, all versions together."""

    documents: int
    bytes: int


def get_document(actor: Actor, document_id: str) -> Document:
    """A document the actor may send: his own, or one of his team's library. Raises `NotFound` for every other."""
    return _get(_visible(actor), document_id)


def get_own_document(actor: Actor, document_id: str) -> Document:
    """A document the actor may change: his own. Raises `NotFound` for every other, those in the library included."""
    return _get(_visible(actor).filter(owner_id=actor.user_id), document_id)


def is_settled(actor: Actor, document_id: str) -> bool:
    """Whether it is known of one of the actor's own documents if it can be read. Raises `NotFound`."""
    current = get_own_document(actor, document_id).current
    return current is not None and current.state in (VersionState.READY, VersionState.FAILED)


def is_cleared(version: Version) -> bool:
    """Whether the virus scanner lets a version be sent and its original be handed out; without a scanner all but those in which a
    virus was found before."""
    return lets_out(version.scan)


def lets_out(scan: str) -> bool:
    """As `is_cleared`, by what `Version.scan` says."""
    if scan == VersionScan.INFECTED or not get_scanner().is_on:
        return scan != VersionScan.INFECTED
    return scan == VersionScan.CLEAN or (scan == VersionScan.TOO_LARGE and lets_large_through())


def is_sendable(version: Version) -> bool:
    """Whether a version can go out now: prepared, and cleared by the virus scanner."""
    return version.state == VersionState.READY and is_cleared(version)


def lets_large_through() -> bool:
    """Whether files that are too large for the virus scanner are taken all the same."""
    return bool(settings.SEALROOM_CLAMD_TOO_LARGE == "pass")


def get_version(actor: Actor, document_id: str, version_id: str) -> Version:
    """A version of one of the actor's own documents, published or not. Raises `NotFound`."""
    document = get_own_document(actor, document_id)
    version = Version.objects.select_related("document").filter(document=document, public_id=version_id).first()
    if version is None:
        raise NotFound(kind="version", id=version_id)
    return version


def list_documents(actor: Actor, *, cursor: str = "", limit: int = 50, library: bool = False, search: str = "") -> DocumentPage:
    """The actor's own documents, or (`library`) those of the team's library, newest first; with `search` those whose names contain
    it. Raises `Invalid` for a bad cursor."""
    rows = _visible(actor).filter(in_library=True) if library else _visible(actor).filter(owner_id=actor.user_id)
    if words := search.strip()[:200]:
        rows = rows.filter(name__icontains=words)
    if cursor:
        if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
            raise Invalid({"cursor": ["unknown"]})
        rows = rows.filter(pk__lt=int(cursor))
    limit = max(1, min(limit, MOST_LISTED))
    found = list(rows.order_by("-pk")[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    return DocumentPage(tuple(view_of(document) for document in found), str(found[-1].pk) if more else None)


def list_versions(document: Document) -> list[VersionView]:
    """Every upload of a document, the first one first."""
    return [version_view(version, current_id=document.current_id) for version in document.versions.order_by("number")]


def view_of(document: Document) -> DocumentView:
    """What doors show of a document."""
    version = document.current
    assert version is not None
    return DocumentView(
        id=document.public_id,
        version_id=version.public_id,
        name=document.name,
        kind=version.kind,
        size=version.size,
        sha256=version.sha256,
        state=version.state,
        pages=version.pages,
        error=_fault(version),
        in_library=document.in_library,
        owner=document.owner.public_id,
        created_at=document.created_at,
        is_media=version.media is not None,
    )


def version_view(version: Version, *, current_id: int | None) -> VersionView:
    """What doors show of a version."""
    return VersionView(
        id=version.public_id,
        number=version.number,
        name=version.name,
        kind=version.kind,
        size=version.size,
        sha256=version.sha256,
        state=version.state,
        pages=version.pages,
        error=_fault(version),
        created_at=version.created_at,
        published_at=version.published_at,
        is_current=version.pk == current_id,
    )


def storage_of(team_id: int) -> Storage:
    """What the documents of a team take against its storage quota: the originals of all versions that are not deleted."""
    found = _kept(team_id).aggregate(bytes=Sum("size"), documents=Count("document", distinct=True))
    return Storage(documents=found["documents"], bytes=found["bytes"] or 0)


def storage_used(team_id: int) -> int:
    """Bytes that count against a team's storage quota; asked at every upload, so without counting documents, which takes longer."""
    return _kept(team_id).aggregate(bytes=Sum("size"))["bytes"] or 0


def _kept(team_id: int) -> QuerySet[Version]:
    return Version.objects.filter(document__team_id=team_id, document__deleted_at=None)


def get_upload(actor: Actor, upload_id: str, *, now: datetime, kept_for: str = "") -> Upload:
    """An upload the actor began, under way or ended; with `kept_for`, one a room above began on his storage for that somebody.
    Raises `NotFound` for every other, and when it has expired."""
    mine = Upload.objects.select_related("document").filter(team_id=actor.team_id, user_id=actor.user_id, expires_at__gt=now)
    found = mine.filter(public_id=upload_id, kept_for=kept_for).first()
    if found is None:
        raise NotFound(kind="upload", id=upload_id)
    return found


def upload_view(upload: Upload) -> UploadView:
    """What doors show of an upload."""
    shown = UploadView(upload.public_id, upload.name, upload.size, upload.offset, upload.expires_at)
    if upload.finished_at is None or upload.document is None:
        return shown
    made = Version.objects.filter(document=upload.document, uploaded_by=upload.user_id, created_at=upload.finished_at).first()
    return replace(shown, document_id=upload.document.public_id, version_id=made.public_id if made else "")


def count_open_uploads(user_id: int, *, now: datetime) -> int:
    """Uploads the user has begun that can still go on, those for rooms above included."""
    return Upload.objects.filter(user_id=user_id, finished_at=None, expires_at__gt=now).count()


def bytes_half_uploaded(team_id: int) -> int:
    """What lies in the store of uploads that are under way."""
    parts = UploadPart.objects.filter(upload__team_id=team_id)
    return parts.aggregate(bytes=Sum("size"))["bytes"] or 0


def page_sizes(version: Version) -> list[tuple[float, float]]:
    """Width and height in points of every page, in order; what a viewer needs to lay out pages before they arrive."""
    return list(version.page_rows.order_by("number").values_list("width", "height"))


def blob_faults(*, read: bool = False) -> Iterator[str]:
    """A sentence per disagreement between rows and store: keys that rows name and the store lacks, keys that no row has named
    for more than a day, and with `read` (slow) blobs whose bytes are not the bytes that came."""
    store = get_blob_store()
    present = set(store.keys())
    for key in referenced_keys():
        if key not in present:
            yield f"blob {key} is missing"
    long_ago = timezone.now() - 2 * LOOSE_FOR
    for key in LooseBlob.objects.filter(seen_at__lt=long_ago, key__in=set(unused_keys(present))).values_list("key", flat=True):
        yield f"blob {key} belongs to nothing"
    if read:
        yield from _damaged(store, present)


def unused_keys(keys: Iterable[str]) -> Iterator[str]:
    """Those of `keys` that no row of a document that still exists names, nor any row of a room above (`get_keepers`)."""
    remaining = iter(keys)
    while batch := list(islice(remaining, _BATCH)):
        named = set[str]()
        for rows, field in _naming():
            named.update(rows.filter(**{f"{field}__in": batch}).values_list(field, flat=True))
        for keeper in get_keepers():
            named.update(keeper(batch))
        yield from (key for key in batch if key not in named)


def referenced_keys() -> Iterator[str]:
    """Every key that a row of a document that still exists names, or a row of a room above."""
    for rows, field in _naming():
        yield from rows.exclude(**{field: None}).values_list(field, flat=True).iterator()
    for keeper in get_keepers():
        yield from keeper(None)


def _naming() -> list[tuple[QuerySet[Any], str]]:
    """Where keys of blobs stand."""
    kept = Version.objects.filter(document__deleted_at=None)
    pages = Page.objects.filter(version__document__deleted_at=None)
    versions: list[tuple[QuerySet[Any], str]] = [(kept, field) for field in _KEYS]
    return [*versions, (pages, "base_key"), (UploadPart.objects.all(), "key")]


def _visible(actor: Actor) -> QuerySet[Document]:
    mine_or_shared = Q(owner_id=actor.user_id) | Q(in_library=True)
    rows = Document.objects.filter(mine_or_shared, team_id=actor.team_id, kept_by="", deleted_at=None)
    return rows.select_related("current", "owner", "team")


def _get(rows: QuerySet[Document], document_id: str) -> Document:
    document = rows.filter(public_id=document_id).first()
    if document is None:
        raise NotFound(kind="document", id=document_id)
    return document


def _fault(version: Version) -> Fault | None:
    return Fault(version.error_code, dict(version.error_facts)) if version.error_code else None


def _damaged(store: BlobStore, present: set[str]) -> Iterator[str]:
    told = dict(Version.objects.filter(document__deleted_at=None).values_list("original_key", "sha256"))
    for key in sorted(present.intersection(referenced_keys())):
        try:
            digest = _sha256(store, key)
        except DomainError as error:
            yield f"blob {key} cannot be read: {error}"
            continue
        if told.get(key, digest) != digest:
            yield f"blob {key} does not have the checksum of its upload"


def _sha256(store: BlobStore, key: str) -> str:
    digest = hashlib.sha256()
    with closing(store.open(key)) as blob:
        while block := blob.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
