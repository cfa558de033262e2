# SPDX-License-Identifier: Apache-2.0
"""Archives with a signed statement: every way to change one is found, and nothing is ever unpacked."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from sealroom.core.archives import (
    SIGNATURE,
    STATEMENT,
    Entry,
    Finding,
    Flaw,
    check_archive,
    public_keys,
    signed_archive,
    signing_key,
)
from sealroom.core.keyring import KeyRing, MasterKey

AT = datetime(2026, 11, 22, 14, 3, 20, tzinfo=UTC)
RING = KeyRing((MasterKey("new", b"n" * 32), MasterKey("old", b"o" * 32)))
OTHERS = KeyRing((MasterKey("other", b"x" * 32),))
FACTS = {"room": "room_1", "installation": "https://files.example.com"}
FILES = {"files/1 Été.txt": b"summer" * 1000, "files/2 Empty/": b"", "index.csv": b"number,name\r\n"}
Files = dict[str, bytes]


def made(ring: KeyRing = RING, *, old: bool = False) -> bytes:
    entries = [Entry(name, lambda data=data: [data[:3], data[3:]], AT, len(data)) for name, data in FILES.items()]  # type: ignore[misc]
    key = signing_key(ring, key=ring.keys[-1] if old else None)
    return b"".join(signed_archive(entries, FACTS, key=key, at=AT))


def unpacked(data: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return {name: book.read(name) for name in book.namelist()}


def packed(files: Files, *more: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as book:
        for name, data in [*files.items(), *more]:
            book.writestr(name, data)
    return file.getvalue()


def found(data: bytes, ring: KeyRing = RING) -> list[Finding]:
    return list(check_archive(io.BytesIO(data), public_keys(ring)).findings)


def test_an_archive_that_nobody_touched_holds() -> None:
    data = made()
    report = check_archive(io.BytesIO(data), public_keys(RING))
    assert (report.findings, report.files) == ((), 3)
    assert report.facts == FACTS | {"format": "sealroom-archive-1", "public_key": next(iter(public_keys(RING)))}
    assert {name: unpacked(data)[name] for name in FILES} == FILES
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        assert (book.testzip(), book.infolist()[0].date_time) == (None, (2026, 11, 22, 14, 3, 20))


def test_keys_of_before_a_rotation_are_still_known() -> None:
    assert found(made(old=True)) == []
    assert list(public_keys(RING).values()) == ["new", "old"]


def _changed(files: Files) -> bytes:
    return packed(files | {"index.csv": b"number,Name\r\n"})


def _longer(files: Files) -> bytes:
    return packed(files | {"index.csv": files["index.csv"] + b"1"})


def _added(files: Files) -> bytes:
    return packed(files, ("files/3 Late.txt", b""))


def _twice(files: Files) -> bytes:
    return packed(files, ("index.csv", b"another"))


def _removed(files: Files) -> bytes:
    del files["index.csv"]
    return packed(files)


def _absolute(files: Files) -> bytes:
    return packed(files, ("/etc/cron.d/x", b""))


def _climbing(files: Files) -> bytes:
    return packed(files, ("files/../../x", b""))


def _drive(files: Files) -> bytes:
    return packed(files, ("C:/x", b""))


def _another_statement(files: Files) -> bytes:
    statement = json.loads(files[STATEMENT]) | {"room": "room_2"}
    return packed(files | {STATEMENT: json.dumps(statement).encode()})


def _signed_by_himself(files: Files) -> bytes:
    statement = json.loads(files[STATEMENT]) | {"room": "room_2", "public_key": next(iter(public_keys(OTHERS)))}
    raw = json.dumps(statement).encode()
    return packed(files | {STATEMENT: raw, SIGNATURE: signing_key(OTHERS).sign(raw)})


def _signature_of_nothing(files: Files) -> bytes:
    return packed(files | {SIGNATURE: b""})


def _no_signature(files: Files) -> bytes:
    del files[SIGNATURE]
    return packed(files)


def _other_format(files: Files) -> bytes:
    return packed(files | {STATEMENT: b'{"format": "x", "files": []}'})


def _no_object(files: Files) -> bytes:
    return packed(files | {STATEMENT: b"[1]"})


@pytest.mark.parametrize(
    ("change", "findings"),
    [
        (_changed, [Finding(Flaw.CHANGED, "index.csv")]),
        (_longer, [Finding(Flaw.CHANGED, "index.csv")]),
        (_added, [Finding(Flaw.ADDED, "files/3 Late.txt")]),
        (_removed, [Finding(Flaw.MISSING, "index.csv")]),
        (_absolute, [Finding(Flaw.UNSAFE_NAME, "/etc/cron.d/x"), Finding(Flaw.ADDED, "/etc/cron.d/x")]),
        (_climbing, [Finding(Flaw.UNSAFE_NAME, "files/../../x"), Finding(Flaw.ADDED, "files/../../x")]),
        (_drive, [Finding(Flaw.UNSAFE_NAME, "C:/x"), Finding(Flaw.ADDED, "C:/x")]),
        (_another_statement, [Finding(Flaw.FORGED)]),
        (_signed_by_himself, [Finding(Flaw.OTHER_KEY)]),
        (_signature_of_nothing, [Finding(Flaw.FORGED)]),
        (_no_signature, [Finding(Flaw.NO_STATEMENT)]),
        (_other_format, [Finding(Flaw.NO_STATEMENT)]),
        (_no_object, [Finding(Flaw.NO_STATEMENT)]),
    ],
)
def test_every_change_is_found(change: Callable[[Files], bytes], findings: list[Finding]) -> None:
    assert found(change(unpacked(made()))) == findings


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_second_file_of_one_name_is_found() -> None:
    assert Finding(Flaw.ADDED, "index.csv") in found(_twice(unpacked(made())))


def test_a_changed_byte_in_the_packed_file_is_found() -> None:
    data = bytearray(made())
    data[len("files/1 Été.txt".encode()) + 40] ^= 1
    assert found(bytes(data)) == [Finding(Flaw.CHANGED, "files/1 Été.txt")]


def test_what_is_no_archive_is_said_to_be_none() -> None:
    assert found(b"PK\x03\x04 nothing") == [Finding(Flaw.NOT_AN_ARCHIVE)]
    assert found(made()[:-30]) == [Finding(Flaw.NOT_AN_ARCHIVE)]


def test_another_installation_is_not_trusted() -> None:
    assert found(made(OTHERS)) == [Finding(Flaw.OTHER_KEY)]


def test_an_archive_is_given_away_while_it_is_made() -> None:
    """The next file is opened when bytes of the one before are long out."""
    opened: list[str] = []

    def blocks(name: str) -> Iterator[bytes]:
        opened.append(name)
        yield RANDOM
        yield RANDOM

    entries = [Entry(name, lambda name=name: blocks(name), AT) for name in "abc"]  # type: ignore[misc]
    parts = signed_archive(entries, {}, key=signing_key(RING), at=AT)
    first = next(parts)
    assert opened == ["a"]
    rest = b"".join(parts)
    assert (found(first + rest), opened) == ([], ["a", "b", "c"])
    assert Finding(Flaw.CHANGED, "a") in found(rest), "its beginning is cut off"


RANDOM = bytes((number * 2_654_435_761 >> 13) & 255 for number in range(200_000))
