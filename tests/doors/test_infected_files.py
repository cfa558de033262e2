# SPDX-License-Identifier: Apache-2.0
"""What each door says of a file in which a virus was found."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from importlib import import_module

import pytest
from tests.clamd import FOUND, MARK, Clamd
from tests.doors.portal.conftest import NADIA, Reader, send_parcel
from tests.factories.accounts import make_persona
from tests.factories.api import make_caller
from tests.factories.documents import make_pdf, upload_ready

from sealroom.cli import doctor
from sealroom.cli import documents as command
from sealroom.core.jobs import worker
from sealroom.core.models import Job
from sealroom.documents.models import Version, VersionScan
from sealroom.documents.ports import get_scanner

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_blobs")]


def test_api_and_pages_name_it_and_nobody_gets_it(scanner: Clamd) -> None:
    now = datetime.now(UTC)
    boss = make_persona("boss@example.com", team_name="Northwind", now=now)
    caller = make_caller(boss)
    document = caller.upload(make_pdf() + MARK).body["id"]
    worker.drain()
    shown = caller.get(f"/documents/{document}").body
    assert (shown["state"], shown["error"]["code"], shown["error"]["signature"]) == ("failed", "infected", FOUND)
    refused = caller.post("/sends", {"documents": [document], "recipients": [NADIA]})
    assert (refused.status, refused.code, refused.body["signature"]) == (422, "infected", FOUND)
    draft = caller.call("PUT", f"/drafts/{uuid.uuid4()}", {"documents": [document], "route": "gmail"}).body
    committed = caller.post(f"/drafts/{draft['id']}/commit", {"recipients": [NADIA]}, key=f"{draft['id']}:{draft['revision']}")
    assert (committed.status, committed.code, committed.body["document"]) == (422, "infected", document)
    assert caller.post(f"/documents/{document}/retry").code == "not_ready"
    for language, words in (("en", f"Found: {FOUND}."), ("fr", f"Trouvé\u202f: {FOUND}.")):
        browser = boss.client()
        browser.cookies["sealroom_language"] = language
        assert words in browser.get(f"/files/{document}/").content.decode()


def test_readers_are_told_to_ask_the_sender(scanner: Clamd) -> None:
    now = datetime.now(UTC)
    owner = make_persona("owner@example.com", team_name="Northwind", now=now)
    good, bad = upload_ready(owner.actor, now=now), upload_ready(owner.actor, name="Other.pdf", now=now)
    parcel = send_parcel(owner, [bad, good], now=now)
    reader = Reader()
    reader.prove(parcel.tokens[NADIA], NADIA)
    assert reader.get(parcel.address(NADIA)).status_code == 200
    facts = {"signature": FOUND}
    Version.objects.filter(document=bad).update(state="failed", error_code="infected", error_facts=facts, scan=VersionScan.INFECTED)
    refused = reader.get(parcel.address(NADIA))
    assert refused.status_code == 403
    assert "This is not available." in refused.content.decode()
    for ending in ("p/1.jpg", "download/", "original/", "structure.json"):
        assert reader.get(parcel.address(NADIA, ending)).status_code == 403
    listed = reader.get(f"/v/d/{parcel.links[NADIA]}/").content.decode()
    assert "This file is not available. Ask the sender." in listed


def test_what_the_operator_is_told(scanner: Clamd, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.umask", lambda mask: mask)  # a command is the only one in its process
    (good,) = doctor._viruses()
    assert (good.fine, good.text.startswith("viruses: ClamAV ")) == (True, True)
    monkeypatch.setattr(import_module("sealroom.documents.flows.scan"), "eicar", lambda: b"nothing")
    (blind,) = doctor._viruses()
    assert (blind.fine, "freshclam" in blind.text) == (False, True)
    with scanner.stopped():
        (down,) = doctor._viruses()
    assert (down.fine, "does not answer" in down.text) == (False, True)
    upload_ready(make_persona("owner@example.com", team_name="Northwind", now=datetime.now(UTC)).actor)
    assert command.run(["rescan"]) == command.run(["rescan", "--all"]) == 0
    assert capsys.readouterr().out.splitlines() == [f"Files to be scanned by the worker: {count}" for count in (0, 1)]
    assert Job.objects.filter(name="documents.scan").count() == 1


def test_without_a_scanner(db: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.umask", lambda mask: mask)
    assert not get_scanner().is_on
    (off,) = doctor._viruses()
    assert (off.fine, off.text) == (True, "viruses: no SEALROOM_CLAMD; files are not scanned")
    assert command.run(["rescan"]) == 1
    assert "not scanned here" in capsys.readouterr().err
