# SPDX-License-Identifier: Apache-2.0
"""The sizes that icons and WebP files declare. Pillow makes room for their pixels when it opens them: they are asked before.

Sources: the ICO directory and BITMAPINFOHEADER as Microsoft documents them, PNG 11.2.2, RFC 9649 (WebP) 2.5 to 2.7, RFC 6386 9.1.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

_ENTRY = 16
_HEAD = 30


def sizes(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Width and height of every picture in an icon, or of a WebP file; nothing for other files. Leaves the file at its start."""
    file.seek(0)
    head = file.read(_HEAD)
    if head.startswith(b"\x00\x00\x01\x00"):
        yield from _of_icon(file)
    elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        yield from _of_webp(head)
    file.seek(0)


def _of_icon(file: BinaryIO) -> Iterator[tuple[int, int]]:
    file.seek(4)
    count = int.from_bytes(file.read(2), "little")
    entries = file.read(count * _ENTRY)
    for at in range(0, len(entries) - _ENTRY + 1, _ENTRY):
        file.seek(struct.unpack_from("<I", entries, at + 12)[0])
        head = file.read(24)
        if head.startswith(b"\x89PNG") and len(head) == 24:
            yield struct.unpack_from(">II", head, 16)
        elif len(head) >= 12:
            width, height = struct.unpack_from("<ii", head, 4)
            yield abs(width), abs(height) // 2  # the picture and, below it, its mask


def _of_webp(head: bytes) -> Iterator[tuple[int, int]]:
    if len(head) < _HEAD:
        return
    if head[12:16] == b"VP8X":
        yield 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    elif head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        yield 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif head[12:16] == b"VP8 ":
        width, height = struct.unpack_from("<HH", head, 26)
        yield width & 0x3FFF, height & 0x3FFF
