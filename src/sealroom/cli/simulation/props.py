# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for disk and sandbox: bytes in memory, and every file one blank page. Named by the simulation's settings."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO, Self

from sealroom.core.ids import new_secret
from sealroom.documents.kinds import Kind
from sealroom.documents.ports import BlobStore, PageSize, PageText, Paginated, Raster, StoredBlob, Structure, Workshop


class MemoryBlobs:
    """A blob store that forgets everything with its process."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}

    @classmethod
    def from_settings(cls) -> Self:
        """As the port asks."""
        return cls()

    def put(self, chunks: Iterable[bytes], *, limit: int | None = None) -> StoredBlob:
        """Keep bytes; scenarios have small files, no limit is looked at."""
        clear, key = b"".join(chunks), new_secret()
        self._blobs[key] = clear
        return StoredBlob(key, len(clear), hashlib.sha256(clear).hexdigest())

    def open(self, key: str) -> BinaryIO:
        """The bytes again."""
        return io.BytesIO(self._blobs[key])

    def delete(self, key: str) -> None:
        """Forget one."""
        self._blobs.pop(key, None)

    def keys(self) -> Iterator[str]:
        """What is kept."""
        yield from self._blobs


class PaperWorkshop:
    """A workshop in which every file is one small white page."""

    @classmethod
    def from_settings(cls) -> Self:
        """As the port asks."""
        return cls()

    def paginate(self, source: BinaryIO, *, kind: Kind, name: str, document: str, password: str | None = None) -> Paginated:
        """One page, and a "PDF" nobody renders from."""
        return Paginated((PageSize(8, 8),), b"%PDF-1.4\n")

    def render(self, pdf: BinaryIO, *, page: int, width: int, document: str) -> Raster:
        """White, whatever the page."""
        return Raster(8, 8, 1, b"\xff" * 64)

    def structure(self, pdf: BinaryIO, *, document: str) -> Structure:
        """A white page has none."""
        return Structure()

    def texts(self, pdf: BinaryIO, *, first: int, count: int, document: str) -> tuple[PageText, ...]:
        """Nor a word."""
        return (PageText(()),)

    def warm_up(self) -> None:
        """Nothing to get ready."""

    def close(self) -> None:
        """Nothing to end."""

    def isolation(self) -> str:
        """Nothing of a stranger is opened here."""
        return "none needed"


if TYPE_CHECKING:  # a port that grew is noticed by the type checker, not by a story that breaks off
    _blobs: BlobStore = MemoryBlobs()
    _workshop: Workshop = PaperWorkshop()
