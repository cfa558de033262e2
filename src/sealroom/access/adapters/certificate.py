# SPDX-License-Identifier: Apache-2.0
"""Records of acceptances as PDF: A4, set line by line and drawn with ReportLab. Nothing in a text is taken for markup."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from sealroom.access.ports import Certificate
from sealroom.core.typeface import BOLD, PLAIN, TITLE, Typeface, clean

WIDTH, HEIGHT = A4
LEFT, RIGHT, TOP, BOTTOM = 56.0, WIDTH - 56.0, HEIGHT - 72.0, 84.0
INK, SOFT, LINE = "#1B1C1A", "#55564F", "#E4E0D6"
_VALUES = LEFT + 100.0  # where the values of the facts begin; a hash fits on one line
_lock = threading.Lock()


@dataclass(frozen=True)
class _Row:
    """What stands on one line, as (x, text, face, size, colour), and how far below the line before it."""

    down: float
    texts: tuple[tuple[float, str, str, float, str], ...]


class ReportlabCertificates:
    """Draws records of acceptances."""

    def print(self, paper: Certificate) -> bytes:
        """The PDF. One at a time per process: ReportLab's fonts are shared."""
        with _lock:
            typeface = Typeface()
            return _drawn(paper, typeface, list(_pages(_rows(paper, typeface))))


def _rows(paper: Certificate, typeface: Typeface) -> Iterator[_Row]:
    yield _Row(0, ((LEFT, clean(paper.title), TITLE, 24, INK),))
    down = 34.0
    for label, value in paper.facts:
        for place, words in enumerate(typeface.wrap(value, PLAIN, 9.5, RIGHT - _VALUES)):
            texts = ((_VALUES, words, PLAIN, 9.5, INK),)
            yield _Row(down, texts if place else ((LEFT, clean(label), PLAIN, 9.5, SOFT), *texts))
            down = 14.0
        down = 18.0
    yield _Row(36, ((LEFT, clean(paper.heading), BOLD, 11, INK),))
    down = 20.0
    for line in paper.text:
        face = BOLD if line.is_heading else PLAIN
        for words in typeface.wrap(line.text, face, 9.5, RIGHT - LEFT):
            yield _Row(down, ((LEFT, words, face, 9.5, INK),))
            down = 14.0
        down = 20.0


def _pages(rows: Iterator[_Row]) -> Iterator[list[tuple[float, _Row]]]:
    page: list[tuple[float, _Row]] = []
    y = TOP
    for row in rows:
        y -= row.down
        if y < BOTTOM:
            yield page
            page, y = [], TOP
        page.append((y, row))
    yield page


def _drawn(paper: Certificate, typeface: Typeface, pages: Sequence[Sequence[tuple[float, _Row]]]) -> bytes:
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=A4, pageCompression=1, invariant=1, lang=paper.language, initialFontName=PLAIN)
    canvas.setTitle(f"{clean(paper.title)} {clean(paper.number)}")
    canvas.setAuthor("")
    canvas.setSubject(clean(paper.title))
    canvas.setCreator("Sealroom")
    canvas.setProducer("Sealroom")
    for place, page in enumerate(pages, 1):
        for y, row in page:
            for x, text, face, size, colour in row.texts:
                canvas.setFillColor(HexColor(colour))
                typeface.draw(canvas, text, face, size, (x, y))
        _draw_foot(canvas, paper, typeface, place, len(pages))
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def _draw_foot(canvas: Canvas, paper: Certificate, typeface: Typeface, place: int, pages: int) -> None:
    canvas.setStrokeColor(HexColor(LINE))
    canvas.setLineWidth(0.75)
    canvas.line(LEFT, 56, RIGHT, 56)
    canvas.setFillColor(HexColor(SOFT))
    typeface.draw(canvas, clean(paper.number), PLAIN, 8.5, (LEFT, 40))
    words = clean(paper.page.format(page=place, pages=pages))
    typeface.draw(canvas, words, PLAIN, 8.5, (RIGHT - typeface.width(words, PLAIN, 8.5), 40))
