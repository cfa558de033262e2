# SPDX-License-Identifier: Apache-2.0
"""Data rooms by API: a deal from the first folder to the archive, and what is refused on the way."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import Any

import pytest
from tests.doors.api.test_uploads import ask, words
from tests.factories.api import Answer, Caller, make_caller
from tests.factories.documents import make_pdf

from sealroom.core.errors import NotFound
from sealroom.core.jobs.worker import drain
from sealroom.datarooms import queries
from sealroom.datarooms.models import DataRoom
from sealroom.documents.models import Document
from sealroom.mail.models import OutgoingMail

LEASE, LATER = make_pdf(["Lease"]), make_pdf(["Lease", "Annex"])


@pytest.fixture
def room(admin: Caller) -> str:
    """The address of an empty data room of the admin's."""
    made = admin.post("/datarooms", {"name": "Project Alder"})
    assert made.status == 201, made.body
    return f"/datarooms/{made.body['id']}"


def done(answer: Answer, status: int = 200) -> Any:
    """The body of an answer that must be good."""
    assert answer.status == status, answer.body
    return answer.body


def folder(caller: Caller, room: str, name: str, inside: str | None = None) -> str:
    """The id of a new folder."""
    return str(done(caller.post(f"{room}/items", {"name": name, "folder": inside}), 201)["id"])


def tree(caller: Caller, room: str) -> list[tuple[str, str]]:
    """Number and name of everything in a room."""
    return [(one["number"], one["name"]) for one in done(caller.get(f"{room}/items?deep=true"))["items"]]


def stream(caller: Caller, path: str) -> Any:
    """Bytes that go out, and the answer they came with."""
    answer: Any = caller.client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {caller.key}"})
    return answer, b"".join(answer.streaming_content) if answer.streaming else answer.content


def put_file(caller: Caller, room: str, data: bytes, **said: str) -> Any:
    """Send a file into a room in one piece, by the protocol of resumable uploads."""
    about = words(**{"filename": "Lease.pdf", **said})
    return ask(caller, "POST", f"/api/v1{room}/uploads", data, Upload_Length=str(len(data)), Upload_Metadata=about)


