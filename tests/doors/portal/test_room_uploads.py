# SPDX-License-Identifier: Apache-2.0
"""Large files from guests who may contribute: in parts, by the protocol of resumable uploads, behind every gate at each part."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.utils import timezone
from tests.doors.portal.hall import ANNA, BORIS, browser, loose_client, make_hall
from tests.factories.accounts import Persona
from tests.factories.documents import make_pdf

from sealroom.datarooms import flows
from sealroom.datarooms.models import Item
from sealroom.datarooms.rules import Right

pytestmark = pytest.mark.django_db
TUS = {"Tus-Resumable": "1.0.0"}
DATA = make_pdf(["Bid"])


def words(**said: str) -> dict[str, str]:
    """The headers that open an upload."""
    named = ",".join(f"{word} {base64.b64encode(value.encode()).decode()}" for word, value in said.items())
    return TUS | {"Upload-Length": str(len(DATA)), "Upload-Metadata": named}


def test_file_in_parts_is_its_contributors_alone(owner: Persona) -> None:
    hall = make_hall(owner)
    legal = hall.folder("Legal").public_id
    anna, boris = hall.guest(ANNA), hall.guest(BORIS)
    for guest in (anna, boris):
        hall.set(guest, Right.CONTRIBUTE, "Legal")
    client, other = loose_client(browser(anna.link)), loose_client(browser(boris.link))

    def part(data: bytes, offset: int) -> Any:
        kind = "application/offset+octet-stream"
        return client.patch(at, data, content_type=kind, headers=TUS | {"Upload-Offset": str(offset)})

    refused = client.post(hall.at(anna, "uploads/"), headers=words(filename="Bid.pdf"))
    assert (refused.status_code, refused["X-File-Row"]) == (403, "yes")  # not at the top
    begun = client.post(hall.at(anna, "uploads/"), headers=words(filename="Bid.pdf", folder=legal, path="Bids"))
    at = begun["Location"]
    assert (begun.status_code, at.startswith(hall.at(anna, "uploads/"))) == (201, True)
    assert part(DATA[:10], 0)["Upload-Offset"] == "10"
    assert other.head(hall.at(boris, "uploads/") + at.split("/")[-2] + "/", headers=TUS).status_code == 404
    again = part(DATA[:10], 0)
    assert (again.status_code, "X-File-Row" in again.headers, client.head(at, headers=TUS)["Upload-Offset"]) == (409, False, "10")
    ended = part(DATA[10:], 10)
    item = Item.objects.select_related("parent").get(public_id=ended["Sealroom-Item"])
    assert item.parent is not None
    assert (ended.status_code, item.name, item.parent.name, item.added_by) == (204, "Bid.pdf", "Bids", ANNA)


def test_right_that_ends_meanwhile_lets_no_file_in(owner: Persona) -> None:
    hall = make_hall(owner)
    legal = hall.folder("Legal").public_id
    anna = hall.guest(ANNA)
    hall.set(anna, Right.CONTRIBUTE, "Legal")
    client = loose_client(browser(anna.link))
    at = client.post(hall.at(anna, "uploads/"), headers=words(filename="Bid.pdf", folder=legal))["Location"]
    hall.set(anna, Right.VIEW, "Legal")
    kind = "application/offset+octet-stream"
    ended = client.patch(at, DATA, content_type=kind, headers=TUS | {"Upload-Offset": "0"})
    assert (ended.status_code, Item.objects.filter(name="Bid.pdf").count()) == (403, 0)
    flows.revoke_guest(owner.actor, hall.room.public_id, anna.public_id, now=timezone.now())
    assert client.head(at, headers=TUS).status_code in {401, 403, 410}
