# SPDX-License-Identifier: Apache-2.0
"""What lies in a room counts against the team's storage, also in its trash, until it is deleted for good; then its bytes go."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sealroom.audit.rules import SYSTEM
from sealroom.billing import flows as billing
from sealroom.datarooms import flows
from sealroom.datarooms.models import DataRoom, Item
from sealroom.datarooms.rules import Right
from sealroom.documents import flows as documents
from sealroom.documents import queries
from sealroom.documents.errors import StorageQuota
from sealroom.documents.models import Document
from sealroom.documents.ports import get_blob_store
from sealroom.documents.queries import LOOSE_FOR
from tests.datarooms.test_files import add, prepare
from tests.factories.accounts import Persona
from tests.factories.documents import make_pdf
from tests.factories.rooms import NOW, give, leader, make_guest, make_room

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=31)


@pytest.fixture
def room(owner: Persona) -> DataRoom:
    """A room with two versions of one file, another in a folder that was thrown away, and a team that has no byte left."""
    room = make_room(owner)
    hand = leader(owner, room)
    data = make_pdf(["Lease"])
    lease = add(hand, "Lease.pdf", None, data)
    flows.replace_file(hand, lease.public_id, [data], name="Lease.pdf", size=len(data), now=NOW)
    folder = flows.create_folder(hand, "", "Old", now=NOW)
    add(hand, "Draft.pdf", folder, data)
    prepare(lease)
    flows.throw_away(hand, [folder.public_id], now=NOW)
    billing.set_quotas(owner.team, {"storage_bytes": 3 * len(data)}, who=SYSTEM, now=NOW)
    assert queries.storage_used(owner.team.pk) == 3 * len(data)
    return room


def sweep_twice() -> None:
    """As the daily task does on two days."""
    documents.sweep_blobs(now=LATER)
    documents.sweep_blobs(now=LATER + LOOSE_FOR)


def test_a_deleted_room_gives_its_storage_back(owner: Persona, room: DataRoom) -> None:
    """By the hourly and the daily task, thirty days after it was thrown away, with its trash and every version."""
    other = leader(owner, make_room(owner, "Birch"))
    with pytest.raises(StorageQuota):
        add(other)
    flows.trash_room(owner.actor, room.public_id, now=NOW)
    assert (flows.empty_room_trash(now=NOW + timedelta(days=29)), flows.clean_trash(now=NOW + timedelta(days=29))) == (0, 0)
    assert flows.empty_room_trash(now=LATER) == 1
    with pytest.raises(StorageQuota):
        add(other)  # the rows go with the daily task
    assert flows.clean_trash(now=LATER) == 2
    assert queries.storage_used(owner.team.pk) == 0
    assert (Item.objects.filter(room=room).count(), Document.objects.filter(deleted_at=None).count()) == (0, 0)
    sweep_twice()
    assert list(get_blob_store().keys()) == []
    assert add(other).name == "Offer.pdf"
    assert flows.clean_trash(now=LATER) == 0


def test_a_trash_that_is_emptied_gives_back_what_lay_in_it(owner: Persona, room: DataRoom) -> None:
    used = queries.storage_used(owner.team.pk)
    assert flows.clean_trash(now=NOW + timedelta(days=29)) == 0
    assert flows.clean_trash(now=LATER) == 1
    assert queries.storage_used(owner.team.pk) == used * 2 // 3
    kept = set(get_blob_store().keys())
    sweep_twice()
    gone = kept - set(get_blob_store().keys())
    assert gone
    assert sorted(queries.blob_faults()) == []
    assert leader(owner, room).room.public_id == room.public_id


def test_a_clone_with_files_has_documents_of_its_own(owner: Persona, room: DataRoom) -> None:
    """And is not made where they do not fit."""
    rooms, blobs = DataRoom.objects.count(), set(get_blob_store().keys())
    with pytest.raises(StorageQuota):
        flows.clone_room(owner.actor, room.public_id, "Birch", with_files=True, now=NOW)
    assert (DataRoom.objects.count(), set(get_blob_store().keys())) == (rooms, blobs)
    billing.set_quotas(owner.team, {"storage_bytes": 10**9}, who=SYSTEM, now=NOW)
    guest = make_guest(owner, room, "anna@example.org")
    lease = Item.objects.get(room=room, name="Lease.pdf")
    give(guest, Right.PRINT, lease)
    clone = flows.clone_room(owner.actor, room.public_id, "Birch", with_guests=True, with_files=True, now=NOW)
    (copied,) = Item.objects.filter(room=clone).select_related("document__current")
    assert (copied.name, copied.rights.get().right, copied.added_by) == ("Lease.pdf", "print", owner.user.email)
    assert copied.document is not None
    assert copied.document.current is not None
    assert (copied.document.current.number, copied.document.current.state, copied.document.pk != lease.document_id) == (
        1,
        "ready",
        True,
    )
    flows.delete_room(owner.actor, room.public_id, now=NOW)
    flows.clean_trash(now=NOW)
    sweep_twice()
    assert sorted(queries.blob_faults(read=True)) == []
    assert queries.storage_used(owner.team.pk) == copied.document.current.size
