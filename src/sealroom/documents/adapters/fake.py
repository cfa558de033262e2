# SPDX-License-Identifier: Apache-2.0
"""A workshop without a sandbox, for tests of what stands around it. It knows only the PDF files that tests make, and draws each
page as a white sheet with one grey bar whose place tells the page's number. Passes `tests/documents/contract_workshop.py`."""

from __future__ import annotations

import re
import threading
from typing import BinaryIO

import numpy as np

from sealroom.documents.errors import workshop_failure
from sealroom.documents.ports import Kind, OutlineItem, PageSize, PageText, Paginated, Raster, Structure, Word

_BOX = re.compile(rb"/MediaBox \[ 0 0 ([0-9.]+) ([0-9.]+) \]")
_PASSWORD = "right"  # noqa: S105 -- of the tests' protected files
_SIDE, _PIXELS = 2_400, 8_000_000


class FakeWorkshop:
    """Fails as `failures` says: a page's number, or "paginate", to the code of the failure."""

    def __init__(self) -> None:
        self.failures: dict[int | str, str] = {}
        self.drawn: list[tuple[str, int, int]] = []
        self._lock = threading.Lock()

    @classmethod
    def from_settings(cls) -> FakeWorkshop:
        """One that fails nowhere."""
        return cls()

    def paginate(self, source: BinaryIO, *, kind: Kind, name: str, document: str, password: str | None = None) -> Paginated:
        """See the port. The password is "right"."""
        self._fail("paginate")
        if password not in (None, _PASSWORD):
            raise workshop_failure("password_wrong")
        if kind not in (Kind.PDF, Kind.TEXT):
            raise workshop_failure("converter_missing", kind=kind.value)
        data = source.read()
        sizes = self._sizes(data) if kind is Kind.PDF else (PageSize(595, 842),)
        return Paginated(sizes, None if kind is Kind.PDF else b"%PDF-1.4 /MediaBox [ 0 0 595 842 ]")

    def render(self, pdf: BinaryIO, *, page: int, width: int, document: str) -> Raster:
        """See the port."""
        self._fail(page)
        sizes = self._sizes(pdf.read())
        if not 1 <= page <= len(sizes):
            raise workshop_failure("page_missing", pages=len(sizes))
        ratio = sizes[page - 1].height / sizes[page - 1].width
        columns = int(min(width, _SIDE, _SIDE / ratio, (_PIXELS / ratio) ** 0.5))
        rows = min(_SIDE, int(columns * ratio + 0.5))
        sheet = np.full((rows, columns), 255, np.uint8)
        sheet[page * 10 % rows : (page * 10 + 5) % rows or rows] = 90
        with self._lock:
            self.drawn.append((document, page, width))
        return Raster(columns, rows, 1, sheet.tobytes())

    def structure(self, pdf: BinaryIO, *, document: str) -> Structure:
        """An outline with an entry for every page."""
        self._fail("structure")
        return Structure(
            outline=tuple(OutlineItem(f"Page {number}", number, 0) for number, _ in enumerate(self._sizes(pdf.read()), 1))
        )

    def texts(self, pdf: BinaryIO, *, first: int, count: int, document: str) -> tuple[PageText, ...]:
        """Two words a page, the second of them its number."""
        self._fail("texts")
        numbers = range(first, min(first + count, len(self._sizes(pdf.read())) + 1))
        return tuple(PageText((Word("Page", 20.0, 20.0, 30.0, 12.0), Word(str(n), 54.0, 20.0, 10.0, 12.0))) for n in numbers)

    def warm_up(self) -> None:
        """Nothing to get ready."""

    def close(self) -> None:
        """See the port."""

    def isolation(self) -> str:
        """See the port."""
        return "none"

    def _fail(self, what: int | str) -> None:
        if what in self.failures:
            raise workshop_failure(self.failures[what])

    def _sizes(self, data: bytes) -> tuple[PageSize, ...]:
        found = tuple(PageSize(float(width), float(height)) for width, height in _BOX.findall(data))
        if not data.startswith(b"%PDF-") or not found:
            raise workshop_failure("corrupt")
        return found
