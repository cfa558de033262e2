# SPDX-License-Identifier: Apache-2.0
"""Nothing in which a virus was found is prepared, opened or handed out; nothing is prepared before it was looked at."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pikepdf
import pytest

from sealroom.audit.models import Event
from sealroom.audit.rules import Verb
from sealroom.core.errors import DomainError
from sealroom.core.jobs import worker
from sealroom.core.models import Job
from sealroom.documents import flows, queries
from sealroom.documents.errors import Infected, NotReady
from sealroom.documents.models import Document, Version, VersionScan, VersionState
from sealroom.documents.ports import get_scanner
from tests.clamd import FOUND, MARK, STREAM_BYTES, Clamd
from tests.factories.documents import NOW, current, make_actor, make_pdf, upload, upload_ready

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_blobs")]


def bad_pdf() -> bytes:
    """Our virus behind the end of a file that is in order otherwise."""
    return make_pdf() + b"\n%" + MARK


def facts_of(document: Document, verb: Verb) -> list[dict[str, Any]]:
    rows = Event.objects.filter(verb=verb.value, subject=document.public_id).order_by("pk")
    return [row.facts for row in rows]


def code_of(document: Document) -> tuple[str, str, str]:
    version = current(document)
    return version.state, version.error_code, version.scan


def test_a_clean_file_is_prepared(scanner: Clamd) -> None:
    document = upload_ready(make_actor())
    version = current(document)
    assert (version.state, version.scan, version.scanned_at) == (VersionState.READY, VersionScan.CLEAN, NOW)
    assert flows.open_original(version).read() == make_pdf()


@pytest.mark.parametrize("name", ["offer.pdf", "notes.txt", "model.bin"])
def test_an_infected_file_ends_and_is_handed_to_nobody(scanner: Clamd, name: str) -> None:
    actor = make_actor()
    data = bad_pdf() if name.endswith(".pdf") else b"x" * 100 + MARK + (b"\0" if name.endswith(".bin") else b"")
    document = upload_ready(actor, data, name=name)
    assert code_of(document) == (VersionState.FAILED, "infected", VersionScan.INFECTED)
    shown = queries.view_of(document).error
    assert shown is not None
    assert (shown.code, shown.facts) == ("infected", {"signature": FOUND})
    version = current(document)
    for take in (
        lambda: flows.open_original(version),
        lambda: flows.base_page(version, 1),
        lambda: flows.structure_of(version),
        lambda: flows.text_of(version, 1),
        lambda: flows.open_media(version),
    ):
        with pytest.raises(Infected):
            take()
    with pytest.raises(NotReady):
        flows.publish_version(document, version, who=actor.who, now=NOW)
    assert facts_of(document, Verb.DOCUMENT_FAILED) == [{"version": version.public_id, "code": "infected", "signature": FOUND}]
    with pytest.raises(NotReady):
        flows.retry(actor, document.public_id, now=NOW)


def test_the_verdict_outlives_the_scanner(scanner: Clamd, settings: Any) -> None:
    document = upload_ready(make_actor(), bad_pdf())
    Version.objects.filter(document=document).update(state=VersionState.RECEIVED, error_code="")  # cut off before it could say so
    settings.SEALROOM_SCANNER = "sealroom.documents.adapters.unscanned.NoScanner"
    get_scanner.cache_clear()
    assert not queries.is_cleared(current(document))
    flows.prepare(current(document).pk, now=NOW)
    assert code_of(document) == (VersionState.FAILED, "infected", VersionScan.INFECTED)
    assert current(document).error_facts == {"signature": FOUND}


def test_a_copy_is_as_infected(scanner: Clamd) -> None:
    actor = make_actor()
    source = current(upload_ready(actor, bad_pdf()))
    keeping = flows.Keeping("data_room", actor.who)
    with flows.copying() as copies:
        copy = flows.copy_document(actor, source, copies, name="again.pdf", keeping=keeping, now=NOW)
    assert code_of(copy) == (VersionState.FAILED, "infected", VersionScan.INFECTED)


def test_without_an_answer_files_wait(scanner: Clamd) -> None:
    document = upload(make_actor())
    with scanner.stopped():
        worker.drain()
        assert code_of(document) == (VersionState.RECEIVED, "", "")
        later = Job.objects.get(name="documents.prepare", state="waiting")
        assert (later.attempts, later.due_at > later.created_at + timedelta(seconds=10)) == (0, True)
        with pytest.raises(NotReady):
            flows.open_original(current(document))
    Job.objects.filter(pk=later.pk).update(due_at=NOW)
    worker.drain()
    assert code_of(document) == (VersionState.READY, "", VersionScan.CLEAN)


def test_a_password_waits_with_its_file(scanner: Clamd) -> None:
    actor, locked = make_actor(), io.BytesIO()
    with pikepdf.open(io.BytesIO(make_pdf())) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(owner="o", user="secret", R=6))
    document = upload_ready(actor, locked.getvalue())
    assert code_of(document) == (VersionState.FAILED, "password_required", VersionScan.CLEAN)
    Version.objects.filter(document=document).update(scan="")
    flows.unlock(actor, document.public_id, "secret", now=NOW)
    with scanner.stopped():
        worker.drain()
        assert code_of(document) == (VersionState.RECEIVED, "", "")
    Job.objects.filter(name="documents.unlock", state="waiting").update(due_at=NOW)
    worker.drain()
    assert code_of(document) == (VersionState.READY, "", VersionScan.CLEAN)


def test_too_large_is_refused_unless_the_operator_lets_it_through(scanner: Clamd, settings: Any) -> None:
    large = upload_ready(make_actor(), bytes(STREAM_BYTES + 1), name="model.bin")
    assert code_of(large) == (VersionState.FAILED, "limit_scan", VersionScan.TOO_LARGE)
    with pytest.raises(NotReady):
        flows.open_original(current(large))
    settings.SEALROOM_CLAMD_TOO_LARGE = "pass"
    flows.retry_kept(large, now=NOW)
    worker.drain()
    assert code_of(large) == (VersionState.READY, "", VersionScan.TOO_LARGE)
    assert queries.is_sendable(current(large))


def test_what_came_before_is_scanned_by_and_by(settings: Any, clamd_daemon: Clamd, request: pytest.FixtureRequest) -> None:
    actor = make_actor()
    good, bad = upload_ready(actor), upload_ready(actor, bad_pdf())
    assert flows.scan_rest() == 0, "nothing is scanned here"
    assert queries.is_sendable(current(bad))
    request.getfixturevalue("scanner")
    assert not queries.is_sendable(current(good))
    with pytest.raises(NotReady):
        flows.open_original(current(good))
    assert flows.base_page(current(good), 1).width == 1600, "pictures of pages are ours"
    assert flows.scan_rest() == 2
    worker.drain()
    assert (code_of(good), code_of(bad)) == (
        (VersionState.READY, "", VersionScan.CLEAN),
        (VersionState.FAILED, "infected", VersionScan.INFECTED),
    )
    assert flows.scan_rest() == 0


def test_scanned_again_by_the_operator(scanner: Clamd) -> None:
    actor = make_actor()
    good, bad, never = upload_ready(actor), upload_ready(actor, bad_pdf()), upload_ready(actor, bad_pdf())
    Version.objects.filter(document=good).update(
        state=VersionState.FAILED, error_code="infected", error_facts={"signature": "Wrong"}, scan=VersionScan.INFECTED
    )
    Version.objects.filter(document=never).update(state=VersionState.READY, error_code="", scan=VersionScan.CLEAN, ready_at=NOW)
    assert flows.defer_rescans() == 0
    assert flows.defer_rescans(documents=[good.public_id]) == 1
    worker.drain()
    assert code_of(good) == (VersionState.READY, "", VersionScan.CLEAN)
    assert flows.base_page(current(good), 1).width == 1600
    assert facts_of(good, Verb.DOCUMENT_CLEARED) == [{"version": current(good).public_id}]
    assert flows.defer_rescans(everything=True) == 3
    worker.drain()
    assert code_of(bad)[1] == code_of(never)[1] == "infected"
    assert len(facts_of(bad, Verb.DOCUMENT_FAILED)) == 1, "what was known is not written down again"
    assert facts_of(never, Verb.DOCUMENT_FAILED)[-1]["signature"] == FOUND


def test_wrongly_condemned_before_it_was_ready(scanner: Clamd) -> None:
    document = upload(make_actor())
    Version.objects.filter(document=document).update(
        state=VersionState.FAILED, error_code="infected", error_facts={"signature": "Wrong"}, scan=VersionScan.INFECTED
    )
    Job.objects.all().delete()
    flows.rescan(current(document).pk, now=NOW)
    worker.drain()
    assert code_of(document) == (VersionState.READY, "", VersionScan.CLEAN)


def test_bytes_that_are_kept_nowhere(scanner: Clamd, settings: Any) -> None:
    flows.require_clean([b"harmless"])
    with pytest.raises(Infected) as found:
        flows.require_clean([MARK])
    assert found.value.facts == {"signature": FOUND}
    large = [bytes(STREAM_BYTES + 1)]
    with pytest.raises(DomainError, match="limit_scan"):
        flows.require_clean(large)
    settings.SEALROOM_CLAMD_TOO_LARGE = "pass"
    flows.require_clean(large)
