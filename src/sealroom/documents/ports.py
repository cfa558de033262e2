# SPDX-License-Identifier: Apache-2.0
"""What documents need from outside: a place for bytes, and a sandbox in which files of strangers are opened.

Nothing a user uploads is parsed outside `Workshop`. The real adapter runs every document in a child process of its own, without
network, with an empty environment, under limits of memory, CPU, wall clock and output; a child that dies or hangs is an ordinary
refusal (`WorkshopFailure`), never an exception of another kind and never the end of the worker.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from sealroom.documents.kinds import Kind

__all__ = [
    "BlobStore",
    "Kind",
    "PageSize",
    "Paginated",
    "Raster",
    "StoredBlob",
    "Workshop",
    "get_blob_store",
    "get_workshop",
]


@dataclass(frozen=True)
class StoredBlob:
    """Bytes at rest: `key` is random and says nothing of the content; `size` and `sha256` (hex) are of the clear bytes."""

    key: str
    size: int
    sha256: str


class BlobStore(Protocol):
    """Keeps bytes encrypted (a data key per blob, wrapped by the master key; the header names the master key's id)."""

    def put(self, chunks: Iterable[bytes], *, limit: int | None = None) -> StoredBlob:
        """Store a stream in constant memory; on return file and folder are fsynced. Raises `TooLarge` past `limit` bytes and
        keeps nothing then; raises `StorageFull` when the medium has no room."""
        ...

    def open(self, key: str) -> BinaryIO:
        """A seekable reader of the clear bytes, each chunk authenticated. Raises `BlobMissing` or `BlobCorrupt`."""
        ...

    def delete(self, key: str) -> None:
        """Remove the blob; removing what is not there is no error."""
        ...

    def keys(self) -> Iterator[str]:
        """Every key present, for the consistency check."""
        ...


@dataclass(frozen=True)
class PageSize:
    """A page as it is shown (rotation applied), in points (1/72 inch)."""

    width: float
    height: float


@dataclass(frozen=True)
class Raster:
    """Clear pixels of one page: rows from the top, `channels` 1 (grey) or 3 (RGB), no padding."""

    width: int
    height: int
    channels: int
    pixels: bytes


@dataclass(frozen=True)
class Paginated:
    """A document that can be viewed: `pdf` are the bytes to render from (None: the original is that PDF)."""

    pages: tuple[PageSize, ...]
    pdf: bytes | None


class Workshop(Protocol):
    """Opens files of strangers, each in a child of its own. All methods raise `WorkshopFailure` with a stable code."""

    def paginate(self, source: BinaryIO, *, kind: Kind, name: str, document: str) -> Paginated:
        """Inspect (and, for what is not a PDF, convert) a file. Codes: password_required, corrupt, limit_pages, limit_pixels,
        limit_time, limit_memory, limit_size, type_refused, converter_missing; and, of no fault of the file, workshop_busy and
        workshop_interrupted (try again)."""
        ...

    def render(self, pdf: BinaryIO, *, page: int, width: int, document: str) -> Raster:
        """Pixels of page `page` (from 1), `width` pixels wide and within the raster cap. `document` names the child that may be
        kept warm for this document and for no other: a warm child does not read `pdf` again, so one name means the same bytes
        for ever. Codes: page_failed, page_missing, limit_time, limit_memory, workshop_busy, workshop_interrupted."""
        ...

    def warm_up(self) -> None:
        """Get ready now, so that the first job need not wait for it."""
        ...

    def close(self) -> None:
        """End every child; safe to call twice."""
        ...

    def isolation(self) -> str:
        """How strong the walls are on this machine: "bubblewrap", or a weaker word that `doctor` shows."""
        ...


@cache
def get_blob_store() -> BlobStore:
    """The store named by SEALROOM_BLOB_STORE, made once per process."""
    store: BlobStore = import_string(settings.SEALROOM_BLOB_STORE).from_settings()
    return store


@cache
def get_workshop() -> Workshop:
    """The workshop named by SEALROOM_WORKSHOP, made once per process; its first child starts with the first job."""
    workshop: Workshop = import_string(settings.SEALROOM_WORKSHOP).from_settings()
    return workshop
