# SPDX-License-Identifier: Apache-2.0
"""What is decided when a page is shown: the words of its mark, and how much of a claimed reading time is believed. Pure."""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sealroom.access.rules import Viewer, Watermark
from sealroom.core.errors import Invalid

OPENING_ENDS_AFTER = timedelta(minutes=30)
"""A reader who was away for longer opens the document anew."""

LONGEST_BEAT = timedelta(seconds=60)
"""The most one heartbeat can be worth; browsers send one every few seconds while a page is on screen."""

THUMBNAIL_WIDTH = 320
"""Up to this width a page cannot be read; handing it out is no page view."""

PRINT_LIFE = timedelta(minutes=10)
"""How long the pages of a print job can be fetched."""

MOST_PRINTED = 500
"""Pages of one print job: a browser holds all of them in memory."""

LONGEST_QUERY = 200
"""Characters that are looked for at most."""

MOST_HITS = 200
"""Pages that one answer names at most."""

FIELD_CHARACTERS = 72
TEXT_CHARACTERS = 200


class Field(enum.StrEnum):
    """What a mark may say of the reader, in the order in which it is written."""

    EMAIL = "email"
    NAME = "name"
    TIME = "time"
    IP = "ip"


class Size(enum.StrEnum):
    """Height of the letters, as a share of the page's width: see `letter_height`."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class Layout(enum.StrEnum):
    """Where the mark stands: all over the page, once across its middle, or along its upper and lower edge."""

    TILE = "tile"
    CENTER = "center"
    EDGES = "edges"


@dataclass(frozen=True)
class Look:
    """How a mark looks, every wish resolved. `angle` in degrees, counter-clockwise."""

    size: Size = Size.MEDIUM
    color: tuple[int, int, int] = (0, 0, 0)
    angle: int = 30
    layout: Layout = Layout.TILE


@dataclass(frozen=True)
class Claim:
    """Time that a browser says a page was on screen."""

    page: int
    active_ms: int


@dataclass(frozen=True)
class PageTime:
    """What is known of a page within an opening: since when its reader has had it, and the time believed so far."""

    first_at: datetime
    active_ms: int


def read_watermark(settings: Mapping[str, object] | None) -> Watermark | None:
    """The mark that a settings object of the API asks for; None is no mark, an empty object the default one.

    Raises `Invalid` with a reason for each bad field, unknown ones included.
    """
    if settings is None:
        return None
    errors: dict[str, list[str]] = {}
    values: dict[str, object] = {}
    for name, value in settings.items():
        reader = _READERS.get(name)
        if reader is None:
            errors[f"watermark.{name}"] = ["unknown"]
            continue
        try:
            values[name] = reader(value)
        except (ValueError, TypeError):
            errors[f"watermark.{name}"] = ["invalid"]
    mark = Watermark() if errors else replace(Watermark(), **values)  # type: ignore[arg-type]
    if not mark.fields and not mark.text:
        errors["watermark.fields"] = ["empty"]
    if errors:
        raise Invalid(errors)
    return mark


def look_of(mark: Watermark) -> Look:
    """The look a mark asks for; what it leaves open, or names in a way nobody knows, is as the house does it."""
    house = Look()
    return Look(
        size=Size(mark.size) if mark.size in set(Size) else house.size,
        color=_channels(mark.color) if _COLOR.fullmatch(mark.color) else house.color,
        angle=house.angle if mark.angle is None else max(-90, min(90, mark.angle)),
        layout=Layout(mark.layout) if mark.layout in set(Layout) else house.layout,
    )


def watermark_lines(mark: Watermark, viewer: Viewer, *, now: datetime) -> tuple[str, ...]:
    """The lines of a mark: who, when (UTC, to the minute) and from where; then the name; then the sender's own text.

    What is unknown of the viewer is left out, and the time always stands when nothing else would. Texts of people are made
    safe to draw: one line, no direction overrides, clipped in the middle so that both ends stay legible.
    """
    minute = f"{now.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    known = {
        Field.EMAIL: clip(one_line(viewer.address), FIELD_CHARACTERS),
        Field.TIME: minute,
        Field.IP: one_line(viewer.ip)[:45],
    }
    parts = [text for field, text in known.items() if field in mark.fields]
    name = clip(one_line(viewer.name), FIELD_CHARACTERS) if Field.NAME in mark.fields else ""
    lines = [" · ".join(part for part in parts if part), name, clip(one_line(mark.text), TEXT_CHARACTERS)]
    return tuple(line for line in lines if line) or (minute,)


def without_minute(lines: Sequence[str], *, now: datetime) -> tuple[str, ...]:
    """The lines of a mark of `now` with the day alone: a film's copy is read long after it was made."""
    moment = now.astimezone(UTC)
    return tuple(line.replace(f"{moment:%Y-%m-%d %H:%M} UTC", f"{moment:%Y-%m-%d} UTC") for line in lines)


