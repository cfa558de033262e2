# SPDX-License-Identifier: Apache-2.0
"""Whatever happens in whatever order, the books stay true (random sequences, billing rules 2)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealroom.audit.rules import SYSTEM
from sealroom.billing import flows as billing
from sealroom.core.errors import DomainError
from sealroom.core.ids import digest
from sealroom.credits import flows, queries
from sealroom.credits.models import Charge, Entry, EntryKind, Lot, Notice, PaidPair
from sealroom.credits.rules import LotKind
from tests.factories.accounts import Persona, make_persona

START = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
PAIRS = [f"ver_{version}:r{number}@example.com" for version in range(4) for number in range(40)]

Deed = tuple[str, int, int]
deeds = st.lists(
    st.one_of(
        st.tuples(st.just("spend"), st.integers(1, 100), st.integers(0, 120)),
        st.tuples(st.just("reverse"), st.integers(1, 60), st.integers(0, 140)),
        st.tuples(st.just("wait"), st.integers(1, 24 * 40), st.just(0)),
        st.tuples(st.just("promo"), st.integers(1, 60), st.integers(0, 60)),
        st.tuples(st.just("upgrade"), st.integers(0, 200), st.just(0)),
        st.tuples(st.just("downgrade"), st.integers(0, 200), st.just(0)),
        st.tuples(st.just("override"), st.integers(0, 200), st.integers(0, 1)),
    ),
    max_size=14,
)


@dataclass
class Story:
    """One random sequence on a team of its own."""

    owner: Persona
    now: datetime = START
    count: int = 0
    issued_into: Counter[datetime] = field(default_factory=Counter)

    def do(self, deed: Deed) -> None:
        self.count += 1
        if deed[0] == "wait":
            self.now += timedelta(hours=deed[1])
            return
        before = self._rows()
        shown = queries.meter(self.owner.team.pk, now=self.now)
        try:
            with transaction.atomic():
                self._flow(*deed)
        except DomainError:
            assert self._rows() == before
            assert queries.meter(self.owner.team.pk, now=self.now) == shown

    def _flow(self, name: str, first: int, second: int) -> None:
        team, actor = self.owner.team, self.owner.actor
        if name == "spend":
            keys = PAIRS[second : second + first]
            flows.spend(team.pk, keys, actor=actor, key=f"k{first % 7}", request_digest=digest(f"{keys}"), now=self.now)
        elif name == "reverse":
            oldest = self.now - timedelta(minutes=15) if first % 3 == 0 else None
            keys = PAIRS[second : second + first]
            flows.reverse_pairs(team.pk, keys, actor=None, reason="test", now=self.now, oldest=oldest)
        elif name == "promo":
            until = self.now + timedelta(days=second) if second else None
            key = f"promo:{team.pk}:{self.count}"
            flows.issue(team.pk, LotKind.PROMO, first, source_key=key, expires_at=until, who=SYSTEM, now=self.now)
        elif name == "upgrade":
            flows.set_step(team.pk, first, effective_at=self.now, now=self.now)
            flows.settle_allowance(team.pk, first, source_key=f"up:{self.count}", who=SYSTEM, now=self.now)
        elif name == "downgrade":
            ends = queries.meter(team.pk, now=self.now).period_end
            flows.set_step(team.pk, first, effective_at=ends, now=self.now)
        else:
            at = self.now - timedelta(days=3) if second else None
            billing.set_plan(team, "team", credits=first, at=at, who=SYSTEM, now=self.now)

    def _rows(self) -> tuple[int, ...]:
        team = self.owner.team
        return tuple(kind.objects.filter(team=team).count() for kind in (Entry, Charge, PaidPair, Lot, Notice))

    def check(self) -> None:
        team = self.owner.team
        shown = queries.meter(team.pk, now=self.now)
        wallet = flows.roll(team.pk, now=self.now)
        rolled = queries.meter(team.pk, now=self.now)
        assert rolled == shown
        assert set(queries.recount(team.pk).values()) == {wallet.balance}
        assert 0 <= wallet.balance == shown.available
        assert shown.used >= 0
        # The balance is what allowance and promotions leave after use, unless an override went below what was used.
        assert shown.available >= shown.allowance + shown.promo - shown.used
        assert wallet.period_start is not None
        self._check_lines(shown.used, wallet.period_start)
        assert list(queries.ledger_faults()) == []
        assert sum(day.used for day in queries.usage_by_day(self.owner.actor, now=self.now)) == shown.used
        starts = list(Lot.objects.filter(team=team, kind=LotKind.PERIOD).values_list("issued_at", flat=True))
        assert len(starts) == len(set(starts))

    def _check_lines(self, used: int, running: datetime) -> None:
        balance, spent, carried_or_issued = 0, 0, 0
        period: datetime | None = None
        for number, line in enumerate(Entry.objects.filter(team=self.owner.team).order_by("number"), 1):
            if line.period_start != period:
                period, spent, carried_or_issued = line.period_start, 0, balance
            balance += line.delta
            if line.kind == EntryKind.ISSUE:
                carried_or_issued += line.delta
            elif line.kind in {EntryKind.CHARGE, EntryKind.REVERSAL}:
                spent -= line.delta
            assert (line.number, line.balance_after) == (number, balance)
            assert balance >= 0
            assert spent <= carried_or_issued
        # The running period, which has no line yet when it issued nothing.
        own = Entry.objects.filter(team=self.owner.team, charge__period_start=running, period_start=running)
        assert -(own.aggregate(total=Sum("delta"))["total"] or 0) == used


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sequence=deeds)
def test_books_stay_true_over_any_sequence(db: None, sequence: list[Deed]) -> None:
    with transaction.atomic():
        story = Story(make_persona("owner@example.com", team_name="Northwind", now=START))
        billing.set_plan(story.owner.team, "team", credits=100, who=SYSTEM, now=START)
        for deed in sequence:
            story.do(deed)
            story.check()
        transaction.set_rollback(True)
