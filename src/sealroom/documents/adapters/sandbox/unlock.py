# SPDX-License-Identifier: Apache-2.0
"""A protected file opened with its password: the same file without protection. The password stays in this child, and ends with it.

PDF by qpdf, Office (ECMA-376 agile and standard, RC4, XOR) by msoffcrypto, OpenDocument by `odfcrypt`.
"""

from __future__ import annotations

import io
import os
import tempfile
from typing import BinaryIO

from . import odfcrypt, wire
from .refused import Refused


def unlock(source: int, kind: str, password: str) -> int:
    """A memory file with the clear file. Refuses: password_wrong, corrupt. What is not protected comes back as it is."""
    answer = wire.memory_file("clear")
    with wire.reader(source) as file, open(answer, "wb", closefd=False) as out:
        if kind == "pdf":
            _unlock_pdf(file, password, out)
        else:
            _unlock_office(file, password, out)
    return answer


def _unlock_pdf(file: BinaryIO, password: str, out: BinaryIO) -> None:
    import pikepdf  # noqa: PLC0415 -- few files need it

    try:
        with pikepdf.open(file, password=password) as pdf:
            pdf.save(out, encryption=False)
    except pikepdf.PasswordError as error:
        raise Refused("password_wrong") from error
    except pikepdf.PdfError as error:
        raise Refused("corrupt", reason="protected file cannot be read") from error


def _unlock_office(file: BinaryIO, password: str, out: BinaryIO) -> None:
    head = file.read(8)
    file.seek(0)
    if head.startswith(b"PK"):
        odfcrypt.decrypt(file, password, out)
        return
    import msoffcrypto  # noqa: PLC0415 -- few files need it
    from msoffcrypto import exceptions  # noqa: PLC0415

    tempfile.TemporaryFile = _in_memory  # type: ignore[assignment] # msoffcrypto wants a disk, and there is none
    try:
        office = msoffcrypto.OfficeFile(file)
        if not office.is_encrypted():
            file.seek(0)
            out.write(file.read())
            return
        _load_key(office, password)
        clear = io.BytesIO()
        office.decrypt(clear)
    except exceptions.InvalidKeyError as error:
        raise Refused("password_wrong") from error
    except (exceptions.DecryptionError, exceptions.ParseError, exceptions.FileFormatError, exceptions.EncryptionError) as error:
        raise Refused("corrupt", reason=f"protection: {error}"[:200]) from error
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:  # a protection that nobody here can open
        raise Refused("password_required", reason=f"protection: {error}"[:200]) from error
    out.write(clear.getvalue())


def _in_memory(*_: object, **__: object) -> BinaryIO:
    return os.fdopen(wire.memory_file("temporary"), "w+b")


def _load_key(office: object, password: str) -> None:
    """Give the password; where the format lets it be proved, it is proved first."""
    try:
        office.load_key(password=password, verify_password=True)  # type: ignore[attr-defined]
    except TypeError:  # the old binary formats prove it by themselves
        office.load_key(password=password)  # type: ignore[attr-defined]
