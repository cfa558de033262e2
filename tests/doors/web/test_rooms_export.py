# SPDX-License-Identifier: Apache-2.0
"""The archive of a data room from its page: asked for, watched, stopped, taken along; and by whom not."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.doors.web.conftest import HTMX
from tests.factories.accounts import Persona, make_member
from tests.factories.api import PDF

from sealroom.core.archives import check_archive, public_keys
from sealroom.core.secrets import keyring
from sealroom.datarooms import flows
from sealroom.datarooms.models import DataRoom, Guest, RoomExport
from sealroom.datarooms.rules import Invitation, Invited, Role
from sealroom.documents.ports import BlobStore

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(owner: Persona, own_blobs: BlobStore, present: datetime) -> DataRoom:
    """A room with one file, in a store of its own."""
    made = flows.create_room(owner.actor, "Project Älder", now=present)
    flows.add_file(flows.lead(owner.actor, made.public_id), "", iter([PDF]), name="Offer.pdf", size=len(PDF), now=present)
    return made


def at(room: DataRoom) -> str:
    return f"/rooms/{room.public_id}/export/"


def make(room: DataRoom, now: datetime) -> RoomExport:
    """What the job does."""
    made = RoomExport.objects.filter(room=room).latest("pk")
    flows.make_export(made.pk, now=now)
    made.refresh_from_db()
    return made


def test_archive_is_asked_for_watched_and_taken_along(owner: Persona, room: DataRoom, present: datetime) -> None:
    client = owner.client()
    empty = client.get(at(room)).content.decode()
    assert ("Make it, with full names" in empty, "every 2s" in empty, next(iter(public_keys(keyring()))) in empty) == (
        True,
        False,
        True,
    )
    assert client.post(at(room), {"deed": "full"}).status_code == 302
    RoomExport.objects.update(state="running", progress=40)
    watched = client.get(at(room), headers=HTMX).content.decode()
    assert [words in watched for words in ("<html", "every 2s", 'value="40"', "40%", "Make it, with", "Download")] == [
        False,
        True,
        True,
        True,
        False,
        False,
    ]
    found = make(room, present)
    settled = client.get(at(room), headers=HTMX).content.decode()
    assert [words in settled for words in ("every 2s", "Make it, with", "Download", found.sha256)] == [False, True, True, True]
    answer: Any = client.get(f"{at(room)}{found.public_id}/")
    data = b"".join(answer.streaming_content)
    assert (answer.status_code, answer["Content-Type"], answer["Content-Length"]) == (200, "application/zip", str(len(data)))
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''Project%20%C3%84lder")
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        assert "files/1 Offer.pdf" in book.namelist()
    assert check_archive(io.BytesIO(data), public_keys(keyring())).findings == ()


def test_short_paths_and_a_second_wish(owner: Persona, room: DataRoom) -> None:
    client = owner.client()
    client.post(at(room), {"deed": "short"})
    said = client.post(at(room), {"deed": "full"}, follow=True).content.decode()
    assert "One is being made already" in said
    assert list(RoomExport.objects.values_list("has_short_paths", flat=True)) == [True]


def test_stopped_and_failed_ones_are_told_apart_and_made_again(owner: Persona, room: DataRoom, present: datetime) -> None:
    client = owner.client()
    client.post(at(room), {"deed": "full"})
    client.post(at(room), {"deed": "stop", "export": RoomExport.objects.get().public_id})
    assert "Stopped" in client.get(at(room)).content.decode()
    client.post(at(room), {"deed": "short"})
    RoomExport.objects.filter(state="waiting").update(state="failed", error_code="blob_missing")
    page = client.get(at(room)).content.decode()
    assert ("A file is missing in the store" in page, "Make it again" in page) == (True, True)
    assert client.post(at(room), {"deed": "stop", "export": "exp_x"}).status_code == 404
    assert client.post(at(room), {"deed": "odd"}).status_code == 422


def test_an_archive_lasts_a_week_and_only_for_who_leads(owner: Persona, room: DataRoom, present: datetime) -> None:
    lead, member = (make_member(owner, f"{name}@example.com", now=present) for name in ("lead", "member"))
    flows.invite(owner.actor, room.public_id, Invitation((Invited("lead@example.com"),), role=Role.CO_OWNER.value), now=present)
    owner.client().post(at(room), {"deed": "full"})
    found = make(room, present)
    address = f"{at(room)}{found.public_id}/"
    answer: Any = lead.client().get(address)
    assert (answer.status_code, len(b"".join(answer.streaming_content)), member.client().get(address).status_code) == (
        200,
        found.size,
        404,
    )
    Guest.objects.filter(address="lead@example.com").update(revoked_at=present)
    assert lead.client().get(address).status_code == 404
    RoomExport.objects.update(expires_at=present - timedelta(seconds=1))
    flows.remove_old_exports(now=present)
    page = owner.client().get(at(room)).content.decode()
    assert (owner.client().get(address).status_code, "No longer kept" in page, "Download" in page) == (404, True, False)


def test_many_archives_come_in_pages(owner: Persona, room: DataRoom, present: datetime) -> None:
    RoomExport.objects.bulk_create(
        RoomExport(room=room, requested_by=owner.user, state="expired", created_at=present + timedelta(minutes=n))
        for n in range(25)
    )
    pages = [owner.client().get(f"{at(room)}?page={number}").content.decode() for number in (1, 2)]
    assert [page.count("No longer kept") for page in pages] == [20, 5]
