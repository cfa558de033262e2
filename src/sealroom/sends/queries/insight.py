# SPDX-License-Identifier: Apache-2.0
"""What became of a send: who read which file and for how long, page by page; and everything that was done with it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from sealroom.access.models import Link
from sealroom.accounts.rules import Actor
from sealroom.audit import queries as audit_queries
from sealroom.core.errors import Invalid
from sealroom.sends.models import Send
from sealroom.sends.queries import get_send
from sealroom.viewing import queries as viewing_queries
from sealroom.viewing.queries import Insight

_NOTHING = Insight()


@dataclass(frozen=True)
class Reading:
    """What one recipient did with one document of a send; of the link that names nobody (`recipient_id` ""), what the reader with
    this proved address did, or all who proved none together (`address` "")."""

    recipient_id: str
    address: str
    document_id: str
    insight: Insight


@dataclass(frozen=True)
class Analytics:
    """A send's readings, a line for each current recipient and document, and for each reader of the open link and document he
    opened or was refused; recipients who were removed count no more. `recipients` counts the named ones, `opened` who opened."""

    recipients: int
    opened: int
    opens: int
    active_ms: int
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class PageReading:
    """What all recipients did with one page of a document."""

    document_id: str
    page: int
    opens: int
    active_ms: int


def analytics_of(actor: Actor, send_id: str) -> Analytics:
    """What the recipients of the actor's own send did. Raises `NotFound`."""
    send = get_send(actor, send_id)
    people = [one for one in send.recipients.order_by("pk") if one.removed_at is None]
    documents = list(send.send_documents.order_by("position", "pk").values_list("document_id", "document__public_id"))
    found = viewing_queries.insight_by_link([one.link_id for one in people if one.link_id is not None])
    readings = [
        Reading(one.public_id, one.address, public_id, found.get((one.link_id or 0, document), _NOTHING))
        for one in people
        for document, public_id in documents
    ]
    readings += _through_open_link(send, dict(documents))
    return Analytics(
        recipients=len(people),
        opened=len({(reading.recipient_id, reading.address) for reading in readings if reading.insight.opens}),
        opens=sum(reading.insight.opens for reading in readings),
        active_ms=sum(reading.insight.active_ms for reading in readings),
        readings=tuple(readings),
    )


def pages_of(actor: Actor, send_id: str) -> tuple[PageReading, ...]:
    """What all current recipients of the actor's own send did with each page that was opened; the versions of a document count
    together. Raises `NotFound`."""
    send = get_send(actor, send_id)
    links = [link for link in send.recipients.filter(removed_at=None).values_list("link_id", flat=True) if link is not None]
    links += [send.open_link_id] if send.open_link_id is not None else []
    totals: dict[tuple[str, int], tuple[int, int]] = {}
    for document, public_id in send.send_documents.order_by("position", "pk").values_list("document_id", "document__public_id"):
        for one in viewing_queries.insight_by_page(links, document):
            opens, active_ms = totals.get((public_id, one.page), (0, 0))
            totals[public_id, one.page] = (opens + one.opens, active_ms + one.active_ms)
    return tuple(PageReading(document, page, *numbers) for (document, page), numbers in totals.items())


def events_of(actor: Actor, send_id: str, *, cursor: str = "", limit: int = 50) -> audit_queries.EventPage:
    """Everything the trail says of the actor's own send, its recipients, and its documents as far as this send is concerned,
    newest first. Raises `NotFound`, and `Invalid` for a cursor that is none."""
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise Invalid({"cursor": ["unknown"]})
    send = get_send(actor, send_id)
    facts = {"its_send": "send", "its_link": "link"}
    return audit_queries.list_events_about(actor.team, _about(send), facts=facts, cursor=cursor or None, limit=limit)


def _through_open_link(send: Send, documents: dict[int, str]) -> list[Reading]:
    """Readings through the link that names nobody, by proved address, whoever came first first."""
    if send.open_link_id is None:
        return []
    found = viewing_queries.insight_by_reader(send.open_link_id)
    readings = [Reading("", address, documents[pk], one) for (address, pk), one in found.items() if pk in documents]
    return sorted(readings, key=lambda one: (one.insight.first_opened_at is None, one.insight.first_opened_at, one.address))


def _about(send: Send) -> Q:
    documents = send.send_documents.values("document__public_id")
    links = Link.objects.filter(policy=send.policy_id)
    return (
        Q(subject_kind="send", subject=send.public_id)
        | Q(subject_kind="recipient", subject__in=send.recipients.values("public_id"))
        | Q(subject_kind="document", subject__in=documents, its_send=send.public_id)
        | Q(subject_kind="document", subject__in=documents, its_link__in=links.values("public_id"))
    )
