# SPDX-License-Identifier: Apache-2.0
"""The installation's master keys, kept outside the database.

Source: SEALROOM_MASTER_KEY or SEALROOM_MASTER_KEY_FILE, else `<data>/keys` (0600), made at first use. The text form is one key
per line, `<id> <64 hex digits>`; the first line writes, every line reads, so that a key is rotated by putting a new line on top.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


class BadKeys(ValueError):
    """The key text is malformed; nothing is guessed."""


class UnknownKey(LookupError):
    """A thing was sealed with a key that is not on the ring."""


@dataclass(frozen=True)
class MasterKey:
    """256 bits and the name they go by in headers."""

    id: str
    secret: bytes


@dataclass(frozen=True)
class KeyRing:
    """Keys that can read; the first one writes."""

    keys: tuple[MasterKey, ...]

    @property
    def current(self) -> MasterKey:
        """The key that writes."""
        return self.keys[0]

    def by_id(self, key_id: str) -> MasterKey:
        """The key of that name. Raises `UnknownKey`."""
        for key in self.keys:
            if key.id == key_id:
                return key
        raise UnknownKey(key_id)

    def derive(self, purpose: str, *, key: MasterKey | None = None) -> bytes:
        """32 bytes for one purpose (HKDF-SHA256, RFC 5869): no two purposes share a key."""
        hkdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"sealroom/{purpose}".encode())
        return hkdf.derive((key or self.current).secret)

    def seal(self, clear: bytes, *, purpose: str) -> bytes:
        """Encrypt a small secret for storage in the database (AES-256-GCM); the key's id goes in front."""
        key = self.current
        nonce = os.urandom(_NONCE)
        sealed = AESGCM(self.derive(purpose, key=key)).encrypt(nonce, clear, purpose.encode())
        return key.id.encode() + b"." + nonce + sealed

    def unseal(self, sealed: bytes, *, purpose: str) -> bytes:
        """The clear bytes. Raises `UnknownKey` or `InvalidTag`."""
        key_id, dot, rest = bytes(sealed).partition(b".")
        if not dot:
            raise InvalidTag
        key = self.by_id(key_id.decode())
        return AESGCM(self.derive(purpose, key=key)).decrypt(rest[:_NONCE], rest[_NONCE:], purpose.encode())


def parse_keys(text: str) -> KeyRing:
    """Read the text form; a bare 64-digit hex key is one key named by its own digest. Raises `BadKeys`."""
    keys = []
    for line in filter(None, (part.split("#")[0].strip() for part in text.splitlines())):
        words = line.split()
        name, secret = (words[0], words[1]) if len(words) == 2 else ("k1", words[0])
        try:
            raw = bytes.fromhex(secret)
        except ValueError as error:
            raise BadKeys("a master key is 64 hexadecimal digits") from error
        if len(raw) != 32 or not name.isalnum():
            raise BadKeys("a master key is 64 hexadecimal digits, its id letters and digits")
        keys.append(MasterKey(name, raw))
    if not keys or len({key.id for key in keys}) != len(keys):
        raise BadKeys("no master key, or two with one id")
    return KeyRing(tuple(keys))


def load_keys(data: Path, environ: dict[str, str]) -> KeyRing:
    """The ring by environment, else by file, else newly made (atomic: of two first starts one wins, both read its key)."""
    if text := environ.get("SEALROOM_MASTER_KEY"):
        return parse_keys(text)
    if path := environ.get("SEALROOM_MASTER_KEY_FILE"):
        return parse_keys(Path(path).read_text())
    file = data / "keys"
    if not file.exists():
        _make_key_file(file)
    return parse_keys(file.read_text())


def _make_key_file(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f".keys.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, f"k{secrets.token_hex(4)} {secrets.token_hex(32)}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(draft, file)
    except FileExistsError:
        pass  # the other first start was quicker; its key is the key
    finally:
        draft.unlink()
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