# -- A story ---------------------------------------------------------------------------------------------------------------
def test_a_deal_from_the_first_folder_to_the_archive(admin: Caller, room: str) -> None:
    corporate, leases = folder(admin, room, "Corporate"), folder(admin, room, "Leases")
    charter = done(admin.post(f"{room}/items", {"document": admin.document("Charter.pdf"), "folder": corporate}), 201)
    sent = put_file(admin, room, LEASE, folder=leases, path="Paris/2026")
    assert (sent.status_code, "Sealroom-Document" in sent.headers) == (201, False)
    lease = sent.headers["Sealroom-Item"]
    assert tree(admin, room) == [
        ("1", "Corporate"), ("1.1", "Charter.pdf"), ("2", "Leases"), ("2.1", "Paris"), ("2.1.1", "2026"), ("2.1.1.1", "Lease.pdf"),
    ]  # fmt: skip

    made = {"guests": ["ada@bidder.example", {"email": "Bo@Bidder.example", "name": "Bo"}], "permission": "view", "notify": False}
    ada, bo = done(admin.post(f"{room}/guests", made), 201)["items"]
    assert [(one["email"], one["name"], one["state"]) for one in (ada, bo)] == [
        ("ada@bidder.example", "", "invited"), ("bo@bidder.example", "Bo", "invited"),
    ]  # fmt: skip
    bidders = done(admin.post(f"{room}/groups", {"name": "Bidders", "guests": [ada["id"]]}), 201)
    assert (bidders["guests"], bidders["is_default"]) == ([ada["id"]], False)
    wish = {"subjects": [bidders["id"], bo["id"]], "items": [leases], "permission": "none"}
    assert done(admin.post(f"{room}/permissions", wish)) == {"changed": 2}
    held = {one["subject"]["label"]: one for one in done(admin.get(f"{room}/permissions?item={lease}"))["items"]}
    facts = ("permission", "source", "from_group", "is_set_here")
    assert {label: tuple(one[name] for name in facts) for label, one in held.items()} == {
        "Bidders": ("none", "group", "Bidders", False),
        "ada@bidder.example": ("none", "group", "Bidders", False),
        "bo@bidder.example": ("none", "own", None, False),
    }
    assert {one["from_item"]["name"] for one in held.values()} == {"Leases"}
    assert done(admin.post(f"{room}/permissions", wish | {"permission": None})) == {"changed": 2}

    asked = done(admin.post(f"{room}/questions", {"subject": "Annex", "text": "Where?", "item": lease}), 201)
    told = done(admin.post(f"{room}/questions/{asked['id']}/replies", {"text": "It follows.", "attachments": [lease]}), 201)
    assert (told["state"], [one["text"] for one in told["thread"]]) == ("answered", ["Where?", "It follows."])
    assert told["thread"][1]["attachments"] == [{"id": lease, "name": "Lease.pdf", "number": "2.1.1.1"}]

    assert put_file(admin, room, LATER, item=lease).headers["Sealroom-Item"] == lease
    drain()
    versions = done(admin.get(f"{room}/items/{lease}/versions"))["items"]
    assert [(one["number"], one["pages"], one["is_current"]) for one in versions] == [(1, 1, False), (2, 2, True)]
    answer, data = stream(admin, f"{room}/items/{lease}/content")
    assert (data, answer.headers["Content-Length"]) == (LATER, str(len(LATER)))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="Lease.pdf"'
    done(admin.post(f"{room}/items/{lease}/versions/{versions[0]['id']}/restore"))
    assert stream(admin, f"{room}/items/{lease}/content")[1] == LEASE

    export = done(admin.post(f"{room}/export", {"short_paths": True}), 202)
    assert (export["state"], admin.post(f"{room}/export").code) == ("waiting", "export_running")
    assert admin.get(f"{room}/export/{export['id']}/content").code == "not_found"
    drain()
    ready = done(admin.get(f"{room}/export/{export['id']}"))
    answer, data = stream(admin, f"{room}/export/{export['id']}/content")
    assert (ready["state"], ready["sha256"], ready["size"]) == ("ready", hashlib.sha256(data).hexdigest(), len(data))
    assert {"files/0001.pdf", "files/0002.pdf", "index.csv"} <= set(zipfile.ZipFile(io.BytesIO(data)).namelist())

    used = done(admin.get(f"{room}/analytics"))
    assert used == {
        "guests": 2, "came": 0, "opens": 0, "active_ms": 0,
        "groups": [{
            "group": bidders["id"], "name": "Bidders", "guests": 1, "came": 0,
            "opens": 0, "pages": 0, "active_ms": 0, "downloads": 0, "prints": 0, "completion": 0,
        }],
    }  # fmt: skip
    assert [one["email"] for one in done(admin.get(f"{room}/analytics/guests?missing=true"))["items"]] == [
        "ada@bidder.example", "bo@bidder.example",
    ]  # fmt: skip
    assert [one["path"] for one in done(admin.get(f"{room}/analytics/items?limit=2"))["items"]] == [
        "Corporate", "Corporate/Charter.pdf",
    ]  # fmt: skip
    kinds = {one["kind"] for one in done(admin.get(f"{room}/events?limit=100"))["items"]}
    assert {"data_room.created", "data_room.item_added", "data_room.items_downloaded", "data.exported"} <= kinds
    assert done(admin.get(f"{room}/items/{charter['id']}"))["folder"] == corporate


