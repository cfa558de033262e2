# SPDX-License-Identifier: Apache-2.0
"""Lists of a room to take along: its analytics, and what was asked and answered. Each leaves a trace."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from sealroom.accounts.rules import Actor
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.core.tables import csv_parts
from sealroom.datarooms import queries
from sealroom.datarooms.flows.hands import lead
from sealroom.datarooms.models import DataRoom
from sealroom.datarooms.queries import UsageList


@transaction.atomic
def export_usage(actor: Actor, room_id: str, which: UsageList, *, now: datetime) -> Iterator[bytes]:
    """One list of a room's analytics as an XLSX workbook, in parts. Raises `Forbidden`, `NotFound`."""
    room = lead(actor, room_id).room
    _record(actor, room, f"data_room_{which.value}", "xlsx", now=now)
    return queries.usage_workbook(queries.analytics(room, now=now), which)


@transaction.atomic
def export_questions(actor: Actor, room_id: str, *, now: datetime) -> Iterator[str]:
    """Every contribution to every question of a room as CSV, in parts, as the archive has it. Raises `Forbidden`, `NotFound`."""
    room = lead(actor, room_id).room
    _record(actor, room, "data_room_questions", "csv", now=now)
    return csv_parts(queries.QUESTIONS, queries.question_rows(room, queries.paths_of(room)))


def _record(actor: Actor, room: DataRoom, which: str, form: str, *, now: datetime) -> None:
    facts = {"list": which, "format": form, "room": room.public_id}
    audit.record(actor.who, Verb.DATA_EXPORTED, "data_room", room.public_id, now=now, label=room.name, **facts)
