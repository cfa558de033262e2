# SPDX-License-Identifier: Apache-2.0
"""Keeping the sums of usage beside the ledger. Called where lines are written, under the wallet's lock, in their transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from django.db import connection
from django.db.models import Sum

from sealroom.credits import rules
from sealroom.credits.models import Charge, UsageSum

# Both databases know this form; the ORM would need two statements or a row it has read before.
_ADD = """
INSERT INTO credits_usagesum (team_id, period_start, actor, quarter, used) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (team_id, period_start, actor, quarter) DO UPDATE SET used = credits_usagesum.used + excluded.used
"""


class _Line(Protocol):
    @property
    def delta(self) -> int: ...
    @property
    def charge(self) -> Charge | None: ...


def used_in(team_id: int, start: datetime) -> int:
    """What the lines of a period that began at `start` have used so far: 0 for a new one; more when an operator moved the cycle
    away and back, and the period goes on."""
    return UsageSum.objects.filter(team_id=team_id, period_start=start).aggregate(total=Sum("used"))["total"] or 0


def count(team_id: int, start: datetime | None, lines: Iterable[_Line]) -> None:
    """Add lines of charges of the running period (`start`) to the sums; other lines are no usage of it. As `Wallet.period_used`."""
    sums: Counter[tuple[str, int]] = Counter()
    for line in lines:
        if line.charge is not None and line.charge.period_start == start:
            sums[line.charge.actor, rules.quarter_of(line.charge.at)] -= line.delta
    if not sums:
        return
    period = connection.ops.adapt_datetimefield_value(start)
    with connection.cursor() as cursor:
        for (actor, quarter), used in sums.items():
            cursor.execute(_ADD, [team_id, period, actor, quarter, used])
