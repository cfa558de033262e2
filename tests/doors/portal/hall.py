# SPDX-License-Identifier: Apache-2.0
"""A data room made by the real flows, with something in it that one guest may not know of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F
from django.test import Client
from django.utils import timezone
from tests.doors.portal.conftest import Reader
from tests.factories.access import make_pass
from tests.factories.accounts import Persona
from tests.factories.documents import make_pdf

from sealroom.access.models import Link
from sealroom.datarooms import flows
from sealroom.datarooms.flows.hands import Hand, lead
from sealroom.datarooms.models import DataRoom, Guest, Item, RightRow
from sealroom.datarooms.rules import Invitation, Invited, Right
from sealroom.documents import flows as documents
from sealroom.documents.models import Page, Version, VersionState
from sealroom.httpkit.visitors import cookie_name

ANNA, BORIS = "anna@bidder.example", "boris@rival.example"


@dataclass
class Hall:
    """The room; items by name."""

    owner: Persona
    room: DataRoom
    items: dict[str, Item] = field(default_factory=dict)

    @property
    def lead(self) -> Hand:
        """The owner at work."""
        return lead(self.owner.actor, self.room.public_id)

    def folder(self, name: str, parent: str = "") -> Item:
        """A folder at the end of another."""
        above = self.items[parent].public_id if parent else ""
        self.items[name] = flows.create_folder(self.lead, above, name, now=timezone.now())
        return self.items[name]

    def file(self, name: str, parent: str = "", *, words: str = "Some words", data: bytes | None = None) -> Item:
        """A file of one page, as if it were prepared; whatever is not a PDF cannot be shown."""
        above = self.items[parent].public_id if parent else ""
        data = make_pdf([words]) if data is None else data
        item = flows.add_file(self.lead, above, [data], name=name, size=len(data), now=timezone.now())
        assert item.document is not None
        assert item.document.current_id is not None
        version = Version.objects.get(pk=item.document.current_id)
        version.state, version.pages = VersionState.READY, 1 if version.kind == "pdf" else None
        version.save(update_fields=["state", "pages"])
        if version.pages:
            Page.objects.create(version=version, number=1, width=595, height=842)
        self.items[name] = item
        return item

    def read(self, name: str) -> None:
        """Read a file's words ahead, as the job does."""
        document = self.items[name].document
        assert document is not None
        assert document.current_id is not None
        documents.read(document.current_id, now=timezone.now())

    def guest(self, address: str, right: Right | None = None) -> Guest:
        """A guest, with a right on the whole room."""
        invitation = Invitation((Invited(address),), right=right, has_notice=False)
        (guest,) = flows.invite(self.owner.actor, self.room.public_id, invitation, now=timezone.now())
        return guest

    def set(self, guest: Guest, right: Right, name: str = "") -> None:
        """Set a right of a guest on an item, or on the room."""
        item = self.items[name] if name else None
        RightRow.objects.update_or_create(room=self.room, guest=guest, item=item, defaults={"right": right})
        DataRoom.objects.filter(pk=self.room.pk).update(revision=F("revision") + 1)

    def change(self, **values: object) -> None:
        """Change columns of the room."""
        DataRoom.objects.filter(pk=self.room.pk).update(revision=F("revision") + 1, **values)

    def at(self, guest: Guest, ending: str = "") -> str:
        """An address in the room."""
        assert guest.link is not None
        return f"/v/r/{guest.link.public_id}/{ending}"

    def document(self, guest: Guest, name: str, ending: str = "") -> str:
        """The address of a file's document."""
        document = self.items[name].document
        assert guest.link is not None
        assert document is not None
        return f"/v/d/{guest.link.public_id}/{document.public_id}/{ending}"


def make_hall(owner: Persona, name: str = "Project Alder") -> Hall:
    """An empty room."""
    return Hall(owner, flows.create_room(owner.actor, name, now=timezone.now()))


def browser(link: Link | None) -> Reader:
    """A browser that proved the link's address."""
    assert link is not None
    reader = Reader()
    reader.client.cookies[cookie_name()] = make_pass(link, now=timezone.now())
    return reader


def loose_client(reader: Reader) -> Client:
    """The same browser, which sends forms without a token."""
    client = Client()
    client.cookies = reader.client.cookies
    return client


def bytes_of(answer: Any) -> bytes:
    """The body of a streamed answer."""
    stream: Iterator[bytes] = answer.streaming_content
    return b"".join(stream)
