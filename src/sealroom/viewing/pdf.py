# SPDX-License-Identifier: Apache-2.0
"""A PDF whose pages are single JPEG images, written as it goes: memory does not grow with the number of pages.

Nothing of the original file is in it: no text, fonts, layers, annotations, scripts, attachments or older revisions, and of the
metadata only a title. The mark is in the pixels, so nothing can be taken out of the file to be rid of it. Written after
ISO 32000-1, sections 7.5 (file structure) and 7.4.8 (DCTDecode); encrypted, after ISO 32000-2, section 7.6 (security handler of
revision 6, AES-256). Encrypting piece by piece as well needs no second copy of the file, in memory or on a disk.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

_CATALOG, _TREE, _INFO, _FIRST = 1, 2, 3, 4
_RIGHTS = -1340  # print, also finely, and reading aloud (ISO 32000-2, table 22)
_HASHES = (hashlib.sha256, hashlib.sha384, hashlib.sha512)
_PER_PAGE = 3  # page, its content stream, its image


@dataclass(frozen=True)
class ImagePage:
    """A page: its size in points, and the JPEG that fills it with its size in pixels."""

    width: float
    height: float
    jpeg: bytes
    columns: int
    rows: int
    is_grey: bool


def write_pdf(title: str, count: int, pages: Iterable[ImagePage], *, password: str = "") -> Iterator[bytes]:
    """The bytes of the file, a few pieces per page; with a `password` (ASCII) none of it can be read without.

    `pages` must yield exactly `count` pages; raises `ValueError` otherwise, and whatever `pages` raises: the file then ends without
    its table and no reader takes it for whole.
    """
    offsets: list[int] = []
    position = 0
    lock = _Lock(password.encode("ascii")) if password else None
    seal = lock.seal if lock else bytes

    def piece(data: bytes) -> bytes:
        nonlocal position
        position += len(data)
        return data

    def begin(number: int) -> bytes:
        if len(offsets) != number - 1:
            raise ValueError("objects out of order")
        offsets.append(position)
        return b"%d 0 obj\n" % number

    yield piece(b"%%PDF-%s\n" % (b"2.0" if lock else b"1.7") + b"%\xe2\xe3\xcf\xd3\n")
    yield piece(begin(_CATALOG) + b"<< /Type /Catalog /Pages 2 0 R /ViewerPreferences << /DisplayDocTitle true >> >>\nendobj\n")
    kids = b" ".join(b"%d 0 R" % (_FIRST + _PER_PAGE * index) for index in range(count))
    yield piece(begin(_TREE) + b"<< /Type /Pages /Count %d /Kids [%s] >>\nendobj\n" % (count, kids))
    yield piece(begin(_INFO) + b"<< /Title <%s> >>\nendobj\n" % seal(_text(title)).hex().encode())
    written = 0
    for index, page in enumerate(pages):
        number = _FIRST + _PER_PAGE * index
        yield piece(begin(number) + _page(page, number))
        yield piece(begin(number + 1) + _content(page, seal))
        jpeg = seal(page.jpeg)
        yield piece(begin(number + 2) + _image_header(page, len(jpeg)))
        yield piece(jpeg)
        yield piece(b"\nendstream\nendobj\n")
        written += 1
    if written != count:
        raise ValueError(f"{written} pages instead of {count}")
    if lock:
        yield piece(begin(len(offsets) + 1) + lock.dictionary + b"\nendobj\n")
    start = position
    yield _table(offsets, start, is_locked=lock is not None)


def _page(page: ImagePage, number: int) -> bytes:
    box = b"[0 0 %s %s]" % (_number(page.width), _number(page.height))
    resources = b"<< /XObject << /I %d 0 R >> >>" % (number + 2)
    parts = (_TREE, box, resources, number + 1)
    return b"<< /Type /Page /Parent %d 0 R /MediaBox %s /Resources %s /Contents %d 0 R >>\nendobj\n" % parts


def _content(page: ImagePage, seal: Callable[[bytes], bytes]) -> bytes:
    stream = seal(b"q %s 0 0 %s 0 0 cm /I Do Q" % (_number(page.width), _number(page.height)))
    return b"<< /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (len(stream), stream)


def _image_header(page: ImagePage, length: int) -> bytes:
    space = b"/DeviceGray" if page.is_grey else b"/DeviceRGB"
    shape = b"/Width %d /Height %d /ColorSpace %s /BitsPerComponent 8" % (page.columns, page.rows, space)
    return b"<< /Type /XObject /Subtype /Image %s /Filter /DCTDecode /Length %d >>\nstream\n" % (shape, length)


def _table(offsets: list[int], start: int, *, is_locked: bool) -> bytes:
    lines = [b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)]
    lines += [b"%010d 00000 n \n" % offset for offset in offsets]
    name = secrets.token_hex(16).encode()
    lock = b" /Encrypt %d 0 R" % len(offsets) if is_locked else b""
    roots = (len(offsets) + 1, _CATALOG, _INFO, name, name, lock)
    lines.append(b"trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R /ID [<%s> <%s>]%s >>\n" % roots)
    lines.append(b"startxref\n%d\n%%%%EOF\n" % start)
    return b"".join(lines)


def _number(value: float) -> bytes:
    return f"{value:.3f}".rstrip("0").rstrip(".").encode()


def _text(text: str) -> bytes:
    """A text string in UTF-16 with its mark; it is written as hexadecimal, so that no character of a title can end it."""
    return b"\xfe\xff" + text.encode("utf-16-be", "replace")


class _Lock:
    """AES-256 with a random key, which only the password opens. Nobody has the password of an owner: it is thrown away."""

    def __init__(self, password: bytes) -> None:
        self._key = secrets.token_bytes(32)
        user, user_key = self._entry(password, b"")
        owner, owner_key = self._entry(secrets.token_bytes(32), user)
        rights = _RIGHTS.to_bytes(4, "little", signed=True) + b"\xff\xff\xff\xffTadb" + secrets.token_bytes(4)
        cipher = Cipher(algorithms.AES256(self._key), modes.ECB()).encryptor()  # noqa: S305 -- one block, as the format has it
        rights = cipher.update(rights) + cipher.finalize()
        entries = b" ".join(
            b"/%s <%s>" % (name, value.hex().encode())
            for name, value in ((b"U", user), (b"UE", user_key), (b"O", owner), (b"OE", owner_key), (b"Perms", rights))
        )
        self.dictionary = (
            b"<< /Filter /Standard /V 5 /R 6 /Length 256 /P %d %s /StmF /StdCF /StrF /StdCF "
            b"/CF << /StdCF << /AuthEvent /DocOpen /CFM /AESV3 /Length 32 >> >> >>" % (_RIGHTS, entries)
        )

    def seal(self, clear: bytes) -> bytes:
        """A string or stream as it stands in the file: a random vector, then the padded and encrypted bytes."""
        vector = secrets.token_bytes(16)
        padder = PKCS7(128).padder()
        cipher = Cipher(algorithms.AES256(self._key), modes.CBC(vector)).encryptor()
        return vector + cipher.update(padder.update(clear)) + cipher.update(padder.finalize()) + cipher.finalize()

    def _entry(self, password: bytes, bound_to: bytes) -> tuple[bytes, bytes]:
        """What proves a password (algorithms 8 and 9), and the file's key under it."""
        proof_salt, key_salt = secrets.token_bytes(8), secrets.token_bytes(8)
        proof = _stretch(password, proof_salt, bound_to) + proof_salt + key_salt
        cipher = Cipher(algorithms.AES256(_stretch(password, key_salt, bound_to)), modes.CBC(bytes(16))).encryptor()
        return proof, cipher.update(self._key) + cipher.finalize()


def _stretch(password: bytes, salt: bytes, bound_to: bytes) -> bytes:
    """Algorithm 2.B of ISO 32000-2: 32 bytes out of a password, slowly."""
    state = hashlib.sha256(password + salt + bound_to).digest()
    turn = 0
    while True:
        turn += 1
        cipher = Cipher(algorithms.AES128(state[:16]), modes.CBC(state[16:32])).encryptor()
        mixed = cipher.update((password + state + bound_to) * 64) + cipher.finalize()
        state = _HASHES[sum(mixed[:16]) % 3](mixed).digest()
        if turn >= 64 and mixed[-1] <= turn - 32:
            return state[:32]
