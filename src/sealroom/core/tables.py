# SPDX-License-Identifier: Apache-2.0
"""Tables as files: CSV line by line, XLSX row by row, whatever their length, and without a cell that a spreadsheet would run.

Every export goes through here, so that the rule against formulas stands in one place.
"""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import IO
from xml.sax.saxutils import escape

from sealroom.core.archives import Sink

Cell = str | int
Row = Sequence[Cell]

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHEET_ROWS = 1_048_576  # the most a sheet may have
MOST_TEXT = 32_767  # the longest text a cell may have
# What makes a spreadsheet read a text as a formula: the signs, also full-width ones, and white space that some programs strip.
_RUNS = frozenset("=+-@\t\r\n＝＋－＠")
_BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes UTF-8 for the code page of the machine
_LINES_AT_ONCE = 500
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")  # _x003D_ would be read as the character with that number
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STYLES = (
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
)


def safe_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe is put before one that could be. Numbers are not texts: a
    negative number needs no apostrophe and must stay one.

    >>> [safe_cell(text) for text in ("=1+1", " @SUM(A1)", "\\tx", "Term sheet.pdf", "a=b")]
    ["'=1+1", "' @SUM(A1)", "'\\tx", 'Term sheet.pdf', 'a=b']
    """
    first = text.lstrip(" \u00a0\u202f\u3000\ufeff\v\f")[:1]
    return f"'{text}" if first in _RUNS and first else text


def csv_parts(head: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """A CSV file (RFC 4180, UTF-8 with its mark) in parts, as the rows come: what was given out is not kept."""
    page = _Page()
    writer = csv.writer(page)
    page.write(_BYTE_ORDER_MARK)
    writer.writerow([safe_cell(text) for text in head])
    for count, row in enumerate(rows, 1):
        writer.writerow([safe_cell(cell) if isinstance(cell, str) else cell for cell in row])
        if count % _LINES_AT_ONCE == 0:
            yield page.taken()
    yield page.taken()


class _Page:
    """What `csv.writer` has written since it was last asked."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def write(self, text: str) -> int:
        self._parts.append(text)
        return len(text)

    def taken(self) -> str:
        text, self._parts = "".join(self._parts), []
        return text


def xlsx_parts(head: Sequence[str], rows: Iterable[Row], *, title: str, sheet_rows: int = SHEET_ROWS) -> Iterator[bytes]:
    """An XLSX workbook in parts, as the rows come: no more than some hundred rows are ever held. What does not fit one sheet goes
    on in the next, under the same head. Texts are texts (never formulas, never links), numbers are numbers.

    Only the little of Office Open XML (ECMA-376) that a table needs: see docs/decisions/0082.
    """
    sink = Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as book:
        left, sheets = iter(rows), 0
        first = next(left, None)
        while first is not None or sheets == 0:
            sheets += 1
            with book.open(f"xl/worksheets/sheet{sheets}.xml", "w", force_zip64=True) as sheet:
                sheet.write(_sheet_head(head))
                yield from _fill(sheet, sink, chain([first] if first else [], islice(left, sheet_rows - 2)))
                sheet.write(b"</sheetData></worksheet>")
            first = next(left, None)
        for name, text in _book_parts(title, sheets):
            book.writestr(name, text)
    yield sink.taken()


def _fill(sheet: IO[bytes], sink: Sink, rows: Iterator[Row]) -> Iterator[bytes]:
    while some := list(islice(rows, _LINES_AT_ONCE)):
        sheet.write("".join(f"<row>{''.join(map(_cell, row))}</row>" for row in some).encode())
        if data := sink.taken():
            yield data


def _cell(cell: Cell) -> str:
    if not isinstance(cell, str):
        return f"<c><v>{cell:d}</v></c>"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{_xml_text(cell)}</t></is></c>'


def _xml_text(text: str) -> str:
    """A text as XML 1.0 may hold it; what it may not hold is shown as the replacement character."""
    text = _NOT_XML.sub("\ufffd", safe_cell(text)[:MOST_TEXT])
    return escape(_ESCAPE.sub("_x005F_", text))


def _sheet_head(head: Sequence[str]) -> bytes:
    cells = "".join(f'<c s="1" t="inlineStr"><is><t xml:space="preserve">{_xml_text(text)}</t></is></c>' for text in head)
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f'<cols><col min="1" max="{max(len(head), 1)}" width="20" customWidth="1"/></cols><sheetData><row>{cells}</row>'
    ).encode()


def _book_parts(title: str, sheets: int) -> Iterator[tuple[str, str]]:
    """The small files of the archive, which say what its sheets are."""
    numbers = range(1, sheets + 1)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    name = _sheet_name(title)
    kinds = "".join(f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>' for n in numbers)
    types = (
        f'{_XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>{kinds}</Types>'
    )
    yield "[Content_Types].xml", types
    yield "_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")])
    targets = [("worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
    yield "xl/_rels/workbook.xml.rels", _relations([*targets, ("styles", "styles.xml")])
    listed = "".join(f'<sheet name="{name}{f" {n}" if n > 1 else ""}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    yield "xl/workbook.xml", f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>'
    yield "xl/styles.xml", f'{_XML}<styleSheet xmlns="{_MAIN}">{_STYLES}</styleSheet>'


def _relations(targets: Iterable[tuple[str, str]]) -> str:
    rows = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/{kind}" Target="{target}"/>' for n, (kind, target) in enumerate(targets, 1)
    )
    return f'{_XML}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{rows}</Relationships>'


def _sheet_name(title: str) -> str:
    """A name a sheet may have: at most 31 characters (room is left for a number), none of []:*?/\\, no apostrophe at an end."""
    return escape(re.sub(r"[\[\]:*?/\\]", " ", title)[:24].strip("' ") or "1", {'"': "&quot;"})
