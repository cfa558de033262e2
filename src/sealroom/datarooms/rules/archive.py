# SPDX-License-Identifier: Apache-2.0
"""Names inside an archive that any computer can unpack: nothing leads out of its folder, nothing is there twice. Pure."""

from __future__ import annotations

import re
import unicodedata

MOST_NAME = 200
"""Bytes (UTF-8) of one folder's or file's name; file systems allow 255."""
_FORBIDDEN = re.compile(r'[\\/:*?"<>|]+')
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST_ENDING = 20


class Names:
    """Gives each folder and file of one archive a name that nothing beside it has, also where capitals are not told apart."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def folder(self, above: str, number: str, name: str) -> str:
        """The path of a folder ("" as `above`: at the top), ending with "/".

        >>> Names().folder("1 Legal/", "1.2", "../Minutes")
        '1 Legal/1.2 _Minutes/'
        """
        return f"{above}{self._free(above, *_split(number, name, ''))}/"

    def file(self, above: str, number: str, name: str, *, ending: str) -> str:
        """The path of a file whose name shall end so (".pdf"; "" where it has none). Another document's ending is replaced by it.

        >>> Names().file("", "3", "Plan.docx", ending=".pdf")
        '3 Plan.pdf'
        """
        return f"{above}{self._free(above, *_split(number, name, ending))}"

    def _free(self, above: str, stem: str, ending: str) -> str:
        count = 1
        while True:
            mark = f" ({count})" if count > 1 else ""
            name = f"{_cut(stem, MOST_NAME - len((mark + ending).encode()))}{mark}{ending}"
            key = f"{above}{name}".casefold()
            if key not in self._taken:
                self._taken.add(key)
                return name
            count += 1


def _split(number: str, name: str, ending: str) -> tuple[str, str]:
    ending = _clean(ending)[:_LONGEST_ENDING]
    stem = _clean(name)
    head, dot, last = stem.rpartition(".")
    if ending and dot and head.strip(". ") and len(last) <= 5:
        stem = head
    stem = stem.strip(". ") or "document"
    stem = f"{number} {stem}" if number else stem
    return (f"_{stem}" if _DEVICES.fullmatch(stem) else stem), ending


def _clean(name: str) -> str:
    text = "".join(c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c)[0] != "C")
    return _FORBIDDEN.sub("_", text)


def _cut(text: str, most: int) -> str:
    """At most so many bytes, never half a character."""
    return text.encode()[:most].decode(errors="ignore").rstrip(". ")
