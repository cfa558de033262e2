# SPDX-License-Identifier: Apache-2.0
"""Files of a room: taken in, replaced, copied, thrown away; and that nobody finds them anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from sealroom.audit.models import Event
from sealroom.audit.rules import SYSTEM
from sealroom.billing import flows as billing
from sealroom.core.errors import Forbidden, NotFound
from sealroom.core.jobs.worker import drain
from sealroom.core.models import Job
from sealroom.datarooms import flows, queries, tasks
from sealroom.datarooms.errors import RoomClosed
from sealroom.datarooms.flows.hands import Hand
from sealroom.datarooms.models import DataRoom, Item
from sealroom.datarooms.rules import Right
from sealroom.documents import flows as documents
from sealroom.documents import queries as document_queries
from sealroom.documents.errors import NotReady, StorageQuota, TypeRefused
from sealroom.documents.models import Document, Version
from sealroom.documents.ports import get_blob_store
from sealroom.sends import flows as sends
from tests.datarooms.test_tree import check_tree, folder, listing
from tests.documents.test_again import PASSWORD, protected
from tests.factories.accounts import Persona
from tests.factories.documents import make_pdf, upload
from tests.factories.rooms import NOW, give, hand_of, leader, make_guest, make_room

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def room(owner: Persona) -> DataRoom:
    return make_room(owner)


@pytest.fixture
def hand(owner: Persona, room: DataRoom) -> Hand:
    return leader(owner, room)


def add(hand: Hand, name: str = "Offer.pdf", parent: Item | None = None, data: bytes | None = None) -> Item:
    data = make_pdf() if data is None else data
    return flows.add_file(hand, parent.public_id if parent else "", [data], name=name, size=len(data), now=NOW)


def current(item: Item) -> Version:
    document = Document.objects.select_related("current").get(item=item)
    assert document.current is not None
    return document.current


def prepare(item: Item) -> None:
    """Run what uploads deferred for an item."""
    for version in Version.objects.filter(document__item=item, state="received"):
        documents.prepare(version.pk, now=NOW)
        tasks.publish_ready(version_id=version.pk)


def kept() -> tuple[int, int, int]:
    return Document.objects.count(), Item.objects.count(), len(list(get_blob_store().keys()))


def test_a_file_and_its_document_come_together(owner: Persona, hand: Hand, room: DataRoom) -> None:
    item, second = add(hand), add(hand, "offer.PDF")
    assert item.document is not None
    assert (item.document.owner, item.document.kept_by, item.added_by) == (owner.user, "data_room", owner.user.email)
    assert (second.name, Document.objects.get(item=second).name) == ("offer (2).PDF", "offer (2).PDF")
    assert document_queries.storage_of(room.team_id).bytes == 2 * len(make_pdf())


def test_what_a_guest_brings_lies_on_the_owners_storage(owner: Persona, room: DataRoom) -> None:
    guest = hand_of(make_guest(owner, room, right=Right.CONTRIBUTE))
    item = add(guest)
    assert (item.added_by, current(item).uploaded_by) == ("bidder@example.org", owner.user)
    assert set(Event.objects.filter(subject_kind__in=["item", "document"]).values_list("actor", flat=True)) == {"vis_1"}


@pytest.mark.usefixtures("own_blobs")
def test_a_file_that_is_refused_leaves_nothing(owner: Persona, hand: Hand, room: DataRoom) -> None:
    row = make_guest(owner, room, right=Right.VIEW)
    before = kept()
    with pytest.raises(Forbidden):
        add(hand_of(row))
    with pytest.raises(TypeRefused):
        add(hand, "a.exe", data=b"MZ\x00\x01")
    with pytest.raises(NotFound):
        flows.add_file(hand, "itm_no", [make_pdf()], name="a.pdf", size=None, now=NOW)
    DataRoom.objects.update(state="archived")
    with pytest.raises(RoomClosed):
        add(hand)
    DataRoom.objects.update(state="open")

    def chunks() -> Iterator[bytes]:
        yield make_pdf()
        DataRoom.objects.update(state="archived")  # while the bytes were coming

    with pytest.raises(RoomClosed):
        flows.add_file(hand, "", chunks(), name="a.pdf", size=None, now=NOW)
    assert kept() == before


def test_files_of_rooms_are_nowhere_else(owner: Persona, hand: Hand) -> None:
    item = add(hand)
    assert item.document is not None
    document = item.document.public_id
    assert document_queries.list_documents(owner.actor).items == ()
    Document.objects.update(in_library=True)
    assert document_queries.list_documents(owner.actor, library=True).items == ()
    deeds: list[Callable[[], object]] = [
        lambda: document_queries.get_document(owner.actor, document),
        lambda: document_queries.get_version(owner.actor, document, current(item).public_id),
        lambda: documents.add_version(owner.actor, document, [make_pdf()], name="a.pdf", size=None, now=NOW),
        lambda: documents.begin_upload(owner.actor, "a.pdf", 3, document_id=document, now=NOW),
        lambda: documents.share_in_library(owner.actor, document, now=NOW),
        lambda: documents.delete_document(owner.actor, document, now=NOW),
        lambda: sends.delete_document(owner.actor, document, end_sends=True, now=NOW),
        lambda: sends.replace(owner.actor, document, current(item).public_id, key="k", now=NOW),
    ]
    for deed in deeds:
        with pytest.raises(NotFound):
            deed()


# -- Resumable -------------------------------------------------------------------------------------------------------------
def test_an_upload_ends_as_a_file_of_its_folder(owner: Persona, hand: Hand, room: DataRoom) -> None:
    row = make_guest(owner, room)
    place = folder(hand, "in")
    give(row, Right.CONTRIBUTE, place)
    guest, data = hand_of(row), make_pdf()
    upload_id = flows.begin_upload(guest, place.public_id, "a.pdf", len(data), now=NOW).id
    flows.append_upload(guest, upload_id, [data[:100]], offset=0, now=NOW)
    for other in (hand, hand_of(make_guest(owner, room, "other@example.org", Right.CONTRIBUTE))):
        with pytest.raises(NotFound):
            flows.append_upload(other, upload_id, [data[100:]], offset=100, now=NOW)
    with pytest.raises(NotFound):
        documents.append(owner.actor, upload_id, [data[100:]], offset=100, now=NOW)
    flows.append_upload(guest, upload_id, [data[100:]], offset=100, now=NOW)
    view, item_id = flows.upload_of(guest, upload_id, now=NOW)
    item = Item.objects.get(public_id=item_id)
    assert (view.offset, item.parent, item.name, item.added_by) == (len(data), place, "a.pdf", "bidder@example.org")


def test_an_upload_whose_right_ended_becomes_nothing(owner: Persona, hand: Hand, room: DataRoom) -> None:
    row = make_guest(owner, room, right=Right.CONTRIBUTE)
    guest, data = hand_of(row), make_pdf()
    upload_id = flows.begin_upload(guest, "", "a.pdf", len(data), now=NOW).id
    flows.append_upload(guest, upload_id, [data[:100]], offset=0, now=NOW)
    give(row, Right.VIEW)
    with pytest.raises(Forbidden):
        flows.append_upload(guest, upload_id, [data[100:]], offset=100, now=NOW)
    assert (Document.objects.count(), listing(room)) == (0, [])
    flows.abandon_upload(guest, upload_id, now=NOW)
    with pytest.raises(NotFound):
        flows.upload_of(guest, upload_id, now=NOW)


# -- Versions --------------------------------------------------------------------------------------------------------------
def test_readers_stay_with_the_old_version_until_the_new_one_is_ready(hand: Hand, room: DataRoom) -> None:
    item = add(hand)
    prepare(item)
    first = current(item)
    second = flows.replace_file(hand, item.public_id, [b"plain words"], name="new.txt", size=None, now=NOW)
    assert current(item) == first
    with pytest.raises(NotReady):
        flows.restore_version(hand, item.public_id, second.public_id, now=NOW)
    documents.prepare(second.pk, now=NOW)
    assert Job.objects.filter(name="datarooms.publish_ready").count() == 1
    tasks.publish_ready(version_id=second.pk)
    tasks.publish_ready(version_id=second.pk)
    assert (current(item), listing(room)) == (second, ["Offer.txt"])
    assert [version.is_current for version in flows.versions_of(hand, item.public_id)] == [False, True]
    flows.restore_version(hand, item.public_id, first.public_id, now=NOW)
    tasks.publish_ready(version_id=second.pk)
    assert (current(item), listing(room)) == (first, ["Offer.pdf"])


def test_an_older_version_that_is_ready_late_is_not_shown(hand: Hand) -> None:
    item = add(hand)
    prepare(item)
    second = flows.replace_file(hand, item.public_id, [make_pdf(("2",))], name="a.pdf", size=None, now=NOW)
    third = flows.replace_file(hand, item.public_id, [make_pdf(("3",))], name="a.pdf", size=None, now=NOW)
    for version in (third, second):
        documents.prepare(version.pk, now=NOW)
        tasks.publish_ready(version_id=version.pk)
    assert current(item) == third


def test_a_version_of_another_file_is_not_restored(owner: Persona, hand: Hand) -> None:
    item, other = add(hand), add(hand, "other.pdf")
    private = upload(owner.actor)
    assert private.current is not None
    for version in (current(other), private.current):
        with pytest.raises(NotFound):
            flows.restore_version(hand, item.public_id, version.public_id, now=NOW)


# -- Copies ----------------------------------------------------------------------------------------------------------------
def test_a_copy_lives_without_its_original(owner: Persona, hand: Hand, room: DataRoom) -> None:
    item = add(hand)
    prepare(item)
    (made,) = flows.copy(hand, [item.public_id], "", now=NOW)
    flows.throw_away(hand, [item.public_id], now=NOW)
    flows.delete_for_good(hand, [item.public_id], now=NOW)
    for days in range(3):
        documents.sweep_blobs(now=NOW + timedelta(days=days))
    version = current(made)
    assert (version.state, version.pages, version.name) == ("ready", 1, "Offer.pdf")
    with documents.open_original(version) as kept_bytes:
        assert kept_bytes.read() == make_pdf()
    assert version.page_rows.exclude(base_key=None).count() == 1


@pytest.mark.usefixtures("own_blobs")
def test_a_copy_past_the_storage_quota_leaves_nothing(owner: Persona, hand: Hand) -> None:
    place = folder(hand, "in")
    for name in "ab":
        add(hand, f"{name}.pdf", place)
    billing.set_quotas(owner.team, {"storage_bytes": 3 * len(make_pdf())}, who=SYSTEM, now=NOW)
    before = kept()
    with pytest.raises(StorageQuota):
        flows.copy(hand, [place.public_id], "", now=NOW)
    assert kept() == before


# -- Trash -----------------------------------------------------------------------------------------------------------------
def test_what_was_thrown_away_comes_back_where_it_was(hand: Hand, room: DataRoom) -> None:
    a = folder(hand, "a")
    inner = flows.create_path(hand, a.public_id, "b/c", now=NOW)
    item = add(hand, parent=inner)
    flows.throw_away(hand, [item.public_id], now=NOW)
    flows.throw_away(hand, [a.public_id], now=NOW + timedelta(minutes=1))
    assert listing(room) == []
    assert [(one.name, one.where, one.files) for one in flows.trash_of(hand)] == [("a", (), 0), ("Offer.pdf", ("a", "b", "c"), 1)]
    folder(hand, "A")
    flows.restore(hand, [item.public_id], now=NOW)
    flows.restore(hand, [a.public_id], now=NOW)
    assert listing(room) == ["A", "Offer.pdf", "a (2)", "a (2)/b", "a (2)/b/c"]
    with pytest.raises(NotFound):
        flows.restore(hand, [item.public_id], now=NOW)
    check_tree(room)


def test_guests_throw_away_what_they_brought_and_see_no_trash(owner: Persona, hand: Hand, room: DataRoom) -> None:
    guest = hand_of(make_guest(owner, room, right=Right.CONTRIBUTE))
    theirs, mine = add(hand, "theirs.pdf"), folder(guest, "mine")
    inside = add(guest, "inside.pdf", mine)
    for ids in ([theirs.public_id], [mine.public_id, theirs.public_id]):
        with pytest.raises(Forbidden):
            flows.throw_away(guest, ids, now=NOW)
    foreign = add(hand, "foreign.pdf", mine)
    with pytest.raises(Forbidden):
        flows.throw_away(guest, [mine.public_id], now=NOW)
    flows.throw_away(hand, [foreign.public_id], now=NOW)
    flows.throw_away(guest, [mine.public_id], now=NOW)
    assert listing(room) == ["theirs.pdf"]
    with pytest.raises(NotFound):
        flows.versions_of(guest, inside.public_id)
    with pytest.raises(Forbidden):
        flows.trash_of(guest)
    for deed in (flows.restore, flows.delete_for_good):
        with pytest.raises(Forbidden):
            deed(guest, [mine.public_id], now=NOW)


def test_the_trash_is_emptied_after_thirty_days(hand: Hand, room: DataRoom, stranger: Persona) -> None:
    a = folder(hand, "a")
    item, lasting = add(hand, parent=a), add(hand, "lasting.pdf")
    flows.throw_away(hand, [item.public_id], now=NOW)
    flows.throw_away(hand, [a.public_id], now=NOW)
    elsewhere = make_room(stranger)
    add(leader(stranger, elsewhere), "theirs.pdf")
    assert flows.clean_trash(now=NOW + timedelta(days=30) - timedelta(seconds=1)) == 0
    assert flows.clean_trash(now=NOW + timedelta(days=30)) == 2
    assert set(Item.objects.values_list("name", flat=True)) == {"lasting.pdf", "theirs.pdf"}
    assert Document.objects.filter(deleted_at=None).count() == 2
    assert current(lasting).size == document_queries.storage_of(room.team_id).bytes
    flows.delete_room(hand.require_lead(), room.public_id, now=NOW)
    assert flows.clean_trash(now=NOW) == 1
    assert document_queries.storage_of(room.team_id).bytes == 0


def test_a_protected_file_opens_with_its_password(owner: Persona, hand: Hand, room: DataRoom) -> None:
    """By whoever contributes to it; the trail of the room tells."""
    item = add(hand, "Lease.pdf", None, protected(PASSWORD, pages=1))
    drain()
    assert current(item).error_code == "password_required"
    reader, bringer = make_guest(owner, room, "anna@example.org"), make_guest(owner, room, "ben@example.org", Right.CONTRIBUTE)
    with pytest.raises(Forbidden):
        flows.unlock_file(hand_of(reader), item.public_id, PASSWORD, now=NOW)
    flows.unlock_file(hand_of(bringer), item.public_id, "wrong", now=NOW)
    drain()
    assert current(item).error_code == "password_wrong"
    flows.unlock_file(hand, item.public_id, PASSWORD, now=NOW)
    drain()
    assert (current(item).state, current(item).pages) == ("ready", 1)
    with pytest.raises(NotReady):
        flows.retry_file(hand, item.public_id, now=NOW)
    told = [one.actor_label for one in queries.events_of(room).items if one.verb == "document.unlocked"]
    assert told == [owner.user.email, "ben@example.org"]


def test_a_failed_version_is_tried_again_and_then_seen(hand: Hand) -> None:
    item = add(hand)
    prepare(item)
    data = make_pdf(["two", "pages"])
    version = flows.replace_file(hand, item.public_id, [data], name="Offer.pdf", size=len(data), now=NOW)
    Version.objects.filter(pk=version.pk).update(state="failed", error_code="limit_time")
    flows.retry_file(hand, item.public_id, now=NOW)
    prepare(item)
    assert (current(item).number, current(item).pages) == (2, 2)


def test_nothing_is_tried_again_in_an_archived_room(owner: Persona, hand: Hand, room: DataRoom) -> None:
    item = add(hand)
    Version.objects.filter(document__item=item).update(state="failed", error_code="corrupt")
    flows.archive_room(owner.actor, room.public_id, now=NOW)
    with pytest.raises(RoomClosed):
        flows.retry_file(hand, item.public_id, now=NOW)
