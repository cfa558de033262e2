# SPDX-License-Identifier: Apache-2.0
"""Reading the trail: pages of events for a team, and the proof that nothing was changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import CharField, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from sealroom.audit import rules
from sealroom.audit.models import ChainHead, Event, Label
from sealroom.audit.rules import FactValue, Fault, FaultKind, Verb

MOST = 100


@dataclass(frozen=True)
class EventView:
    """An event with the names that are still known for its ids ("" after erasure)."""

    number: int
    at: datetime
    verb: str
    actor_kind: str
    actor: str
    actor_label: str
    route: str
    subject_kind: str
    subject: str
    subject_label: str
    facts: dict[str, FactValue]
    ip: str


@dataclass(frozen=True)
class EventPage:
    """Newest first; `next` continues, None at the end."""

    items: list[EventView]
    next: str | None


@dataclass(frozen=True)
class EventFilter:
    """What to look for; empty fields do not narrow. Times are half-open."""

    verbs: Collection[Verb] = ()
    actor: str = ""
    subject_kind: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


def list_events(team: str, *, only: EventFilter | None = None, cursor: str | None = None, limit: int = MOST) -> EventPage:
    """Events of one team (public id), newest first, at most 100 a page. The caller has checked the right to see them.

    An unknown cursor starts at the beginning of nothing: it gives an empty page, never an error.
    """
    events = Event.objects.filter(team=team)
    if only is not None:
        events = events.filter(**_conditions(only))
    return _page(events, cursor=cursor, limit=limit)


def list_events_about(
    team: str, condition: Q, *, facts: Mapping[str, str] | None = None, cursor: str | None = None, limit: int = MOST
) -> EventPage:
    """As `list_events`, for an upper room that knows which events concern one of its things: `condition` is over the columns, and
    over the facts that `facts` gives a name (name in the condition: name of the fact)."""
    named = {name: Cast(KT(f"facts__{fact}"), CharField()) for name, fact in (facts or {}).items()}
    return _page(Event.objects.filter(team=team).alias(**named).filter(condition), cursor=cursor, limit=limit)


def verify_chain(team: str | None = None) -> list[Fault]:
    """Every fault of a team's chain, or of all chains. An empty list means: nothing was changed, inserted, or taken from the
    middle or (as far as the head row was left alone) the end."""
    if team is not None:
        return list(_faults(team))
    teams = set(ChainHead.objects.values_list("team", flat=True)) | set(Event.objects.values_list("team", flat=True).distinct())
    return [fault for name in sorted(teams) for fault in _faults(name)]


def _faults(team: str) -> Iterator[Fault]:
    head = ChainHead.objects.filter(team=team).first()  # before the events: those written meanwhile only lie beyond it
    number, previous = 0, ""
    for event in Event.objects.filter(team=team).order_by("number").iterator(chunk_size=2000):
        if event.number != number + 1:
            yield Fault(team, number + 1, FaultKind.GAP)
        elif event.previous_hash != previous:
            yield Fault(team, event.number, FaultKind.UNLINKED)
        if rules.link_hash(event.previous_hash, event.hashed_values()) != event.hash:
            yield Fault(team, event.number, FaultKind.CHANGED)
        if head is not None and event.number == head.number and event.hash != head.hash:
            yield Fault(team, event.number, FaultKind.HEAD_WRONG)
        number, previous = event.number, event.hash
    if head is None and number:
        yield Fault(team, number, FaultKind.HEAD_MISSING)
    elif head is not None and head.number > number:
        yield Fault(team, number + 1, FaultKind.TAIL_MISSING)


def _page(events: QuerySet[Event], *, cursor: str | None, limit: int) -> EventPage:
    limit = max(1, min(limit, MOST))
    if cursor is not None:
        events = events.filter(number__lt=int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 19 else 0)
    rows = list(events.order_by("-number")[: limit + 1])
    page = rows[:limit]
    names = _names(page)
    return EventPage([_view(row, names) for row in page], str(page[-1].number) if len(rows) > limit else None)


def _conditions(only: EventFilter) -> dict[str, object]:
    conditions: dict[str, object] = {
        "actor": only.actor,
        "subject_kind": only.subject_kind,
        "subject": only.subject,
        "at__gte": only.since,
        "at__lt": only.until,
        "verb__in": [verb.value for verb in only.verbs],
    }
    return {key: value for key, value in conditions.items() if value}


def _names(rows: list[Event]) -> dict[str, str]:
    keys = {row.actor for row in rows} | {row.subject for row in rows}
    return dict(Label.objects.filter(key__in=keys).values_list("key", "text"))


def _view(row: Event, names: dict[str, str]) -> EventView:
    return EventView(
        number=row.number,
        at=row.at,
        verb=row.verb,
        actor_kind=row.actor_kind,
        actor=row.actor,
        actor_label=names.get(row.actor, ""),
        route=row.route,
        subject_kind=row.subject_kind,
        subject=row.subject,
        subject_label=names.get(row.subject, ""),
        facts=row.facts,
        ip=row.ip,
    )
