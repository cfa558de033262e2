# SPDX-License-Identifier: Apache-2.0
"""Protected OpenDocument files made clear: ODF 1.2 part 3, section 3.4 (a key and a cipher for each entry of the package), and the
one encrypted package that LibreOffice writes since 24.2 (Argon2id, AES-256-GCM).

The manifest names cipher, salt and rounds for each entry. Blowfish of older files is read, too.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO
from xml.etree import ElementTree

from .refused import Refused

_MANIFEST = "META-INF/manifest.xml"
_MOST_ROUNDS = 10_000_000
_MOST_MEMORY = 256 * 1024  # KiB that Argon2 may ask for
_MOST_BYTES = 512 * 1024**2
_NONCE_BYTES = 12


@dataclass(frozen=True)
class _Lock:
    """How one entry is protected; names in lower case without their address."""

    cipher: str
    nonce: bytes
    derivation: str
    salt: bytes
    rounds: int
    memory: int
    lanes: int
    key_bytes: int
    start: str
    checksum: tuple[str, bytes] | None


def decrypt(file: BinaryIO, password: str, out: BinaryIO) -> None:
    """Write the package without protection. Refuses: password_wrong, corrupt, limit_size."""
    try:
        with zipfile.ZipFile(file) as package:
            manifest = ElementTree.fromstring(_read(package, _MANIFEST))  # noqa: S314 -- in the sandbox
            locks = dict(_locks(manifest))
            if "encrypted-package" in locks:
                out.write(_open(_read(package, "encrypted-package"), locks["encrypted-package"], password, packed=False))
                return
            _rewrite(package, manifest, locks, password, out)
    except (zipfile.BadZipFile, ElementTree.ParseError, KeyError, ValueError, zlib.error, NotImplementedError) as error:
        raise Refused("corrupt", reason=f"protection: {error}"[:200]) from error


def _rewrite(
    package: zipfile.ZipFile, manifest: ElementTree.Element, locks: dict[str, _Lock], password: str, out: BinaryIO
) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as clear:
        for entry in package.infolist():
            if entry.filename == _MANIFEST or entry.is_dir():
                continue
            data = _read(package, entry.filename)
            lock = locks.get(entry.filename)
            kept = _open(data, lock, password, packed=True) if lock else data
            clear.writestr(entry.filename, kept, zipfile.ZIP_STORED if entry.filename == "mimetype" else zipfile.ZIP_DEFLATED)
            if made.tell() > _MOST_BYTES:
                raise Refused("limit_size", limit=_MOST_BYTES)
        for element in manifest:
            for protection in [child for child in element if _local(child.tag) == "encryption-data"]:
                element.remove(protection)
        clear.writestr(_MANIFEST, ElementTree.tostring(manifest, encoding="utf-8"))
    out.write(made.getvalue())


def _read(package: zipfile.ZipFile, name: str) -> bytes:
    with package.open(name) as entry:
        data = entry.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise Refused("limit_size", limit=_MOST_BYTES)
    return data


def _locks(manifest: ElementTree.Element) -> Iterator[tuple[str, _Lock]]:
    for element in manifest:
        for protection in element:
            if _local(protection.tag) == "encryption-data":
                yield _told(element, "full-path"), _lock(protection)


def _lock(protection: ElementTree.Element) -> _Lock:
    parts = {_local(child.tag): child for child in protection}
    cipher, derivation = parts["algorithm"], parts["key-derivation"]
    start = parts.get("start-key-generation")
    checksum = _told(protection, "checksum")
    rounds = _told(derivation, "iteration-count") or _told(derivation, "argon2-iterations") or "1"
    return _Lock(
        cipher=_short(_told(cipher, "algorithm-name")),
        nonce=base64.b64decode(_told(cipher, "initialisation-vector")),
        derivation=_short(_told(derivation, "key-derivation-name")),
        salt=base64.b64decode(_told(derivation, "salt")),
        rounds=_bounded(rounds, _MOST_ROUNDS),
        memory=_bounded(_told(derivation, "argon2-memory") or "65536", _MOST_MEMORY),
        lanes=_bounded(_told(derivation, "argon2-lanes") or "4", 16),
        key_bytes=_bounded(_told(derivation, "key-size") or "16", 32),
        start=_short(_told(start, "start-key-generation-name")) if start is not None else "sha1",
        checksum=(_short(_told(protection, "checksum-type")), base64.b64decode(checksum)) if checksum else None,
    )


def _open(data: bytes, lock: _Lock, password: str, *, packed: bool) -> bytes:
    """The clear bytes of one entry. A wrong password is told by the checksum, the tag, or by rubbish that does not unpack."""
    clear = _decipher(data, lock, _key(lock, password))
    if lock.checksum and not _has_sum(clear, lock):
        raise Refused("password_wrong")
    if not packed:
        return clear
    unpacker = zlib.decompressobj(-15)
    try:
        kept = unpacker.decompress(clear, _MOST_BYTES)
    except zlib.error as error:
        raise Refused("password_wrong") from error
    if unpacker.unconsumed_tail:
        raise Refused("limit_size", limit=_MOST_BYTES)
    return kept


def _key(lock: _Lock, password: str) -> bytes:
    name = "sha256" if "256" in lock.start else "sha1"
    first = hashlib.new(name, password.encode()).digest()
    if "argon2" in lock.derivation:
        from argon2.low_level import Type, hash_secret_raw  # noqa: PLC0415 -- few files need it

        return hash_secret_raw(first, lock.salt, lock.rounds, lock.memory, lock.lanes, lock.key_bytes, Type.ID)
    return hashlib.pbkdf2_hmac("sha1", first, lock.salt, lock.rounds, lock.key_bytes)


def _decipher(data: bytes, lock: _Lock, key: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 -- few files need it
    from cryptography.hazmat.decrepit.ciphers.algorithms import Blowfish  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    if "gcm" in lock.cipher:
        nonce, sealed = (data[:_NONCE_BYTES], data[_NONCE_BYTES:]) if data.startswith(lock.nonce) else (lock.nonce, data)
        try:
            return AESGCM(key).decrypt(nonce, sealed, None)
        except InvalidTag as error:
            raise Refused("password_wrong") from error
    if "blowfish" in lock.cipher:
        machine = Cipher(Blowfish(key), modes.CFB(lock.nonce)).decryptor()
        return machine.update(data) + machine.finalize()
    if "aes" not in lock.cipher:
        raise Refused("corrupt", reason="unknown cipher")
    machine = Cipher(algorithms.AES(key), modes.CBC(lock.nonce)).decryptor()
    clear = machine.update(data) + machine.finalize()
    filler = clear[-1] if clear else 0
    return clear[:-filler] if 0 < filler <= 16 else clear


def _has_sum(clear: bytes, lock: _Lock) -> bool:
    assert lock.checksum is not None
    kind, wanted = lock.checksum
    looked_at = clear[:1024] if "1k" in kind else clear
    return hmac.compare_digest(hashlib.new("sha256" if "256" in kind else "sha1", looked_at).digest(), wanted)


def _bounded(told: str, most: int) -> int:
    number = int(told)
    if not 0 < number <= most:
        raise Refused("limit_time", rounds=number)
    return number


def _told(element: ElementTree.Element, name: str) -> str:
    return next((value for key, value in element.attrib.items() if _local(key) == name), "")


def _local(name: object) -> str:
    return str(name).rpartition("}")[2]


def _short(name: str) -> str:
    """The last part of an address or name, in lower case: `…#aes256-cbc`, `Blowfish CFB`, `SHA1/1K`."""
    return name.rpartition("#")[2].lower()
