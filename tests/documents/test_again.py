# SPDX-License-Identifier: Apache-2.0
"""Protected and failed files tried again; the password stays nowhere."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pikepdf
import pytest
from django.apps import apps

from sealroom.audit.models import Event
from sealroom.core.errors import Invalid, NotFound, RateLimited
from sealroom.core.models import Job, JobState
from sealroom.documents import flows, queries
from sealroom.documents.errors import NotReady
from sealroom.documents.models import VersionState
from sealroom.documents.ports import get_blob_store
from tests.factories.documents import NOW, current, make_actor, make_pdf, upload, upload_ready

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_blobs")]

PASSWORD = "Tr0ubador & 3 blanks  "


def protected(password: str = PASSWORD, pages: int = 2) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(make_pdf("ab"[:pages]))) as pdf:
        pdf.docinfo["/Author"] = "Ada Author"
        pdf.save(out, encryption=pikepdf.Encryption(owner="owner", user=password, R=6))
    return out.getvalue()


def everything_kept() -> Iterator[str]:
    """Every row of every table as text."""
    for model in apps.get_models():
        yield repr(list(model._default_manager.values_list()))


def test_password_opens_the_file_and_is_gone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    actor = make_actor()
    document = upload_ready(actor, protected())
    assert current(document).error_code == "password_required"

    flows.unlock(actor, document.public_id, PASSWORD, now=NOW)

    job = Job.objects.get(name="documents.unlock")
    with closing(get_blob_store().open(str(job.arguments["secret"]))) as sealed:
        assert PASSWORD.encode() not in sealed.read()
    flows.prepare_unlocked(current(document).pk, str(job.arguments["secret"]), now=NOW)
    version = current(document)
    assert (version.state, version.pages, version.error_code, version.error_facts) == (VersionState.READY, 2, "", {})
    assert version.pdf_key is not None
    with closing(get_blob_store().open(version.pdf_key)) as blob, pikepdf.open(io.BytesIO(blob.read())) as pdf:
        assert not pdf.is_encrypted
    assert str(job.arguments["secret"]) not in set(get_blob_store().keys())
    assert flows.base_page(version, 2).width == 1600
    event = Event.objects.get(verb="document.unlocked")
    assert event.subject == document.public_id
    kept = "".join(everything_kept())
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for spelling in (PASSWORD, json.dumps(PASSWORD)[1:-1], PASSWORD.encode().hex()):
        assert spelling not in kept
        assert spelling.encode() not in files
        assert spelling not in caplog.text


def test_wrong_password_may_be_tried_again_ten_times() -> None:
    actor = make_actor()
    document = upload_ready(actor, protected())
    for _ in range(10):
        flows.unlock(actor, document.public_id, "wrong", now=NOW)
        job = Job.objects.filter(name="documents.unlock").latest("pk")
        flows.prepare_unlocked(current(document).pk, str(job.arguments["secret"]), now=NOW)
        Job.objects.all().update(state=JobState.DONE)
        assert (current(document).state, current(document).error_code) == (VersionState.FAILED, "password_wrong")
        assert str(job.arguments["secret"]) not in set(get_blob_store().keys())

    with pytest.raises(RateLimited):
        flows.unlock(actor, document.public_id, PASSWORD, now=NOW)
    flows.unlock(actor, document.public_id, PASSWORD, now=NOW + timedelta(minutes=11))


def test_only_files_that_wait_for_a_password_take_one() -> None:
    actor = make_actor()
    ready, broken = upload_ready(actor, make_pdf()), upload_ready(actor, b"%PDF-1.7 nothing more")
    for document in (ready, broken):
        with pytest.raises(NotReady):
            flows.unlock(actor, document.public_id, PASSWORD, now=NOW)
    with pytest.raises(Invalid):
        flows.unlock(actor, upload_ready(actor, protected()).public_id, "", now=NOW)
    with pytest.raises(NotFound):
        flows.unlock(make_actor("other@example.net"), ready.public_id, PASSWORD, now=NOW)
    assert len(list(queries.unused_keys(get_blob_store().keys()))) == 0


def test_second_unlock_waits_for_the_first() -> None:
    actor = make_actor()
    document = upload_ready(actor, protected())
    flows.unlock(actor, document.public_id, "wrong", now=NOW)

    with pytest.raises(NotReady):
        flows.unlock(actor, document.public_id, PASSWORD, now=NOW)


def test_password_goes_when_the_attempts_are_used_up() -> None:
    actor = make_actor()
    document = upload_ready(actor, protected())
    flows.unlock(actor, document.public_id, PASSWORD, now=NOW)
    secret = str(Job.objects.get(name="documents.unlock").arguments["secret"])

    flows.give_up_unlocking(current(document).pk, secret, now=NOW)

    assert current(document).state == VersionState.FAILED
    assert secret not in set(get_blob_store().keys())


def test_job_that_is_run_twice_does_no_harm() -> None:
    actor = make_actor()
    document = upload_ready(actor, protected())
    flows.unlock(actor, document.public_id, PASSWORD, now=NOW)
    secret = str(Job.objects.get(name="documents.unlock").arguments["secret"])
    for _ in range(2):
        flows.prepare_unlocked(current(document).pk, secret, now=NOW)

    assert current(document).state == VersionState.READY


def test_failed_file_is_tried_again_without_an_upload() -> None:
    actor = make_actor()
    document = upload_ready(actor, b"%PDF-1.7 nothing more")

    flows.retry(actor, document.public_id, now=NOW)

    assert (current(document).state, current(document).error_code) == (VersionState.RECEIVED, "")
    flows.prepare(current(document).pk, now=NOW)
    assert (current(document).state, current(document).error_code) == (VersionState.FAILED, "corrupt")


def test_only_failed_files_are_tried_again() -> None:
    actor = make_actor()
    for document in (upload(actor, make_pdf()), upload_ready(actor, make_pdf())):
        with pytest.raises(NotReady):
            flows.retry(actor, document.public_id, now=NOW)
