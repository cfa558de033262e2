# SPDX-License-Identifier: Apache-2.0
"""Analytics of a room to take along."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from sealroom.accounts.rules import Actor
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.datarooms import queries
from sealroom.datarooms.flows.hands import lead
from sealroom.datarooms.queries import UsageList


@transaction.atomic
def export_usage(actor: Actor, room_id: str, which: UsageList, *, now: datetime) -> Iterator[bytes]:
    """One list of a room's analytics as an XLSX workbook, in parts. Leaves a trace. Raises `Forbidden`, `NotFound`."""
    room = lead(actor, room_id).room
    facts = {"list": f"data_room_{which.value}", "format": "xlsx", "room": room.public_id}
    audit.record(actor.who, Verb.DATA_EXPORTED, "data_room", room.public_id, now=now, label=room.name, **facts)
    return queries.usage_workbook(queries.analytics(room, now=now), which)
