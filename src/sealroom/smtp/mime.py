# SPDX-License-Identifier: Apache-2.0
"""The structure of a mail, read in one pass without holding it: which part begins and ends where. Pure.

What two mail programs would read differently (a header twice, a part without a boundary) is refused, because a file must not hide
in the difference.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from typing import BinaryIO

from sealroom.smtp.replies import TOO_DEEP, TOO_MANY_PARTS, UNREADABLE, Refused

MOST_PARTS = 200
MOST_DEPTH = 20
MOST_HEADER = 256 * 1024  # bytes of one header block
_LINE = 64 * 1024
_CHUNK = 64 * 1024
_ONCE = ("content-type", "content-transfer-encoding", "content-disposition", "content-id")
_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")


@dataclass
class Part:
    """A node of the tree. `head` is the header block as it came; the content lies at [start, end) of the mail. A container has
    `boundary` and `children`, a leaf neither."""

    head: bytes
    fields: Message
    start: int
    end: int = 0
    boundary: bytes = b""
    children: list[Part] = field(default_factory=list)
    within: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """Media type, such as "text/plain", in small letters."""
        return self.fields.get_content_type()

    @property
    def disposition(self) -> str:
        """ "attachment", "inline" or ""."""
        return self.fields.get_content_disposition() or ""

    @property
    def encoding(self) -> str:
        """How the content is encoded for the wire."""
        return str(self.fields.get("Content-Transfer-Encoding", "7bit")).split(";")[0].strip().lower()

    @property
    def cid(self) -> str:
        """Content-ID without its brackets; "" when it has none."""
        return str(self.fields.get("Content-ID", "")).strip().strip("<>").strip()

    @property
    def name(self) -> str:
        """The file name its sender gave it, decoded (RFC 2231, RFC 2047) and without any path; "" when it has none."""
        return clean_name(_decoded_name(self.fields))

    def walk(self) -> Iterator[Part]:
        """This part and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def leaves(self) -> Iterator[Part]:
        """The parts that hold content."""
        return (part for part in self.walk() if not part.boundary)


def scan(source: BinaryIO) -> Part:
    """The tree of a mail. Raises `Refused` for what is too large, too deep, or cannot be read in one way only."""
    source.seek(0)
    return _Scanner(source).entity((), ())


def content(source: BinaryIO, part: Part) -> Iterator[bytes]:
    """The decoded content of a leaf, in pieces. What is no base64 within base64 is skipped, as every mail program does."""
    pieces = _raw(source, part)
    if part.encoding == "base64":
        return _from_base64(pieces)
    if part.encoding == "quoted-printable":
        return (binascii.a2b_qp(line) for line in _lines(pieces))
    return pieces


def raw(source: BinaryIO, part: Part) -> bytes:
    """The content of a part as it came; for parts known to be small."""
    return b"".join(_raw(source, part))


def clean_name(name: str) -> str:
    """A name without folders, control characters and invisible turns of direction.

    >>> clean_name("C:\\\\Users\\\\nadia\\\\plan.pdf"), clean_name("../../etc/passwd")
    ('plan.pdf', 'passwd')
    """
    bare = re.split(r"[\\/]", name)[-1]
    kept = "".join(letter for letter in bare if letter.isprintable())
    return " ".join(kept.split()).strip(". ")[:200] if kept.strip(". ") else ""


