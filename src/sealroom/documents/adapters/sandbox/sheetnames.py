# SPDX-License-Identifier: Apache-2.0
"""The names of a workbook's visible sheets, in order, as far as the file tells them plainly; nothing when it does not.

Sources: ECMA-376 part 1 (sheet), ODF 1.3 part 3, 9.1.2 (table), [MS-XLS] 2.4.28 (BoundSheet8), [MS-XLSB] (BrtBundleSh).
"""

from __future__ import annotations

import contextlib
import struct
import zipfile
from collections.abc import Iterator
from typing import BinaryIO
from xml.etree import ElementTree

from . import wire
from .containers import Compound

_MOST_BYTES = 64 * 1024**2
_BOOK_BYTES = 1 << 20
_SHEETS = 2_000
_BOUND_SHEET, _BUNDLE_SHEET = 0x0085, 156


def names(source: int, suffix: str) -> list[str]:
    """The names; an empty list when they cannot be read."""
    readers = {"xlsx": _xlsx, "xlsb": _xlsb, "xls": _xls, "ods": _ods, "fods": _open_document}
    found: list[str] = []
    with contextlib.suppress(Exception), wire.reader(source) as file:
        found = [" ".join(name.split())[:300] for name in readers[suffix](file)]
    return found if all(found) and len(found) <= _SHEETS else []


def _xlsx(file: BinaryIO) -> Iterator[str]:
    with zipfile.ZipFile(file) as package, package.open("xl/workbook.xml") as part:
        for element in ElementTree.fromstring(part.read(_MOST_BYTES)).iter():  # noqa: S314 -- in the sandbox
            if _local(element.tag) == "sheet" and element.get("state", "visible") == "visible":
                yield element.get("name", "")


def _xlsb(file: BinaryIO) -> Iterator[str]:
    with zipfile.ZipFile(file) as package, package.open("xl/workbook.bin") as part:
        data = part.read(_MOST_BYTES)
    at = 0
    while at < len(data):
        kind, at = _number(data, at, 2)
        length, at = _number(data, at, 4)
        if kind == _BUNDLE_SHEET:
            state, _, relation = struct.unpack_from("<III", data, at)
            after = at + 12 + 2 * (0 if relation == 0xFFFFFFFF else relation)
            (letters,) = struct.unpack_from("<I", data, after)
            if state == 0:
                yield data[after + 4 : after + 4 + 2 * letters].decode("utf-16-le", "replace")
        at += length


def _number(data: bytes, at: int, most: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first."""
    value = 0
    for place in range(most):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << (7 * place)
        if not byte & 0x80:
            break
    return value, at


def _xls(file: BinaryIO) -> Iterator[str]:
    compound = Compound(file)
    data = compound.read("workbook", _BOOK_BYTES)
    at = 0
    while at + 4 <= len(data):
        record, length = struct.unpack_from("<HH", data, at)
        if record == _BOUND_SHEET:
            hidden, letters, wide = data[at + 8] & 3, data[at + 10], data[at + 11] & 1
            raw = data[at + 12 : at + 12 + letters * (2 if wide else 1)]
            if not hidden and data[at + 9] in (0, 2):  # sheets and charts
                yield raw.decode("utf-16-le" if wide else "latin-1", "replace")
        elif record == 0x000A:  # the end of the book's own records
            return
        at += 4 + length


def _ods(file: BinaryIO) -> Iterator[str]:
    with zipfile.ZipFile(file) as package, package.open("content.xml") as part:
        yield from _open_document(part)


def _open_document(part: object) -> Iterator[str]:
    hidden: set[str] = set()
    style, depth = "", 0
    for event, element in ElementTree.iterparse(part, ("start", "end")):  # type: ignore[call-overload] # noqa: S314
        local = _local(element.tag)
        if event == "end":
            depth -= local == "table"
            element.clear()
            continue
        told = {_local(name): value for name, value in element.attrib.items()}
        if local == "style":
            style = told.get("name", "")
        elif local == "table-properties" and told.get("display") == "false":
            hidden.add(style)
        elif local == "table":
            if depth == 0 and told.get("style-name", "") not in hidden:
                yield told.get("name", "")
            depth += 1


def _local(name: object) -> str:
    return str(name).rpartition("}")[2]
