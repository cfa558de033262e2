# SPDX-License-Identifier: Apache-2.0
"""A data room as guests meet it: what they see, what they never learn of, and how a change is there at the next request."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image
from tests.doors.portal.conftest import Reader
from tests.doors.portal.hall import ANNA, BORIS, Hall, browser, bytes_of, loose_client, make_hall
from tests.factories.access import code_of, latest_challenge, token_of
from tests.factories.accounts import Persona
from tests.factories.documents import make_pdf

from sealroom.access.rules import Access
from sealroom.datarooms import flows, queries
from sealroom.datarooms.models import Guest, Item
from sealroom.datarooms.rules import Right, RoomSettings
from sealroom.documents.models import Version
from sealroom.httpkit.visitors import cookie_name
from sealroom.viewing.models import Opening

pytestmark = pytest.mark.django_db


@pytest.fixture
def hall(owner: Persona) -> Hall:
    """Two folders, one of them secret from Anna, who may view and take along one file."""
    hall = make_hall(owner)
    hall.folder("Legal")
    hall.folder("Secret plans")
    hall.file("Contract.pdf", "Legal", words="The quince clause")
    hall.file("Merger.pdf", "Secret plans", words="The quince merger")
    hall.file("Prices.pdf", words="Prices")
    return hall


@pytest.fixture
def anna(hall: Hall) -> Guest:
    """May view, and take one file along; of the plans she may not know."""
    guest = hall.guest(ANNA, Right.VIEW)
    hall.set(guest, Right.NONE, "Secret plans")
    hall.set(guest, Right.DOWNLOAD_ORIGINAL, "Contract.pdf")
    return guest


@pytest.fixture
def reader(anna: Guest) -> Reader:
    """Anna's browser, past the gates."""
    return browser(anna.link)


def page_of(reader: Reader, address: str, status: int = 200) -> str:
    """The words of a page."""
    answer = reader.get(address)
    assert answer.status_code == status, answer.status_code
    return answer.content.decode()


def zip_of(reader: Reader, hall: Hall, guest: Guest, **fields: object) -> zipfile.ZipFile:
    """The archive of a form."""
    answer = loose_client(reader).post(hall.at(guest, "zip/"), fields)
    assert answer.status_code == 200
    return zipfile.ZipFile(io.BytesIO(bytes_of(answer)))


# -- The way in ------------------------------------------------------------------------------------------------------------
def test_mailed_link_is_neutral_and_leads_to_the_room(hall: Hall, anna: Guest) -> None:
    assert anna.link is not None
    reader, token = Reader(), token_of(anna.link)
    first = reader.get(f"/v/{token}/").content.decode()
    assert "Confirm your address" in first
    assert "Alder" not in first
    answer = reader.prove(token, ANNA)
    assert (answer.status_code, answer.headers["Location"]) == (303, hall.at(anna))
    assert reader.get(f"/v/d/{anna.link.public_id}/").headers["Location"] == hall.at(anna)


def test_who_proved_nothing_meets_the_gate(hall: Hall, anna: Guest) -> None:
    page = page_of(Reader(), hall.at(anna), 401)
    assert "Alder" not in page


def test_visit_is_noted(hall: Hall, anna: Guest, reader: Reader) -> None:
    before = timezone.now()
    page_of(reader, hall.at(anna))
    anna.refresh_from_db()
    assert anna.came_at is not None
    assert anna.came_at >= before
    first = anna.seen_at
    page_of(reader, hall.at(anna))
    anna.refresh_from_db()
    assert anna.seen_at == first, "at most once a minute"


# -- What is seen ----------------------------------------------------------------------------------------------------------
def test_room_lists_what_is_seen_and_nothing_else(hall: Hall, anna: Guest, reader: Reader) -> None:
    hall.change(banner="Closing on Friday", shows_index=True)
    page = page_of(reader, hall.at(anna))
    for words in ("Project Alder", "Olive Owner", "Northwind", "Closing on Friday", "Legal", "Prices.pdf", "1 folder", "1 file"):
        assert words in page
    assert "Secret" not in page
    assert ">2</td>" in page, "Prices.pdf is the second thing she sees"
    assert ">3</td>" not in page


