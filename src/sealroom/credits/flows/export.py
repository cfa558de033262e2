# SPDX-License-Identifier: Apache-2.0
"""Taking the ledger along as a file: who may, how often, and the line in the trail that says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from sealroom.accounts.rules import Actor, Capability
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.core import ratelimit
from sealroom.credits import queries
from sealroom.credits.queries import EntryView, Filters

# An export may read a million lines: enough for whoever works with them, too few to keep a server busy.
_MOST, _PER = 30, timedelta(hours=1)


@transaction.atomic
def export_entries(actor: Actor, filters: Filters, *, form: str, now: datetime) -> Iterator[EntryView]:
    """The filtered ledger up to its present last line, newest first: all lines for who may see the team's usage, own ones for
    others. The lines are read when they are asked for, after the trail has the export. Raises `Forbidden`, `RateLimited`."""
    if not actor.may(Capability.SEE_TEAM_USAGE):
        actor.require(Capability.SEE_OWN_USAGE)
    ratelimit.take("credits.export", actor.user, limit=_MOST, per=_PER, now=now)
    last = queries.last_number(actor.team_id)
    through = last if filters.through is None else min(last, filters.through)
    audit.record(
        actor.who,
        Verb.DATA_EXPORTED,
        "team",
        actor.team,
        now=now,
        list="credits.ledger",
        format=form,
        through=through,
        kind=filters.kind,
        member=filters.actor,
        by=filters.route,
        since=filters.since,
        until=filters.until,
        period=filters.period,
    )
    return queries.each_entry(actor, replace(filters, through=through))
