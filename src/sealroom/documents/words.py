# SPDX-License-Identifier: Apache-2.0
"""The words of a document as bytes at rest, and how they are searched."""

from __future__ import annotations

import json
import struct
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import BinaryIO

from sealroom.documents.ports import Hit, OutlineItem, PageLink, PageText, Sheet, Structure, Word

_TEXT_MAGIC, _STRUCTURE_MAGIC = b"SEALTXT\x01", b"SEALSTR\x01"
_COUNT = struct.Struct(">I")
_PLACE = struct.Struct(">QI")  # where a page's words begin, and how many bytes they take
_BOXES = 100
QUERY_CHARACTERS = 200


class NotKept(ValueError):
    """Bytes that are not what `keep_texts` or `keep_structure` made."""


def keep_texts(pages: Sequence[PageText]) -> Iterator[bytes]:
    """Bytes from which any one page can be read without the others."""
    packed = [
        zlib.compress(json.dumps([[w.text, w.x, w.y, w.width, w.height] for w in page.words], separators=(",", ":")).encode(), 6)
        for page in pages
    ]
    yield _TEXT_MAGIC + _COUNT.pack(len(packed))
    at = len(_TEXT_MAGIC) + _COUNT.size + _PLACE.size * len(packed)
    for piece in packed:
        yield _PLACE.pack(at, len(piece))
        at += len(piece)
    yield from packed


def count_pages(kept: BinaryIO) -> int:
    """How many pages were kept. Raises `NotKept`."""
    kept.seek(0)
    head = kept.read(len(_TEXT_MAGIC) + _COUNT.size)
    if len(head) != len(_TEXT_MAGIC) + _COUNT.size or not head.startswith(_TEXT_MAGIC):
        raise NotKept("no texts")
    count: int = _COUNT.unpack(head[len(_TEXT_MAGIC) :])[0]
    return count


def read_page(kept: BinaryIO, number: int) -> PageText:
    """The words of page `number` (from 1). Raises `NotKept`, also for a page that is not there."""
    if not 1 <= number <= count_pages(kept):
        raise NotKept("no such page")
    kept.seek(len(_TEXT_MAGIC) + _COUNT.size + _PLACE.size * (number - 1))
    at, size = _PLACE.unpack(kept.read(_PLACE.size))
    kept.seek(at)
    return PageText(tuple(Word(*row) for row in json.loads(zlib.decompress(kept.read(size)))))


def keep_structure(structure: Structure) -> bytes:
    """A structure as bytes."""
    return _STRUCTURE_MAGIC + zlib.compress(json.dumps(asdict(structure), separators=(",", ":")).encode(), 6)


def read_structure(kept: bytes) -> Structure:
    """The structure again. Raises `NotKept`."""
    if not kept.startswith(_STRUCTURE_MAGIC):
        raise NotKept("no structure")
    told = json.loads(zlib.decompress(kept[len(_STRUCTURE_MAGIC) :]))
    return Structure(
        tuple(OutlineItem(**item) for item in told["outline"]),
        tuple(PageLink(**link) for link in told["links"]),
        tuple(Sheet(**sheet) for sheet in told["sheets"]),
    )


def fold(text: str) -> str:
    """Text as a search compares it: compatibility forms, case and accents do not matter (Unicode NFKD, case folding), and any
    white space is one space."""
    folded = text.lower() if text.isascii() else "".join(map(_fold_letter, text))
    return " ".join(folded.split())


def find(pages: Iterable[tuple[int, PageText]], query: str, *, limit: int) -> tuple[Hit, ...]:
    """The pages on which `query` stands, at most `limit`, by number. A query of several words is found across words."""
    wanted = fold(query[:QUERY_CHARACTERS])
    hits: list[Hit] = []
    if not wanted:
        return ()
    for number, page in pages:
        if len(hits) >= limit:
            break
        hit = _on_page(number, page, wanted)
        if hit:
            hits.append(hit)
    return tuple(hits)


def _on_page(number: int, page: PageText, wanted: str) -> Hit | None:
    folded: list[str] = []
    places: list[tuple[int, float]] = []  # for each folded letter: its word, and which share of the word stands before it
    for index, word in enumerate(page.words):
        if folded:
            folded.append(" ")
            places.append((index, 0.0))
        for at, letter in enumerate(word.text):
            for piece in _fold_letter(letter).strip():
                folded.append(piece)
                places.append((index, at / len(word.text)))
    text = "".join(folded)
    found: list[int] = []
    at = text.find(wanted)
    while at >= 0:
        found.append(at)
        at = text.find(wanted, at + len(wanted))
    if not found:
        return None
    boxes = [box for start in found[:_BOXES] for box in _boxes(page, places, start, start + len(wanted))]
    return Hit(number, len(found), tuple(boxes[:_BOXES]))


def _boxes(page: PageText, places: list[tuple[int, float]], start: int, end: int) -> Iterator[tuple[float, float, float, float]]:
    """A box for each word a find touches; of a word in part, that part by the share of its letters."""
    first, last = places[start], places[end - 1]
    for index in range(first[0], last[0] + 1):
        word = page.words[index]
        left = first[1] if index == first[0] else 0.0
        right = min(1.0, last[1] + 1 / len(word.text)) if index == last[0] else 1.0
        yield (round(word.x + word.width * left, 2), word.y, round(word.width * max(0.0, right - left), 2), word.height)


def _fold_letter(letter: str) -> str:
    if letter.isascii():
        return letter.lower()
    spread = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", letter).casefold())
    return "".join(piece for piece in spread if not unicodedata.combining(piece))
