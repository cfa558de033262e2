# SPDX-License-Identifier: Apache-2.0
"""What documents need from outside: a place for bytes, and a sandbox in which files of strangers are opened.

Nothing a user uploads is parsed outside `Workshop`. The real adapter runs every document in a child process of its own, without
network, with an empty environment, under limits of memory, CPU, wall clock and output; a child that dies or hangs is an ordinary
refusal (`WorkshopFailure`), never an exception of another kind and never the end of the worker.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from typing import BinaryIO, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from sealroom.documents.kinds import Kind

__all__ = [
    "BlobStore",
    "Film",
    "Hit",
    "Kind",
    "Media",
    "OutlineItem",
    "PageLink",
    "PageSize",
    "PageText",
    "Paginated",
    "Raster",
    "ScanVerdict",
    "Sheet",
    "StoredBlob",
    "Structure",
    "Studio",
    "VirusScanner",
    "Word",
    "Workshop",
    "get_blob_store",
    "get_keepers",
    "get_scanner",
    "get_studio",
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


@dataclass(frozen=True)
class Word:
    """A word and the box it stands in: points from the page's top left, rotation applied."""

    text: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class PageText:
    """The words of a page in reading order; none when it is a picture."""

    words: tuple[Word, ...]


@dataclass(frozen=True)
class OutlineItem:
    """An entry of the outline. `page` is 0 when it leads nowhere in the document; `level` counts from 0."""

    title: str
    page: int
    level: int


@dataclass(frozen=True)
class PageLink:
    """A place on `page` that leads to `target_page`, or (`target_page` 0) to `uri`, which is http, https or mailto."""

    page: int
    x: float
    y: float
    width: float
    height: float
    target_page: int
    uri: str


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook and the first page that shows it."""

    name: str
    first_page: int


@dataclass(frozen=True)
class Structure:
    """How a document is made up, beside its pages."""

    outline: tuple[OutlineItem, ...] = ()
    links: tuple[PageLink, ...] = ()
    sheets: tuple[Sheet, ...] = ()


@dataclass(frozen=True)
class Hit:
    """What a search found on a page: how often, and the boxes (x, y, width, height in points) of the first of them."""

    page: int
    count: int
    boxes: tuple[tuple[float, float, float, float], ...]


class Workshop(Protocol):
    """Opens files of strangers, each in a child of its own. All methods raise `WorkshopFailure` with a stable code."""

    def paginate(self, source: BinaryIO, *, kind: Kind, name: str, document: str, password: str | None = None) -> Paginated:
        """Inspect (and, for what is not a PDF, convert) a file; a protected one opens with its `password`, and its `pdf` is without
        protection. Codes: password_required, password_wrong, corrupt, limit_pages, limit_pixels, limit_time, limit_memory,
        limit_size, type_refused, converter_missing; and, of no fault of the file, workshop_busy and workshop_interrupted (try
        again)."""
        ...

    def render(self, pdf: BinaryIO, *, page: int, width: int, document: str) -> Raster:
        """Pixels of page `page` (from 1), `width` pixels wide and within the raster cap. `document` names the child that may be
        kept warm for this document and for no other: a warm child does not read `pdf` again, so one name means the same bytes
        for ever. Codes: page_failed, page_missing, limit_time, limit_memory, workshop_busy, workshop_interrupted."""
        ...

    def structure(self, pdf: BinaryIO, *, document: str) -> Structure:
        """Outline, links and sheets, bounded. `document` as for `render`. Codes: those of `render`."""
        ...

    def texts(self, pdf: BinaryIO, *, first: int, count: int, document: str) -> tuple[PageText, ...]:
        """The words of pages from `first` (from 1) on: at least one page, at most `count`, fewer when they hold much; nothing
        past the last page. `document` as for `render`. Codes: those of `render`."""
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


@dataclass(frozen=True)
class Media:
    """What is known of a film or sound: milliseconds, the picture's size in pixels (0: none), the type that browsers are told."""

    duration_ms: int
    width: int
    height: int
    has_video: bool
    has_audio: bool
    type: str

    def facts(self) -> dict[str, object]:
        """As `Version.media` keeps it."""
        return asdict(self)


@dataclass(frozen=True)
class Film:
    """A file that browsers play, without metadata; `file` is seekable and gone when it is closed."""

    media: Media
    file: BinaryIO


class Studio(Protocol):
    """Opens audio and video of strangers, each in a sandbox of its own, as `Workshop` does with documents."""

    def normalise(self, source: BinaryIO) -> Film:
        """What browsers play (H.264 and AAC in MP4, or MP3), made from any file we know, without a word of metadata. Codes of
        `WorkshopFailure`: corrupt, limit_duration, limit_pixels, limit_time, limit_size, converter_missing."""
        ...

    def burn(self, source: BinaryIO, media: Media, overlay: bytes, *, tell: Callable[[int], None]) -> Film:
        """The film with `overlay` (a PNG of its size with transparency) in every picture. `tell` hears of progress in per cent,
        about once a second. Codes as above."""
        ...

    def is_available(self) -> bool:
        """Whether this machine has what it needs."""
        ...


@dataclass(frozen=True)
class ScanVerdict:
    """What a scanner says of a file: the `signature` it found ("": none), or that the file `is_too_large` for it."""

    signature: str = ""
    is_too_large: bool = False


class VirusScanner(Protocol):
    """Looks for viruses in files of strangers, in a program of its own."""

    @property
    def is_on(self) -> bool:
        """Whether anything is looked at here at all."""
        ...

    def scan(self, chunks: Iterable[bytes]) -> ScanVerdict:
        """Look at a stream in constant memory. Raises `ScannerDown`."""
        ...

    def version(self) -> str:
        """Name and version of the program and its signatures. Raises `ScannerDown`."""
        ...


@cache
def get_scanner() -> VirusScanner:
    """The scanner named by SEALROOM_SCANNER, made once per process."""
    scanner: VirusScanner = import_string(settings.SEALROOM_SCANNER).from_settings()
    return scanner


@cache
def get_studio() -> Studio:
    """The studio named by SEALROOM_STUDIO, made once per process."""
    studio: Studio = import_string(settings.SEALROOM_STUDIO).from_settings()
    return studio


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


Keeper = Callable[[Collection[str] | None], Iterable[str]]
"""Tells which of these keys (None: of all) rows of a room above documents name."""


@cache
def get_keepers() -> tuple[Keeper, ...]:
    """Those named by SEALROOM_BLOB_KEEPERS: blobs they name are not removed as left over."""
    return tuple(import_string(name) for name in settings.SEALROOM_BLOB_KEEPERS)
