# SPDX-License-Identifier: Apache-2.0
"""Writes PDF files: objects, streams, pages, straight into a file. No more of ISO 32000-1 than images and text lines need."""

from __future__ import annotations

import zlib
from typing import BinaryIO


class PdfWriter:
    """Objects are written as they come, so a thousand pages never lie in memory together."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._offsets: dict[int, int] = {}
        self._count = 2  # 1 is the catalog, 2 the page tree
        self._pages: list[int] = []
        file.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def reserve(self) -> int:
        """A number for an object written later."""
        self._count += 1
        return self._count

    def put(self, body: bytes, number: int | None = None) -> int:
        """Write one object and tell its number."""
        number = number or self.reserve()
        self._offsets[number] = self._file.tell()
        self._file.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        return number

    def put_stream(self, entries: bytes, data: bytes, *, packed: bool = False) -> int:
        """Write a stream; it is deflated unless `packed` says that `entries` already names its filter."""
        if not packed:
            data = zlib.compress(data, 6)
            entries += b" /Filter /FlateDecode"
        return self.put(b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), entries, data))

    def add_page(self, size: tuple[float, float], content: bytes, resources: bytes) -> None:
        """Append a page of `size` points with this content stream and resource dictionary."""
        stream = self.put_stream(b"", content)
        box = b"[0 0 %.3f %.3f]" % size
        page = b"<< /Type /Page /Parent 2 0 R /MediaBox %s /Contents %d 0 R /Resources %s >>" % (box, stream, resources)
        self._pages.append(self.put(page))

    @property
    def pages(self) -> int:
        """How many pages there are so far."""
        return len(self._pages)

    def finish(self) -> None:
        """Write what closes the file."""
        kids = b" ".join(b"%d 0 R" % page for page in self._pages)
        self.put(b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(self._pages), kids), 2)
        self.put(b"<< /Type /Catalog /Pages 2 0 R >>", 1)
        start = self._file.tell()
        self._file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (self._count + 1))
        for number in range(1, self._count + 1):
            self._file.write(b"%010d 00000 n \n" % self._offsets[number])
        self._file.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (self._count + 1, start))
