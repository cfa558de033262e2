# SPDX-License-Identifier: Apache-2.0
"""What an office file really is, before LibreOffice sees it (which opens anything: random bytes named .docx become a PDF).

Nothing is unpacked beyond the few small entries that name the type. Sources: ECMA-376 part 2 (package), ODF 1.3 part 2,
[MS-CFB] (compound files), [MS-DOC] 2.5.1, [MS-XLS] 2.4.117, [MS-PPT] 2.3.3 (where each says that it is encrypted).
"""

from __future__ import annotations

import os
import re
import struct
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

from . import wire
from .refused import Refused

_FLAT = {"fodt": "fodt", "fods": "fods", "fodp": "fodp", "odt": "fodt", "ods": "fods", "odp": "fodp", "xml": "fodt"}
_OPEN_XML = (
    (rb"wordprocessingml\.|ms-word\.", "docx"),
    (rb"ms-excel\.sheet\.binary", "xlsb"),
    (rb"spreadsheetml\.|ms-excel\.", "xlsx"),
    (rb"presentationml\.|ms-powerpoint\.", "pptx"),
)
_OPEN_DOCUMENT = {"text": "odt", "spreadsheet": "ods", "presentation": "odp", "graphics": "odg"}
_PART_BYTES = 4 * 1024**2
_SMALL_UNPACKED = 64 * 1024**2
"""Below this a high ratio is no danger: empty sheets pack very well."""
_CFB_SECTORS = 4_000_000
_NO_SECTOR = 0xFFFFFFFA


def inspect(source: int, suffix: str, limits: dict[str, int], *, unlocked: bool = False) -> str:
    """The suffix under which LibreOffice shall open the file. Refuses: type_refused, corrupt, password_required, limit_size.
    What was `unlocked` may still hold leftovers of its protection."""
    with wire.reader(source) as file:
        head = file.read(4096)
        file.seek(0)
        if head.startswith(b"PK"):
            return _inspect_zip(file, limits)
        if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
            return _inspect_compound(file, unlocked=unlocked)
    if head.startswith(b"{\\rt"):
        return "rtf"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"<") and b"office:document" in text:
        found = re.search(rb"opendocument\.(text|spreadsheet|presentation)", head)
        return _FLAT[_OPEN_DOCUMENT[found.group(1).decode()]] if found else _FLAT.get(suffix, "fodt")
    if suffix in ("xls", "xlt") and head[:2] in (b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08"):
        return "xls"
    if not re.search(rb"[\x00-\x07\x0e-\x1a]", head):
        raise Refused("type_refused", reason="text under the name of an office file")
    raise Refused("corrupt", reason="no known container")


def _inspect_zip(file: BinaryIO, limits: dict[str, int]) -> str:
    size = os.fstat(file.fileno()).st_size
    try:
        package = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
        raise Refused("corrupt", reason="container") from error
    entries = package.infolist()
    if len(entries) > limits["archive_entries"]:
        raise Refused("limit_size", entries=len(entries), limit=limits["archive_entries"])
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > limits["unpacked_bytes"] or (unpacked > _SMALL_UNPACKED and unpacked > limits["unpack_ratio"] * size):
        raise Refused("limit_size", unpacked=unpacked, limit=limits["unpacked_bytes"])
    if any(entry.flag_bits & 1 for entry in entries):
        raise Refused("password_required")
    names = {entry.filename for entry in entries}
    if "[Content_Types].xml" in names:
        return _open_xml(_part(package, "[Content_Types].xml"))
    if "mimetype" in names:
        return _open_document(package, names)
    raise Refused("type_refused", reason="archive")


def _part(package: zipfile.ZipFile, name: str) -> bytes:
    try:
        with package.open(name) as part:
            return part.read(_PART_BYTES)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, ValueError) as error:
        raise Refused("corrupt", reason=name) from error
    except Exception as error:  # zlib.error is no OSError, and a damaged entry may raise it
        raise Refused("corrupt", reason=name) from error


def _open_xml(types: bytes) -> str:
    if types[:2] in (b"\xff\xfe", b"\xfe\xff"):
        types = types.decode("utf-16", "replace").encode()
    mains = b" ".join(re.findall(rb'ContentType\s*=\s*["\']([^"\']*main\+xml|[^"\']*\.main)["\']', types)) or types
    for pattern, suffix in _OPEN_XML:
        if re.search(pattern, mains):
            return suffix
    raise Refused("type_refused", reason="not a document, sheet or presentation")


def _open_document(package: zipfile.ZipFile, names: set[str]) -> str:
    if "META-INF/manifest.xml" in names and b"encryption-data" in _part(package, "META-INF/manifest.xml"):
        raise Refused("password_required")
    found = re.match(rb"application/vnd\.(?:oasis\.opendocument|sun\.xml)\.([a-z]+)", _part(package, "mimetype").strip())
    suffix = _OPEN_DOCUMENT.get(found.group(1).decode()) if found else None
    if suffix is None:
        raise Refused("type_refused", reason="not a document, sheet or presentation")
    return suffix