def one_line(text: str) -> str:
    """Text without control characters, direction marks and line breaks, in NFC. Joiners stay: scripts and emoji need them."""
    kept = (" " if c.isspace() else c for c in text if c.isspace() or c in "\u200c\u200d" or not _is_control(c))
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


def clip(text: str, most: int) -> str:
    """At most `most` characters; what is too long loses its middle, and no letter is torn from its accents or joiners."""
    if len(text) <= most:
        return text
    tail = most // 3
    head = most - tail - 1
    start = len(text) - tail
    while head > 1 and _clings(text, head):
        head -= 1
    while start < len(text) - 1 and _clings(text, start):
        start += 1
    return f"{text[:head].rstrip()}…{text[start:].lstrip()}"


def letter_height(size: Size, page_width: int) -> int:
    """Height of an em in pixels on a page `page_width` pixels wide."""
    return max(5, round(page_width * _EM[size]))


def believed(
    claims: Sequence[Claim], pages: Mapping[int, PageTime], *, started_at: datetime, last_beat_at: datetime, now: datetime
) -> dict[int, int]:
    """Milliseconds to add per page for one heartbeat. A client cannot invent time: whatever it claims,

    - only pages that were handed out to this opening count;
    - one heartbeat is worth at most the time since the one before it, and at most `LONGEST_BEAT`;
    - the sum over all pages is never above the wall clock since the opening's start;
    - a page never has more than the time since it was first handed out.

    Clocks that went backwards give nothing.
    """
    total = sum(page.active_ms for page in pages.values())
    budget = min(_ms(now - last_beat_at), _ms(LONGEST_BEAT), _ms(now - started_at) - total)
    added: dict[int, int] = {}
    for claim in claims:
        page = pages.get(claim.page)
        if page is None:
            continue
        ceiling = _ms(now - page.first_at) - page.active_ms - added.get(claim.page, 0)
        granted = min(claim.active_ms, budget, ceiling)
        if granted > 0:
            added[claim.page] = added.get(claim.page, 0) + granted
            budget -= granted
    return added


def link_is_safe(uri: str) -> bool:
    """Whether an address in a document may be offered to a reader: web and mail, no scripts, files or control characters."""
    scheme, colon, rest = uri.partition(":")
    is_plain = len(uri) <= 2000 and all(character > " " and character != "\x7f" for character in uri)
    if scheme.lower() in {"http", "https"}:
        return is_plain and rest.startswith("//") and len(rest) > 2
    return is_plain and scheme.lower() == "mailto" and bool(colon and rest)


def completion(pages_seen: int, pages: int | None) -> int:
    """Per cent of a document's pages that were seen, rounded down, so that 100 means every page."""
    return min(100, pages_seen * 100 // pages) if pages else 0


_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_LIGHTEST = 3 * 160  # red, green and blue together
_EM = {Size.SMALL: 0.0125, Size.MEDIUM: 0.0175, Size.LARGE: 0.025}


def _ms(span: timedelta) -> int:
    return max(0, span // timedelta(milliseconds=1))


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _clings(text: str, at: int) -> bool:
    """Whether the character at `at` belongs to the one before it."""
    here, before = text[at], text[at - 1]
    is_modifier = "\U0001f3fb" <= here <= "\U0001f3ff" or "\U000e0020" <= here <= "\U000e007f"
    return unicodedata.category(here)[0] == "M" or "\u200d" in (here, before) or is_modifier


def _read_fields(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError
    wanted = {Field(str(item)) for item in value}
    return tuple(field.value for field in Field if field in wanted)


def _read_text(value: object) -> str:
    if not isinstance(value, str) or len(value) > TEXT_CHARACTERS:
        raise ValueError
    return one_line(value)


def _read_color(value: object) -> str:
    # A mark as light as paper would be no mark.
    if not isinstance(value, str) or not _COLOR.fullmatch(value) or sum(_channels(value)) > _LIGHTEST:
        raise ValueError
    return value.lower()


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _read_angle(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -90 <= value <= 90:
        raise ValueError
    return value


_READERS: dict[str, Callable[[object], object]] = {
    "fields": _read_fields,
    "text": _read_text,
    "size": lambda value: Size(str(value)).value,
    "color": _read_color,
    "angle": _read_angle,
    "layout": lambda value: Layout(str(value)).value,
}