def test_folder_shows_its_files_and_the_way_back(hall: Hall, anna: Guest, reader: Reader) -> None:
    page = page_of(reader, hall.at(anna, f"?folder={hall.items['Legal'].public_id}"))
    assert hall.document(anna, "Contract.pdf") in page
    assert hall.document(anna, "Contract.pdf", "original/") in page
    assert f'href="{hall.at(anna)}"' in page
    assert "Prices.pdf" not in page


def test_empty_room_and_empty_folder_say_so(owner: Persona) -> None:
    hall = make_hall(owner, "Bare")
    guest = hall.guest(ANNA)
    reader = browser(guest.link)
    assert "There is nothing here yet" in page_of(reader, hall.at(guest))
    folder = hall.folder("Hollow")
    assert "This folder is empty" in page_of(reader, hall.at(guest, f"?folder={folder.public_id}"))


def test_long_folder_is_shown_in_pages(owner: Persona) -> None:
    hall = make_hall(owner)
    guest = hall.guest(ANNA)
    now = timezone.now()
    Item.objects.bulk_create(
        Item(room=hall.room, name=f"Folder {n:03}", name_key=f"folder {n:03}", position=n, created_at=now, changed_at=now)
        for n in range(201)
    )
    reader = browser(guest.link)
    first, second = page_of(reader, hall.at(guest)), page_of(reader, hall.at(guest, "?page=2"))
    assert "Folder 199" in first
    assert "Folder 200" not in first
    assert "Folder 200" in second
    assert "201 folders" in first


@pytest.mark.parametrize("ending", ["?folder={}", "?at={}", "i/{}/"])
def test_hidden_forged_and_foreign_items_are_not_found(
    hall: Hall, anna: Guest, reader: Reader, stranger: Persona, ending: str
) -> None:
    other = make_hall(stranger, "Elsewhere")
    foreign = other.folder("Theirs")
    for item_id in (hall.items["Secret plans"].public_id, hall.items["Merger.pdf"].public_id, foreign.public_id, "itm_none"):
        page_of(reader, hall.at(anna, ending.format(item_id)), 404)
    page_of(reader, hall.document(anna, "Merger.pdf"), 404)
    page_of(reader, hall.document(anna, "Merger.pdf", "p/1.jpg"), 404)


def test_direct_links_lead_to_folder_and_viewer(hall: Hall, anna: Guest, reader: Reader) -> None:
    legal, prices = hall.items["Legal"].public_id, hall.items["Prices.pdf"].public_id
    assert reader.get(hall.at(anna, f"i/{legal}/")).headers["Location"] == hall.at(anna, f"?folder={legal}")
    assert reader.get(hall.at(anna, f"i/{prices}/")).headers["Location"] == hall.document(anna, "Prices.pdf")


def test_viewer_names_the_room_and_leads_back(hall: Hall, anna: Guest, reader: Reader) -> None:
    page = page_of(reader, hall.document(anna, "Contract.pdf"))
    back = hall.at(anna, f"?at={hall.items['Contract.pdf'].public_id}")
    assert f'href="{back}"' in page
    assert "Project Alder" in page
    assert "owner@example.com" in page
    assert "Contract.pdf" in page_of(reader, back)
    assert '"may_download_original": true' in page
    assert '"may_download": false' in page_of(reader, hall.document(anna, "Prices.pdf"))


def test_downloads_follow_the_right_on_the_item(hall: Hall, anna: Guest, reader: Reader) -> None:
    assert reader.get(hall.document(anna, "Prices.pdf", "download/")).status_code == 403
    assert bytes_of(reader.get(hall.document(anna, "Contract.pdf", "original/"))) == make_pdf(["The quince clause"])


# -- Search ----------------------------------------------------------------------------------------------------------------
def test_search_finds_names_and_words_but_nothing_hidden(hall: Hall, anna: Guest, reader: Reader) -> None:
    for name in ("Contract.pdf", "Merger.pdf", "Prices.pdf"):
        hall.read(name)
    page = page_of(reader, hall.at(anna, "?q=contr"))
    assert hall.document(anna, "Contract.pdf") in page
    page = page_of(reader, hall.at(anna, "?q=quince"))
    assert "Found in the text" in page
    assert hall.document(anna, "Contract.pdf") in page
    assert "Merger" not in page
    assert "No folder or file has this in its name." in page_of(reader, hall.at(anna, "?q=merger"))
    page = page_of(reader, hall.at(anna, "?q=prices"))
    assert "No file you may copy has these words." in page, "Prices.pdf may only be looked at"


