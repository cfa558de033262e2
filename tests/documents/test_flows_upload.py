# SPDX-License-Identifier: Apache-2.0
"""Taking documents in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from django.test import override_settings

from sealroom.accounts.rules import Actor
from sealroom.billing import queries as billing
from sealroom.core.errors import Forbidden, Invalid, NotFound
from sealroom.core.models import Job
from sealroom.documents import flows, queries
from sealroom.documents.errors import NotReady, StorageQuota, TooLarge, TypeRefused
from sealroom.documents.models import Document, Version, VersionState
from sealroom.documents.ports import get_blob_store
from tests.factories.accounts import Persona
from tests.factories.documents import NOW, current, make_actor, make_pdf, upload, upload_ready

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_blobs")]


@pytest.fixture
def storage_limit(monkeypatch: pytest.MonkeyPatch) -> Callable[[Actor, int], None]:
    """Gives every team a plan with so many bytes of storage."""
    limits_of = billing.limits_of

    def give(actor: Actor, size: int) -> None:
        monkeypatch.setattr(billing, "limits_of", lambda team, *, now: replace(limits_of(team, now=now), storage_bytes=size))

    return give


def test_upload_keeps_the_very_bytes() -> None:
    actor, data = make_actor(), make_pdf(("one", "two"))
    document = flows.accept_upload(actor, [data[:10], b"", data[10:]], name="../x/Offer .pdf", size=len(data), now=NOW)
    version = current(document)
    assert (document.name, version.kind, version.size, version.number) == ("Offer .pdf", "pdf", len(data), 1)
    assert version.sha256 == hashlib.sha256(data).hexdigest()
    assert (version.state, version.pages, version.published_at) == (VersionState.RECEIVED, None, NOW)
    with flows.open_original(version) as kept:
        assert kept.read() == data
    assert [(job.name, job.lane) for job in Job.objects.filter(name="documents.prepare")] == [
        ("documents.prepare", str(actor.team_id))
    ]


def test_upload_of_unknown_size_is_taken() -> None:
    document = flows.accept_upload(make_actor(), iter([make_pdf()]), name="a.pdf", size=None, now=NOW)
    assert current(document).size == len(make_pdf())


def test_upload_reads_in_pieces() -> None:
    """Nothing is asked of the stream before the pieces in front of it are stored, but for the first bytes."""
    asked = []

    def stream() -> Iterator[bytes]:
        for number in range(64):
            asked.append(number)
            yield b"%PDF-1.7\n" + b"x" * 65536

    flows.accept_upload(make_actor(), stream(), name="a.pdf", size=None, now=NOW)
    assert asked == list(range(64))


REFUSED = [
    ("empty.pdf", b"", TypeRefused, "empty"),
    ("setup.exe", b"MZ\x00\x01" + b"\x00" * 200, TypeRefused, "program"),
    ("really.pdf", b"\x7fELF\x02\x01\x01" + b"\x00" * 200, TypeRefused, "mismatch"),
    ("stuff.zip", b"PK\x03\x04" + b"\x00" * 200, TypeRefused, "archive"),
]


@pytest.mark.parametrize(("name", "data", "error", "reason"), REFUSED)
def test_upload_refuses_by_first_bytes(name: str, data: bytes, error: type[Exception], reason: str) -> None:
    with pytest.raises(error) as caught:
        flows.accept_upload(make_actor(), [data], name=name, size=len(data), now=NOW)
    assert caught.value.facts == {"reason": reason}  # type: ignore[attr-defined]
    assert Document.objects.count() == 0
    assert list(get_blob_store().keys()) == []


@override_settings(SEALROOM_MAX_FILE_BYTES=1000)
@pytest.mark.parametrize("declared", [True, False])
def test_upload_refuses_what_is_too_large(declared: bool) -> None:
    data = make_pdf()
    with pytest.raises(TooLarge) as caught:
        flows.accept_upload(make_actor(), [data], name="a.pdf", size=len(data) if declared else None, now=NOW)
    assert caught.value.facts["limit"] == 1000
    assert list(get_blob_store().keys()) == []


def test_declared_size_is_refused_before_anything_is_read() -> None:
    unread = iter([make_pdf()])
    with pytest.raises(TooLarge):
        flows.accept_upload(make_actor(), unread, name="a.pdf", size=3 * 1024**3, now=NOW)
    assert list(unread) == [make_pdf()]


def test_upload_refuses_another_size_than_declared() -> None:
    with pytest.raises(Invalid) as caught:
        flows.accept_upload(make_actor(), [make_pdf()], name="a.pdf", size=5, now=NOW)
    assert caught.value.errors == {"size": ["mismatch"]}
    assert list(get_blob_store().keys()) == []


@pytest.mark.parametrize("declared", [True, False])
def test_upload_refuses_past_the_storage_quota(declared: bool, storage_limit: Callable[[Actor, int], None]) -> None:
    actor, data = make_actor(), make_pdf()
    storage_limit(actor, len(data) + 10)
    upload(actor, data)
    with pytest.raises(StorageQuota) as caught:
        flows.accept_upload(actor, [data], name="b.pdf", size=len(data) if declared else None, now=NOW)
    assert caught.value.facts == {"used": len(data), "limit": len(data) + 10}
    assert len(list(get_blob_store().keys())) == 1


def test_upload_that_breaks_off_keeps_nothing() -> None:
    def stream() -> Iterator[bytes]:
        yield make_pdf() * 10
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        flows.accept_upload(make_actor(), stream(), name="a.pdf", size=None, now=NOW)
    assert (Document.objects.count(), list(get_blob_store().keys())) == (0, [])


def test_upload_needs_the_right_to_send() -> None:
    with pytest.raises(Forbidden):
        flows.accept_upload(replace(make_actor(), capabilities=frozenset()), [make_pdf()], name="a.pdf", size=None, now=NOW)


def test_version_waits_until_it_is_published() -> None:
    actor = make_actor()
    document = upload_ready(actor)
    old = current(document)
    data = make_pdf(("new", "newer", "newest"))
    version = flows.add_version(actor, document.public_id, [data], name="Offer 2.pdf", size=len(data), now=NOW)
    assert (version.number, version.published_at, current(document).pk) == (2, None, old.pk)
    with pytest.raises(NotReady):
        flows.publish_version(document, version, who=actor.who, now=NOW)
    flows.prepare(version.pk, now=NOW)
    flows.publish_version(document, version, who=actor.who, now=NOW)
    assert (document.name, current(document).pk, current(document).pages) == ("Offer 2.pdf", version.pk, 3)
    assert [(view.number, view.is_current) for view in queries.list_versions(document)] == [(1, False), (2, True)]


def test_version_of_another_document_is_not_published() -> None:
    actor = make_actor()
    with pytest.raises(NotFound):
        flows.publish_version(upload_ready(actor), current(upload_ready(actor)), who=actor.who, now=NOW)


def test_only_the_owner_adds_versions(owner: Persona, member: Persona) -> None:
    document = upload(owner.actor)
    flows.share_in_library(owner.actor, document.public_id, now=NOW)
    with pytest.raises(NotFound):
        flows.add_version(member.actor, document.public_id, [make_pdf()], name="a.pdf", size=None, now=NOW)
    assert Version.objects.count() == 1


def test_documents_are_seen_by_owner_and_library(owner: Persona, member: Persona, stranger: Persona) -> None:
    document = upload(owner.actor)
    assert queries.get_document(owner.actor, document.public_id) == document
    for other in (member, stranger):
        with pytest.raises(NotFound):
            queries.get_document(other.actor, document.public_id)
    flows.share_in_library(owner.actor, document.public_id, now=NOW)
    assert queries.get_document(member.actor, document.public_id) == document
    assert [view.id for view in queries.list_documents(member.actor, library=True).items] == [document.public_id]
    with pytest.raises(NotFound):
        queries.get_document(stranger.actor, document.public_id)
    flows.take_from_library(owner.actor, document.public_id, now=NOW)
    with pytest.raises(NotFound):
        queries.get_document(member.actor, document.public_id)


def test_list_goes_on_at_the_cursor() -> None:
    actor = make_actor()
    made = [upload(actor, name=f"{number}.pdf").public_id for number in range(5)]
    first = queries.list_documents(actor, limit=3)
    second = queries.list_documents(actor, limit=3, cursor=first.next or "")
    assert [view.id for view in (*first.items, *second.items)] == made[::-1]
    assert second.next is None
    with pytest.raises(Invalid):
        queries.list_documents(actor, cursor="x")
    plan = upload(actor, name="Großer Plan 100%.pdf").public_id
    for words, found in ((" plan ", [plan]), ("100%", [plan]), ("0%", [plan]), ("_", []), (".PDF", [plan, *made[::-1]])):
        assert [view.id for view in queries.list_documents(actor, search=words).items] == found
