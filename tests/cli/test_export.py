# SPDX-License-Identifier: Apache-2.0
"""`sealroom export`: checking an archive with and without the installation that made it."""

from __future__ import annotations

import io
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sealroom.cli import export
from sealroom.core.archives import STATEMENT, Entry, public_keys, signed_archive, signing_key
from sealroom.core.keyring import KeyRing, MasterKey
from sealroom.core.secrets import keyring
from tests.cli.conftest import Shell

AT = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
OTHERS = KeyRing((MasterKey("other", b"x" * 32),))
FACTS = {"name": "Alder\x1b[2J", "room": "room_1", "made_at": AT.isoformat(), "installation": "https://files.example.com"}


def archive(folder: Path, ring: KeyRing) -> Path:
    entries = [Entry(name, lambda: [b"figures"], AT, 7) for name in ("files/1 a.txt", "index.csv")]
    file = folder / "alder.zip"
    file.write_bytes(b"".join(signed_archive(entries, FACTS, key=signing_key(ring), at=AT)))
    return file


def rewritten(file: Path, **changes: bytes | None) -> None:
    """Pack it again, with other contents of some entries, without those that are None, with those that are new."""
    with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as book:
        files: dict[str, bytes | None] = {name: book.read(name) for name in book.namelist()}
    with zipfile.ZipFile(file, "w") as book:
        for name, data in (files | changes).items():
            if data is not None:
                book.writestr(name, data)


def key_of(ring: KeyRing) -> str:
    return next(iter(public_keys(ring)))


def test_a_good_archive_is_said_to_be_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export.run(["verify", str(archive(tmp_path, keyring()))]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "name: Alder?[2J",
        "room: room_1",
        "made_at: 2026-11-22T14:03:00+00:00",
        "installation: https://files.example.com",
        f"key: {key_of(keyring())} (this installation's, master key {keyring().current.id})",
        "2 files, all as they were",
    ]
    assert export.run(["key"]) == 0
    assert capsys.readouterr().out == f"{key_of(keyring())}\n"


def test_what_was_done_to_it_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = archive(tmp_path, keyring())
    rewritten(file, **{"files/1 a.txt": b"Figures", "index.csv": None, "../late.txt": b""})
    assert export.run(["verify", str(file)]) == 1
    assert capsys.readouterr().out.splitlines()[5:] == [
        "files/1 a.txt: changed",
        "../late.txt: a name that leaves its folder; do not unpack this archive",
        "../late.txt: added",
        "index.csv: missing",
        "findings: 4",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alder.zip"], "nothing was unpacked"
    assert not (tmp_path.parent / "late.txt").exists()


def test_a_forged_statement_is_not_believed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = archive(tmp_path, keyring())
    with zipfile.ZipFile(file) as book:
        statement = book.read(STATEMENT)
    rewritten(file, **{STATEMENT: statement.replace(b"room_1", b"room_2")})
    assert export.run(["verify", str(file)]) == 1
    assert "the signature is not of this statement: do not believe it" in capsys.readouterr().out.splitlines()


def test_the_key_of_somebody_else_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = archive(tmp_path, OTHERS)
    assert export.run(["verify", str(file)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[4:] == [
        f"key: {key_of(OTHERS)} (not the expected one)",
        "signed with a key that is not the expected one: do not believe it",
        "findings: 1",
    ]
    assert export.run(["verify", str(file), "--key", key_of(OTHERS).upper()]) == 0
    assert capsys.readouterr().out.splitlines()[4:] == [
        f"key: {key_of(OTHERS)} (the one that was given)",
        "2 files, all as they were",
    ]


def test_what_cannot_be_read_is_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.zip").write_bytes(b"text")
    assert export.run(["verify", str(tmp_path / "a.zip")]) == 1
    assert capsys.readouterr().out.splitlines() == ["this is not a whole ZIP archive", "findings: 1"]
    assert export.run(["verify", str(tmp_path / "none.zip")]) == 1
    assert capsys.readouterr().err == f"{tmp_path / 'none.zip'}: {os.strerror(2)}\n"


@pytest.mark.slow
def test_with_the_key_no_installation_is_needed(tmp_path: Path, shell: Shell) -> None:
    file = archive(tmp_path, OTHERS)
    done = shell("export", "verify", str(file), "--key", key_of(OTHERS))
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "2 files, all as they were")
    assert not shell.data.exists(), "no keys were made"
    wrong = shell("export", "verify", str(file), "--key", "12")
    assert (wrong.returncode, "64 hexadecimal digits" in wrong.stderr) == (2, True)
