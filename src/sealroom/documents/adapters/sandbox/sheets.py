# SPDX-License-Identifier: Apache-2.0
"""Sheets that lie whole on one page each are cut into pages a person can read.

A sheet keeps its natural scale. Up to a wide screen's width it is one column of pages; a wider one is read in panels, left to
right, each from top to bottom. Pages overlap by a line, so that no row is cut in two on both. The pages share the sheet's drawing
and differ in the box that is shown.
"""

from __future__ import annotations

import math
import re
from collections import Counter

import pikepdf

from . import wire
from .refused import Refused

_WIDEST, _PANEL = 1_190.0, 1_000.0  # points: a whole sheet up to the first, else panels of about the second
_TALLEST_SHARE, _LEAST_HEIGHT = 0.75, 620.0
_STRETCH = 1.3
_OVERLAP = 14.0
_SHEET_PAGES = 250
_SHRUNK_FROM, _SMALL_PRINT = 7_200.0, 7.0
"""PDF 1.7 (annex C) knows no page longer than 14,400 points: LibreOffice shrinks what would be longer to a half, a third and so on,
until nobody can read it. Such a page is longer than half the limit, and its print small."""
_DRAWING_BYTES = 16 * 1024**2
_SIZES = re.compile(rb"/F[0-9]+ ([0-9]*\.?[0-9]+) Tf")
_MARGIN = 18.0
_SMALLEST = (420.0, 297.0)


def slice_sheets(source: int, names: list[str], limits: dict[str, int]) -> int:
    """A memory file with the sheets of `source`, one a page, as readable pages. They get their `names`, or numbers when there are
    not as many names as sheets. Refuses limit_pages when a sheet would become more pages than anybody draws in good time, or is
    longer than a page can be; the caller then prints the workbook as on paper."""
    answer = wire.memory_file("sheets")
    with wire.reader(source) as file, pikepdf.open(file) as pdf:
        sheets = [_cut(pdf, page) for page in pdf.pages]
        if sum(map(len, sheets)) > limits["pages"]:
            raise Refused("limit_pages", limit=limits["pages"])
        titles = names if len(names) == len(sheets) else [str(number) for number, _ in enumerate(sheets, start=1)]
        del pdf.pages[:]
        with pdf.open_outline() as outline:
            for title, pages in zip(titles, sheets, strict=True):
                outline.root.append(pikepdf.OutlineItem(title, len(pdf.pages)))
                pdf.pages.extend(pikepdf.Page(page) for page in pages)
        pdf.docinfo["/SealroomSheets"] = "1"
        with open(answer, "wb", closefd=False) as out:
            pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return answer


def _cut(pdf: pikepdf.Pdf, page: pikepdf.Page) -> list[pikepdf.Dictionary]:
    left, bottom, right, top = _with_margin(page)
    width, height = right - left, top - bottom
    if max(width, height) > _SHRUNK_FROM and _usual_print(page) < _SMALL_PRINT:
        raise Refused("limit_pages", reason="shrunk", limit=_SHEET_PAGES)
    across = 1 if width <= _WIDEST else math.ceil(width / _PANEL)
    panel = width / across
    tall = max(_LEAST_HEIGHT, panel * _TALLEST_SHARE)
    down = 1 if height <= tall * _STRETCH else math.ceil(height / tall)
    if across * down == 1:
        page.obj.MediaBox = page.obj.CropBox = pikepdf.Array([left, bottom, right, top])
        return [page.obj]
    if across * down > _SHEET_PAGES or _drawing_bytes(page) > _DRAWING_BYTES:
        raise Refused("limit_pages", limit=_SHEET_PAGES)
    step = height / down
    pages = []
    for column in range(across):
        for row in range(down):
            shown = pikepdf.Dictionary(dict(page.obj.items()))
            low = max(bottom, top - (row + 1) * step - _OVERLAP)
            box = [left + column * panel, low, left + (column + 1) * panel, top - row * step]
            shown.MediaBox = shown.CropBox = pikepdf.Array(box)
            pages.append(pdf.make_indirect(shown))
    return pages


def _with_margin(page: pikepdf.Page) -> tuple[float, float, float, float]:
    """The sheet with white around it; one of few cells is no smaller than half a sheet of paper."""
    left, bottom, right, top = (float(side) for side in page.mediabox)
    left, bottom, right, top = left - _MARGIN, bottom - _MARGIN, right + _MARGIN, top + _MARGIN
    return left, min(bottom, top - _SMALLEST[1]), max(right, left + _SMALLEST[0]), top


def _drawing_bytes(page: pikepdf.Page) -> int:
    return sum(len(stream.read_bytes()) for stream in _drawings(page))


def _usual_print(page: pikepdf.Page) -> float:
    """The size of letters, in points, that is set most often; a usual one when there are none."""
    found = Counter(match for stream in _drawings(page) for match in _SIZES.findall(stream.read_bytes()))
    return float(found.most_common(1)[0][0]) if found else 10.0


def _drawings(page: pikepdf.Page) -> list[pikepdf.Stream]:
    contents = page.obj.get("/Contents")
    streams = contents if isinstance(contents, pikepdf.Array) else [contents]
    return [stream for stream in streams if isinstance(stream, pikepdf.Stream)]
