# SPDX-License-Identifier: Apache-2.0
"""Tables as files: nothing in them runs, numbers stay numbers, any length fits."""

from __future__ import annotations

import csv
import doctest
import io
import tracemalloc
import zipfile
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealroom.core import tables

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
SIGNS = "=+-@\t\r\n＝＋－＠"
cells = st.one_of(st.integers(-(10**12), 10**12), st.text(max_size=20), st.text(alphabet=SIGNS + " 1A(_x003D\x00<&", max_size=12))


def read_csv(head: Sequence[str], rows: Iterable[tables.Row]) -> list[list[str]]:
    text = "".join(tables.csv_parts(head, rows))
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline="")))


def read_xlsx(data: bytes) -> dict[str, list[list[str | int]]]:
    """The sheets by their names, as a spreadsheet would read them: a cell without a type is a number."""
    book = zipfile.ZipFile(io.BytesIO(data))
    assert book.testzip() is None
    names = [sheet.attrib["name"] for sheet in ElementTree.fromstring(book.read("xl/workbook.xml")).iter(f"{MAIN}sheet")]
    found = {}
    for place, name in enumerate(names, 1):
        sheet = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{place}.xml"))
        assert not list(sheet.iter(f"{MAIN}f"))
        found[name] = [[_value(cell) for cell in row] for row in sheet.iter(f"{MAIN}row")]
    return found


def _value(cell: ElementTree.Element) -> str | int:
    if cell.attrib.get("t") == "inlineStr":
        return "".join(text.text or "" for text in cell.iter(f"{MAIN}t"))
    return int(cell.findtext(f"{MAIN}v") or "")


def workbook(rows: Iterable[tables.Row], head: Sequence[str] = ("A",), **options: int) -> dict[str, list[list[str | int]]]:
    return read_xlsx(b"".join(tables.xlsx_parts(head, rows, title="Ledger", **options)))


def test_examples_hold() -> None:
    assert doctest.testmod(tables).failed == 0


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("before", ["", " ", "\u00a0", "\u202f \ufeff"])
def test_every_sign_is_made_harmless(sign: str, before: str) -> None:
    assert tables.safe_cell(f"{before}{sign}A1") == f"'{before}{sign}A1"


@given(st.text())
def test_safe_cell_begins_with_no_sign_and_loses_nothing(text: str) -> None:
    safe = tables.safe_cell(text)
    assert safe in {text, f"'{text}"}
    assert safe.strip(" \u00a0\u202f\u3000\ufeff\v\f")[:1] not in set(SIGNS)
    assert tables.safe_cell(safe) == safe


@given(st.lists(st.lists(cells, min_size=1, max_size=4), max_size=12))
def test_csv_holds_every_row(rows: list[list[str | int]]) -> None:
    expected = [[tables.safe_cell(cell) if isinstance(cell, str) else str(cell) for cell in row] for row in rows]
    assert read_csv(["=Head"], rows) == [["'=Head"], *expected]


@given(st.lists(st.lists(cells, min_size=1, max_size=4), max_size=12))
def test_xlsx_numbers_are_numbers_and_texts_are_texts(rows: list[list[str | int]]) -> None:
    (_, *found) = workbook(rows)["Ledger"]
    assert [[type(cell) for cell in row] for row in found] == [[type(cell) for cell in row] for row in rows]
    assert [[cell for cell in row if isinstance(cell, int)] for row in found] == [
        [cell for cell in row if isinstance(cell, int)] for row in rows
    ]
    for row in found:
        for cell in row:
            assert isinstance(cell, int) or cell.lstrip(" \u00a0\u202f\u3000")[:1] not in set(SIGNS)


def test_xlsx_text_is_never_markup_and_never_an_escape() -> None:
    odd = ["<r><t>x</t></r>", "a & <b>", "_x003D_1+1", "\x00\x07", "\ufffe", " kept ", "x" * 40_000]
    assert workbook([odd])["Ledger"][1] == [
        "<r><t>x</t></r>", "a & <b>", "_x005F_x003D_1+1", "\ufffd\ufffd", "\ufffd", " kept ", "x" * tables.MOST_TEXT,
    ]  # fmt: skip


def test_what_does_not_fit_one_sheet_goes_on_in_the_next() -> None:
    rows = [[number] for number in range(5)]
    assert workbook(rows, sheet_rows=3) == {"Ledger": [["A"], [0], [1]], "Ledger 2": [["A"], [2], [3]], "Ledger 3": [["A"], [4]]}
    assert workbook(rows[:4], sheet_rows=3) == {"Ledger": [["A"], [0], [1]], "Ledger 2": [["A"], [2], [3]]}
    assert workbook([]) == {"Ledger": [["A"]]}


def test_sheet_has_a_name_it_may_have() -> None:
    data = b"".join(tables.xlsx_parts(["A"], [], title='\'[a]:*?/\\ & "b" ' + "long" * 20))
    (name,) = read_xlsx(data)
    assert len(name) <= 24
    assert not set("[]:*?/\\'") & set(name)


@pytest.mark.parametrize("make", [tables.csv_parts, lambda head, rows: tables.xlsx_parts(head, rows, title="Ledger")])
def test_length_costs_no_memory(make: object) -> None:
    taken = 0

    def rows() -> Iterable[tables.Row]:
        nonlocal taken
        for number in range(30_000):
            taken += 1
            yield [number, f"Term sheet {number}.pdf" * 5]

    tracemalloc.start()
    parts = iter(make(["A", "B"], rows()))  # type: ignore[operator]
    next(parts)
    assert taken <= 2_000  # it begins before it has read everything
    for _ in parts:
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken == 30_000
    assert peak < 3_000_000
