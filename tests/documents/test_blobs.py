# SPDX-License-Identifier: Apache-2.0
"""Encrypted files: what goes in comes out, and nothing else ever does."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealroom.core.keyring import KeyRing, MasterKey
from sealroom.documents.adapters.blobs import CHUNK, LocalBlobStore
from sealroom.documents.errors import BlobCorrupt, BlobMissing, StorageFull, TooLarge

FIRST = MasterKey("k1", bytes(range(32)))
SECOND = MasterKey("k2", bytes(range(1, 33)))
EDGES = (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 17)


@pytest.fixture
def store(tmp_path: Path) -> LocalBlobStore:
    return LocalBlobStore(tmp_path, KeyRing((FIRST,)))


def path_of(root: Path, key: str) -> Path:
    return root / key[:2] / key[2:4] / key


@pytest.mark.parametrize("size", EDGES)
def test_blob_returns_what_was_put(store: LocalBlobStore, tmp_path: Path, size: int) -> None:
    data = os.urandom(size)

    stored = store.put([data])

    assert (stored.size, stored.sha256) == (size, hashlib.sha256(data).hexdigest())
    with store.open(stored.key) as reader:
        assert reader.read() == data
    assert list(store.keys()) == [stored.key]
    assert list((tmp_path / "tmp").iterdir()) == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(st.binary(max_size=CHUNK // 2), max_size=8),
    repeat=st.integers(1, 6),
    reads=st.lists(st.tuples(st.integers(0, 400_000), st.integers(0, 90_000)), max_size=6),
)
def test_blob_reads_like_the_bytes_it_holds(
    store: LocalBlobStore, pieces: list[bytes], repeat: int, reads: list[tuple[int, int]]
) -> None:
    data = b"".join(pieces) * repeat
    stored = store.put(piece for _ in range(repeat) for piece in pieces)

    with store.open(stored.key) as reader:
        likeness = io.BytesIO(data)
        for place, length in reads:
            assert (reader.seek(place), reader.read(length)) == (likeness.seek(place), likeness.read(length))
        assert reader.seek(0, os.SEEK_END) == len(data)


def test_blob_is_unreadable_on_disk(store: LocalBlobStore, tmp_path: Path) -> None:
    stored = store.put([b"the secret sentence " * 1000])

    assert b"secret" not in path_of(tmp_path, stored.key).read_bytes()
    assert path_of(tmp_path, stored.key).stat().st_mode & 0o777 == 0o600


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_flipped_bit_is_found_wherever_it_is(store: LocalBlobStore, tmp_path: Path, place: float, bit: int) -> None:
    stored = store.put([b"x" * (CHUNK + 100)])
    path = path_of(tmp_path, stored.key)
    raw = bytearray(path.read_bytes())
    raw[int(place * len(raw))] ^= 1 << bit
    path.write_bytes(raw)

    with pytest.raises(BlobCorrupt), store.open(stored.key) as reader:
        reader.read()


@pytest.mark.parametrize("keep", [0, 1, 40, 100, -1, -CHUNK, -(CHUNK + 16), -(2 * (CHUNK + 16))])
def test_cut_file_is_found_at_once(store: LocalBlobStore, tmp_path: Path, keep: int) -> None:
    stored = store.put([b"x" * (4 * CHUNK)])
    path = path_of(tmp_path, stored.key)
    path.write_bytes(path.read_bytes()[:keep])

    with pytest.raises(BlobCorrupt):
        store.open(stored.key)


def test_exchanged_chunks_are_found(store: LocalBlobStore, tmp_path: Path) -> None:
    stored = store.put([os.urandom(3 * CHUNK)])
    path = path_of(tmp_path, stored.key)
    raw, sealed = path.read_bytes(), CHUNK + 16
    header = len(raw) - 3 * sealed
    path.write_bytes(
        raw[:header] + raw[header + sealed : header + 2 * sealed] + raw[header : header + sealed] + raw[header + 2 * sealed :]
    )

    with store.open(stored.key) as reader, pytest.raises(BlobCorrupt):
        reader.read(1)


def test_exchanged_files_are_found(store: LocalBlobStore, tmp_path: Path) -> None:
    one, two = store.put([b"one"]), store.put([b"two"])
    shutil.copy(path_of(tmp_path, one.key), path_of(tmp_path, two.key))

    with pytest.raises(BlobCorrupt):
        store.open(two.key)


def test_too_long_stream_keeps_nothing(store: LocalBlobStore, tmp_path: Path) -> None:
    with pytest.raises(TooLarge) as caught:
        store.put([b"x" * 60, b"x" * 60], limit=100)

    assert caught.value.facts == {"limit": 100}
    assert list(store.keys()) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_stream_of_exactly_the_limit_is_kept(store: LocalBlobStore) -> None:
    assert store.put([b"x" * 100], limit=100).size == 100


def test_broken_stream_keeps_nothing(store: LocalBlobStore, tmp_path: Path) -> None:
    def stream() -> Iterator[bytes]:
        yield b"x"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.put(stream())

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_full_medium_is_told_as_such(store: LocalBlobStore) -> None:
    def stream() -> Iterator[bytes]:
        yield b"x"
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageFull):
        store.put(stream())


@pytest.mark.parametrize("key", ["", "missing", "../../etc/passwd", "a" * 32, "A" * 32, "a" * 31 + "/"])
def test_unknown_key_is_missing(store: LocalBlobStore, key: str) -> None:
    with pytest.raises(BlobMissing):
        store.open(key)
    store.delete(key)


def test_deleted_blob_is_gone(store: LocalBlobStore) -> None:
    stored = store.put([b"x"])

    store.delete(stored.key)
    store.delete(stored.key)

    assert list(store.keys()) == []
    with pytest.raises(BlobMissing):
        store.open(stored.key)


def test_rotated_key_still_opens_and_can_be_rewrapped(store: LocalBlobStore, tmp_path: Path) -> None:
    data = os.urandom(2 * CHUNK + 5)
    stored = store.put([data])
    rotated = LocalBlobStore(tmp_path, KeyRing((SECOND, FIRST)))

    with rotated.open(stored.key) as reader:  # opened before, read after the change
        assert [rotated.rewrap(stored.key), rotated.rewrap(stored.key)] == [True, False]
        assert reader.read() == data
    with LocalBlobStore(tmp_path, KeyRing((SECOND,))).open(stored.key) as reader:
        assert reader.read() == data
    with pytest.raises(BlobCorrupt) as caught:
        store.open(stored.key)
    assert caught.value.facts["reason"] == "unknown master key"


def test_leftovers_of_the_dead_are_cleared(store: LocalBlobStore, tmp_path: Path) -> None:
    stored = store.put([b"x"])
    for name, moment in (("old", 100.0), ("new", 300.0)):
        (tmp_path / "tmp" / name).write_bytes(b"half")
        os.utime(tmp_path / "tmp" / name, (moment, moment))

    assert store.clear_leftovers(older_than=200.0) == 1

    assert [path.name for path in (tmp_path / "tmp").iterdir()] == ["new"]
    assert list(store.keys()) == [stored.key]


def test_long_stream_needs_little_memory(tmp_path: Path) -> None:
    store = LocalBlobStore(Path(tempfile.mkdtemp(dir=tmp_path)), KeyRing((FIRST,)))
    megabyte = bytes(1024**2)
    tracemalloc.start()
    stored = store.put(megabyte for _ in range(24))
    with store.open(stored.key) as reader:
        while reader.read(1024**2):
            pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 8 * 1024**2
