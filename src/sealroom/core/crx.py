# SPDX-License-Identifier: Apache-2.0
"""Extensions for browsers of the Chromium family as a signed package (CRX, version 3), and the key of this installation that signs
them: random, made at first use, kept sealed in the data folder. An extension's id is a digest of the public half, so it is the
installation's own and stays as long as the key does.

The form of the package: "Cr24", the version, the header's length, the header (two messages of protocol buffers: the proofs, and
what they sign), the ZIP archive.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import struct
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sealroom.core.keyring import KeyRing

_PURPOSE = "key-of-extensions"
_FILE = "extension.key"
_BITS = 2048
_MAGIC, _VERSION = b"Cr24", 3
_SIGNED = b"CRX3 SignedData\x00"
_RSA_PROOFS, _SIGNED_HEADER = 2, 10000  # fields of the header
_PUBLIC_KEY, _SIGNATURE = 1, 2  # fields of a proof
_ID_BYTES = 16


def extension_key(data: Path, ring: KeyRing) -> rsa.RSAPrivateKey:
    """The key of the installation whose data folder this is, made where there is none (of two first askers one wins, both get its
    key). Raises `UnknownKey` or `InvalidTag` if it was sealed with a master key that is not on the ring."""
    file = data / _FILE
    if not file.exists():
        _make(file, ring)
    clear = ring.unseal(file.read_bytes(), purpose=_PURPOSE)
    key = serialization.load_der_private_key(clear, password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def public_half(key: rsa.RSAPrivateKey) -> bytes:
    """The public key as packages and manifests carry it (DER, SubjectPublicKeyInfo)."""
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def extension_id(public: bytes) -> str:
    """The 32 letters (a to p) by which browsers know the extension of a public key."""
    return "".join(chr(ord("a") + int(digit, 16)) for digit in _short_digest(public).hex())


def signature_of(data: bytes, key: rsa.RSAPrivateKey) -> bytes:
    """RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017): the same bytes are signed alike each time."""
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def packed(archive: bytes, key: rsa.RSAPrivateKey) -> bytes:
    """The package of a ZIP archive: the same bytes for the same archive and key."""
    public = public_half(key)
    signed_header = _field(1, _short_digest(public))
    signature = signature_of(_SIGNED + struct.pack("<I", len(signed_header)) + signed_header + archive, key)
    proof = _field(_PUBLIC_KEY, public) + _field(_SIGNATURE, signature)
    header = _field(_RSA_PROOFS, proof) + _field(_SIGNED_HEADER, signed_header)
    return _MAGIC + struct.pack("<II", _VERSION, len(header)) + header + archive


def _short_digest(public: bytes) -> bytes:
    return hashlib.sha256(public).digest()[:_ID_BYTES]


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes as protocol buffers write it: its number and kind (2), the length, the bytes."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])


def _make(file: Path, ring: KeyRing) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    clear = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f".{_FILE}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, ring.seal(clear, purpose=_PURPOSE))
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(draft, file)
    except FileExistsError:
        pass  # the other asker was quicker; its key is the key
    finally:
        draft.unlink()