def _inspect_compound(file: BinaryIO, *, unlocked: bool) -> str:
    compound = Compound(file)
    names = compound.streams
    if not names:
        raise Refused("corrupt", reason="compound directory")
    if "encryptedpackage" in names or "encryptioninfo" in names:
        raise Refused("password_required")
    if "worddocument" in names:
        head = compound.read("worddocument", 12)
        if len(head) == 12 and struct.unpack("<H", head[10:12])[0] & 0x0100:
            raise Refused("password_required")
        return "doc"
    book = next((name for name in ("workbook", "book") if name in names), None)
    if book:
        if _has_file_pass(compound.read(book, 1 << 16)):
            raise Refused("password_required")
        return "xls"
    if "powerpoint document" in names or "pp40" in names:
        user = compound.read("current user", 16)
        if not unlocked and ("encryptedsummary" in names or user[12:16] == b"\xdf\xc4\xd1\xf3"):
            raise Refused("password_required")
        return "ppt"
    raise Refused("type_refused", reason="not a document, sheet or presentation")


def _has_file_pass(stream: bytes) -> bool:
    """Whether a FilePass record stands among the first records. The password every Excel knows still counts as one."""
    at = 0
    for _ in range(64):
        if at + 4 > len(stream):
            return False
        record, length = struct.unpack_from("<HH", stream, at)
        if record == 0x002F:
            return True
        at += 4 + length
    return False


class Compound:
    """The directory of a compound file and the beginnings of its streams, with every chain bounded."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        head = file.read(512)
        if len(head) < 512:
            raise Refused("corrupt", reason="compound header")
        self._sector = 1 << min(struct.unpack_from("<H", head, 30)[0], 16)
        self._mini_cutoff = struct.unpack_from("<I", head, 56)[0]
        self._first_mini_table = struct.unpack_from("<I", head, 60)[0]
        self._table = self._read_table(head)
        self._root: tuple[int, int] = (_NO_SECTOR, 0)
        self.streams: dict[str, tuple[int, int]] = {}
        self._read_directory(struct.unpack_from("<I", head, 48)[0])

    def read(self, name: str, length: int) -> bytes:
        """The first `length` bytes of a stream, fewer when it is shorter or damaged."""
        start, size = self.streams.get(name, (_NO_SECTOR, 0))
        length = min(length, size)
        if size >= self._mini_cutoff:
            return b"".join(self._take(self._chain(start), length))[:length]
        return self._read_mini(start, length)

    def _read_mini(self, start: int, length: int) -> bytes:
        table_bytes = b"".join(self._take(self._chain(self._first_mini_table), 1 << 22))
        table = struct.unpack(f"<{len(table_bytes) // 4}I", table_bytes[: len(table_bytes) // 4 * 4])
        store = b"".join(self._take(self._chain(self._root[0]), min(self._root[1], 1 << 26)))
        pieces = [store[sector * 64 : sector * 64 + 64] for sector in _follow(table, start, length // 64 + 1)]
        return b"".join(pieces)[:length]

    def _read_table(self, head: bytes) -> tuple[int, ...]:
        places = [place for place in struct.unpack_from("<109I", head, 76) if place < _NO_SECTOR]
        following, seen = struct.unpack_from("<I", head, 68)[0], 0
        while following < _NO_SECTOR and seen < _CFB_SECTORS // 128:
            sector = self._read_sector(following)
            if len(sector) < self._sector:
                break
            numbers = struct.unpack(f"<{self._sector // 4}I", sector)
            places += [place for place in numbers[:-1] if place < _NO_SECTOR]
            following, seen = numbers[-1], seen + 1
        data = b"".join(self._read_sector(place) for place in places[: _CFB_SECTORS // 128])
        return struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])

    def _read_directory(self, first: int) -> None:
        data = b"".join(self._take(self._chain(first), 1 << 22))
        for at in range(0, len(data) - 127, 128):
            length, kind = struct.unpack_from("<HB", data, at + 64)
            start, size = struct.unpack_from("<II", data, at + 116)
            name = data[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace").lower()
            if kind == 5:
                self._root = (start, size)
            elif kind in (1, 2):
                self.streams.setdefault(name, (start, size))

    def _chain(self, start: int) -> Iterator[int]:
        return _follow(self._table, start, _CFB_SECTORS)

    def _take(self, sectors: Iterator[int], length: int) -> Iterator[bytes]:
        taken = 0
        for sector in sectors:
            if taken >= length:
                return
            data = self._read_sector(sector)
            if not data:
                return
            taken += len(data)
            yield data

    def _read_sector(self, number: int) -> bytes:
        self._file.seek((number + 1) * self._sector)
        return self._file.read(self._sector)


def _follow(table: tuple[int, ...], start: int, most: int) -> Iterator[int]:
    for _ in range(most):
        if start >= _NO_SECTOR:
            return
        yield start
        if start >= len(table):
            return
        start = table[start]
