# SPDX-License-Identifier: Apache-2.0
"""What is believed of a child's answers: nothing that was not checked. A child may have been taken over by the file it opened."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import cast

from sealroom.documents.adapters.nursery import Answer
from sealroom.documents.errors import PageFailed, WorkshopFailure, workshop_failure
from sealroom.documents.ports import OutlineItem, PageLink, PageSize, PageText, Raster, Sheet, Structure, Word
from sealroom.documents.rules import Limits

PAGE_POINTS = 14_400.0
"""The longest side of a page."""

_OUTLINE_ITEMS, _OUTLINE_DEPTH, _TITLE_CHARACTERS = 2_000, 10, 300
_ALL_LINKS, _PAGE_LINKS, _URI_CHARACTERS = 20_000, 200, 2_000
_PAGE_CHARACTERS = 200_000
_SCHEMES = ("http://", "https://", "mailto:")


def page_sizes(data: bytes, most: int) -> tuple[PageSize, ...]:
    """The sizes of all pages: at least one, at most `most`, each drawable."""
    try:
        pages = tuple(PageSize(float(width), float(height)) for width, height in json.loads(data))
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise _bad() from error
    sides = (side for page in pages for side in (page.width, page.height))
    if not 1 <= len(pages) <= most or not all(math.isfinite(side) and 0 < side <= PAGE_POINTS for side in sides):
        raise _bad()
    return pages


def raster(answer: Answer, limits: Limits) -> Raster:
    """Pixels whose number is what their sides say."""
    width, height = (answer.number(side, most=limits.raster_side) for side in ("width", "height"))
    channels = 3 if answer.number("channels", most=3) == 3 else 1
    pixels = answer.data(0, most=width * height * channels)
    if len(pixels) != width * height * channels:
        raise PageFailed(reason="bad answer")
    return Raster(width, height, channels, pixels)


def parsed(data: bytes) -> object:
    """JSON."""
    try:
        return cast("object", json.loads(data))
    except (ValueError, RecursionError) as error:
        raise _bad() from error


def structure(told: object) -> Structure:
    """Outline, links and sheets within their bounds."""
    if not isinstance(told, dict):
        raise _bad()
    outline = tuple(_outline(told.get("outline")))
    links = tuple(_links(told.get("links")))
    is_sheets = told.get("is_sheets") is True
    sheets = tuple(Sheet(item.title, item.page) for item in outline if item.level == 0 and item.page) if is_sheets else ()
    return Structure(() if is_sheets else outline, links, sheets)


def page_texts(told: object, most: int) -> tuple[PageText, ...]:
    """The words of at most `most` pages."""
    return tuple(_page_text(words) for words in _rows(told, most))


def _page_text(told: object) -> PageText:
    words = []
    for row in _rows(told, _PAGE_CHARACTERS):
        text, *place = _row(row, 5)
        words.append(Word(_text(text, _PAGE_CHARACTERS), *_place(place)))
    if sum(len(word.text) for word in words) > _PAGE_CHARACTERS:
        raise _bad()
    return PageText(tuple(words))


def _outline(told: object) -> Iterator[OutlineItem]:
    for row in _rows(told, _OUTLINE_ITEMS):
        title, page, level = _row(row, 3)
        yield OutlineItem(_text(title, _TITLE_CHARACTERS), _whole(page), min(_whole(level), _OUTLINE_DEPTH - 1))


def _links(told: object) -> Iterator[PageLink]:
    on_page: dict[int, int] = {}
    for row in _rows(told, _ALL_LINKS):
        page, x, y, width, height, target, uri = _row(row, 7)
        address = _text(uri, _URI_CHARACTERS)
        number = _whole(page)
        on_page[number] = on_page.get(number, 0) + 1
        if on_page[number] > _PAGE_LINKS or (address and not address.lower().startswith(_SCHEMES)):
            raise _bad()
        yield PageLink(number, *_place([x, y, width, height]), _whole(target), address)


def _rows(told: object, most: int) -> list[object]:
    if not isinstance(told, list) or len(told) > most:
        raise _bad()
    return cast("list[object]", told)


def _row(told: object, length: int) -> list[object]:
    if not isinstance(told, list) or len(told) != length:
        raise _bad()
    return cast("list[object]", told)


def _text(told: object, most: int) -> str:
    """Printable text; halves of a pair that stand alone cannot be stored or sent."""
    if not isinstance(told, str) or len(told) > most:
        raise _bad()
    return told.encode("utf-8", "replace").decode()


def _whole(told: object) -> int:
    if not isinstance(told, int) or isinstance(told, bool) or not 0 <= told <= 1_000_000:
        raise _bad()
    return told


def _place(told: list[object]) -> tuple[float, float, float, float]:
    numbers = [float(number) for number in told if isinstance(number, int | float) and not isinstance(number, bool)]
    if len(numbers) != 4 or not all(math.isfinite(number) and 0 <= number <= PAGE_POINTS for number in numbers):
        raise _bad()
    return numbers[0], numbers[1], numbers[2], numbers[3]


def _bad() -> WorkshopFailure:
    return workshop_failure("corrupt", reason="bad answer")
