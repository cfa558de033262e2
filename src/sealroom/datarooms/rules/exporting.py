# SPDX-License-Identifier: Apache-2.0
"""What an export of a room calls things in its archive. Pure."""

from __future__ import annotations

import enum
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

EXPORT_LASTS = timedelta(days=7)
MOST_PART = 120
"""Characters of a folder's or file's name in the archive, its number included."""
_MOST_BYTES = 240  # file systems end names at 255 bytes
_FORBIDDEN = frozenset('<>:"/\\|?*')  # somewhere: on Windows


class ExportState(enum.StrEnum):
    """How far an export is. `EXPIRED`: its archive was deleted. `STOPPED`: somebody did not want it any more."""

    WAITING = "waiting"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    EXPIRED = "expired"
    STOPPED = "stopped"

    @property
    def is_under_way(self) -> bool:
        """Whether its archive is still to come."""
        return self in {ExportState.WAITING, ExportState.RUNNING}


class Placed(NamedTuple):
    """An item of the tree. `parent` "": at the top."""

    id: str
    parent: str
    name: str
    is_folder: bool
    extension: str


class Named(NamedTuple):
    """What an export calls an item: its number in the whole tree ("1.2.3"), its path there as people know it, and its name in the
    archive ("" of a folder that the archive has no entry for; those of folders end with "/")."""

    number: str
    path: str
    entry: str


def name_entries(items: Iterable[Placed], *, has_short_paths: bool) -> dict[str, Named]:
    """Names by id for items in the order of the tree. Numbers make names unique, also where file systems do not tell upper from
    lower case. With short paths files are only counted ("files/0001.pdf"), for systems that allow few characters."""
    named: dict[str, Named] = {"": Named("", "", "files/")}
    children: dict[str, int] = defaultdict(int)
    files = 0
    for item in items:
        above = named[item.parent]
        children[item.parent] += 1
        number = f"{above.number}.{children[item.parent]}".lstrip(".")
        path = f"{above.path}/{item.name}".lstrip("/")
        files += not item.is_folder
        if has_short_paths:
            entry = "" if item.is_folder else f"files/{files:04d}{_ending(item.extension)}"
        else:
            entry = above.entry + safe_part(f"{number} {item.name}") + ("/" if item.is_folder else "")
        named[item.id] = Named(number, path, entry)
    del named[""]
    return named


def safe_part(name: str) -> str:
    """A name as every common file system takes it: never a path, no characters that mean something, not too long.

    >>> [safe_part(name) for name in ("1 a/b: c?.pdf", "2 Draft. ")]
    ['1 a_b_ c_.pdf', '2 Draft']
    """
    kept = "".join("_" if c in _FORBIDDEN or unicodedata.category(c)[0] == "C" else c for c in unicodedata.normalize("NFC", name))
    stem, dot, extension = kept.rpartition(".")
    if not stem or len(extension) > 20:
        stem, dot, extension = kept, "", ""
    stem = stem[: MOST_PART - len(dot + extension)]
    while len(f"{stem}{dot}{extension}".encode()) > _MOST_BYTES:
        stem = stem[:-1]
    return f"{stem}{dot}{extension}".rstrip(". ")


def _ending(extension: str) -> str:
    return f".{extension}" if re.fullmatch("[a-z0-9]{1,20}", extension) else ""
