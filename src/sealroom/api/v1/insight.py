# SPDX-License-Identifier: Apache-2.0
"""What became of a send: who read what and how long, and what was done with it."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from ninja import Router, Schema

from sealroom.api.app import Limit, actor_of
from sealroom.audit.queries import EventPage
from sealroom.sends.queries import insight

router = Router(tags=["sends"])
FactOut = str | int | bool | None


class ReadingOut(Schema):
    """What one recipient did with one document. Times on screen are milliseconds, `completion` is percent of its pages."""

    recipient_id: str
    email: str
    document_id: str
    opens: int
    first_opened_at: datetime | None
    last_opened_at: datetime | None
    last_seen_at: datetime | None
    pages: int
    pages_seen: int
    active_ms: int
    completion: int
    downloads: int
    prints: int
    denied: int


class PageOut(Schema):
    """What all recipients did with one page of a document."""

    document_id: str
    page: int
    opens: int
    active_ms: int


class AnalyticsOut(Schema):
    """A line for each current recipient and document, and one for each page that was opened (of all its versions together)."""

    recipients: int
    opened: int
    opens: int
    active_ms: int
    items: list[ReadingOut]
    pages: list[PageOut]


class EventOut(Schema):
    """A line of the trail. `actor` and `subject` are names as far as they are still known, else ids."""

    number: int
    at: datetime
    kind: str
    actor_kind: str
    actor: str
    route: str
    subject_kind: str
    subject_id: str
    subject: str
    ip: str
    facts: dict[str, FactOut | list[FactOut]]


class EventsOut(Schema):
    """A page of events, newest first."""

    items: list[EventOut]
    next: str | None


@router.get("/sends/{send_id}/analytics", response=AnalyticsOut, summary="Who read what, and how long")
def analytics(request: HttpRequest, send_id: str) -> AnalyticsOut:
    """Openings and time really on screen, by recipient and document, and by page."""
    actor = actor_of(request)
    found = insight.analytics_of(actor, send_id)
    return AnalyticsOut(
        recipients=found.recipients,
        opened=found.opened,
        opens=found.opens,
        active_ms=found.active_ms,
        items=[_reading(one) for one in found.readings],
        pages=[
            PageOut(document_id=one.document_id, page=one.page, opens=one.opens, active_ms=one.active_ms)
            for one in insight.pages_of(actor, send_id)
        ],
    )


@router.get("/sends/{send_id}/events", response=EventsOut, summary="What was done with a send")
def events(request: HttpRequest, send_id: str, cursor: str = "", limit: Limit = 50) -> EventsOut:
    """Deeds of the sender, and openings and downloads of recipients, from the audit trail."""
    return events_out(insight.events_of(actor_of(request), send_id, cursor=cursor, limit=limit))


def events_out(page: EventPage) -> EventsOut:
    """A page of the trail as the API shows it."""
    items = [
        EventOut(
            number=one.number,
            at=one.at,
            kind=one.verb,
            actor_kind=one.actor_kind,
            actor=one.actor_label or one.actor,
            route=one.route,
            subject_kind=one.subject_kind,
            subject_id=one.subject,
            subject=one.subject_label or one.subject,
            ip=one.ip,
            facts=one.facts,
        )
        for one in page.items
    ]
    return EventsOut(items=items, next=page.next)


def _reading(one: insight.Reading) -> ReadingOut:
    read = one.insight
    return ReadingOut(
        recipient_id=one.recipient_id,
        email=one.address,
        document_id=one.document_id,
        opens=read.opens,
        first_opened_at=read.first_opened_at,
        last_opened_at=read.last_opened_at,
        last_seen_at=read.last_seen_at,
        pages=read.pages,
        pages_seen=read.pages_seen,
        active_ms=read.active_ms,
        completion=read.completion,
        downloads=read.downloads,
        prints=read.prints,
        denied=read.denials,
    )