def test_settings_bind_and_the_life_of_a_room(admin: Caller, user: Caller, room: str) -> None:
    group = done(admin.post(f"{room}/groups", {"name": "Visitors"}), 201)["id"]
    wished = {
        "access": "domains", "domains": ["Example.net"], "default_permission": "none", "default_group": group, "passcode": "sesame",
        "question_audience": "group", "banner": "Confidential", "screen_shield": True, "expires_at": "2100-01-01T01:00:00+01:00",
    }  # fmt: skip
    changed = done(admin.call("PATCH", room, {"name": "Alder II", "settings": wished}))
    assert changed["name"] == "Alder II"
    assert changed["link"].startswith("http")
    assert {name: changed["settings"][name] for name in wished} == wished | {
        "domains": ["example.net"], "passcode": True, "screen_shield": "medium", "expires_at": "2100-01-01T00:00:00Z",
    }  # fmt: skip
    own_terms = done(admin.call("PATCH", room, {"settings": {"terms": {"text": "<p>Keep it.</p>"}}}))["settings"]
    assert (own_terms["terms"]["text"], own_terms["banner"], own_terms["passcode"]) == ("<p>Keep it.</p>", "Confidential", True)
    closed = done(admin.call("PATCH", room, {"settings": {"access": "named_code", "domains": [], "default_group": None}}))
    assert (closed["link"], closed["settings"]["default_group"]) == (None, None)

    copy = done(admin.post(f"{room}/clone", {"name": "Birch"}), 201)
    assert (copy["settings"]["banner"], copy["role"], copy["files"]) == ("Confidential", "owner", 0)
    for deed, state in (("archive", "archived"), ("close", "closed"), ("reopen", "open")):
        assert done(admin.post(f"{room}/{deed}"))["state"] == state
    assert done(admin.post(f"{room}/discard"))["trashed_at"] is not None
    assert [one["name"] for one in done(admin.get("/datarooms"))["items"]] == ["Birch"]
    assert [one["name"] for one in done(admin.get("/datarooms?state=trash"))["items"]] == ["Alder II"]
    assert admin.get(f"{room}/items").code == "not_found"
    assert done(admin.post(f"{room}/restore"))["trashed_at"] is None

    assert user.get(room).code == "not_found"
    given = done(admin.post(f"{room}/transfer", {"to": "user@example.com"}))
    assert (given["role"], done(user.get(room))["role"]) == ("co_owner", "owner")
    assert (admin.call("DELETE", room).code, admin.post(f"{room}/discard").code) == ("forbidden", "forbidden")
    done(user.call("DELETE", room), 204)
    assert admin.get(room).code == "not_found"


def test_items_are_arranged_and_come_back_from_the_trash(admin: Caller, room: str) -> None:
    one, two = folder(admin, room, "One"), folder(admin, room, "Two")
    three = folder(admin, room, "Three", one)
    assert done(admin.call("PATCH", f"{room}/items/{two}", {"name": "Second"}))["name"] == "Second"
    assert admin.call("PATCH", f"{room}/items/{two}", {"name": "one"}).code == "name_taken"
    assert admin.post(f"{room}/items/move", {"items": [one], "folder": three}).code == "cycle"
    moved = done(admin.post(f"{room}/items/move", {"items": [three], "folder": None, "before": one}))
    assert [(item["id"], item["folder"], item["number"]) for item in moved["items"]] == [(three, None, "1")]
    (copied,) = done(admin.post(f"{room}/items/copy", {"items": [two], "folder": three}), 201)["items"]
    assert tree(admin, room) == [("1", "Three"), ("1.1", "Second"), ("2", "One"), ("3", "Second")]
    assert [item["id"] for item in done(admin.get(f"{room}/items?search=second"))["items"]] == [copied["id"], two]

    done(admin.post(f"{room}/items/trash", {"items": [three, two]}), 204)
    assert {item["name"] for item in done(admin.get(f"{room}/trash"))["items"]} == {"Three", "Second"}
    back = done(admin.post(f"{room}/trash/restore", {"items": [three]}))
    assert [item["files"] for item in back["items"]] == [0]
    done(admin.post(f"{room}/trash/delete", {"items": [two]}), 204)
    assert done(admin.get(f"{room}/trash"))["items"] == []
    assert tree(admin, room) == [("1", "Three"), ("1.1", "Second"), ("2", "One")]


