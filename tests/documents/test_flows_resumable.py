# SPDX-License-Identifier: Apache-2.0
"""Uploads in parts: what is counted is safe, ends once, in one document with the same bytes, and what is given up goes."""

from __future__ import annotations

import hashlib
import os
import random
import signal
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from sealroom.accounts import queries as accounts
from sealroom.accounts.models import User
from sealroom.accounts.rules import Actor, Route
from sealroom.billing import queries as billing
from sealroom.core.errors import NotFound
from sealroom.documents import flows, queries
from sealroom.documents.errors import ChecksumMismatch, OffsetConflict, StorageQuota, TooLarge, TooManyUploads, TypeRefused
from sealroom.documents.flows import resumable
from sealroom.documents.flows.resumable import LIFE, PART_BYTES, Checksum
from sealroom.documents.models import Document, Upload, UploadPart
from sealroom.documents.ports import BlobStore, get_blob_store
from tests.factories.accounts import Persona
from tests.factories.documents import NOW, make_actor, make_pdf, upload_ready
from tests.processes import Database, do, race, start

PDF = make_pdf(["one", "two"])


def _long_text(size: int) -> bytes:
    return (b"words and words and words\n" * (size // 26 + 1))[:size]


def _pieces(data: bytes, size: int = 65_536) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def _bytes_of(document_id: str) -> bytes:
    document = Document.objects.select_related("current").get(public_id=document_id)
    assert document.current is not None
    with closing(flows.open_original(document.current)) as source:
        return source.read()


def test_parts_become_one_document_with_the_same_bytes(owner: Persona, own_blobs: BlobStore) -> None:
    actor = owner.actor
    begun = flows.begin_upload(actor, "Offer.pdf", len(PDF), now=NOW)
    half = flows.append(actor, begun.id, [PDF[:100]], offset=0, now=NOW)
    assert (half.offset, half.document_id) == (100, "")
    whole = flows.append(actor, begun.id, _pieces(PDF[100:], 7), offset=100, now=NOW)
    document = Document.objects.select_related("current").get()
    assert document.current is not None
    assert (whole.offset, whole.document_id, whole.version_id) == (len(PDF), document.public_id, document.current.public_id)
    assert (document.current.sha256, document.owner_id) == (hashlib.sha256(PDF).hexdigest(), owner.user.pk)
    assert _bytes_of(whole.document_id) == PDF
    assert set(own_blobs.keys()) == set(queries.referenced_keys()), "the parts are gone"
    assert flows.append(actor, begun.id, [], offset=len(PDF), now=NOW) == whole, "asking again changes nothing"
    assert Document.objects.count() == 1


def test_the_next_version_of_a_document(owner: Persona) -> None:
    document = upload_ready(owner.actor, now=NOW)
    begun = flows.begin_upload(owner.actor, "Second.pdf", len(PDF), now=NOW, document_id=document.public_id)
    done = flows.append(owner.actor, begun.id, [PDF], offset=0, now=NOW + timedelta(minutes=1))
    version = document.versions.get(number=2)
    assert (done.document_id, done.version_id, version.name) == (document.public_id, version.public_id, "Second.pdf")


def test_a_stream_that_breaks_off_keeps_what_is_whole(owner: Persona) -> None:
    data = _long_text(2 * PART_BYTES + 500)

    def broken() -> Iterator[bytes]:
        yield from _pieces(data[: PART_BYTES + 70_000])
        raise ConnectionResetError

    begun = flows.begin_upload(owner.actor, "notes.txt", len(data), now=NOW)
    with pytest.raises(ConnectionResetError):
        flows.append(owner.actor, begun.id, broken(), offset=0, now=NOW)
    stands = queries.upload_view(queries.get_upload(owner.actor, begun.id, now=NOW)).offset
    assert stands == PART_BYTES
    done = flows.append(owner.actor, begun.id, _pieces(data[stands:]), offset=stands, now=NOW)
    assert _bytes_of(done.document_id) == data


def test_wrong_offset_is_refused_and_named(owner: Persona) -> None:
    begun = flows.begin_upload(owner.actor, "Offer.pdf", len(PDF), now=NOW)
    flows.append(owner.actor, begun.id, [PDF[:50]], offset=0, now=NOW)
    for offset in (0, 49, 51, len(PDF)):
        with pytest.raises(OffsetConflict) as refused:
            flows.append(owner.actor, begun.id, [PDF[offset:]], offset=offset, now=NOW)
        assert refused.value.facts == {"offset": 50}


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_bytes_of_another_checksum_are_not_kept(owner: Persona, own_blobs: BlobStore, algorithm: str) -> None:
    begun = flows.begin_upload(owner.actor, "Offer.pdf", len(PDF), now=NOW)
    told = Checksum(algorithm, hashlib.new(algorithm, PDF).digest())
    with pytest.raises(ChecksumMismatch):
        flows.append(owner.actor, begun.id, [PDF[:-1] + b"?"], offset=0, now=NOW, checksum=told)
    assert list(own_blobs.keys()) == []
    assert queries.get_upload(owner.actor, begun.id, now=NOW).offset == 0
    assert flows.append(owner.actor, begun.id, [PDF], offset=0, now=NOW, checksum=told).document_id


def test_more_than_declared_is_refused(owner: Persona) -> None:
    begun = flows.begin_upload(owner.actor, "Offer.pdf", len(PDF), now=NOW)
    with pytest.raises(TooLarge):
        flows.append(owner.actor, begun.id, [PDF + b"more"], offset=0, now=NOW)
    assert Document.objects.count() == 0


@pytest.mark.parametrize(("name", "reason"), [("virus.exe", "program"), ("all.zip", "archive")])
def test_names_are_refused_before_a_byte_is_sent(owner: Persona, name: str, reason: str) -> None:
    with pytest.raises(TypeRefused) as refused:
        flows.begin_upload(owner.actor, name, 10, now=NOW)
    assert refused.value.facts == {"reason": reason}
    assert Upload.objects.count() == 0


def test_sizes_are_refused_before_a_byte_is_sent(owner: Persona, settings: Any) -> None:
    settings.SEALROOM_MAX_FILE_BYTES = 1000
    with pytest.raises(TooLarge):
        flows.begin_upload(owner.actor, "a.txt", 1001, now=NOW)
    settings.SEALROOM_MAX_FILE_BYTES = 2**50
    with pytest.raises(StorageQuota) as refused:
        flows.begin_upload(owner.actor, "a.txt", 2**49, now=NOW)
    assert refused.value.facts["used"] == 0
    with pytest.raises(TypeRefused):
        flows.begin_upload(owner.actor, "a.txt", 0, now=NOW)


def _limit(owner: Persona) -> int:
    return billing.limits_of(owner.team.pk, now=NOW).storage_bytes


def test_what_lies_half_uploaded_counts_against_the_quota(owner: Persona, settings: Any) -> None:
    settings.SEALROOM_MAX_FILE_BYTES = 2**50
    begun = flows.begin_upload(owner.actor, "a.txt", 100, now=NOW)
    flows.append(owner.actor, begun.id, [b"x" * 60], offset=0, now=NOW)
    assert queries.bytes_half_uploaded(owner.team.pk) == 60
    with pytest.raises(StorageQuota) as refused:
        flows.begin_upload(owner.actor, "b.txt", _limit(owner) - 59, now=NOW)
    assert refused.value.facts["used"] == 60
    assert flows.begin_upload(owner.actor, "b.txt", _limit(owner) - 60, now=NOW)


def test_a_user_begins_only_so_many(owner: Persona, member: Persona, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resumable, "MAX_OPEN", 2)
    first = flows.begin_upload(owner.actor, "One.pdf", len(PDF), now=NOW)
    flows.begin_upload(owner.actor, "Two.pdf", len(PDF), now=NOW)
    with pytest.raises(TooManyUploads) as refused:
        flows.begin_upload(owner.actor, "Three.pdf", len(PDF), now=NOW)
    assert (refused.value.facts, Upload.objects.count()) == ({"limit": 2}, 2)
    flows.begin_upload(member.actor, "Other.pdf", len(PDF), now=NOW)
    flows.append(owner.actor, first.id, [PDF], offset=0, now=NOW)
    flows.begin_upload(owner.actor, "Three.pdf", len(PDF), now=NOW)
    flows.begin_upload(owner.actor, "After a day.pdf", len(PDF), now=NOW + LIFE)


def test_the_first_bytes_are_looked_at_when_they_come(owner: Persona) -> None:
    program = b"\x7fELF" + bytes(5000)
    begun = flows.begin_upload(owner.actor, "Offer.pdf", len(program), now=NOW)
    with pytest.raises(TypeRefused):
        flows.append(owner.actor, begun.id, [program[:4500]], offset=0, now=NOW)
    assert Upload.objects.count() == 0
    begun = flows.begin_upload(owner.actor, "Offer.pdf", len(program), now=NOW)
    flows.append(owner.actor, begun.id, [program[:10]], offset=0, now=NOW)
    with pytest.raises(TypeRefused):
        flows.append(owner.actor, begun.id, [program[10:]], offset=10, now=NOW)
    assert (Upload.objects.count(), UploadPart.objects.count(), Document.objects.count()) == (0, 0, 0)


def test_nobody_else_can_use_an_upload(owner: Persona, member: Persona, stranger: Persona) -> None:
    begun = flows.begin_upload(owner.actor, "Offer.pdf", len(PDF), now=NOW)
    for other in (member, stranger):
        with pytest.raises(NotFound):
            queries.get_upload(other.actor, begun.id, now=NOW)
        with pytest.raises(NotFound):
            flows.append(other.actor, begun.id, [PDF], offset=0, now=NOW)
        with pytest.raises(NotFound):
            flows.abandon_upload(other.actor, begun.id, now=NOW)
    theirs = upload_ready(owner.actor, now=NOW)
    with pytest.raises(NotFound):
        flows.begin_upload(member.actor, "x.pdf", 10, now=NOW, document_id=theirs.public_id)


def test_an_upload_given_up_leaves_nothing(owner: Persona, own_blobs: BlobStore) -> None:
    begun = flows.begin_upload(owner.actor, "Offer.pdf", len(PDF), now=NOW)
    flows.append(owner.actor, begun.id, [PDF[:60]], offset=0, now=NOW)
    late = NOW + LIFE
    assert list(queries.unused_keys(own_blobs.keys())) == []
    assert flows.remove_expired_uploads(now=late - timedelta(seconds=1)) == 0
    with pytest.raises(NotFound):
        queries.get_upload(owner.actor, begun.id, now=late)
    assert flows.remove_expired_uploads(now=late) == 1
    assert (Upload.objects.count(), list(own_blobs.keys())) == (0, [])
    again = flows.begin_upload(owner.actor, "Offer.pdf", len(PDF), now=NOW)
    flows.append(owner.actor, again.id, [PDF[:60]], offset=0, now=NOW)
    flows.abandon_upload(owner.actor, again.id, now=NOW)
    assert list(own_blobs.keys()) == []


def test_forgetting_an_ended_upload_keeps_the_document(owner: Persona) -> None:
    begun = flows.begin_upload(owner.actor, "Offer.pdf", len(PDF), now=NOW)
    done = flows.append(owner.actor, begun.id, [PDF], offset=0, now=NOW)
    flows.remove_expired_uploads(now=NOW + LIFE)
    assert _bytes_of(done.document_id) == PDF


def test_forty_megabytes_pass_in_constant_memory(owner: Persona) -> None:
    """By construction: no piece that is handed on is larger than the pieces that came, and none is kept."""
    size, seen = 40 * 1024**2, []
    store = get_blob_store()

    class Watching:
        def put(self, chunks: Any, **facts: Any) -> Any:
            def watched() -> Iterator[bytes]:
                for chunk in chunks:
                    seen.append(len(chunk))
                    yield chunk

            return store.put(watched(), **facts)

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resumable, "get_blob_store", Watching)
        begun = flows.begin_upload(owner.actor, "notes.txt", size, now=NOW)
        block = b"0123456789abcde\n" * 4096
        done = flows.append(owner.actor, begun.id, (block for _ in range(size // len(block))), offset=0, now=NOW)
    assert max(seen) <= len(block)
    assert sum(seen) == size
    made = Document.objects.select_related("current").get(public_id=done.document_id)
    assert made.current is not None
    assert made.current.sha256 == hashlib.sha256(block * (size // len(block))).hexdigest()


# -- Processes


def _begin(data: bytes) -> str:
    actor = make_actor()
    begun = flows.begin_upload(actor, "notes.txt", len(data), now=NOW)
    flows.append(actor, begun.id, [data[:5000]], offset=0, now=NOW)
    return begun.id


def _actor() -> Actor:
    actor = accounts.actor_for(User.objects.get(), route=Route.WEB, ip="")
    assert actor is not None
    return actor


def _end(upload_id: str, data: bytes) -> str:
    try:
        return flows.append(_actor(), upload_id, _pieces(data[5000:], 1000), offset=5000, now=NOW).document_id
    except OffsetConflict:
        return "conflict"


def _documents() -> list[str]:
    assert list(queries.blob_faults(read=True)) == []
    return list(Document.objects.values_list("public_id", flat=True))


def test_two_that_end_it_together_make_one_document(database: Database, own_blobs: BlobStore) -> None:
    data = _long_text(400_000)
    upload_id = do(database, _begin, data)
    answers = race(database, _end, [(upload_id, data)] * 4)
    (document,) = do(database, _documents)
    assert set(answers) <= {document, "conflict"}
    assert document in answers


def _die_at(upload_id: str, data: bytes, moment: str) -> None:
    """Dies by kill -9 while the last bytes are taken in."""
    store = get_blob_store()
    calls = [0]

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    class Dying:
        def put(self, chunks: Any, **facts: Any) -> Any:
            blob = store.put(chunks, **facts)
            calls[0] += 1
            if moment == "stored":
                die()
            return blob

        def open(self, key: str) -> Any:
            if moment == "joining":
                die()
            return store.open(key)

        def delete(self, key: str) -> None:
            if moment == "ended":
                die()

    setattr(resumable, "get_blob_store", Dying)  # noqa: B010 -- the process dies with it
    flows.append(_actor(), upload_id, [data[5000:]], offset=5000, now=NOW)


def _stands(upload_id: str) -> int:
    return queries.get_upload(_actor(), upload_id, now=NOW).offset


@pytest.mark.parametrize("moment", ["stored", "joining", "ended"])
def test_killed_at_any_moment_it_goes_on_and_ends_once(moment: str, sqlite_database: Database, own_blobs: BlobStore) -> None:
    offset, made = (400_000, 1) if moment == "ended" else (5000, 0)
    data = random.Random(7).randbytes(400_000).replace(b"\0", b"a").hex().encode()[:400_000]
    upload_id = do(sqlite_database, _begin, data)
    victim = start(sqlite_database, _die_at, upload_id, data, moment)
    victim.join(60)
    assert victim.exitcode == -signal.SIGKILL
    assert do(sqlite_database, _stands, upload_id) == offset
    assert len(do(sqlite_database, _documents)) == made
    if not made:
        assert do(sqlite_database, _end, upload_id, data)
    assert len(do(sqlite_database, _documents)) == 1
