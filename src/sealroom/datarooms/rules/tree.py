# SPDX-License-Identifier: Apache-2.0
"""What a tree of folders and files may look like: names, depth, order, moves. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable

from sealroom.core.errors import Invalid
from sealroom.datarooms.errors import Cycle, RoomFull, TooDeep, TooManyItems

MOST_DEPTH = 20
"""Folders above one another, the item itself included."""
MOST_ITEMS = 50_000
"""Items of a room, those in its trash included."""
MOST_AT_ONCE = 500
"""Items of one deed, and of one copy all that lies in them."""
MOST_NAME = 200
MOST_PATH = 2_000
GAP = 1 << 16
"""Between the positions of new siblings, so that sixteen fit between any two before they are numbered anew."""

_MOST_KEY = 255
_CONTROL = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"  # part of words in some scripts


def item_name(text: str, *, field: str = "name") -> str:
    """A name for a folder or file as it is kept: NFC, one line. Raises `Invalid` where it is no name: nothing is mended silently
    but white space."""
    name = re.sub(" +", " ", unicodedata.normalize("NFC", text)).strip()
    if not name:
        raise Invalid({field: ["required"]})
    if len(name) > MOST_NAME:
        raise Invalid({field: ["too_long"]})
    if any(unicodedata.category(c) in _CONTROL and c not in _JOINERS for c in name):
        raise Invalid({field: ["control_character"]})
    if "/" in name or "\\" in name:
        raise Invalid({field: ["slash"]})
    if name in (".", ".."):
        raise Invalid({field: ["reserved"]})
    return name


def name_key(name: str) -> str:
    """The name as it must be unique among siblings: what differs in case or in the form of letters only is the same."""
    key = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    if len(key) <= _MOST_KEY:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:40]
    return f"{key[: _MOST_KEY - len(digest) - 1]}#{digest}"


def counting_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """By what names are put in order as people count: "2 Lease" before "10 Lease", case and the form of letters aside."""
    parts = re.split(r"([0-9]+)", name_key(name))
    return tuple((0, int(part), part) if part.isascii() and part.isdecimal() else (1, 0, part) for part in parts if part)


def numbered(name: str, number: int) -> str:
    """The `number`th name of this kind: "a.pdf", then "a (2).pdf". Never longer than a name may be."""
    if number < 2:
        return name
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > 20:
        stem, dot, extension = name, "", ""
    end = f" ({number}){dot}{extension}"
    return f"{stem[: MOST_NAME - len(end)].rstrip()}{end}"


def free_name(name: str, taken: Collection[str]) -> str:
    """The first of its kind whose key is not in `taken`."""
    number = 1
    while name_key(numbered(name, number)) in taken:
        number += 1
    return numbered(name, number)


def with_extension_of(name: str, other: str) -> str:
    """The name with the extension of another, where the two differ: a new version may be of another type."""
    stem, dot, extension = name.rpartition(".")
    _, other_dot, wanted = other.rpartition(".")
    if not other_dot or not wanted or len(wanted) > 20 or extension.casefold() == wanted.casefold():
        return name
    stem = stem if dot and stem and len(extension) <= 20 else name
    return f"{stem[: MOST_NAME - len(wanted) - 1]}.{wanted}"


def split_path(path: str) -> tuple[str, ...]:
    """The names of a chain of folders, from the top. Raises `Invalid` for all that leads elsewhere or says two things: absolute
    paths, drive letters, "..", backslashes, empty names; and for names that are none."""
    if len(path) > MOST_PATH:
        raise Invalid({"path": ["too_long"]})
    if "\\" in path:
        raise Invalid({"path": ["slash"]})
    if path.startswith("/") or re.match(r"[A-Za-z]:(/|$)", path):
        raise Invalid({"path": ["absolute"]})
    return tuple(item_name(part, field="path") for part in path.removesuffix("/").split("/"))


def depth_of(path: str) -> int:
    """How many folders an item with this `path` lies in."""
    return path.count("/")


def require_depth(depth: int) -> None:
    """Raise `TooDeep` where an item would lie deeper than allowed; at the top of the room it is 1."""
    if depth > MOST_DEPTH:
        raise TooDeep(limit=MOST_DEPTH)


def require_space(items: int, *, adding: int) -> None:
    """Raise `RoomFull` unless so many more items fit. It tells the limit only: what is there may be hidden."""
    if items + adding > MOST_ITEMS:
        raise RoomFull(limit=MOST_ITEMS)


def require_few(count: int) -> None:
    """Raise `TooManyItems` where one deed would be about too many."""
    if count > MOST_AT_ONCE:
        raise TooManyItems(limit=MOST_AT_ONCE)


def require_no_ring(own_paths: Iterable[str], target_path: str) -> None:
    """Raise `Cycle` where one of the folders with these own paths would come to lie in itself; `target_path` is the own path of
    the folder it shall lie in ("" for the top)."""
    if any(target_path.startswith(path) for path in own_paths):
        raise Cycle


def positions_between(lower: int | None, upper: int | None, count: int) -> list[int] | None:
    """Positions for `count` items after `lower` and before `upper` (None: no sibling there); None when they do not fit."""
    if upper is None:
        start = 0 if lower is None else lower
        return [start + GAP * place for place in range(1, count + 1)]
    if lower is None:
        return [upper - GAP * place for place in range(count, 0, -1)]
    step = (upper - lower) // (count + 1)
    return [lower + step * place for place in range(1, count + 1)] if step else None
