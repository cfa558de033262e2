# SPDX-License-Identifier: Apache-2.0
"""A PDF whose pages are single JPEG images, written as it goes: memory does not grow with the number of pages.

Nothing of the original file is in it: no text, fonts, layers, annotations, scripts, attachments or older revisions, and of the
metadata only a title. The mark is in the pixels, so nothing can be taken out of the file to be rid of it. Written after
ISO 32000-1, sections 7.5 (file structure) and 7.4.8 (DCTDecode).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_CATALOG, _TREE, _INFO, _FIRST = 1, 2, 3, 4
_PER_PAGE = 3  # page, its content stream, its image


@dataclass(frozen=True)
class ImagePage:
    """A page: its size in points, and the JPEG that fills it with its size in pixels."""

    width: float
    height: float
    jpeg: bytes
    columns: int
    rows: int
    is_grey: bool


def write_pdf(title: str, count: int, pages: Iterable[ImagePage]) -> Iterator[bytes]:
    """The bytes of the file, a few pieces per page. `pages` must yield exactly `count` pages; raises `ValueError` otherwise, and
    whatever `pages` raises: the file then ends without its table and no reader takes it for whole."""
    offsets: list[int] = []
    position = 0

    def piece(data: bytes) -> bytes:
        nonlocal position
        position += len(data)
        return data

    def begin(number: int) -> bytes:
        if len(offsets) != number - 1:
            raise ValueError("objects out of order")
        offsets.append(position)
        return b"%d 0 obj\n" % number

    yield piece(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    yield piece(begin(_CATALOG) + b"<< /Type /Catalog /Pages 2 0 R /ViewerPreferences << /DisplayDocTitle true >> >>\nendobj\n")
    kids = b" ".join(b"%d 0 R" % (_FIRST + _PER_PAGE * index) for index in range(count))
    yield piece(begin(_TREE) + b"<< /Type /Pages /Count %d /Kids [%s] >>\nendobj\n" % (count, kids))
    yield piece(begin(_INFO) + b"<< /Title <%s> >>\nendobj\n" % _text(title))
    written = 0
    for index, page in enumerate(pages):
        number = _FIRST + _PER_PAGE * index
        yield piece(begin(number) + _page(page, number))
        yield piece(begin(number + 1) + _content(page))
        yield piece(begin(number + 2) + _image_header(page))
        yield piece(page.jpeg)
        yield piece(b"\nendstream\nendobj\n")
        written += 1
    if written != count:
        raise ValueError(f"{written} pages instead of {count}")
    start = position
    yield _table(offsets, start)


def _page(page: ImagePage, number: int) -> bytes:
    box = b"[0 0 %s %s]" % (_number(page.width), _number(page.height))
    resources = b"<< /XObject << /I %d 0 R >> >>" % (number + 2)
    parts = (_TREE, box, resources, number + 1)
    return b"<< /Type /Page /Parent %d 0 R /MediaBox %s /Resources %s /Contents %d 0 R >>\nendobj\n" % parts


def _content(page: ImagePage) -> bytes:
    stream = b"q %s 0 0 %s 0 0 cm /I Do Q" % (_number(page.width), _number(page.height))
    return b"<< /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (len(stream), stream)


def _image_header(page: ImagePage) -> bytes:
    space = b"/DeviceGray" if page.is_grey else b"/DeviceRGB"
    shape = b"/Width %d /Height %d /ColorSpace %s /BitsPerComponent 8" % (page.columns, page.rows, space)
    return b"<< /Type /XObject /Subtype /Image %s /Filter /DCTDecode /Length %d >>\nstream\n" % (shape, len(page.jpeg))


def _table(offsets: list[int], start: int) -> bytes:
    lines = [b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)]
    lines += [b"%010d 00000 n \n" % offset for offset in offsets]
    name = secrets.token_hex(16).encode()
    roots = (len(offsets) + 1, _CATALOG, _INFO, name, name)
    lines.append(b"trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R /ID [<%s> <%s>] >>\n" % roots)
    lines.append(b"startxref\n%d\n%%%%EOF\n" % start)
    return b"".join(lines)


def _number(value: float) -> bytes:
    return f"{value:.3f}".rstrip("0").rstrip(".").encode()


def _text(text: str) -> bytes:
    """A text string as hexadecimal UTF-16 with its mark: no character of a title can end the string."""
    return (b"\xfe\xff" + text.encode("utf-16-be", "replace")).hex().encode()
