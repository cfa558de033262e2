# SPDX-License-Identifier: Apache-2.0
"""Archives that prove what is in them: a ZIP with a signed statement of the SHA-256 of every file. Written as a stream, whatever
its size; checked without the installation that made it, and without unpacking anything.

`statement.json` is signed byte for byte (Ed25519, RFC 8032); `statement.sig` is the bare signature of 64 bytes, so that other
tools can check it too.
"""

from __future__ import annotations

import enum
import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import IO, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sealroom.core.keyring import KeyRing, MasterKey

STATEMENT, SIGNATURE = "statement.json", "statement.sig"
FORMAT = "sealroom-archive-1"
_PURPOSE = "signature-of-archives"
_OWN = frozenset({STATEMENT, SIGNATURE})
_MOST_STATEMENT = 256 << 20  # bytes that are read of one; 50,000 long names take a tenth of it
_BLOCK = 1 << 16
_ZIP64_FROM = 1 << 31
# What `zipfile` raises over bytes that somebody made up.
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, LookupError, ArithmeticError, RuntimeError, ValueError)


class Sink(io.RawIOBase):
    """Where an archive is written: it cannot go back, and gives away what it has."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:  # noqa: D102 -- of every file
        return True

    def write(self, data: Any) -> int:  # noqa: D102 -- of every file
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """What was written since this was last asked."""
        data, self._parts = b"".join(self._parts), []
        return data


@dataclass(frozen=True)
class Entry:
    """A file to put into an archive: `open` is called when its turn has come. `size` in bytes where it is known. A name that ends
    with "/" is an empty folder."""

    name: str
    open: Callable[[], Iterable[bytes]]
    at: datetime
    size: int | None = None


@dataclass(frozen=True)
class Stated:
    """A file as the statement has it."""

    name: str
    size: int
    sha256: str


def signing_key(ring: KeyRing, *, key: MasterKey | None = None) -> Ed25519PrivateKey:
    """The key with which this installation signs archives: of its present master key, or of an older one."""
    return Ed25519PrivateKey.from_private_bytes(ring.derive(_PURPOSE, key=key))


def public_keys(ring: KeyRing) -> dict[str, str]:
    """Public keys (hex) by which archives of this installation are known, with the id of the master key each comes from; the one
    that signs now first."""
    return {signing_key(ring, key=key).public_key().public_bytes_raw().hex(): key.id for key in ring.keys}


def signed_archive(entries: Iterable[Entry], facts: Mapping[str, str], *, key: Ed25519PrivateKey, at: datetime) -> Iterator[bytes]:
    """A ZIP in parts, as its files come; only names and sums are kept of what was given out. `facts` go into the statement (room,
    installation, instant), `at` is its date in the archive. Whatever opening or reading an entry raises ends it."""
    sink, stated = Sink(), list[Stated]()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as book:
        for entry in entries:
            stated.append((yield from _write(book, sink, entry)))
        public = key.public_key().public_bytes_raw().hex()
        files = [{"name": one.name, "size": one.size, "sha256": one.sha256} for one in stated]
        statement = json.dumps({"format": FORMAT, **facts, "public_key": public, "files": files}, indent=1).encode()
        book.writestr(_info(STATEMENT, at), statement)
        book.writestr(_info(SIGNATURE, at), key.sign(statement))
    yield sink.taken()


def _write(book: zipfile.ZipFile, sink: Sink, entry: Entry) -> Generator[bytes, None, Stated]:
    digest, size = hashlib.sha256(), 0
    if entry.name.endswith("/"):
        book.writestr(_info(entry.name, entry.at), b"")
        return Stated(entry.name, 0, digest.hexdigest())
    large = entry.size is None or entry.size >= _ZIP64_FROM
    with book.open(_info(entry.name, entry.at), "w", force_zip64=large) as file:
        for block in entry.open():
            digest.update(block)
            size += len(block)
            file.write(block)
            if data := sink.taken():
                yield data
    return Stated(entry.name, size, digest.hexdigest())


def _info(name: str, at: datetime) -> zipfile.ZipInfo:
    local = at.astimezone(UTC)
    info = zipfile.ZipInfo(name, (local.year, local.month, local.day, local.hour, local.minute, local.second))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = (0o40755 << 16 | 0x10) if name.endswith("/") else 0o100644 << 16
    return info


class Flaw(enum.StrEnum):
    """What can be wrong with an archive."""

    NOT_AN_ARCHIVE = "not_an_archive"
    NO_STATEMENT = "no_statement"
    FORGED = "forged"  # the signature is not of this statement
    OTHER_KEY = "other_key"  # signed, but not by whom it must be
    MISSING = "missing"
    ADDED = "added"
    CHANGED = "changed"
    UNSAFE_NAME = "unsafe_name"  # would leave the folder it is unpacked to


@dataclass(frozen=True)
class Finding:
    """A flaw, of a file where it is one's."""

    flaw: Flaw
    name: str = ""


