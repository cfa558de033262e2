# SPDX-License-Identifier: Apache-2.0
"""Data Rooms: the list, the files of a room, its life; and who may not."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from tests.factories.accounts import Persona, make_member, make_persona
from tests.factories.api import PDF

from sealroom.datarooms import flows, queries
from sealroom.datarooms.flows import Hand
from sealroom.datarooms.models import DataRoom, Item
from sealroom.datarooms.rules import Invitation, Invited, Role
from sealroom.mail.models import OutgoingMail

pytestmark = pytest.mark.django_db
TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
def room(owner: Persona, present: datetime) -> DataRoom:
    """An open room of the owner with two folders."""
    made = flows.create_room(owner.actor, "Project Alder", now=present)
    for name in ("Corporate", "Financial"):
        flows.create_folder(flows.lead(owner.actor, made.public_id), "", name, now=present)
    return made


@pytest.fixture
def hand(owner: Persona, room: DataRoom) -> Hand:
    """The owner in the room."""
    return flows.lead(owner.actor, room.public_id)


def names(room: DataRoom, folder: str = "") -> list[str]:
    """What lies in a folder, in order."""
    return [one.name for one in queries.house_sight(room).children(folder)]


def named(room: DataRoom, name: str) -> Item:
    """A living item by its name."""
    return Item.objects.get(room=room, name=name, trashed_at=None)


def deed(client: Client, room: DataRoom, **data: Any) -> int:
    """The status of one deed with items."""
    return client.post(f"/rooms/{room.public_id}/items/", data).status_code


def test_empty_list_teaches_and_opens_a_room(owner: Persona) -> None:
    client = owner.client()
    assert "No data room yet" in client.get("/rooms/").content.decode()
    answer = client.post("/rooms/", {"name": "Project Birch"})
    made = DataRoom.objects.get()
    assert (answer.status_code, answer["Location"], made.name) == (302, f"/rooms/{made.public_id}/", "Project Birch")
    assert "Project Birch" in client.get("/rooms/").content.decode()


def test_room_without_a_name_is_refused(owner: Persona) -> None:
    answer = owner.client().post("/rooms/", {"name": " "})
    assert (answer.status_code, "Write a name" in answer.content.decode(), DataRoom.objects.count()) == (422, True, 0)


def test_list_tells_own_rooms_from_those_one_visits(owner: Persona, room: DataRoom, present: datetime) -> None:
    member = make_member(owner, "member@example.com", now=present)
    flows.invite(owner.actor, room.public_id, Invitation((Invited("member@example.com"),)), now=present)
    page = member.client().get("/rooms/").content.decode()
    assert ("Rooms you are a guest of" in page, "Rooms you lead" in page, "Project Alder" in page) == (True, False, True)


def test_tree_shows_folders_with_numbers(owner: Persona, room: DataRoom) -> None:
    page = owner.client().get(f"/rooms/{room.public_id}/").content.decode()
    assert all(words in page for words in ("Corporate", "Financial", "New folder", 'tree-count">empty<'))


def test_folder_is_made_renamed_and_put_in_order(owner: Persona, room: DataRoom) -> None:
    client = owner.client()
    deed(client, room, deed="folder", name="Legal")
    deed(client, room, deed=f"up:{named(room, 'Legal').public_id}")
    assert names(room) == ["Corporate", "Legal", "Financial"]
    deed(client, room, deed=f"down:{named(room, 'Corporate').public_id}")
    assert names(room) == ["Legal", "Corporate", "Financial"]
    deed(client, room, deed=f"down:{named(room, 'Financial').public_id}")  # the last one stays
    answer = client.post(f"/rooms/{room.public_id}/items/{named(room, 'Legal').public_id}/", {"deed": "rename", "name": "Law"})
    assert (answer.status_code, names(room)) == (302, ["Law", "Corporate", "Financial"])


def test_drag_puts_one_row_before_another(owner: Persona, room: DataRoom) -> None:
    ids = {name: named(room, name).public_id for name in names(room)}
    status = deed(owner.client(), room, deed="move", item=ids["Financial"], before=ids["Corporate"], to="")
    assert (status, names(room)) == (302, ["Financial", "Corporate"])


def test_folder_is_sorted_by_name(owner: Persona, room: DataRoom) -> None:
    client = owner.client()
    for name in ("10 Leases", "2 Staff"):
        deed(client, room, deed="folder", name=name)
    assert (deed(client, room, deed="sort"), names(room)) == (302, ["2 Staff", "10 Leases", "Corporate", "Financial"])


def test_upload_tells_which_folders_it_filled_first(owner: Persona, room: DataRoom) -> None:
    query = urlencode({"path": "New/Inner", "name": "a.txt", "since": timezone.now().isoformat()})
    at = f"/rooms/{room.public_id}/upload/"
    answer = owner.client().post(f"{at}?{query}", b"text", content_type="application/octet-stream").json()
    assert answer["fresh"] == [named(room, "Inner").public_id, named(room, "New").public_id]
    later = owner.client().post(f"{at}?name=b.txt&since=odd", b"text", content_type="application/octet-stream").json()
    assert later["fresh"] == []


def test_files_come_by_form_and_as_a_stream(owner: Persona, room: DataRoom) -> None:
    client, at = owner.client(), f"/rooms/{room.public_id}/upload/"
    folder = named(room, "Financial").public_id
    plain = client.post(at, {"folder": folder, "files": SimpleUploadedFile("Offer.pdf", PDF)})
    assert (plain.status_code, names(room, folder)) == (302, ["Offer.pdf"])
    query = f"?folder={folder}&path=Audited/2026&name=Report.pdf"
    stream = client.post(at + query, PDF, content_type="application/octet-stream")
    assert (stream.status_code, stream.json()["said"]) == (201, "Added")
    assert [one.name for one in queries.house_sight(room).files] == ["Offer.pdf", "Report.pdf"]
    assert names(room, named(room, "2026").public_id) == ["Report.pdf"]
    assert client.post(at, {}).status_code == 422


def test_large_file_comes_in_parts_into_its_folder(owner: Persona, room: DataRoom, present: datetime) -> None:
    client, at = owner.client(), f"/rooms/{room.public_id}/uploads/"
    words = {"filename": "Report.pdf", "folder": named(room, "Financial").public_id, "path": "Audited/2026"}
    said = ",".join(f"{word} {base64.b64encode(value.encode()).decode()}" for word, value in words.items())
    begun = client.post(at, headers=TUS | {"Upload-Length": str(len(PDF)), "Upload-Metadata": said})
    assert (begun.status_code, begun["Location"].startswith(at)) == (201, True)

    def part(data: bytes, offset: int) -> Any:
        kind = "application/offset+octet-stream"
        return client.patch(begun["Location"], data, content_type=kind, headers=TUS | {"Upload-Offset": str(offset)})

    assert (part(PDF[:10], 0)["Upload-Offset"], client.head(begun["Location"], headers=TUS)["Upload-Offset"]) == ("10", "10")
    assert part(PDF[:10], 0).status_code == 409  # these have come
    other = make_member(owner, "member@example.com", now=present).client()
    assert other.head(begun["Location"], headers=TUS).status_code == 404
    ended = part(PDF[10:], 10)
    assert (ended.status_code, ended["Sealroom-Item"]) == (204, named(room, "Report.pdf").public_id)
    assert names(room, named(room, "2026").public_id) == ["Report.pdf"]


def test_file_that_is_refused_in_parts_says_why(owner: Persona, room: DataRoom, present: datetime) -> None:
    headers = TUS | {"Upload-Length": "9", "Upload-Metadata": f"filename {base64.b64encode(b'run.exe').decode()}"}
    flows.archive_room(owner.actor, room.public_id, now=present)
    answer = owner.client().post(f"/rooms/{room.public_id}/uploads/", headers=headers)
    assert (answer.status_code, answer["X-File-Row"], "said" in answer.json()) == (409, "yes", True)


def test_refused_file_says_why(owner: Persona, room: DataRoom) -> None:
    at = f"/rooms/{room.public_id}/upload/?name=run.exe"
    answer = owner.client().post(at, b"MZ" + bytes(100), content_type="application/octet-stream")
    assert (answer.status_code, answer.json()["said"][:12], queries.house_sight(room).files) == (415, "This kind of", [])


def test_items_are_moved_copied_thrown_away_and_put_back(owner: Persona, room: DataRoom) -> None:
    client, at = owner.client(), f"/rooms/{room.public_id}/trash/"
    corporate, financial = (named(room, name).public_id for name in ("Corporate", "Financial"))
    deed(client, room, deed="copy", item=corporate, to=financial)
    assert names(room, financial) == ["Corporate"]
    deed(client, room, deed="move", item=corporate, to=financial)
    assert (names(room), names(room, financial)) == (["Financial"], ["Corporate", "Corporate (2)"])
    assert deed(client, room, deed="move", item=financial, to=corporate) == 409
    deed(client, room, deed="trash", item=financial)
    assert (names(room), "Financial" in client.get(at).content.decode()) == ([], True)
    client.post(at, {"deed": "restore", "item": financial})
    assert names(room) == ["Financial"]
    deed(client, room, deed="trash", item=financial)
    asked = client.post(at, {"deed": "delete", "item": financial}).content.decode()
    assert ("Delete this for good?" in asked, "Financial" in asked, Item.objects.filter(room=room).count()) == (True, True, 3)
    client.post(at, {"deed": "delete", "item": financial, "sure": "yes"})
    assert Item.objects.filter(room=room).count() == 0


@pytest.mark.parametrize("data", [{}, {"deed": "trash"}, {"deed": "odd", "item": "itm_x"}, {"deed": "folder", "name": ""}])
def test_deed_that_says_too_little_is_refused(owner: Persona, room: DataRoom, data: dict[str, str]) -> None:
    assert (deed(owner.client(), room, **data), names(room)) == (422, ["Corporate", "Financial"])


def test_file_has_versions(owner: Persona, room: DataRoom, hand: Hand, present: datetime) -> None:
    item = flows.add_file(hand, "", iter([PDF]), name="Offer.pdf", size=len(PDF), now=present)
    client, at = owner.client(), f"/rooms/{room.public_id}/items/{item.public_id}/"
    assert client.post(at, {"deed": "replace", "file": SimpleUploadedFile("New.pdf", PDF)}).status_code == 302
    page = client.get(at).content.decode()
    assert ("Version 1" in page, "Version 2" in page) == (True, True)
    first = flows.versions_of(hand, item.public_id)[0].id
    assert client.post(at, {"deed": "restore", "version": first}).status_code == 409  # not ready yet
    assert client.post(at, {"deed": "odd"}).status_code == 422


def test_long_folder_comes_in_pages(owner: Persona, room: DataRoom, present: datetime) -> None:
    Item.objects.bulk_create(
        Item(room=room, position=10_000_000 + n, name=f"F{n:04}", name_key=f"f{n:04}", created_at=present, changed_at=present)
        for n in range(210)
    )
    client = owner.client()
    first, second = (client.get(f"/rooms/{room.public_id}/?page={page}").content.decode() for page in (1, 99))
    box = 'aria-label="{}"'.format
    assert (box("F0197") in first, box("F0198") in first, box("F0198") in second, "201 to 212 of 212" in second) == (
        True,
        False,
        True,
        True,
    )
    found = client.get(f"/rooms/{room.public_id}/?q=f0198").content.decode()
    assert (box("F0198") in found, box("F0197") in found) == (True, False)


def test_who_leads_looks_at_a_file_and_at_the_room(owner: Persona, room: DataRoom, hand: Hand, present: datetime) -> None:
    item = flows.add_file(hand, "", iter([PDF]), name="Offer.pdf", size=len(PDF), now=present)
    at, client = f"/rooms/{room.public_id}/open/", owner.client()
    assert room.house_link is not None
    assert item.document is not None
    link = room.house_link.public_id
    assert client.post(at, {"file": item.public_id})["Location"] == f"/v/d/{link}/{item.document.public_id}/"
    assert client.post(at)["Location"].startswith("http")
    assert client.post(at, {"file": named(room, "Corporate").public_id}).status_code == 404


def test_life_of_a_room(owner: Persona, room: DataRoom) -> None:
    client, at = owner.client(), f"/rooms/{room.public_id}/state/"
    states = []
    for one in ("archive", "close", "reopen"):
        client.post(at, {"deed": one})
        room.refresh_from_db()
        states.append(room.state)
    assert states == ["archived", "closed", "open"]
    client.post(at, {"deed": "trash"})
    page = client.get("/rooms/").content.decode()
    assert ("Project Alder" in page, client.get(f"/rooms/{room.public_id}/").status_code) == (True, 404)
    client.post(at, {"deed": "restore"})
    assert client.get(f"/rooms/{room.public_id}/").status_code == 200
    gone = f"/rooms/{room.public_id}/delete/"
    assert "Delete this data room for good?" in client.get(gone).content.decode()
    assert (client.post(gone).status_code, client.post(at, {"deed": "delete"}).status_code) == (422, 422)
    client.post(gone, {"sure": "yes"})
    room.refresh_from_db()
    assert (room.deleted_at is None, client.post(at, {"deed": "restore"}).status_code) == (False, 404)


def test_archived_room_shows_no_forms_and_refuses(owner: Persona, room: DataRoom, present: datetime) -> None:
    client = owner.client()
    flows.archive_room(owner.actor, room.public_id, now=present)
    page = client.get(f"/rooms/{room.public_id}/").content.decode()
    assert ("New folder" in page, "The room is archived" in page) == (False, True)
    assert deed(client, room, deed="folder", name="More") == 409


def test_room_is_copied_and_given_away(owner: Persona, room: DataRoom, present: datetime) -> None:
    client, at = owner.client(), f"/rooms/{room.public_id}/state/"
    client.post(at, {"deed": "clone", "name": "Project Cedar"})
    assert names(DataRoom.objects.get(name="Project Cedar")) == ["Corporate", "Financial"]
    assert client.post(at, {"deed": "give", "address": "nobody@example.net"}).status_code == 403
    heir = make_member(owner, "heir@example.com", now=present)
    assert client.post(at, {"deed": "give", "address": "heir@example.com"}).status_code == 302
    room.refresh_from_db()
    assert (room.owner_id, client.get(f"/rooms/{room.public_id}/").status_code) == (heir.user.pk, 200)
    letter = OutgoingMail.objects.get(about=f"data_room:{room.public_id}")
    assert (letter.to_address, letter.subject, letter.reply_to) == (
        "heir@example.com",
        "“Project Alder” belongs to you now",
        owner.user.email,
    )
    assert client.post(at, {"deed": "trash"}).status_code == 403  # a co-owner may not


PAGES = ("", "people/", "rights/", "settings/", "questions/", "trash/")


@pytest.mark.parametrize("path", PAGES)
def test_rooms_exist_for_nobody_else(owner: Persona, room: DataRoom, present: datetime, path: str) -> None:
    at = f"/rooms/{room.public_id}/{path}"
    member = make_member(owner, "member@example.com", now=present)
    stranger = make_persona("stranger@example.org", team_name="Elsewhere", now=present)
    guest, lead = (make_member(owner, f"{name}@example.com", now=present) for name in ("guest", "lead"))
    flows.invite(owner.actor, room.public_id, Invitation((Invited("guest@example.com"),)), now=present)
    flows.invite(owner.actor, room.public_id, Invitation((Invited("lead@example.com"),), role=Role.CO_OWNER.value), now=present)
    found = [one.client().get(at).status_code for one in (owner, lead, guest, member, stranger)]
    assert found == [200, 200, 403, 404, 404]
