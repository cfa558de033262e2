# SPDX-License-Identifier: Apache-2.0
"""What an open PDF says besides its pixels: words and where they stand, the outline, links. All by PDFium, all bounded.

Places are points from the top left of the page as it is shown, rotation and crop box applied.
"""

from __future__ import annotations

import ctypes
import json
import time
from collections.abc import Iterator

import pypdfium2.raw as pdfium

from . import wire
from .pdf import Document

_OUTLINE_ITEMS, _OUTLINE_DEPTH, _TITLE_CHARACTERS = 2_000, 10, 300
_PAGE_LINKS, _ALL_LINKS, _URI_BYTES = 200, 20_000, 2_000
_PAGE_CHARACTERS, _ANSWER_CHARACTERS = 200_000, 2_000_000
_LINK_SECONDS = 20.0
_FINE = 50  # device units in a point
_LINE_END_HYPHEN = (0x02, 0xFFFE)
_SCHEMES = ("http://", "https://", "mailto:")
_SHEETS_TAG = b"SealroomSheets"

Place = tuple[float, float, float, float]


def structure(document: Document) -> int:
    """A memory file with {"outline": [[title, page, level]], "links": [[page, x, y, width, height, target, uri]], "is_sheets"}."""
    told = {"outline": list(_outline(document)), "links": list(_links(document)), "is_sheets": _is_sheets(document)}
    return _told(told)


def texts(document: Document, first: int, count: int) -> int:
    """A memory file with, for pages from `first` (from 1) on, [[word, x, y, width, height], ...]. Fewer pages than asked for when
    they hold much; a page that cannot be read has no words."""
    pages: list[list[list[object]]] = []
    characters = 0
    for number in range(first, min(first + count, document.pages + 1)):
        words = _page_words(document, number - 1)
        pages.append(words)
        characters += sum(len(str(word[0])) + 8 for word in words)
        if characters > _ANSWER_CHARACTERS:
            break
    return _told(pages)


def _told(value: object) -> int:
    answer = wire.memory_file("told")
    with open(answer, "wb", closefd=False) as file:
        file.write(json.dumps(value, separators=(",", ":")).encode())
    return answer


# -- words


def _page_words(document: Document, index: int) -> list[list[object]]:
    page = pdfium.FPDF_LoadPage(document.handle, index)
    if not page:
        return []
    try:
        text = pdfium.FPDFText_LoadPage(page)
        if not text:
            return []
        try:
            size = document.size(index)
            placed = ((word, _placed(page, size, box)) for word, box in _words(text))
            return [[word, *place] for word, place in placed if place]
        finally:
            pdfium.FPDFText_ClosePage(text)
    finally:
        pdfium.FPDF_ClosePage(page)


def _words(text: object) -> Iterator[tuple[str, Place]]:
    """Words in reading order with left, bottom, right, top in the page's own space."""
    letters: list[str] = []
    box: list[float] = []
    found = pdfium.FS_RECTF()
    for at in range(min(int(pdfium.FPDFText_CountChars(text)), _PAGE_CHARACTERS)):
        code = int(pdfium.FPDFText_GetUnicode(text, at))
        is_end = code in _LINE_END_HYPHEN
        letter = "-" if is_end else _letter(code)
        if letter and not letter.isspace():
            letters.append(letter)
            if pdfium.FPDFText_GetLooseCharBox(text, at, found):
                _grow(box, (found.left, found.bottom, found.right, found.top))
        if letters and (is_end or not letter or letter.isspace()):
            if len(box) == 4:
                yield _joined(letters), (box[0], box[1], box[2], box[3])
            letters, box = [], []
    if letters and len(box) == 4:
        yield _joined(letters), (box[0], box[1], box[2], box[3])


def _letter(code: int) -> str:
    """A character; nothing for controls. Halves of a pair are put together by `_joined`."""
    return chr(code) if 0x20 <= code <= 0x10FFFF and not 0x7F <= code <= 0x9F else ""


def _joined(letters: list[str]) -> str:
    word = "".join(letters)
    if word.isascii():
        return word
    return word.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _grow(box: list[float], other: Place) -> None:
    if not box:
        box[:] = other
        return
    box[:] = min(box[0], other[0]), min(box[1], other[1]), max(box[2], other[2]), max(box[3], other[3])


