# SPDX-License-Identifier: Apache-2.0
"""A whole room as one archive: what is in it, that it proves itself, who gets it, and when it is gone."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from datetime import timedelta

import pytest

from sealroom.access.models import Grant
from sealroom.audit.models import Event
from sealroom.core.archives import check_archive, public_keys
from sealroom.core.errors import Forbidden, NotFound
from sealroom.core.models import Job
from sealroom.core.secrets import keyring
from sealroom.datarooms import flows, queries, tasks
from sealroom.datarooms.errors import ExportRunning
from sealroom.datarooms.flows import Asking
from sealroom.datarooms.models import DataRoom, Group, GroupMember, Guest, Item, RoomExport
from sealroom.datarooms.rules import ExportState, Placed, Right, name_entries, safe_part
from sealroom.documents import queries as document_queries
from sealroom.documents.errors import StorageFull
from sealroom.documents.models import Version
from sealroom.documents.ports import BlobStore
from sealroom.viewing.models import Opening, PageView
from tests.datarooms.test_files import add, prepare
from tests.factories.accounts import Persona
from tests.factories.documents import make_pdf
from tests.factories.rooms import NOW, give, hand_of, leader, make_guest, make_room
from tests.factories.viewing import admit

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=2)
ANNA = "anna@example.org"
Table = list[dict[str, str]]


class Scene:
    """A room with files, a group, a guest who read and asked, and one who was revoked."""

    def __init__(self, owner: Persona) -> None:
        self.owner, self.room = owner, make_room(owner)
        self.hand = leader(owner, self.room)
        self.folder = flows.create_folder(self.hand, "", "Finance: 2026", now=NOW)
        self.empty = flows.create_folder(self.hand, "", "=HYPERLINK(1)", now=NOW)
        self.report = add(self.hand, "Report.pdf", self.folder)
        self.again = add(self.hand, "Report.pdf", None, make_pdf(["other", "words"]))
        self.trashed = add(self.hand, "Old.pdf")
        prepare(self.report)
        flows.throw_away(self.hand, [self.trashed.public_id], now=NOW)
        self.anna, self.bob = make_guest(owner, self.room, ANNA), make_guest(owner, self.room, "bob@example.org")
        group = Group.objects.create(room=self.room, name="Bidders", created_at=NOW)
        GroupMember.objects.create(group=group, guest=self.anna)
        give(self.anna, Right.NONE, self.again)
        flows.revoke_guest(owner.actor, self.room.public_id, self.bob.public_id, now=NOW)

    def read(self) -> Opening:
        """Anna has two pages of the report on screen."""
        link, document = self.anna.link, self.report.document
        assert link is not None
        assert document is not None
        grant = Grant.objects.create(link=link, document=document)
        admission = admit(link, document, now=NOW)
        opening = Opening.objects.create(
            grant=grant, version=admission.version, address=ANNA, ip="203.0.113.7", device="Firefox", started_at=LATER,
            last_seen_at=LATER, last_beat_at=LATER,
        )  # fmt: skip
        for page, active in ((1, 12_500), (3, 3_000)):
            PageView.objects.create(opening=opening, page=page, first_at=LATER, last_at=LATER, active_ms=active)
        return opening

    def request(self, *, short: bool = False) -> str:
        return flows.request_export(self.owner.actor, self.room.public_id, has_short_paths=short, now=LATER)

    def make(self, *, short: bool = False) -> bytes:
        export = self.request(short=short)
        flows.make_export(RoomExport.objects.get(public_id=export).pk, now=LATER)
        return b"".join(self.open(export).chunks)

    def open(self, export: str, *, actor: Persona | None = None, days: float = 0) -> flows.OpenedExport:
        now = LATER + timedelta(days=days)
        return flows.open_export((actor or self.owner).actor, self.room.public_id, export, now=now)

    def listed(self) -> queries.ExportView:
        return flows.list_exports(self.owner.actor, self.room.public_id)[0]


@pytest.fixture
def scene(owner: Persona, own_blobs: BlobStore) -> Scene:
    return Scene(owner)


def unpacked(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as book:
        assert book.testzip() is None
        return {name: book.read(name) for name in book.namelist()}


def table(files: dict[str, bytes], name: str) -> Table:
    return list(csv.DictReader(io.StringIO(files[name].decode("utf-8-sig"), newline="")))


def test_the_tree_lies_in_the_archive(scene: Scene) -> None:
    files = unpacked(scene.make())
    assert sorted(files) == [
        "activity.csv",
        "files/1 Finance_ 2026/1.1 Report.pdf",
        "files/2 =HYPERLINK(1)/",
        "files/3 Report.pdf",
        "guests.csv",
        "index.csv",
        "questions.csv",
        "rights.csv",
        "statement.json",
        "statement.sig",
    ]
    assert files["files/1 Finance_ 2026/1.1 Report.pdf"] == make_pdf()
    assert files["files/3 Report.pdf"] == make_pdf(["other", "words"])
    index = table(files, "index.csv")
    assert [(row["number"], row["path"], row["kind"], row["file"]) for row in index] == [
        ("1", "Finance: 2026", "folder", "files/1 Finance_ 2026/"),
        ("1.1", "Finance: 2026/Report.pdf", "file", "files/1 Finance_ 2026/1.1 Report.pdf"),
        ("2", "'=HYPERLINK(1)", "folder", "files/2 =HYPERLINK(1)/"),
        ("3", "Report.pdf", "file", "files/3 Report.pdf"),
    ]
    report = index[1]
    digest = hashlib.sha256(make_pdf()).hexdigest()
    told = {"name": "Report.pdf", "type": "pdf", "pages": "1", "size": str(len(make_pdf())), "sha256": digest}
    assert {name: report[name] for name in told} == told
    assert (report["added_by"], report["added_at"]) == ("owner@example.com", "2026-11-22T14:03:00Z")


def test_short_paths_are_counted_and_named_in_the_index(scene: Scene) -> None:
    files = unpacked(scene.make(short=True))
    assert sorted(name for name in files if name.startswith("files/")) == ["files/0001.pdf", "files/0002.pdf"]
    assert [(row["path"], row["file"]) for row in table(files, "index.csv") if row["kind"] == "file"] == [
        ("Finance: 2026/Report.pdf", "files/0001.pdf"),
        ("Report.pdf", "files/0002.pdf"),
    ]


def test_the_statement_proves_every_file(scene: Scene) -> None:
    archive = scene.make()
    report = check_archive(io.BytesIO(archive), public_keys(keyring()))
    assert (report.findings, report.files) == ((), 8)
    assert {name: report.facts[name] for name in ("room", "name", "made_at")} == {
        "room": scene.room.public_id,
        "name": "Series B",
        "made_at": LATER.isoformat(),
    }
    stated = {one["name"]: one["sha256"] for one in json.loads(unpacked(archive)["statement.json"])["files"]}
    assert {row["file"]: row["sha256"] for row in table(unpacked(archive), "index.csv") if row["kind"] == "file"} == {
        name: digest for name, digest in stated.items() if name.endswith(".pdf")
    }


def test_people_and_rights_lie_beside_it(scene: Scene) -> None:
    files = unpacked(scene.make())
    assert [(row["address"], row["role"], row["state"], row["groups"]) for row in table(files, "guests.csv")] == [
        (ANNA, "guest", "invited", "Bidders"),
        ("bob@example.org", "guest", "revoked", ""),
    ]
    rights = [(row["guest"], row["number"], row["right"]) for row in table(files, "rights.csv")]
    assert rights == [
        *((ANNA, number, "view") for number in ("1", "1.1", "2")),
        (ANNA, "3", "none"),
        *(("bob@example.org", number, "none") for number in ("1", "1.1", "2", "3")),
    ]


def test_questions_lie_beside_it(scene: Scene) -> None:
    guest = Guest.objects.select_related("room__team").get(pk=scene.anna.pk)
    asking = Asking("Rent?", "=1+1 years?", item=scene.report.public_id)
    question = flows.ask_question(hand_of(guest), asking, now=NOW)
    shown = [scene.again.public_id]
    flows.reply_to_question(scene.hand, question.public_id, "Ten years.", attachments=shown, closes=True, now=LATER)
    flows.ask_question(hand_of(guest), Asking("Old?", "What of it?", item=scene.report.public_id), now=LATER)
    flows.throw_away(scene.hand, [scene.folder.public_id], now=LATER)
    rows = table(unpacked(scene.make()), "questions.csv")
    names = ("number", "subject", "state", "about", "asked_by", "post", "by", "is_answer", "text", "attachments")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("1", "Rent?", "closed", "(deleted)", ANNA, "1", ANNA, "no", "'=1+1 years?", ""),
        ("1", "Rent?", "closed", "(deleted)", ANNA, "2", "owner@example.com", "yes", "Ten years.", "Report.pdf"),
        ("2", "Old?", "open", "(deleted)", ANNA, "1", ANNA, "no", "What of it?", ""),
    ]


def test_activity_tells_deeds_and_reading(scene: Scene, stranger: Persona) -> None:
    make_room(stranger, "Elsewhere")
    other = make_room(scene.owner, "Another")
    flows.create_folder(leader(scene.owner, other), "", "Not here", now=NOW)
    scene.read()
    rows = table(unpacked(scene.make()), "activity.csv")
    reading = rows[0]
    told = {
        "at": "2026-11-22T16:03:00Z", "what": "reading", "who": ANNA, "path": "Finance: 2026/Report.pdf", "ip": "203.0.113.7",
        "device": "Firefox", "version": "1", "pages": "1 3", "seconds": "15", "seconds_by_page": "1=12.5 3=3.0",
    }  # fmt: skip
    assert {name: reading[name] for name in told} == told
    trail = Event.objects.filter(team=scene.owner.team.public_id).order_by("-number")
    mine = [event for event in trail if scene.room.public_id in (event.subject, event.facts.get("room"))]
    listed = [row["what"] for row in rows if row["what"] != "reading"]
    assert listed == [event.verb for event in mine if event.verb not in ("data_room.exported", "data.exported")]
    assert "data_room.guest_revoked" in listed
    assert [row["path"] for row in rows if row["what"] == "data_room.item_trashed"] == ["Old.pdf"]


def test_deeds_and_openings_of_more_than_one_batch_come_in_order(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sealroom.datarooms.queries.activity._BATCH", 2)
    first = scene.read()
    for minutes in (1, 1, 2, 3):
        at = LATER + timedelta(minutes=minutes)
        Opening.objects.create(
            grant=first.grant, version=first.version, address=ANNA, started_at=at, last_seen_at=at, last_beat_at=at
        )
    rows = [row for row in queries.activity_rows(scene.room) if row[1] == "reading"]
    assert [str(row[0])[14:16] for row in rows] == ["06", "05", "04", "04", "03"]


def test_the_job_keeps_the_archive_for_a_week(scene: Scene, own_blobs: BlobStore) -> None:
    export = scene.request()
    job = Job.objects.get(name="datarooms.make_export")
    assert (job.priority, job.lane) == (9, f"export:{scene.room.team_id}")
    with pytest.raises(NotFound):
        scene.open(export)
    tasks.make_export(**job.arguments)
    ready = RoomExport.objects.get(public_id=export)
    assert ready.blob_key is not None
    assert (ready.state, ready.progress, ready.error_code) == ("ready", 100, "")
    assert ready.blob_key in set(document_queries.referenced_keys())
    assert list(document_queries.unused_keys([ready.blob_key])) == []
    now = ready.ready_at
    assert now is not None
    opened = flows.open_export(scene.owner.actor, scene.room.public_id, export, now=now)
    data = b"".join(opened.chunks)
    assert (opened.name, opened.size, opened.sha256) == (
        f"Series B {now:%Y-%m-%d}.zip",
        len(data),
        hashlib.sha256(data).hexdigest(),
    )
    flows.remove_old_exports(now=now + timedelta(days=7) - timedelta(seconds=1))
    assert scene.listed().state is ExportState.READY
    with pytest.raises(NotFound):
        flows.open_export(scene.owner.actor, scene.room.public_id, export, now=now + timedelta(days=7))
    assert flows.remove_old_exports(now=now + timedelta(days=7)) == 1
    assert scene.listed().state is ExportState.EXPIRED
    assert ready.blob_key not in set(own_blobs.keys())


def test_an_export_and_its_opening_are_on_the_trail(scene: Scene) -> None:
    scene.make()
    verbs = ["data_room.exported", "data.exported"]
    events = Event.objects.filter(verb__in=verbs).order_by("number").values_list("verb", "actor", "subject", "facts")
    listed = scene.listed()
    export = {"room": scene.room.public_id, "export": listed.id}
    assert list(events) == [
        (verbs[0], scene.owner.user.public_id, scene.room.public_id, export | {"sha256": listed.sha256}),
        (verbs[1], scene.owner.user.public_id, scene.room.public_id, export | {"list": "data_room", "format": "zip"}),
    ]


def test_one_is_made_at_a_time(scene: Scene) -> None:
    scene.request()
    with pytest.raises(ExportRunning):
        scene.request()
    flows.give_up_export(RoomExport.objects.get().pk)
    assert (scene.listed().state, scene.listed().error_code) == (ExportState.FAILED, "error")
    scene.request()


def test_who_does_not_lead_the_room_gets_nothing(scene: Scene, member: Persona, stranger: Persona) -> None:
    scene.make()
    export = scene.listed().id
    for person, refusal in ((member, NotFound), (stranger, NotFound)):
        with pytest.raises(refusal):
            flows.request_export(person.actor, scene.room.public_id, now=LATER)
        with pytest.raises(refusal):
            flows.list_exports(person.actor, scene.room.public_id)
        with pytest.raises(refusal):
            scene.open(export, actor=person)
    guest = make_guest(scene.owner, scene.room, member.user.email)
    with pytest.raises(Forbidden):
        scene.open(export, actor=member)
    Guest.objects.filter(pk=guest.pk).update(role="co_owner")
    assert scene.open(export, actor=member).size == scene.listed().size


def test_another_rooms_export_is_not_found(scene: Scene) -> None:
    scene.make()
    other = make_room(scene.owner, "Another")
    with pytest.raises(NotFound):
        flows.open_export(scene.owner.actor, other.public_id, scene.listed().id, now=LATER)


def test_a_closed_room_can_be_exported(scene: Scene) -> None:
    flows.close_room(scene.owner.actor, scene.room.public_id, now=LATER)
    assert len(unpacked(scene.make())) == 10


def test_bytes_that_are_gone_make_it_fail(scene: Scene, own_blobs: BlobStore) -> None:
    own_blobs.delete(Version.objects.get(document__item=scene.report).original_key)
    scene.request()
    before = set(own_blobs.keys())
    flows.make_export(RoomExport.objects.get().pk, now=LATER)
    assert (scene.listed().state, scene.listed().error_code) == (ExportState.FAILED, "blob_missing")
    assert set(own_blobs.keys()) == before


def test_a_full_medium_is_tried_again(scene: Scene, own_blobs: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.request()
    export = RoomExport.objects.get()

    def full(*_: object, **__: object) -> None:
        raise StorageFull

    with monkeypatch.context() as patch:
        patch.setattr(type(own_blobs), "put", full)
        with pytest.raises(StorageFull):
            flows.make_export(export.pk, now=LATER)
    assert (scene.listed().state, scene.listed().error_code) == (ExportState.RUNNING, "storage_full")
    flows.make_export(export.pk, now=LATER)
    assert (scene.listed().state, scene.listed().error_code) == (ExportState.READY, "")


def test_an_export_is_stopped_before_and_while_it_is_made(
    scene: Scene, own_blobs: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(own_blobs.keys())

    def stop() -> None:
        flows.stop_export(scene.owner.actor, scene.room.public_id, scene.listed().id)

    scene.request()
    stop()
    flows.make_export(RoomExport.objects.get().pk, now=LATER)
    assert scene.listed().state is ExportState.STOPPED
    scene.request()
    read = type(own_blobs).open

    def stop_and_read(store: BlobStore, key: str) -> object:
        stop()
        return read(store, key)

    with monkeypatch.context() as patch:
        patch.setattr(type(own_blobs), "open", stop_and_read)
        flows.make_export(RoomExport.objects.latest("pk").pk, now=LATER)
    assert (scene.listed().state, scene.listed().progress) == (ExportState.STOPPED, 0)
    assert set(own_blobs.keys()) == before
    scene.make()
    stop()
    assert scene.listed().state is ExportState.READY
    with pytest.raises(NotFound):
        flows.stop_export(scene.owner.actor, scene.room.public_id, "exp_x")


def test_the_archives_of_a_deleted_room_go(scene: Scene, own_blobs: BlobStore) -> None:
    scene.make()
    key = RoomExport.objects.get().blob_key
    scene.request()
    flows.delete_room(scene.owner.actor, scene.room.public_id, now=LATER)
    flows.make_export(RoomExport.objects.latest("pk").pk, now=LATER)
    assert RoomExport.objects.latest("pk").state == ExportState.FAILED
    assert flows.remove_old_exports(now=LATER) == 1
    assert key not in set(own_blobs.keys())


def test_names_are_unique_and_fit_every_file_system() -> None:
    names = ["A" * 300 + ".pdf", "é" * 200 + ".xlsx", "a/../b", "CON", "con", "..", "x\u202efdp.exe", "e. "]
    items = [Placed(str(place), "", name, False, "") for place, name in enumerate(names)]
    entries = [named.entry for named in name_entries(items, has_short_paths=False).values()]
    assert len({entry.casefold() for entry in entries}) == len(names)
    for entry in entries:
        folder, slash, part = entry.partition("/")
        assert (folder, slash, "/" in part, part.rstrip(". ")) == ("files", "/", False, part)
        assert (len(part) <= 120, len(part.encode()) <= 240) == (True, True)
    assert safe_part("7 x\u202efdp.exe") == "7 x_fdp.exe"
    assert entries[0].endswith("A.pdf")


def test_an_extension_that_is_none_is_left_out_of_short_paths() -> None:
    items = [Placed("a", "", "a", False, "p/df"), Placed("b", "", "b", False, "pdf"), Placed("c", "", "c", True, "")]
    assert [named.entry for named in name_entries(items, has_short_paths=True).values()] == ["files/0001", "files/0002.pdf", ""]


def test_a_room_without_anything_can_be_exported(owner: Persona, own_blobs: BlobStore) -> None:
    room = make_room(owner)
    export = flows.request_export(owner.actor, room.public_id, now=LATER)
    flows.make_export(RoomExport.objects.get(public_id=export).pk, now=LATER)
    opened = flows.open_export(owner.actor, room.public_id, export, now=LATER)
    archive = b"".join(opened.chunks)
    assert (Item.objects.filter(room=room).count(), DataRoom.objects.count()) == (0, 1)
    assert check_archive(io.BytesIO(archive), public_keys(keyring())).findings == ()