def test_a_document_in_a_room_is_a_copy_of_its_own(admin: Caller, room: str) -> None:
    document = admin.document("Plan.pdf")
    body = {"document": document, "name": "The plan"}
    first = admin.post(f"{room}/items", body, key="once")
    again = admin.post(f"{room}/items", body, key="once")
    assert (first.status, first.body, again.headers["Idempotent-Replayed"]) == (201, again.body, "true")
    assert (first.body["name"], first.body["state"], first.body["pages"]) == ("The plan.pdf", "ready", 2)
    assert Document.objects.filter(kept_by=queries.KEPT_BY).count() == 1
    assert [one["id"] for one in done(admin.get("/documents"))["items"]] == [document]
    done(admin.call("DELETE", f"/documents/{document}"), 204)
    assert stream(admin, f"{room}/items/{first.body['id']}/content")[0].status_code == 200
    assert admin.post(f"{room}/items", body).code == "not_found"


def test_people_come_change_and_go(admin: Caller, user: Caller, room: str) -> None:
    body = {
        "guests": ["ada@bidder.example"], "message": "Welcome.", "access_from": "2030-01-01T00:00:00Z",
        "access_until": "2030-02-01T00:00:00Z", "language": "fr",
    }  # fmt: skip
    (ada,) = done(admin.post(f"{room}/guests", body, key="invite"), 201)["items"]
    done(admin.post(f"{room}/guests", body, key="invite"), 201)
    assert (ada["state"], OutgoingMail.objects.filter(to_address="ada@bidder.example").count()) == ("waiting", 1)
    assert done(admin.post(f"{room}/guests", {"guests": ["ADA@bidder.example"]}), 201)["items"] == []
    change = {"name": "Ada", "access_from": None}
    changed = done(admin.call("PATCH", f"{room}/guests/{ada['id']}", change))
    assert (changed["name"], changed["state"], changed["access_until"]) == ("Ada", "invited", "2030-02-01T00:00:00Z")
    assert done(admin.post(f"{room}/guests/{ada['id']}/revoke"))["state"] == "revoked"
    assert done(admin.post(f"{room}/guests/{ada['id']}/restore"))["state"] == "invited"
    assert admin.post(f"{room}/guests/remind", {"guests": [ada["id"]]}).status == 429
    done(admin.call("DELETE", f"{room}/guests/{ada['id']}"), 204)
    assert done(admin.get(f"{room}/guests"))["items"] == []

    outside = admin.post(f"{room}/guests", {"guests": ["eve@example.org"], "role": "co_owner"})
    assert (outside.status, outside.code, outside.body["addresses"]) == (403, "not_a_member", ["eve@example.org"])
    wrong = admin.post(f"{room}/guests", {"guests": ["fine@example.org", "not an address"]})
    assert (wrong.code, wrong.body["lines"]) == ("invalid", [{"line": 2, "text": "not an address", "reason": "bad_address"}])
    done(admin.post(f"{room}/guests", {"guests": ["user@example.com"], "role": "co_owner"}), 201)
    assert done(user.get(room))["role"] == "co_owner"
    assert [one["email"] for one in done(user.get(f"{room}/guests?search=USER"))["items"]] == ["user@example.com"]


def test_questions_are_given_and_closed(admin: Caller, room: str) -> None:
    asked = done(admin.post(f"{room}/questions", {"subject": "Rent", "text": "How much?"}), 201)
    address = f"{room}/questions/{asked['id']}"
    assert (asked["number"], asked["state"], asked["author"]["email"], asked["item"]) == (1, "open", "boss@example.com", None)
    assert admin.post(f"{address}/assign", {"to": "eve@example.org"}).body["errors"] == {"address": ["not_a_leader"]}
    assert done(admin.post(f"{address}/assign", {"to": "boss@example.com"}))["assigned_to"] == "boss@example.com"
    assert done(admin.post(f"{address}/assign", {"to": None}))["assigned_to"] is None
    assert done(admin.post(f"{address}/replies", {"text": "900.", "close": True}), 201)["state"] == "closed"
    assert admin.post(f"{address}/replies", {"text": "More?"}).code == "question_closed"
    assert done(admin.post(f"{address}/reopen"))["state"] == "answered"
    assert done(admin.post(f"{address}/close"))["state"] == "closed"
    assert done(admin.get(f"{room}/questions?state=open"))["items"] == []
    assert [one["posts"] for one in done(admin.get(f"{room}/questions"))["items"]] == [2]