def _placed(page: object, size: tuple[float, float], box: Place) -> Place | None:
    """A box of the page's own space as x, y, width, height on the page as shown; None when its middle lies beyond the page, where
    nobody sees it."""
    across, down = ctypes.c_int(), ctypes.c_int()
    wide, high = round(size[0] * _FINE), round(size[1] * _FINE)
    corners = []
    for x, y in ((box[0], box[1]), (box[2], box[3])):
        pdfium.FPDF_PageToDevice(page, 0, 0, wide, high, 0, x, y, across, down)
        corners.append((across.value, down.value))
    left, right = sorted(corner[0] for corner in corners)
    top, bottom = sorted(corner[1] for corner in corners)
    if not (0 <= left + right <= 2 * wide and 0 <= top + bottom <= 2 * high):
        return None
    left, right = max(left, 0), min(right, wide)
    top, bottom = max(top, 0), min(bottom, high)
    return left / _FINE, top / _FINE, (right - left) / _FINE, (bottom - top) / _FINE


# -- outline and links


def _outline(document: Document) -> Iterator[list[object]]:
    seen: set[int] = set()
    waiting = [(pdfium.FPDFBookmark_GetFirstChild(document.handle, None), 0)]
    while waiting:
        item, level = waiting.pop()
        address = ctypes.cast(item, ctypes.c_void_p).value if item else None
        if not address or address in seen or len(seen) >= _OUTLINE_ITEMS:
            continue
        seen.add(address)
        waiting.append((pdfium.FPDFBookmark_GetNextSibling(document.handle, item), level))
        if level + 1 < _OUTLINE_DEPTH:
            waiting.append((pdfium.FPDFBookmark_GetFirstChild(document.handle, item), level + 1))
        dest = pdfium.FPDFBookmark_GetDest(document.handle, item)
        if not dest and (action := pdfium.FPDFBookmark_GetAction(item)):
            dest = _action_dest(document, action)
        yield [_title(item), _page_of(document, dest), level]


def _title(item: object) -> str:
    length = int(pdfium.FPDFBookmark_GetTitle(item, None, 0))
    buffer = ctypes.create_string_buffer(min(length, 1 << 16))
    if length > len(buffer):
        return ""
    pdfium.FPDFBookmark_GetTitle(item, buffer, len(buffer))
    text = buffer.raw[: max(0, length - 2)].decode("utf-16-le", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_TITLE_CHARACTERS]


def _page_of(document: Document, dest: object) -> int:
    """The page (from 1) a destination names; 0 for none."""
    index = int(pdfium.FPDFDest_GetDestPageIndex(document.handle, dest)) if dest else -1
    return index + 1 if 0 <= index < document.pages else 0


def _action_dest(document: Document, action: object) -> object:
    is_jump = pdfium.FPDFAction_GetType(action) == pdfium.PDFACTION_GOTO
    return pdfium.FPDFAction_GetDest(document.handle, action) if is_jump else None


def _links(document: Document) -> Iterator[list[object]]:
    until = time.monotonic() + _LINK_SECONDS
    count = 0
    for index in range(document.pages):
        if time.monotonic() > until:
            return
        for link in _page_links(document, index):
            yield link
            count += 1
            if count >= _ALL_LINKS:
                return


def _page_links(document: Document, index: int) -> list[list[object]]:
    page = pdfium.FPDF_LoadPage(document.handle, index)
    if not page:
        return []
    try:
        position, link, found = ctypes.c_int(0), pdfium.FPDF_LINK(), []
        for _ in range(_PAGE_LINKS):
            if not pdfium.FPDFLink_Enumerate(page, position, link):
                break
            target, uri = _target(document, link)
            rect = pdfium.FS_RECTF()
            if (target or uri) and pdfium.FPDFLink_GetAnnotRect(link, rect):
                place = _placed(page, document.size(index), (rect.left, rect.bottom, rect.right, rect.top))
                found += [[index + 1, *place, target, uri]] if place else []
        return found
    finally:
        pdfium.FPDF_ClosePage(page)


def _target(document: Document, link: object) -> tuple[int, str]:
    """The page and the address a link leads to; 0 and nothing for what leads elsewhere (files, programs, scripts)."""
    dest = pdfium.FPDFLink_GetDest(document.handle, link)
    if dest:
        return _page_of(document, dest), ""
    action = pdfium.FPDFLink_GetAction(link)
    if not action:
        return 0, ""
    if pdfium.FPDFAction_GetType(action) != pdfium.PDFACTION_URI:
        return _page_of(document, _action_dest(document, action)), ""
    length = int(pdfium.FPDFAction_GetURIPath(document.handle, action, None, 0))
    if not 1 < length <= _URI_BYTES:
        return 0, ""
    buffer = ctypes.create_string_buffer(length)
    pdfium.FPDFAction_GetURIPath(document.handle, action, buffer, length)
    uri = buffer.value.decode("utf-8", "replace").strip()
    return 0, uri if uri.lower().startswith(_SCHEMES) and uri.isprintable() else ""


def _is_sheets(document: Document) -> bool:
    return int(pdfium.FPDF_GetMetaText(document.handle, _SHEETS_TAG, None, 0)) > 2
