# SPDX-License-Identifier: Apache-2.0
"""Parcels that were sent by the real flows, and readers with a browser that checks CSRF as a real one meets it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import pytest
from django.apps import apps
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from tests.factories.access import code_of, latest_challenge, make_document
from tests.factories.accounts import Persona

from sealroom.access import queries as access
from sealroom.documents.models import Document, Page
from sealroom.sends import flows as sends
from sealroom.sends.models import Recipient, Send
from sealroom.sends.rules import Addressee, SendRequest, SendSettings

NADIA, OMAR, FORWARDED_TO = "nadia@example.com", "omar@example.org", "somebody.else@example.net"
UNKNOWN = "0000000000000000000000000000000A"  # a token of the right shape that no link has


@dataclass(frozen=True)
class Parcel:
    """A send as its recipients know it."""

    owner: Persona
    send: Send
    documents: tuple[Document, ...]
    tokens: dict[str, str]
    links: dict[str, str]

    @property
    def document(self) -> str:
        """Public id of the first document."""
        return self.documents[0].public_id

    def address(self, reader: str, ending: str = "") -> str:
        """Where the first document stands for a reader."""
        return f"/v/d/{self.links[reader]}/{self.document}/{ending}"


@dataclass
class Reader:
    """Somebody with a browser."""

    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True, headers={"User-Agent": "Browser of a test"}))

    def get(self, address: str, **extra: Any) -> HttpResponse:
        return cast("HttpResponse", self.client.get(address, **extra))

    def post(self, to: str, page: str, /, **fields: str) -> HttpResponse:
        """Send a form that stands on `page`."""
        return cast("HttpResponse", self.client.post(to, {"csrfmiddlewaretoken": csrf_of(self.get(page)), **fields}))

    def ask(self, reference: str, address: str) -> HttpResponse:
        return self.post(f"/v/{reference}/code/", f"/v/{reference}/", address=address)

    def type(self, reference: str, code: str, **fields: str) -> HttpResponse:
        return self.post(f"/v/{reference}/verify/", f"/v/{reference}/verify/", code=code, **fields)

    def prove(self, reference: str, address: str, **fields: str) -> HttpResponse:
        """Through both gates."""
        self.ask(reference, address)
        return self.type(reference, code_of(latest_challenge(address).public_id), **fields)

    def beat(
        self, parcel: Parcel, reader: str, body: str = '{"pages": {"1": 1000}}', content_type: str = "application/json"
    ) -> HttpResponse:
        """What the viewer's script sends."""
        token = csrf_of(self.get(parcel.address(reader)))
        headers = {"X-CSRFToken": token}
        answer = self.client.post(parcel.address(reader, "seen/"), body, content_type=content_type, headers=headers)
        return cast("HttpResponse", answer)


def csrf_of(page: HttpResponse) -> str:
    """The token in a page's form."""
    match = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())
    return match.group(1) if match else ""


def without_tokens(page: HttpResponse, *names: str) -> str:
    """A page's text with what differs by design (CSRF, the address asked for, times) taken out."""
    text = re.sub(r'csrfmiddlewaretoken" value="\w+"', "", page.content.decode())
    text = re.sub(r'"x-csrftoken": "\w+"', "", text)
    text = re.sub(r'data-countdown="[^"]*"', "", text)
    text = re.sub(r"\d+\s(min|s)\b", "", text)
    for name in names:
        text = text.replace(name, "…")
    return text


def everything_stored() -> dict[str, list[dict[str, object]]]:
    """All rows of all tables."""
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in apps.get_models()}


def send_parcel(
    owner: Persona,
    documents: Sequence[Document],
    *,
    settings: SendSettings | None = None,
    language: str = "en",
    message: str = "",
    key: str = "k1",
    now: datetime,
) -> Parcel:
    """Documents on their way to two readers."""
    request = SendRequest(
        documents=tuple(document.public_id for document in documents),
        recipients=(Addressee(NADIA, "Nadia"), Addressee(OMAR)),
        subject="Papers for Thursday",
        message=message,
        language=language,
        settings=settings or SendSettings(),
    )
    result = sends.send_documents(owner.actor, request, key=key, now=now)
    rows = Recipient.objects.filter(send=result.send).select_related("link")
    links = {row.address: row.link for row in rows if row.link}
    tokens = {address: access.link_url(link).rstrip("/").rpartition("/")[2] for address, link in links.items()}
    return Parcel(owner, result.send, tuple(documents), tokens, {address: link.public_id for address, link in links.items()})


def paper(owner: Persona, name: str = "Term sheet.pdf", *, pages: int = 3, now: datetime) -> Document:
    """A document that can be listed and laid out, without bytes behind it."""
    document = make_document(owner, name, pages=pages, now=now)
    assert document.current is not None
    Page.objects.bulk_create(Page(version=document.current, number=n, width=595, height=842) for n in range(1, pages + 1))
    return document


@pytest.fixture
def moment() -> datetime:
    """When the parcel is sent: now, because the pages ask the clock."""
    return timezone.now()


@pytest.fixture
def parcel(owner: Persona, moment: datetime) -> Parcel:
    """One document to two readers, for viewing."""
    return send_parcel(owner, [paper(owner, now=moment)], now=moment)


@pytest.fixture
def new_reader() -> Callable[[], Reader]:
    """Browsers that know nothing of each other."""
    return Reader


@pytest.fixture
def reader() -> Reader:
    """A browser."""
    return Reader()
