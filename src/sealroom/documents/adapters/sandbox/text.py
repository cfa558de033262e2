# SPDX-License-Identifier: Apache-2.0
"""Text, Markdown and CSV become PDF pages."""

from __future__ import annotations

import csv
import io
import re

from . import wire
from .decoding import decode
from .fonts import Style
from .layout import LANDSCAPE, PORTRAIT, Flow
from .markdown import write_markdown
from .pdfwriter import PdfWriter
from .refused import Refused
from .typeset import Span, Typesetter

_SAMPLE = 64 * 1024
_DELIMITERS = ",;\t|"
_CELL_SIZE = 8.5
_CELL_CHARACTERS = 20_000
_LANDSCAPE_COLUMNS = 6
_FIXED_PITCH = re.compile(r"\S {2,}\S|\t|[|+]-{2,}|\x1b\[")


def to_pdf(source: int, kind: str, limits: dict[str, int]) -> int:
    """A memory file with the pages. Refuses limit_size past the allowed bytes of text, limit_pages, corrupt when it is no text."""
    with wire.reader(source) as file:
        data = file.read(limits["text_bytes"] + 1)
    if len(data) > limits["text_bytes"]:
        raise Refused("limit_size", limit=limits["text_bytes"])
    text = decode(data)
    answer = wire.memory_file("pdf")
    with open(answer, "wb", closefd=False) as out:
        writer = PdfWriter(out)
        typesetter = Typesetter(writer, text[:_SAMPLE])
        if kind == "csv":
            rows = _rows(text)
            wide = max((len(row) for row in rows), default=0) > _LANDSCAPE_COLUMNS
            flow = Flow(writer, typesetter, pages=limits["pages"], size=LANDSCAPE if wide else PORTRAIT)
            flow.table([[[Span(cell[:_CELL_CHARACTERS], size=_CELL_SIZE)] for cell in row] for row in rows], size=_CELL_SIZE)
        else:
            flow = Flow(writer, typesetter, pages=limits["pages"])
            if kind == "markdown":
                write_markdown(flow, text)
            else:
                mono = bool(_FIXED_PITCH.search(text[:_SAMPLE]))
                flow.plain(iter(re.split(r"\r\n|\r|\n", text)), style=Style(mono=mono), size=8.6 if mono else 10.0)
        flow.finish()
        typesetter.finish()
        writer.finish()
    return answer


def _rows(text: str) -> list[list[str]]:
    csv.field_size_limit(1 << 30)
    text = text.replace("\x00", "")
    lines = [line for line in text[:_SAMPLE].splitlines() if line.strip()][:50]
    delimiter = max(_DELIMITERS, key=lambda mark: _steadiness([line.count(mark) for line in lines])) if lines else ","
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    except csv.Error:
        return [line.split(delimiter) for line in text.splitlines() if line]


def _steadiness(counts: list[int]) -> float:
    """How much a mark looks like a delimiter: it is there, and as often in each line."""
    usual = max(set(counts), key=counts.count)
    return (counts.count(usual) / len(counts)) * min(usual, 20) if usual else sum(map(bool, counts)) / len(counts) / 100