# -- Refusals --------------------------------------------------------------------------------------------------------------
def test_what_is_not_known_is_refused(admin: Caller, room: str) -> None:
    for path, body in (
        ("/datarooms", {"name": "A", "colour": "red"}),
        ("/datarooms", {"name": "A", "settings": {"permission": "view"}}),  # of each guest, not of the room
        ("/datarooms", {"name": "A", "settings": {"access": "anyone"}}),
        (f"{room}/items", {}),
        (f"{room}/items", {"name": "A", "path": "B"}),
        (f"{room}/guests", {"guests": ["a@example.net"], "permission": "everything"}),
        (f"{room}/permissions", {"subjects": [], "items": [None], "permission": "view"}),
        (f"{room}/questions", {"subject": "A"}),
    ):
        assert admin.post(path, body).code == "invalid", path
    assert admin.get(f"{room}/items?colour=red").body["errors"] == {"colour": ["unknown"]}
    assert admin.get(f"{room}/items?cursor=none").body["errors"] == {"cursor": ["unknown"]}
    assert DataRoom.objects.count() == 1


def test_a_room_that_could_not_get_its_settings_is_not_made(admin: Caller) -> None:
    assert admin.post("/datarooms", {"name": "A", "settings": {"default_group": "grp_x"}}).code == "invalid"
    assert done(admin.get("/datarooms"))["items"] == []


def test_who_leads_no_room_is_told_so(admin: Caller, user: Caller, foreign: Caller, room: str) -> None:
    """Not yours: not there. A guest of it: forbidden, whatever he tries."""
    for caller, code in ((foreign, "not_found"), (user, "not_found")):
        assert {caller.get(f"{room}{part}").code for part in ("", "/items", "/guests", "/export", "/analytics")} == {code}
    done(admin.post(f"{room}/guests", {"guests": ["user@example.com"], "permission": "contribute"}), 201)
    assert {user.get(f"{room}{part}").code for part in ("", "/items", "/guests", "/export", "/analytics")} == {"forbidden"}
    assert user.post(f"{room}/items", {"name": "Mine"}).code == "forbidden"
    assert done(user.get("/datarooms"))["items"] == []


def test_scopes_of_keys(admin: Caller, room: str) -> None:
    persona = admin.persona
    assert persona is not None
    done(admin.post(f"{room}/guests", {"guests": ["ada@bidder.example"], "notify": False}), 201)
    item = put_file(admin, room, LEASE).headers["Sealroom-Item"]
    reads, sends, leads = (make_caller(persona, scope) for scope in ("read", "send", "rooms"))
    assert {sends.get("/datarooms").code, sends.get(room).code, sends.post("/datarooms", {"name": "A"}).code} == {"forbidden"}
    assert (done(reads.get(room))["link"], done(reads.get(f"{room}/guests"))["items"][0]["link"]) == (None, None)
    assert reads.get(f"{room}/items/{item}/content").code == "forbidden"
    assert reads.post(f"{room}/items", {"name": "A"}).code == "forbidden"
    assert done(leads.get(f"{room}/guests"))["items"][0]["link"].startswith("http")
    assert stream(leads, f"{room}/items/{item}/content")[1] == LEASE
    assert leads.get("/credits/ledger").code == "forbidden"


