# SPDX-License-Identifier: Apache-2.0
"""Blobs as encrypted files under one folder.

A file is a header and chunks. The header names the master key and holds the blob's own random data key, wrapped by it with
AES-256-GCM; the additional data of the wrap is the rest of the header and the blob's name, so a header moved to another file
does not open. A chunk is 64 KiB of clear bytes under AES-256-GCM with the nonce `prefix | index | last`, the STREAM
construction of Hoang, Reyhanitabar, Rogaway and Vizar (2015): chunks cannot be cut off, repeated, reordered or taken from
another blob. A blob of no bytes has one empty last chunk.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import re
import secrets
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sealroom.core.keyring import KeyRing, UnknownKey
from sealroom.documents.errors import BlobCorrupt, BlobMissing, StorageFull, TooLarge
from sealroom.documents.ports import StoredBlob

CHUNK = 64 * 1024
_TAG = 16
_SEALED = CHUNK + _TAG
_MAGIC = b"SEALBLB\x01"  # the last byte is the version
_PREFIX = 7
_NONCE = 12
_ID = 32
_FRONT = len(_MAGIC) + _ID + _PREFIX  # magic | master key id | nonce prefix of the chunks
_HEADER = _FRONT + _NONCE + 32 + _TAG  # front | nonce of the wrap | wrapped data key
_KEY = re.compile(r"[0-9a-f]{32}")
_TMP = "tmp"


class LocalBlobStore:
    """The `BlobStore` of a single machine: `<root>/ab/cd/<key>`, complete and durable or not there."""

    def __init__(self, root: Path, ring: KeyRing) -> None:
        self._root = root
        self._ring = ring

    @classmethod
    def from_settings(cls) -> LocalBlobStore:
        """The store under `SEALROOM_DATA`, sealed by the installation's master keys."""
        from django.conf import settings  # noqa: PLC0415 -- optional dependency: the store works without Django

        return cls(Path(settings.SEALROOM_DATA) / "blobs", settings.SEALROOM_KEYRING)

    def put(self, chunks: Iterable[bytes], *, limit: int | None = None) -> StoredBlob:
        """Store a stream in constant memory; file and folders are synced on return.

        Raises `TooLarge` past `limit` bytes and `StorageFull` without room; nothing is kept then, nor when `chunks` raises.
        """
        key = secrets.token_hex(16)
        path = self._path(key)
        temporary = self._root / _TMP / key
        try:
            self._make_folder(temporary.parent)
            size, digest = self._write(temporary, key, _limited(chunks, limit))
            self._make_folder(path.parent)
            temporary.rename(path)
            _sync_folder(path.parent)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFull from error
            raise
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        return StoredBlob(key, size, digest)

    def open(self, key: str) -> BinaryIO:
        """A seekable reader of the clear bytes. Raises `BlobMissing` or, here or while reading, `BlobCorrupt`."""
        try:
            file = self._path(key).open("rb", buffering=0)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise BlobMissing(key=key) from error
        try:
            return cast("BinaryIO", io.BufferedReader(_ClearBytes(file, key, self._ring), CHUNK))
        except BaseException:
            file.close()
            raise

    def delete(self, key: str) -> None:
        """Remove the blob durably; removing what is not there is no error."""
        try:
            path = self._path(key)
            path.unlink()
        except (BlobMissing, FileNotFoundError, NotADirectoryError):
            return
        _sync_folder(path.parent)

    def keys(self) -> Iterator[str]:
        """Every key present, in no order."""
        for path in self._root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"):
            if _KEY.fullmatch(path.name):
                yield path.name

    def rewrap(self, key: str) -> bool:
        """Wrap the blob's data key by the newest master key; its content is not touched. False when it already is.

        Readers that are open go on: the new file takes the old one's place whole.
        """
        path = self._path(key)
        with self.open(key) as reader:  # proves that the old header opens before anything is replaced
            clear = cast("_ClearBytes", cast("io.BufferedReader", reader).raw)
            front, data_key = clear.front, clear.data_key
        front_now = _front(self._ring.current.id, front[-_PREFIX:])
        if front_now == front:
            return False
        temporary = self._root / _TMP / secrets.token_hex(16)
        self._make_folder(temporary.parent)
        try:
            with path.open("rb") as old, temporary.open("xb") as new:
                old.seek(_HEADER)
                new.write(front_now + _wrap(self._ring, front_now, data_key, key))
                while block := old.read(1 << 20):
                    new.write(block)
                new.flush()
                os.fsync(new.fileno())
            temporary.rename(path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(path.parent)
        return True

    def clear_leftovers(self, *, older_than: float) -> int:
        """Remove unfinished files of processes that died, last written before `older_than` (seconds since the epoch)."""
        gone = 0
        for path in (self._root / _TMP).glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < older_than:
                    path.unlink()
                    gone += 1
        return gone

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise BlobMissing(key=key)
        return self._root / key[:2] / key[2:4] / key

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        missing = [folder, *(parent for parent in folder.parents if not parent.is_dir())]
        folder.mkdir(parents=True, exist_ok=True)
        for made in missing:
            _sync_folder(made.parent)

    def _write(self, path: Path, key: str, chunks: Iterable[bytes]) -> tuple[int, str]:
        data_key = AESGCM.generate_key(256)
        front = _front(self._ring.current.id, secrets.token_bytes(_PREFIX))
        seal = AESGCM(data_key)
        digest = hashlib.sha256()
        size = 0
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb", buffering=1 << 20) as file:
            file.write(front + _wrap(self._ring, front, data_key, key))
            for index, (block, last) in enumerate(_blocks(chunks)):
                digest.update(block)
                size += len(block)
                file.write(seal.encrypt(_nonce(front, index, last=last), block, key.encode()))
            file.flush()
            os.fsync(descriptor)
        return size, digest.hexdigest()


class _ClearBytes(io.RawIOBase):
    """The clear bytes of one file, a chunk at a time; the last chunk is opened first, so the length is proved at once."""

    def __init__(self, file: io.FileIO, key: str, ring: KeyRing) -> None:
        super().__init__()
        self._file = file
        self._name = key.encode()
        header = file.read(_HEADER)
        self.front = header[:_FRONT]
        master = _master_secret(ring, self.front)
        if len(header) != _HEADER or not header.startswith(_MAGIC) or master is None:
            raise BlobCorrupt(key=key, reason="header" if master else "unknown master key")
        wrap = header[_FRONT:]
        try:
            self.data_key = AESGCM(master).decrypt(wrap[:_NONCE], wrap[_NONCE:], self.front + self._name)
        except InvalidTag as error:
            raise BlobCorrupt(key=key, reason="header") from error
        self._seal = AESGCM(self.data_key)
        body = os.fstat(file.fileno()).st_size - _HEADER
        self._last = max(0, -(-body // _SEALED) - 1)
        self._size = body - (self._last + 1) * _TAG
        self._at = 0
        self._index = -1
        self._chunk = b""
        self._load(self._last)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("negative seek position")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(cast("bytearray", buffer)).cast("B")
        if self._at >= self._size or not view:
            return 0
        self._load(self._at // CHUNK)
        start = self._at % CHUNK
        piece = memoryview(self._chunk)[start : start + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _load(self, index: int) -> None:
        if index == self._index:
            return
        sealed = os.pread(self._file.fileno(), _SEALED, _HEADER + index * _SEALED)
        try:
            self._chunk = self._seal.decrypt(_nonce(self.front, index, last=index == self._last), sealed, self._name)
        except (InvalidTag, ValueError) as error:
            raise BlobCorrupt(key=self._name.decode(), reason="chunk", chunk=index) from error
        self._index = index


def _front(key_id: str, prefix: bytes) -> bytes:
    name = key_id.encode()
    if len(name) > _ID:
        raise ValueError("the id of a master key has at most 32 characters")
    return _MAGIC + name.ljust(_ID, b"\x00") + prefix


def _master_secret(ring: KeyRing, front: bytes) -> bytes | None:
    try:
        name = front[len(_MAGIC) : len(_MAGIC) + _ID].rstrip(b"\x00").decode("ascii")
        return ring.derive("blobs", key=ring.by_id(name))
    except (UnknownKey, UnicodeDecodeError):
        return None


def _wrap(ring: KeyRing, front: bytes, data_key: bytes, key: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(ring.derive("blobs")).encrypt(nonce, data_key, front + key.encode())


def _nonce(front: bytes, index: int, *, last: bool) -> bytes:
    return front[-_PREFIX:] + struct.pack(">IB", index, last)


def _limited(chunks: Iterable[bytes], limit: int | None) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if limit is not None and size > limit:
            raise TooLarge(limit=limit)
        yield chunk


def _blocks(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Cut a stream into whole chunks; only the last (True) may be shorter, and there always is one."""
    waiting = bytearray()
    for chunk in chunks:
        for start in range(0, len(chunk), CHUNK):
            waiting += chunk[start : start + CHUNK]
            while len(waiting) > CHUNK:
                yield bytes(waiting[:CHUNK]), False
                del waiting[:CHUNK]
    yield bytes(waiting), True


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder durable (a renamed file is not, until its folder is synced)."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