@dataclass(frozen=True)
class Report:
    """What a check found. `facts` are the statement's (with `public_key`), to be believed only if nothing but files is flawed."""

    findings: tuple[Finding, ...]
    facts: Mapping[str, str]
    files: int = 0


def check_archive(file: IO[bytes], trusted: Iterable[str]) -> Report:
    """Compare an archive with its statement, and the statement with its signature. `trusted`: public keys (hex), one of which must
    have signed. Reads every file once, no further than its stated size; writes nothing."""
    try:
        book = zipfile.ZipFile(file)
    except _DAMAGE:
        return Report((Finding(Flaw.NOT_AN_ARCHIVE),), {})
    with book:
        try:
            raw, signature = _take(book, STATEMENT, _MOST_STATEMENT), _take(book, SIGNATURE, _BLOCK)
            facts, stated = _parsed(raw)
        except (TypeError, *_DAMAGE):
            return Report((Finding(Flaw.NO_STATEMENT),), {})
        findings = [*_judge(raw, signature, facts["public_key"], frozenset(trusted)), *_compare(book, stated)]
    return Report(tuple(findings), facts, len(stated))


def _take(book: zipfile.ZipFile, name: str, most: int) -> bytes:
    with book.open(name) as entry:
        data = entry.read(most + 1)
    if len(data) > most:
        raise ValueError(name)
    return data


def _parsed(raw: bytes) -> tuple[dict[str, str], dict[str, Stated]]:
    statement = json.loads(raw)
    if statement["format"] != FORMAT:
        raise ValueError(statement["format"])
    stated = [Stated(str(one["name"]), int(one["size"]), str(one["sha256"])) for one in statement["files"]]
    facts = {str(name): str(value) for name, value in statement.items() if name != "files"}
    return {"public_key": "", **facts}, {one.name: one for one in stated}


def _judge(raw: bytes, signature: bytes, public: str, trusted: frozenset[str]) -> Iterator[Finding]:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(signature, raw)
    except (InvalidSignature, ValueError):
        yield Finding(Flaw.FORGED)
    if public not in trusted:
        yield Finding(Flaw.OTHER_KEY)


def _compare(book: zipfile.ZipFile, stated: Mapping[str, Stated]) -> Iterator[Finding]:
    seen = set[str]()
    for info in book.infolist():
        name = info.filename
        if not _is_safe(name):
            yield Finding(Flaw.UNSAFE_NAME, name)
        if name in seen or (name not in stated and name not in _OWN):
            yield Finding(Flaw.ADDED, name)
        elif name in stated and not _is_same(book, info, stated[name]):
            yield Finding(Flaw.CHANGED, name)
        seen.add(name)
    yield from (Finding(Flaw.MISSING, name) for name in stated if name not in seen)


def _is_safe(name: str) -> bool:
    path = PurePosixPath(name)
    return not (path.is_absolute() or ".." in path.parts or "\\" in name or ":" in path.parts[0] if path.parts else True)


def _is_same(book: zipfile.ZipFile, info: zipfile.ZipInfo, stated: Stated) -> bool:
    """Whether a file has its stated bytes; an archive made to swell is not read past them."""
    digest, size = hashlib.sha256(), 0
    try:
        with book.open(info) as entry:
            while size <= stated.size and (block := entry.read(_BLOCK)):
                digest.update(block)
                size += len(block)
    except _DAMAGE:
        return False
    return size == stated.size and digest.hexdigest() == stated.sha256
