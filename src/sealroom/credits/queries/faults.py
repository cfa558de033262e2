# SPDX-License-Identifier: Apache-2.0
"""Whether the ledger adds up, for `sealroom check`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from django.db.models import F, Sum

from sealroom.credits import rules
from sealroom.credits.models import Entry, Lot, UsageSum, Wallet


def recount(team_id: int) -> dict[str, int]:
    """The balance three ways, for `sealroom check`: as kept, as the sum of all lines, as the sum of what lots hold. Walks the
    whole ledger; the three are equal unless something is broken."""
    wallet = Wallet.objects.values_list("balance", flat=True).get(team_id=team_id)
    lines = Entry.objects.filter(team_id=team_id).aggregate(total=Sum(F("delta")))["total"] or 0
    lots = Lot.objects.filter(team_id=team_id).aggregate(total=Sum("remaining"))["total"] or 0
    return {"balance": wallet, "entries": lines, "lots": lots}


def ledger_faults() -> Iterator[str]:
    """A sentence for everything that is not as it must be, for `sealroom check`: ways to count a balance that differ, the first
    line of a ledger that does not follow from those before it, sums of the running period that its lines do not give."""
    for row in Wallet.objects.select_related("team").order_by("team_id"):
        for fault in _faults_of(row):
            yield f"team {row.team.public_id}: {fault}"


def _faults_of(row: Wallet) -> Iterator[str]:
    counts = recount(row.team_id)
    if len(set(counts.values())) > 1 or row.balance < 0:
        yield ", ".join(f"{what} {count}" for what, count in counts.items())
    running, last = 0, 0
    lines = Entry.objects.filter(team_id=row.team_id).order_by("number")
    for number, delta, after in lines.values_list("number", "delta", "balance_after").iterator(chunk_size=2000):
        running, last = running + delta, last + 1
        if (number, after) != (last, running) or running < 0:
            yield f"ledger line {number} does not follow from those before it"
            return
    if last + 1 != row.next_number:
        yield f"{last} ledger lines, the wallet counts {row.next_number - 1}"
    yield from _faults_of_usage(row)


def _faults_of_usage(row: Wallet) -> Iterator[str]:
    lines = Entry.objects.filter(team_id=row.team_id, charge__period_start=F("period_start"))
    facts = lines.values_list("period_start", "charge__actor", "charge__at", "delta")
    sums: Counter[tuple[datetime, str, int]] = Counter()
    for start, actor, at, delta in facts.iterator(chunk_size=2000):
        sums[start, actor, rules.quarter_of(at)] -= delta
    used = sum(total for (start, _, _), total in sums.items() if start == row.period_start)
    if used != row.period_used:
        yield f"{used} used in the running period, the wallet says {row.period_used}"
    kept = UsageSum.objects.filter(team_id=row.team_id).values_list("period_start", "actor", "quarter", "used")
    for start, actor, quarter, total in kept.iterator(chunk_size=2000):
        sums[start, actor, quarter] -= total
    if wrong := sum(1 for difference in sums.values() if difference):
        yield f"{wrong} sums of usage by quarter of an hour are not those of the lines"
