# SPDX-License-Identifier: Apache-2.0
"""PDF by PDFium: how many pages of which size, and their pixels."""

from __future__ import annotations

import ctypes
import json
import math
import os
from dataclasses import dataclass

import numpy as np
import pypdfium2.raw as pdfium

from . import wire
from .refused import Refused

_MAPPED_BYTES = 256 * 1024**2
"""Files up to this size are mapped whole; of larger ones PDFium asks for the pieces it needs."""
_LONGEST_SIDE = 14_400.0
"""Points. What PDF 1.7 (annex C) names as the longest side of a page; files that declare more are shown in proportion."""
_DEFAULT_SIZE = (612.0, 792.0)
_WHITE = 0xFFFFFFFF
_WITHIN_PIXEL = np.resize(np.array([0xFF, 0xFF, 0], np.uint8), 24 * 4096).view(np.uint64)

Drawn = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]


@dataclass(frozen=True)
class Pixels:
    """A drawn page; `pixels` is a memory file of rows without padding."""

    width: int
    height: int
    channels: int
    pixels: int


class Document:
    """An open PDF. Raises `Refused` with password_required or corrupt."""

    def __init__(self, descriptor: int) -> None:
        size = os.fstat(descriptor).st_size
        if size == 0:
            raise Refused("corrupt", reason="empty")
        self._held: list[object] = []
        self._source = self._map(descriptor, size) if size <= _MAPPED_BYTES else self._stream(descriptor, size)
        self.handle = self._open()
        self.pages = int(pdfium.FPDF_GetPageCount(self.handle))
        if self.pages < 1:
            raise Refused("corrupt", reason="no pages")

    def size(self, index: int) -> tuple[float, float]:
        """Width and height in points as shown: crop box, rotation, always finite, positive and drawable."""
        found = pdfium.FS_SIZEF()
        if not pdfium.FPDF_GetPageSizeByIndexF(self.handle, index, found):
            return _DEFAULT_SIZE
        return drawable(found.width, found.height)

    def _open(self) -> object:
        # An empty user password is tried by PDFium itself, but for some files under AES-256 only when it is given (seen with
        # files whose owner password alone is set).
        error = 0
        for password in (None, b"\x00"):
            handle = self._load(password)
            if handle:
                return handle
            error = int(pdfium.FPDF_GetLastError())
            if error not in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
                break
        if error in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise Refused("password_required")
        raise Refused("corrupt", reason=f"pdfium {error}")

    def _load(self, password: bytes | None) -> object:
        if isinstance(self._source, ctypes.Array):
            return pdfium.FPDF_LoadMemDocument64(self._source, len(self._source), password)
        return pdfium.FPDF_LoadCustomDocument(self._source, password)

    def _map(self, descriptor: int, size: int) -> object:
        mapped = wire.map_private(descriptor)
        self._held.append(mapped)
        return (ctypes.c_char * size).from_buffer(mapped)

    def _stream(self, descriptor: int, size: int) -> object:
        kept = os.dup(descriptor)

        def read(_: object, position: int, target: int, length: int) -> int:
            data = os.pread(kept, length, position)
            ctypes.memmove(target, data, len(data))
            return int(len(data) == length)

        access = pdfium.FPDF_FILEACCESS()
        access.m_FileLen = size
        access.m_GetBlock = type(access.m_GetBlock)(read)
        self._held.append(access)
        return access


def drawable(width: float, height: float) -> tuple[float, float]:
    """A page size one can draw: nonsense becomes Letter, giants shrink in proportion, slivers keep a point."""
    if not (math.isfinite(width) and math.isfinite(height)) or width <= 0 or height <= 0:
        return _DEFAULT_SIZE
    shrink = min(1.0, _LONGEST_SIDE / max(width, height))
    return max(1.0, width * shrink), max(1.0, height * shrink)


def sizes(descriptor: int, limits: dict[str, int]) -> int:
    """A memory file with the sizes of all pages as JSON. Refuses more pages than the limit."""
    document = Document(descriptor)
    if document.pages > limits["pages"]:
        raise Refused("limit_pages", pages=document.pages, limit=limits["pages"])
    told = [[round(side, 3) for side in document.size(index)] for index in range(document.pages)]
    answer = wire.memory_file("sizes")
    with open(answer, "wb", closefd=False) as file:
        file.write(json.dumps(told).encode())
    return answer


