# SPDX-License-Identifier: Apache-2.0
"""Requests to send, and sends that went out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sealroom.access import flows as access
from sealroom.core.ids import new_id
from sealroom.core.models import Job
from sealroom.credits import queries as credits
from sealroom.documents.models import Document
from sealroom.sends import flows, queries
from sealroom.sends.flows import SendResult
from sealroom.sends.models import Recipient, Send
from sealroom.sends.rules import Addressee, SendRequest, SendSettings
from tests.factories.access import IP, make_pass
from tests.factories.accounts import Persona

FIVE = tuple(f"r{number}@example.com" for number in range(5))


def request_for(
    documents: Sequence[Document],
    recipients: Iterable[str] = FIVE,
    *,
    settings: SendSettings | None = None,
    subject: str = "",
    message: str = "",
    notify: bool = True,
    language: str = "",
) -> SendRequest:
    """What a member asks for."""
    return SendRequest(
        documents=tuple(document.public_id for document in documents),
        recipients=tuple(Addressee(address) for address in recipients),
        subject=subject,
        message=message,
        settings=settings or SendSettings(),
        notify=notify,
        language=language,
    )


def send(
    sender: Persona,
    documents: Sequence[Document],
    recipients: Iterable[str] = FIVE,
    *,
    key: str = "",
    settings: SendSettings | None = None,
    now: datetime,
) -> SendResult:
    """Deliver, under a key of its own unless one is given."""
    request = request_for(documents, recipients, settings=settings or queries.house_settings(sender.actor, now=now))
    return flows.send_documents(sender.actor, request, key=key or new_id("key"), now=now)


def available(team: Persona, now: datetime) -> int:
    """The credits a team has left."""
    return credits.meter(team.team.pk, now=now).available


def recipient_of(sent: Send, address: str) -> Recipient:
    """The current recipient with this address."""
    return Recipient.objects.select_related("link").get(send=sent, address=address, removed_at=None)


def open_as(sent: Send, address: str, document: Document, *, now: datetime) -> str:
    """Open the document in a browser that proved the address; returns its cookie."""
    link = recipient_of(sent, address).link
    assert link is not None
    cookie = make_pass(link, now=now)
    access.check_pass(cookie, link.public_id, document.public_id, ip=IP, now=now)
    return cookie


def jobs_named(name: str) -> list[dict[str, object]]:
    """The arguments of the waiting jobs of a name, oldest first."""
    return list(Job.objects.filter(name=name, state="waiting").order_by("pk").values_list("arguments", flat=True))