def test_an_archived_room_changes_only_in_its_rights(admin: Caller, room: str) -> None:
    one = folder(admin, room, "One")
    (ada,) = done(admin.post(f"{room}/guests", {"guests": ["ada@bidder.example"], "notify": False}), 201)["items"]
    done(admin.post(f"{room}/archive"))
    refused = admin.post(f"{room}/items", {"name": "Two"})
    assert (refused.status, refused.code, refused.body["state"]) == (409, "room_closed", "archived")
    wish = {"subjects": [ada["id"]], "items": [one, None], "permission": "none"}
    assert done(admin.post(f"{room}/permissions", wish)) == {"changed": 2}
    assert admin.post(f"{room}/permissions", wish | {"subjects": ["gst_x"]}).code == "not_found"
    many = {"subjects": [f"gst_{n}" for n in range(50)], "items": [f"itm_{n}" for n in range(50)], "permission": "view"}
    assert admin.post(f"{room}/permissions", many).body["most"] == 2_000


def test_pages_follow_one_another_although_rows_come_between(admin: Caller, room: str) -> None:
    ids = [folder(admin, room, f"{number}") for number in range(5)]
    first = done(admin.get(f"{room}/items?limit=2"))
    assert [one["id"] for one in first["items"]] == ids[:2]
    new = folder(admin, room, "New")
    done(admin.post(f"{room}/items/move", {"items": [new], "folder": None, "before": ids[0]}))
    second = done(admin.get(f"{room}/items?limit=2&cursor={first['next']}"))
    assert [one["id"] for one in second["items"]] == ids[2:4]
    done(admin.post(f"{room}/items/trash", {"items": [ids[3]]}), 204)
    last = done(admin.get(f"{room}/items?limit=2&cursor={second['next']}"))
    assert (last["items"], last["next"]) == ([], None)  # its last row is gone: the place is where it was


def test_bytes_break_off_when_he_leads_no_longer(admin: Caller, user: Caller, room: str) -> None:
    done(admin.post(f"{room}/guests", {"guests": ["user@example.com"], "role": "co_owner"}), 201)
    item = put_file(admin, room, LEASE).headers["Sealroom-Item"]
    answer: Any = user.client.get(f"/api/v1{room}/items/{item}/content", headers={"Authorization": f"Bearer {user.key}"})
    guest = done(admin.get(f"{room}/guests"))["items"][0]["id"]
    done(admin.post(f"{room}/guests/{guest}/revoke"))
    with pytest.raises(NotFound):
        b"".join(answer.streaming_content)


def test_head_tells_what_would_come_and_sends_nothing(admin: Caller, room: str) -> None:
    item = put_file(admin, room, LEASE).headers["Sealroom-Item"]
    answer: Any = admin.client.head(f"/api/v1{room}/items/{item}/content", headers={"Authorization": f"Bearer {admin.key}"})
    assert (answer.status_code, answer.headers["Content-Length"]) == (200, str(len(LEASE)))
    assert b"".join(answer.streaming_content) == b""


def test_an_upload_goes_on_where_it_stopped_and_is_its_rooms_alone(admin: Caller, room: str) -> None:
    begun = ask(
        admin,
        "POST",
        f"/api/v1{room}/uploads",
        kind="text/plain",
        Upload_Length=str(len(LEASE)),
        Upload_Metadata=words(filename="Lease.pdf"),
    )
    place = begun.headers["Location"]
    assert ask(admin, "PATCH", place, LEASE[:200], Upload_Offset="0").headers["Upload-Offset"] == "200"
    other = done(admin.post("/datarooms", {"name": "Birch"}), 201)["id"]
    elsewhere = place.replace(room.rsplit("/", maxsplit=1)[1], other)
    assert ask(admin, "HEAD", elsewhere).status_code == 404
    assert ask(admin, "HEAD", place).headers["Upload-Offset"] == "200"
    ended = ask(admin, "PATCH", place, LEASE[200:], Upload_Offset="200")
    assert ended.status_code == 204
    assert tree(admin, room) == [("1", "Lease.pdf")]
    assert ask(admin, "POST", place, kind="text/plain", X_HTTP_Method_Override="DELETE").status_code == 204
    assert tree(admin, room) == [("1", "Lease.pdf")]