class Renderer:
    """Draws pages of one document."""

    def __init__(self, descriptor: int) -> None:
        self.document = Document(descriptor)
        handle = self.document.handle
        self._form: object | None = None
        self._colour, self._grey = _Sheet(), _Sheet()
        if pdfium.FPDF_GetFormType(handle) != pdfium.FORMTYPE_NONE:
            self._form_info = pdfium.FPDF_FORMFILLINFO(version=2)
            self._form = pdfium.FPDFDOC_InitFormFillEnvironment(handle, self._form_info)

    def render(self, number: int, width: int, limits: dict[str, int]) -> Pixels:
        """Draw page `number` (from 1) on white with annotations and form fields. Refuses: page_missing, page_failed."""
        if not 1 <= number <= self.document.pages:
            raise Refused("page_missing", pages=self.document.pages)
        page = pdfium.FPDF_LoadPage(self.document.handle, number - 1)
        if not page:
            raise Refused("page_failed", page=number)
        try:
            columns, rows = raster_size(self.document.size(number - 1), width, limits)
            drawn = self._draw(page, columns, rows)
        finally:
            pdfium.FPDF_ClosePage(page)
        if not is_grey(drawn):
            return Pixels(columns, rows, 3, self._colour.handle())
        grey = self._grey.of_size(columns * rows).reshape(rows, columns)
        np.copyto(grey, drawn[..., 0])
        return Pixels(columns, rows, 1, self._grey.handle())

    def _draw(self, page: object, columns: int, rows: int) -> Drawn:
        drawn = self._colour.of_size(columns * rows * 3).reshape(rows, columns, 3)
        buffer = drawn.ctypes.data_as(ctypes.c_void_p)
        bitmap = pdfium.FPDFBitmap_CreateEx(columns, rows, pdfium.FPDFBitmap_BGR, buffer, columns * 3)
        if not bitmap:
            raise Refused("page_failed", reason="bitmap")
        flags = pdfium.FPDF_ANNOT | pdfium.FPDF_REVERSE_BYTE_ORDER
        try:
            pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, columns, rows, _WHITE)
            pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, columns, rows, 0, flags)
            if self._form:
                pdfium.FPDF_FFLDraw(self._form, bitmap, page, 0, 0, columns, rows, 0, flags)
        finally:
            pdfium.FPDFBitmap_Destroy(bitmap)
        return drawn


def raster_size(size: tuple[float, float], width: int, limits: dict[str, int]) -> tuple[int, int]:
    """Pixels for a page at the wished width, made smaller until side and area are within their caps."""
    ratio = size[1] / size[0]
    columns = float(max(1, width))
    columns = min(columns, limits["raster_side"], limits["raster_side"] / ratio, math.sqrt(limits["raster_pixels"] / ratio))
    whole = max(1, int(columns))
    return whole, max(1, min(limits["raster_side"], limits["raster_pixels"] // whole, int(columns * ratio + 0.5)))


def is_grey(drawn: Drawn) -> bool:
    """Whether red, green and blue are equal in every pixel.

    Each byte is compared with its neighbour, eight at a time, and the comparisons across pixels are masked out: 2 ms for a page
    at 1,600 pixels, next to nothing for a coloured one, where a plain comparison of the three planes takes 13 ms.
    """
    line = drawn.reshape(-1)
    whole = (len(line) - 1) // 8 * 8
    here, next_ = line[:whole].view(np.uint64), line[1 : whole + 1].view(np.uint64)
    for start in range(0, len(here), len(_WITHIN_PIXEL)):
        piece = here[start : start + len(_WITHIN_PIXEL)] ^ next_[start : start + len(_WITHIN_PIXEL)]
        piece &= _WITHIN_PIXEL[: len(piece)]
        if piece.any():
            return False
    tail = drawn.reshape(-1, 3)[whole // 3 :]
    return bool((tail == tail[:, :1]).all())


class _Sheet:
    """A memory file that every page is drawn into anew: the kernel hands its memory out once for each size of page, and nothing
    is copied. Its reader has read it before the next page is asked for."""

    def __init__(self) -> None:
        self._descriptor = -1
        self._pixels = np.empty(0, np.uint8)

    def of_size(self, size: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
        """Its bytes to write into."""
        if len(self._pixels) != size:
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._descriptor = wire.memory_file("pixels")
            os.ftruncate(self._descriptor, size)
            self._pixels = np.frombuffer(wire.map_shared(self._descriptor), np.uint8)
        return self._pixels

    def handle(self) -> int:
        """A descriptor to give away."""
        return os.dup(self._descriptor)
