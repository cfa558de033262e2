# SPDX-License-Identifier: Apache-2.0
"""Paragraphs, code and tables flow onto A4 pages."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from .bidi import is_rtl
from .fonts import PLAIN, Style
from .pdfwriter import PdfWriter
from .refused import Refused
from .typeset import Span, Typesetter

PORTRAIT, LANDSCAPE = (595.28, 841.89), (841.89, 595.28)
MARGIN = 54.0
_LEADING = 1.36
_CELL_GAP = 4.0
_NARROWEST, _WIDEST_ASKED = 46.0, 260.0
_WIDTH_SAMPLE = 400
_RULE_GREY = 0.78

Row = list[list[Span]]


class Flow:
    """A document that grows downwards. Refuses (limit_pages) past the allowed number of pages."""

    def __init__(self, writer: PdfWriter, typesetter: Typesetter, *, pages: int, size: tuple[float, float] = PORTRAIT) -> None:
        self._writer = writer
        self._set = typesetter
        self._most = pages
        self.size = size
        self._operators: list[str] = []
        self._y = size[1] - MARGIN
        self._at_top = True

    @property
    def width(self) -> float:
        """Points between the margins."""
        return self.size[0] - 2 * MARGIN

    def paragraph(self, spans: list[Span], *, indent: float = 0.0, mark: str = "", before: float = 0.0, after: float = 6.0) -> None:
        """A paragraph; `mark` stands in the indent before its first line."""
        self.space(before)
        rtl = is_rtl("".join(span.text for span in spans))
        for number, line in enumerate(self._set.lines(spans, self.width - indent)):
            size = max((span.size for span in line), default=10.0)
            self._advance(size * _LEADING)
            if mark and number == 0:
                self._operators.append(
                    self._set.write([Span(mark, size=size)], MARGIN + indent - 6 - self._set.width(mark, PLAIN, size), self._y)
                )
            left = MARGIN + indent if not rtl else self.size[0] - MARGIN - self._set.line_width(_stripped(line))
            self._operators.append(self._set.write(_stripped(line) if rtl else line, left, self._y, rtl=rtl))
        self.space(after)

    def code(self, text: str, *, indent: float = 0.0, size: float = 8.5) -> None:
        """Text with its own line ends, in fixed width on a light ground."""
        for source in text.splitlines() or [""]:
            for line in self._set.lines([Span(source, Style(mono=True), size)], self.width - indent - 8):
                self._advance(size * _LEADING)
                box = (MARGIN + indent, self._y - size * 0.32, self.width - indent, size * _LEADING)
                self._operators.append("0.955 g {:.2f} {:.2f} {:.2f} {:.2f} re f\n".format(*box))
                self._operators.append(self._set.write(line, MARGIN + indent + 4, self._y))
        self.space(8)

    def plain(self, lines: Iterator[str], *, style: Style, size: float) -> None:
        """Lines of a text file as they are; a page feed starts a page."""
        for source in lines:
            for number, part in enumerate(source.split("\f")):
                if number:
                    self.new_page()
                self._plain_line(part, style, size)

    def rule(self) -> None:
        """A line across."""
        self._advance(12)
        self._operators.append(
            f"{_RULE_GREY} G 0.7 w {MARGIN:.2f} {self._y + 4:.2f} m {self.size[0] - MARGIN:.2f} {self._y + 4:.2f} l S\n"
        )
        self.space(6)

    def table(self, rows: list[Row], *, indent: float = 0.0, size: float = 8.5) -> None:
        """A table whose first row is its head, repeated on every page. Columns that do not fit beside the others follow below,
        as many at a time as stay readable, as a spreadsheet would be printed."""
        rows = [_bold(row) if number == 0 else row for number, row in enumerate(rows)]
        columns = max((len(row) for row in rows), default=0)
        room = self.width - indent
        wishes = [self._wish([row[column] for row in rows[:_WIDTH_SAMPLE] if column < len(row)], size) for column in range(columns)]
        start = 0
        while start < columns:
            end, least = start, 0.0
            while end < columns and (end == start or least + min(wishes[end], _NARROWEST * 1.6) <= room):
                least += min(wishes[end], _NARROWEST * 1.6)
                end += 1
            if (start, end) != (0, columns):
                self.paragraph(
                    [Span(f"{start + 1}\u2013{end} / {columns}", Style(italic=True), size, 0.4)], before=0 if start == 0 else 10
                )
            self._columns([row[start:end] for row in rows], _fit(wishes[start:end], room), indent)
            start = end
        self.space(8)

    def space(self, points: float) -> None:
        """Empty room, not at the top of a page."""
        if not self._at_top:
            self._y -= points

    def new_page(self) -> None:
        """Close the page."""
        if self._writer.pages >= self._most:
            raise Refused("limit_pages", limit=self._most)
        self._writer.add_page(self.size, "".join(self._operators).encode(), self._set.resources())
        self._operators = []
        self._y = self.size[1] - MARGIN
        self._at_top = True

    def finish(self) -> None:
        """Close the last page; an empty document has one empty page."""
        if self._operators or not self._writer.pages:
            self.new_page()

    def _advance(self, height: float) -> None:
        if self._y - height < MARGIN and not self._at_top:
            self.new_page()
        self._y -= height
        self._at_top = False

    def _plain_line(self, text: str, style: Style, size: float) -> None:
        rtl = is_rtl(text) if not text.isascii() else False
        for line in self._set.lines([Span(text, style, size)], self.width):
            self._advance(size * _LEADING)
            left = MARGIN if not rtl else self.size[0] - MARGIN - self._set.line_width(_stripped(line))
            self._operators.append(self._set.write(_stripped(line) if rtl else line, left, self._y, rtl=rtl))

    def _wish(self, cells: list[list[Span]], size: float) -> float:
        return min(_WIDEST_ASKED, max((self._set.line_width(cell) for cell in cells), default=0.0)) + 2 * _CELL_GAP + 1

    def _columns(self, rows: list[Row], widths: list[float], indent: float) -> None:
        head = rows[0] if rows else []
        self._row(head, widths, indent, head=None)
        for row in islice(rows, 1, None):
            self._row(row, widths, indent, head=head)

    def _row(self, cells: Row, widths: list[float], indent: float, *, head: Row | None) -> None:
        laid = [list(self._set.lines(cell, width - 2 * _CELL_GAP)) for cell, width in zip(cells, widths, strict=False)]
        height = max((span.size for cell in cells for span in cell), default=8.5) * _LEADING
        tallest = max((len(lines) for lines in laid), default=1)
        whole_page = self.size[1] - 2 * MARGIN
        fits_a_page = tallest * height < whole_page * 0.7
        if fits_a_page and self._y - tallest * height < MARGIN and not self._at_top:
            self._turn_page(head, widths, indent)
        for number in range(tallest):
            if self._y - height < MARGIN and not self._at_top:
                self._turn_page(head, widths, indent)
            self._advance(height)
            x = MARGIN + indent
            for lines, width in zip(laid, widths, strict=False):
                if number < len(lines):
                    self._cell_line(lines[number], x, width)
                x += width
        right, under = MARGIN + indent + sum(widths), self._y - 3
        self._operators.append(f"{_RULE_GREY} G 0.4 w {MARGIN + indent:.2f} {under:.2f} m {right:.2f} {under:.2f} l S\n")
        self._y -= 3

    def _cell_line(self, line: list[Span], x: float, width: float) -> None:
        rtl = is_rtl("".join(span.text for span in line))
        line = _stripped(line)
        left = x + width - _CELL_GAP - self._set.line_width(line) if rtl else x + _CELL_GAP
        self._operators.append(self._set.write(line, left, self._y, rtl=rtl))

    def _turn_page(self, head: Row | None, widths: list[float], indent: float) -> None:
        self.new_page()
        if head:
            self._row(head, widths, indent, head=None)


def _bold(row: Row) -> Row:
    return [[Span(span.text, Style(bold=True, mono=span.style.mono), span.size) for span in cell] for cell in row]


def _stripped(line: list[Span]) -> list[Span]:
    while line and line[-1].text.isspace():
        line = line[:-1]
    return line


def _fit(wishes: list[float], room: float) -> list[float]:
    """Widths within the room: columns that ask for less than a fair share get it, the others share what is left."""
    if sum(wishes) <= room:
        return wishes
    widths = [0.0] * len(wishes)
    open_columns = list(range(len(wishes)))
    while open_columns:
        share = (room - sum(widths)) / len(open_columns)
        modest = [column for column in open_columns if wishes[column] <= share]
        for column in modest or open_columns:
            widths[column] = wishes[column] if modest else share
        open_columns = [column for column in open_columns if column not in modest] if modest else []
    return widths
