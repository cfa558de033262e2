# SPDX-License-Identifier: Apache-2.0
"""The name a download gets: what the sender called the file, without what could mislead a file manager or a header."""

from __future__ import annotations

import re
import unicodedata

_FORBIDDEN = re.compile(r'[\\/:*?"<>|]+')
_LONGEST = 150  # characters; file systems allow 255 bytes


def download_name(name: str) -> str:
    """`name` with the ending .pdf. Control and direction characters are removed, path and shell signs become "_".

    >>> download_name("Term sheet v3.docx")
    'Term sheet v3.pdf'
    >>> download_name("../..\\u202egpj.exe")
    '_..gpj.pdf'
    """
    clean = "".join(character for character in unicodedata.normalize("NFC", name) if unicodedata.category(character)[0] != "C")
    clean = _FORBIDDEN.sub("_", clean)
    stem, dot, ending = clean.rpartition(".")
    if not dot or not stem.strip(". ") or len(ending) > 5:
        stem = clean
    return f"{stem.strip('. ')[:_LONGEST].rstrip() or 'document'}.pdf"