# -- About, guests, entrance -----------------------------------------------------------------------------------------------
def test_about_is_cleaned_and_absent_where_there_is_none(hall: Hall, anna: Guest, reader: Reader) -> None:
    page_of(reader, hall.at(anna, "about/"), 404)
    hall.change(about="# Welcome\n\n<script>alert(1)</script> [there](javascript:alert(1)) ![x](https://example.com/x.png)")
    page = page_of(reader, hall.at(anna, "about/"))
    assert "<h2>Welcome</h2>" in page
    assert "<img" not in page
    assert "<script>alert" not in page
    assert 'href="javascript' not in page


def test_guests_are_listed_only_where_the_room_shows_them(hall: Hall, anna: Guest, reader: Reader) -> None:
    hall.guest(BORIS)
    page_of(reader, hall.at(anna, "guests/"), 404)
    hall.change(shows_guests=True)
    page = page_of(reader, hall.at(anna, "guests/"))
    assert "rival.example" in page
    assert BORIS not in page


def test_who_comes_by_the_open_link_enters_and_is_refused_when_it_is_full(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = open_settings(hall)
    flows.change_room(hall.owner.actor, hall.room.public_id, settings, now=timezone.now())
    hall.room.refresh_from_db()
    link = hall.room.open_link
    assert link is not None
    reader, here = Reader(), f"/v/r/{link.public_id}/"
    answer = reader.prove(token_of(link), BORIS)
    assert answer.headers["Location"] == here
    page = page_of(reader, here)
    assert "Enter the data room" in page
    assert "Legal" not in page

    with monkeypatch.context() as context:
        context.setattr("sealroom.datarooms.queries.guests_used", lambda team_id: 10**6)
        full = reader.post(f"{here}join/", here)
    assert full.status_code == 403
    assert "There is no place left in this data room." in full.content.decode()
    assert not Guest.objects.filter(address=BORIS).exists()

    answer = reader.post(f"{here}join/", here, name="Boris")
    assert (answer.status_code, answer.headers["Location"]) == (303, here)
    assert "Legal" in page_of(reader, here)


def open_settings(hall: Hall) -> RoomSettings:
    """The room's settings with access for anyone who proves an address."""
    hall.room.refresh_from_db()
    settings = queries.settings_of(hall.room)
    return replace(settings, conditions=replace(settings.conditions, access=Access.ANYONE_VERIFIED.value))


# -- Changes are there at the next request ---------------------------------------------------------------------------------
def test_change_of_rights_is_there_at_the_next_request(hall: Hall, anna: Guest, reader: Reader) -> None:
    assert reader.get(hall.document(anna, "Prices.pdf", "p/1.jpg")).status_code == 200
    hall.set(anna, Right.NONE, "Prices.pdf")
    assert reader.get(hall.document(anna, "Prices.pdf", "p/1.jpg")).status_code == 404
    assert "Prices.pdf" not in page_of(reader, hall.at(anna))
    hall.set(anna, Right.VIEW, "Secret plans")
    assert "Secret plans" in page_of(reader, hall.at(anna))


def test_direct_address_leads_through_the_gates_to_what_it_names(hall: Hall, anna: Guest) -> None:
    visitor, link = Reader(), anna.link
    assert link is not None
    wanted = hall.at(anna, f"i/{hall.items['Legal'].public_id}/")
    refused = visitor.get(wanted)
    assert (refused.status_code, set(refused.cookies)) == (401, {"sealroom_csrf"}), "looking leaves nothing"
    visitor.post(f"/v/{link.public_id}/code/", wanted, address=ANNA, to=wanted)
    come = visitor.type(link.public_id, code_of(latest_challenge(ANNA).public_id))
    assert (come.status_code, come.headers["Location"]) == (303, wanted)
    assert come.cookies["sealroom_way"].value == "", "it is used once"


@pytest.mark.parametrize(
    "to", ["https://elsewhere.example/", "//elsewhere.example", "/v/../rooms/", "/rooms/", "/v/r/lnk_other/", "\r\n"]
)
def test_no_other_address_is_followed(hall: Hall, anna: Guest, to: str) -> None:
    visitor, link = Reader(), anna.link
    assert link is not None
    visitor.post(f"/v/{link.public_id}/code/", f"/v/{link.public_id}/", address=ANNA, to=to)
    come = visitor.type(link.public_id, code_of(latest_challenge(ANNA).public_id))
    assert (come.status_code, come.headers["Location"]) == (303, hall.at(anna))


def test_closed_room_removed_and_late_guests_are_out(hall: Hall, anna: Guest, reader: Reader) -> None:
    flows.close_room(hall.owner.actor, hall.room.public_id, now=timezone.now())
    for name in ("Prices.pdf", "Merger.pdf"):  # hidden or not, who is out hears the same
        page_of(reader, hall.document(anna, name), 410)
        assert reader.get(hall.document(anna, name, "p/1.jpg")).status_code == 410
    page_of(reader, hall.at(anna), 410)
    page_of(Reader(), hall.document(anna, "Prices.pdf"), 401)
    flows.reopen_room(hall.owner.actor, hall.room.public_id, now=timezone.now())
    page_of(reader, hall.at(anna))
    Guest.objects.filter(pk=anna.pk).update(access_until=timezone.now() - timedelta(seconds=1))
    page_of(reader, hall.at(anna), 410)
    Guest.objects.filter(pk=anna.pk).update(access_until=None)
    flows.remove_guest(hall.owner.actor, ANNA, now=timezone.now())
    assert reader.get(hall.at(anna)).status_code in {401, 404, 410}
    assert reader.get(hall.document(anna, "Prices.pdf", "p/1.jpg")).status_code in {401, 404, 410}


# -- Archive ---------------------------------------------------------------------------------------------------------------
def test_archive_of_everything_holds_what_may_be_taken_and_names_nothing_else(hall: Hall, anna: Guest, reader: Reader) -> None:
    hall.set(anna, Right.DOWNLOAD_PDF, "Prices.pdf")
    archive = zip_of(reader, hall, anna, all="1")
    assert archive.testzip() is None
    assert archive.namelist() == ["1 Legal/1.1 Contract.pdf", "2 Prices.pdf"]
    assert archive.read("1 Legal/1.1 Contract.pdf") == make_pdf(["The quince clause"])
    stamped = archive.read("2 Prices.pdf")
    assert stamped.startswith(b"%PDF")
    assert stamped != make_pdf(["Prices"])
    assert Opening.objects.filter(downloaded_at__isnull=False).count() == 2


def test_archive_of_chosen_items_tells_what_may_only_be_read(hall: Hall, anna: Guest, reader: Reader) -> None:
    items = [hall.items["Legal"].public_id, hall.items["Prices.pdf"].public_id]
    archive = zip_of(reader, hall, anna, items=items)
    assert archive.namelist() == ["1 Legal/1.1 Contract.pdf", "left-out.txt"]
    assert archive.read("left-out.txt").decode() == (
        "These files are not in the archive:\r\n\r\n2 Prices.pdf: may only be read in the data room\r\n"
    )


def test_archive_refuses_what_is_hidden_forged_or_not_to_be_taken(hall: Hall, anna: Guest, reader: Reader) -> None:
    client = loose_client(reader)
    for item_id in (hall.items["Secret plans"].public_id, hall.items["Merger.pdf"].public_id, "itm_none"):
        assert client.post(hall.at(anna, "zip/"), {"items": [hall.items["Legal"].public_id, item_id]}).status_code == 404
    assert client.post(hall.at(anna, "zip/"), {"items": [hall.items["Prices.pdf"].public_id]}).status_code == 403
    assert client.post(hall.at(anna, "zip/")).headers["Location"] == hall.at(anna, "?none=")
    assert "Nothing was chosen" in page_of(reader, hall.at(anna, "?none="))


def test_right_that_ends_while_the_archive_is_made_leaves_the_rest_out(hall: Hall, anna: Guest, reader: Reader) -> None:
    hall.file("Annex.bin.txt", "Legal", data=b"annex " * 100_000)
    hall.file("Late.txt", "Legal", data=b"late " * 10)
    hall.set(anna, Right.DOWNLOAD_ORIGINAL, "Legal")
    answer: Any = loose_client(reader).post(hall.at(anna, "zip/"), {"items": [hall.items["Legal"].public_id]})
    stream = iter(answer.streaming_content)
    pieces = [next(stream)]  # the first file is on its way
    hall.set(anna, Right.VIEW, "Late.txt")
    pieces.extend(stream)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert archive.testzip() is None
    assert archive.namelist() == ["1 Legal/1.1 Contract.pdf", "1 Legal/1.2 Annex.bin.txt", "left-out.txt"]
    assert archive.read("left-out.txt").decode().splitlines()[2:] == [
        "1.3 Late.txt: access to it ended while this archive was made"
    ]


def test_guest_who_is_removed_while_the_archive_is_made_gets_no_more(hall: Hall, anna: Guest, reader: Reader) -> None:
    hall.file("Annex.txt", "Legal", data=b"annex " * 200_000)
    hall.set(anna, Right.DOWNLOAD_ORIGINAL, "Legal")
    hall.set(anna, Right.DOWNLOAD_ORIGINAL, "Prices.pdf")
    answer: Any = loose_client(reader).post(hall.at(anna, "zip/"), {"all": "1"})
    stream = iter(answer.streaming_content)
    pieces = [next(stream), next(stream)]  # in the middle of the annex
    flows.remove_guest(hall.owner.actor, ANNA, now=timezone.now())
    pieces.extend(stream)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert archive.namelist() == ["1 Legal/1.1 Contract.pdf", "left-out.txt"], "half a file is in no archive's table"
    left = archive.read("left-out.txt").decode()
    assert "Annex.txt" in left
    assert "Prices.pdf" in left


# -- Contributors ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def contributor(hall: Hall, anna: Guest) -> Guest:
    """Anna may put files into one folder."""
    hall.set(anna, Right.CONTRIBUTE, "Legal")
    return anna


def test_contributor_puts_files_in_with_their_folders(hall: Hall, contributor: Guest, reader: Reader) -> None:
    legal, client = hall.items["Legal"].public_id, loose_client(reader)
    page = page_of(reader, hall.at(contributor, f"?folder={legal}"))
    assert "data-room-upload" in page
    assert "data-room-upload" not in page_of(reader, hall.at(contributor)), "not at the top"
    data = make_pdf(["Bid"])
    address = hall.at(contributor, f"upload/?folder={legal}&path=Bids/2026&name=Bid.pdf")
    answer = client.post(address, data, content_type="application/octet-stream")
    assert (answer.status_code, answer.json()["name"]) == (201, "Bid.pdf")
    item = Item.objects.select_related("parent__parent").get(public_id=answer.json()["id"])
    assert item.parent is not None
    assert item.parent.parent is not None
    assert (item.parent.name, item.parent.parent.name, item.added_by) == ("2026", "Bids", ANNA)
    form = reader.post(hall.at(contributor, "folder/"), hall.at(contributor, f"?folder={legal}"), folder=legal, name="Notes")
    assert form.headers["Location"] == hall.at(contributor, f"?folder={legal}")
    assert "Notes" in page_of(reader, hall.at(contributor, f"?folder={legal}"))


def test_own_things_are_renamed_and_thrown_away_and_others_are_not(hall: Hall, contributor: Guest, reader: Reader) -> None:
    legal, client = hall.items["Legal"].public_id, loose_client(reader)
    data = make_pdf(["Bid"])
    made = client.post(hall.at(contributor, f"upload/?folder={legal}&name=Bid.pdf"), data, content_type="application/octet-stream")
    own = made.json()["id"]
    assert client.post(hall.at(contributor, f"i/{own}/rename/"), {"name": "Our bid.pdf", "folder": legal}).status_code == 303
    assert Item.objects.get(public_id=own).name == "Our bid.pdf"
    assert client.post(hall.at(contributor, f"i/{own}/rename/"), {"name": "Contract.pdf"}).status_code == 409
    contract = hall.items["Contract.pdf"].public_id
    hall.set(contributor, Right.CONTRIBUTE, "Contract.pdf")
    assert client.post(hall.at(contributor, f"i/{contract}/throw/")).status_code == 403
    assert client.post(hall.at(contributor, f"i/{own}/throw/"), {"folder": legal}).status_code == 303
    assert Item.objects.get(public_id=own).trashed_at is not None


def test_own_file_that_failed_is_prepared_again_with_its_password(hall: Hall, contributor: Guest, reader: Reader) -> None:
    legal, client = hall.items["Legal"].public_id, loose_client(reader)
    made = client.post(hall.at(contributor, f"upload/?folder={legal}&name=Bid.pdf"), make_pdf(["Bid"]), "application/octet-stream")
    at = hall.at(contributor, f"i/{made.json()['id']}/again/")
    versions = Version.objects.filter(document__item__public_id=made.json()["id"])
    versions.update(state="failed", error_code="password_required")
    assert f'action="{at}"' in (page := page_of(reader, hall.at(contributor, f"?folder={legal}")))
    assert 'name="password"' in page
    assert client.post(at, {"folder": legal, "password": "secret"}).status_code == 303
    assert versions.get().state == "received"

    versions.update(state="failed", error_code="limit_time")
    assert 'name="password"' not in page_of(reader, hall.at(contributor, f"?folder={legal}"))
    assert client.post(at, {"folder": legal}).status_code == 303
    assert versions.get().state == "received"
    other = hall.items["Merger.pdf"].public_id
    assert client.post(hall.at(contributor, f"i/{other}/again/"), {"password": "secret"}).status_code == 404


def test_who_may_not_contribute_cannot(hall: Hall, anna: Guest, reader: Reader) -> None:
    client, legal = loose_client(reader), hall.items["Legal"].public_id
    data = make_pdf(["Bid"])
    before = Item.objects.count()
    for folder, status in ((legal, 403), (hall.items["Secret plans"].public_id, 404), ("itm_none", 404), ("", 403)):
        address = hall.at(anna, f"upload/?folder={folder}&name=Bid.pdf")
        answer = client.post(address, data, content_type="application/octet-stream")
        assert answer.status_code == status
        assert client.post(hall.at(anna, "folder/"), {"folder": folder, "name": "Mine"}).status_code == status
    assert Item.objects.count() == before


def test_archived_room_is_read_but_not_changed(hall: Hall, contributor: Guest, reader: Reader) -> None:
    flows.archive_room(hall.owner.actor, hall.room.public_id, now=timezone.now())
    legal, client = hall.items["Legal"].public_id, loose_client(reader)
    assert "data-room-upload" not in page_of(reader, hall.at(contributor, f"?folder={legal}"))
    answer = client.post(
        hall.at(contributor, f"upload/?folder={legal}&name=Bid.pdf"), make_pdf(["x"]), content_type="application/octet-stream"
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "room_closed")


def test_preview_of_who_leads_shows_a_guests_room_and_does_nothing(hall: Hall, contributor: Guest) -> None:
    preview = flows.preview_as_guest(
        hall.owner.actor, hall.room.public_id, contributor.public_id, cookie=None, user_agent="", now=timezone.now()
    )
    reader = Reader()
    reader.client.cookies[cookie_name()] = preview.cookie
    page = page_of(reader, hall.at(contributor))
    assert "This is what anna@bidder.example sees." in page
    assert "Secret" not in page
    assert "Download everything" not in page
    client, legal = loose_client(reader), hall.items["Legal"].public_id
    assert client.post(hall.at(contributor, "zip/"), {"all": "1"}).status_code == 403
    assert client.post(hall.at(contributor, "folder/"), {"folder": legal, "name": "x"}).status_code == 403
    contributor.refresh_from_db()
    assert contributor.came_at is None


def test_guest_sees_the_logo_as_long_as_he_is_let_in(hall: Hall, anna: Guest, reader: Reader) -> None:
    assert reader.get(hall.at(anna, "logo.jpg")).status_code == 404
    assert "room-logo" not in page_of(reader, hall.at(anna))
    leads, settings = hall.owner.client(), f"/rooms/{hall.room.public_id}/settings/"
    picture = io.BytesIO()
    Image.new("RGB", (90, 30), (20, 90, 200)).save(picture, "PNG")
    file = SimpleUploadedFile("Logo.png", picture.getvalue())
    assert leads.post(f"/rooms/{hall.room.public_id}/logo/", {"logo": file}).status_code == 302
    assert f'src="/rooms/{hall.room.public_id}/logo/"' in leads.get(settings).content.decode()
    assert f'src="{hall.at(anna, "logo.jpg")}"' in page_of(reader, hall.at(anna))
    shown = reader.get(hall.at(anna, "logo.jpg"))
    assert (shown.status_code, shown.headers["Content-Type"], shown.content[:3]) == (200, "image/jpeg", b"\xff\xd8\xff")
    assert Reader().get(hall.at(anna, "logo.jpg")).status_code == 401
    flows.revoke_guest(hall.owner.actor, hall.room.public_id, anna.public_id, now=timezone.now())
    assert reader.get(hall.at(anna, "logo.jpg")).status_code == 410
    assert leads.post(f"/rooms/{hall.room.public_id}/logo/", {"deed": "remove"}).status_code == 302
    assert leads.get(f"/rooms/{hall.room.public_id}/logo/").status_code == 404
