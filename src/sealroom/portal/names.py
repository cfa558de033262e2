# SPDX-License-Identifier: Apache-2.0
"""The name a download gets: what the sender called the file, without what could mislead a file manager or a header."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath

_FORBIDDEN = re.compile(r'[\\/:*?"<>|]+')
_LONGEST_ENDING = 20
_LONGEST = 150  # characters; file systems allow 255 bytes


def download_name(name: str) -> str:
    """`name` with the ending .pdf. Control and direction characters are removed, path and shell signs become "_".

    >>> download_name("Term sheet v3.docx")
    'Term sheet v3.pdf'
    >>> download_name("../..\\u202egpj.exe")
    '_..gpj.pdf'
    """
    return f"{_stem(name)}.pdf"


def original_name(name: str, uploaded: str) -> str:
    """What the sender calls the file, with the ending it was uploaded with: a copy never seems to be of another kind than it is.

    >>> original_name("Prices, final", "prices-7.xlsx")
    'Prices, final.xlsx'
    >>> original_name("photo.png", "setup.exe")
    'photo.png.exe'
    """
    ending = PurePath(_clean(uploaded)).suffix[:_LONGEST_ENDING]
    if not ending:
        return _clean(name).strip(". ")[:_LONGEST].rstrip() or "document"
    same = _clean(name).lower().endswith(ending.lower())
    stem = _clean(name)[: -len(ending)] if same else _clean(name)
    return f"{stem.strip('. ')[:_LONGEST].rstrip() or 'document'}{ending}"


def archive_name(room: str) -> str:
    """What an archive of a data room is called.

    >>> archive_name("Project: Alder")
    'Project_ Alder.zip'
    """
    return f"{_clean(room).strip('. ')[:_LONGEST].rstrip() or 'data room'}.zip"


def _clean(name: str) -> str:
    clean = "".join(character for character in unicodedata.normalize("NFC", name) if unicodedata.category(character)[0] != "C")
    return _FORBIDDEN.sub("_", clean)


def _stem(name: str) -> str:
    clean = _clean(name)
    stem, dot, ending = clean.rpartition(".")
    if not dot or not stem.strip(". ") or len(ending) > 5:
        stem = clean
    return stem.strip(". ")[:_LONGEST].rstrip() or "document"