class _Scanner:
    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._at = 0  # where the line in hand begins
        self._line = b""
        self._begins = True  # whether it is the first piece of its line
        self._parts = 0
        self._next()

    def _next(self) -> None:
        self._at += len(self._line)
        self._begins = not self._line or self._line.endswith(b"\n")
        self._line = self._source.readline(_LINE)

    def entity(self, within: tuple[str, ...], ends: tuple[bytes, ...]) -> Part:
        """Read one part up to the line that ends it, which stays in hand."""
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise Refused(TOO_MANY_PARTS)
        if len(within) > MOST_DEPTH:
            raise Refused(TOO_DEEP)
        part = self._header(ends)
        part.within = within
        if part.fields.get_content_maintype() == "multipart":
            self._container(part, ends)
        else:
            self._skip(ends)
        part.end = self._end_of(part, ends)
        return part

    def _header(self, ends: tuple[bytes, ...]) -> Part:
        lines = bytearray()
        while self._line and not self._stops(ends):
            if self._line.rstrip(b"\r\n") == b"":
                self._next()
                break
            lines += self._line
            if len(lines) > MOST_HEADER:
                raise Refused(UNREADABLE)
            self._next()
        fields = BytesHeaderParser().parsebytes(bytes(lines))
        if any(len(fields.get_all(name, ())) > 1 for name in _ONCE) or any(b":" not in line for line in _starts(bytes(lines))):
            raise Refused(UNREADABLE)
        return Part(bytes(lines), fields, self._at)

    def _container(self, part: Part, ends: tuple[bytes, ...]) -> None:
        boundary = part.fields.get_param("boundary")
        if not isinstance(boundary, str) or not 0 < len(boundary) <= 200 or part.encoding not in {"7bit", "8bit", "binary"}:
            raise Refused(UNREADABLE)
        part.boundary = boundary.rstrip().encode("utf-8", "surrogateescape")
        own = (*ends, part.boundary)
        if part.boundary in ends:
            raise Refused(UNREADABLE)
        self._skip(own)
        while self._stop_of(own) == (part.boundary, False):
            self._next()
            part.children.append(self.entity((*part.within, part.kind), own))
        if self._stop_of(own) == (part.boundary, True):
            self._next()
            self._skip(ends)
        if not part.children:
            raise Refused(UNREADABLE)

    def _skip(self, ends: tuple[bytes, ...]) -> None:
        while self._line and not self._stops(ends):
            self._next()

    def _stops(self, ends: tuple[bytes, ...]) -> bool:
        return self._begins and self._line.startswith(b"--") and self._stop_of(ends) is not None

    def _stop_of(self, ends: tuple[bytes, ...]) -> tuple[bytes, bool] | None:
        """The boundary the line in hand is, and whether it closes."""
        line = self._line.rstrip()
        for boundary in ends:
            if line == b"--" + boundary:
                return boundary, False
            if line == b"--" + boundary + b"--":
                return boundary, True
        return None

    def _end_of(self, part: Part, ends: tuple[bytes, ...]) -> int:
        """The line break before a boundary belongs to the boundary."""
        if not self._line or not self._stops(ends):
            return self._at
        return max(part.start, self._at - 2)


def decoded(value: str) -> str:
    """A header value with its encoded words (RFC 2047) read, on one line."""
    try:
        text = str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        text = value
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _starts(block: bytes) -> Iterator[bytes]:
    """The lines of a header block that begin a field."""
    return (line for line in block.splitlines() if not line.startswith((b" ", b"\t")))


def _decoded_name(fields: Message) -> str:
    try:
        name = fields.get_filename("")
        return str(make_header(decode_header(name))) if "=?" in name else name
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return "attachment"


def _raw(source: BinaryIO, part: Part) -> Iterator[bytes]:
    at = part.start
    while at < part.end:
        source.seek(at)
        piece = source.read(min(_CHUNK, part.end - at))
        if not piece:
            return
        at += len(piece)
        yield piece


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line + b"\n"
    if rest:
        yield rest


def _from_base64(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        letters = rest + _BASE64.sub(b"", piece)
        if b"=" in letters:
            yield _decoded(letters[: letters.index(b"=")])
            return
        whole = len(letters) // 4 * 4
        rest = letters[whole:]
        yield binascii.a2b_base64(letters[:whole])
    if rest:
        yield _decoded(rest)


def _decoded(letters: bytes) -> bytes:
    """Letters whose padding is missing or cut off; a single one left over says nothing."""
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
