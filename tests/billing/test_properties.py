# SPDX-License-Identifier: Apache-2.0
"""Whatever is bought, paid, told late or twice, cancelled and set: credits, invoices and the customer's balance stay true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from django.db import transaction
from django.db.models import Count, Sum
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sealroom.audit.rules import SYSTEM
from sealroom.billing import flows
from sealroom.billing.errors import PaymentFailed
from sealroom.billing.flows import Wish
from sealroom.billing.models import BalanceEntry, GatewayEvent, Invoice, InvoiceLine, Payment, PendingChange, Quote
from sealroom.billing.ports import Answer, Event, EventKind, Progress
from sealroom.billing.queries.standing import balance_of
from sealroom.billing.rules.money import LineKind, Priced, Span, prorate
from sealroom.cli.simulation.till import ScriptedTill
from sealroom.core.errors import DomainError
from sealroom.credits import flows as credits
from sealroom.credits import queries as credits_queries
from sealroom.credits.models import Charge, Entry, EntryKind, Lot, PaidPair
from sealroom.credits.rules import LotKind
from tests.factories.accounts import Persona, make_persona

START = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
PLANS = ("pro", "team", "free")
BLOCK = 500

Deed = tuple[str, int, int]
deeds = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(1, 300), st.integers(0, 3)),
        st.tuples(st.just("add"), st.integers(1, 3), st.integers(0, 5)),
        st.tuples(st.just("remove"), st.integers(0, 3), st.integers(0, 2)),
        st.tuples(st.just("plan"), st.integers(0, 5), st.integers(0, 5)),
        st.tuples(st.just("resume"), st.just(0), st.integers(0, 5)),
        st.tuples(st.just("hold"), st.integers(1, 2), st.just(0)),
        st.tuples(st.just("confirm"), st.integers(0, 3), st.integers(0, 5)),
        st.tuples(st.just("told"), st.integers(0, 5), st.integers(0, 3)),
        st.tuples(st.just("operator"), st.integers(0, 5), st.integers(0, 2)),
        st.tuples(st.just("wait"), st.integers(1, 24 * 45), st.just(0)),
        st.tuples(st.just("boundary"), st.integers(-1, 1), st.just(0)),
        st.tuples(st.just("workers"), st.just(0), st.integers(0, 2)),
    ),
    max_size=16,
)


@dataclass
class Story:
    """One random sequence on a team of its own. `held` are quotes nobody confirmed yet, `references` what the gateway collects."""

    buyer: Persona
    till: ScriptedTill
    now: datetime = START
    count: int = 0
    held: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    periods: Counter[datetime] = field(default_factory=Counter)

    def play(self, deed: Deed) -> None:
        self.count += 1
        name, first, second = deed
        before = self._rows()
        credited = self._credits()
        try:
            getattr(self, f"_{name}")(first, second)
        except PaymentFailed:
            assert self._credits() == credited  # the try is kept, and nothing else comes of it
        except DomainError:
            assert self._rows() == before
        finally:
            self.till.answers = []

    # -- Deeds -----------------------------------------------------------------------------------------------------------
    def _wait(self, hours: int, _: int) -> None:
        self.now += timedelta(hours=hours)

    def _boundary(self, seconds: int, _: int) -> None:
        end = credits_queries.meter(self.buyer.team.pk, now=self.now).period_end
        self.now = max(self.now, end + timedelta(seconds=seconds))

    def _send(self, pairs: int, version: int) -> None:
        keys = [f"ver_{version}:r{number}@example.com" for number in range(pairs)]
        with transaction.atomic():
            key = f"s{pairs % 5}:{version}"
            credits.spend(self.buyer.team.pk, keys, actor=self.buyer.actor, key=key, request_digest=str(pairs), now=self.now)

    def _add(self, blocks: int, payment: int) -> None:
        self._buy(Wish(add={"credits": blocks}), payment)

    def _remove(self, left: int, payment: int) -> None:
        self._buy(Wish(items={"credits": left}), payment)

    def _plan(self, which: int, payment: int) -> None:
        self._buy(Wish(plan=PLANS[which % 3], interval=("month", "year")[which // 3]), payment)

    def _resume(self, _: int, payment: int) -> None:
        self._buy(Wish(resume=True), payment)

    def _hold(self, blocks: int, _: int) -> None:
        self.held.append(self._quote(Wish(add={"credits": blocks})))

    def _confirm(self, which: int, payment: int) -> None:
        if which < len(self.held):
            self._pay(self.held[which], payment, key=f"held{which}")

    def _told(self, which: int, what: int) -> None:
        if which >= len(self.references):
            return
        kind = EventKind.FAILED if what == 0 else EventKind.PAID
        event = Event(f"evt_{which}_{what}", kind, str(kind), self.references[which], created=self.count)
        known = GatewayEvent.objects.filter(event_id=event.id).exists()
        credited = self._credits()
        outcome = flows.receive_event(event, now=self.now)
        assert outcome.result == ("duplicate" if known else "ok")
        assert not known or self._credits() == credited

    def _operator(self, which: int, at: int) -> None:
        moved = {0: None, 1: self.now - timedelta(days=2), 2: self.now + timedelta(days=9)}[at]
        interval = ("month", "year")[which // 3]
        flows.set_plan(self.buyer.team, PLANS[which % 3], interval=interval, at=moved, who=SYSTEM, now=self.now)

    def _workers(self, _: int, payment: int) -> None:
        self.till.answers = [Answer(Progress.FAILED, reason="card_declined")] * (payment == 1)
        flows.sweep(now=self.now)
        for invoice in Invoice.objects.filter(kind="renewal", status="open", due__gt=0):
            flows.collect_invoice(invoice.pk, now=self.now)

    def _buy(self, wish: Wish, payment: int) -> None:
        self._pay(self._quote(wish), payment, key=f"k{self.count}")

    def _quote(self, wish: Wish) -> str:
        return flows.quote_change(self.buyer.actor, wish, now=self.now).public_id

    def _pay(self, quote: str, payment: int, *, key: str) -> None:
        progress = {4: Progress.FAILED, 5: Progress.PENDING, 3: Progress.PENDING}.get(payment, Progress.SUCCEEDED)
        reference = f"pi_{self.count}"
        self.till.answers = [Answer(progress, reference, reason="card_declined" if progress is Progress.FAILED else "")]
        asked = len(self.till.orders)
        due = Quote.objects.get(public_id=quote).due
        try:
            flows.confirm_quote(self.buyer.actor, quote, key=key, now=self.now)
        finally:
            collected = self.till.orders[asked:]
            assert [order.amount for order in collected] in ([], [due])  # exactly what was quoted, or nothing
            if collected:
                self.references.append(reference)

    # -- What is always true ---------------------------------------------------------------------------------------------
    def _rows(self) -> tuple[int, ...]:
        kinds: Sequence[Any] = (
            Entry,
            Charge,
            Lot,
            PaidPair,
            Invoice,
            InvoiceLine,
            Payment,
            BalanceEntry,
            GatewayEvent,
            PendingChange,
        )
        with transaction.atomic():  # what is only due by now is no doing of the deed's
            flows.renew(self.buyer.team.pk, now=self.now)
            credits.roll(self.buyer.team.pk, now=self.now)
        return tuple(kind.objects.count() for kind in kinds)

    def _credits(self) -> tuple[int, int]:
        shown = credits_queries.meter(self.buyer.team.pk, now=self.now)
        return shown.allowance, shown.available

    def check(self) -> None:
        self._check_credits()
        self._check_blocks()
        self._check_invoices()
        self._check_balance()

    def _check_credits(self) -> None:
        team = self.buyer.team
        shown = credits_queries.meter(team.pk, now=self.now)
        wallet = credits.roll(team.pk, now=self.now)
        assert credits_queries.meter(team.pk, now=self.now) == shown
        assert set(credits_queries.recount(team.pk).values()) == {wallet.balance}
        assert wallet.balance == shown.available >= 0
        starts = list(Lot.objects.filter(team=team, kind=LotKind.PERIOD).values_list("issued_at", flat=True))
        assert len(starts) == len(set(starts))
        spent, had, balance = 0, 0, 0
        period: datetime | None = None
        for line in Entry.objects.filter(team=team).order_by("number"):
            if line.period_start != period:
                period, spent, had = line.period_start, 0, balance
            balance += line.delta
            had += line.delta if line.kind == EntryKind.ISSUE else 0
            spent -= line.delta if line.kind in {EntryKind.CHARGE, EntryKind.REVERSAL} else 0
            assert line.balance_after == balance >= 0
            assert spent <= had

    def _check_blocks(self) -> None:
        """A block was granted for each one that was paid, and for no other."""
        for lot in Lot.objects.filter(source_key__startswith="line:"):
            line = InvoiceLine.objects.select_related("invoice").get(pk=lot.source_key.removeprefix("line:"))
            assert (line.invoice.status, line.item, lot.amount) == ("paid", "credits", line.quantity * BLOCK)

    def _check_invoices(self) -> None:
        numbers = list(Invoice.objects.exclude(number=None).order_by("number").values_list("number", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))
        for invoice in Invoice.objects.annotate(sum=Sum("lines__amount")):
            assert invoice.subtotal == invoice.sum
            assert invoice.total == invoice.subtotal + sum(tax["amount"] for tax in invoice.taxes)
            assert invoice.due == max(0, invoice.total - invoice.balance_used)
        cycles = Invoice.objects.filter(kind="renewal").values("cycle_start").annotate(times=Count("pk"))
        assert all(row["times"] == 1 for row in cycles)

    def _check_balance(self) -> None:
        entries = list(BalanceEntry.objects.order_by("pk"))
        balance = 0
        for entry in entries:
            balance += entry.amount
            assert entry.balance_after == balance >= 0
        assert balance_of(self.buyer.team.pk) == balance
        # Money that came in is on invoices or with the customer, to the cent.
        came = Payment.objects.filter(state="succeeded").aggregate(sum=Sum("amount"))["sum"] or 0
        billed = Invoice.objects.filter(status="paid").aggregate(sum=Sum("total"))["sum"] or 0
        returned = sum(entry.amount for entry in entries if entry.reason == "term")
        set_aside = -sum(
            entry.amount for entry in entries if entry.invoice is not None and entry.invoice.status in {"draft", "open"}
        )
        assert came + returned == billed + balance + set_aside


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sequence=deeds)
@example(sequence=[("add", 1, 5), ("wait", 24 * 40, 0), ("told", 0, 1), ("told", 0, 1), ("add", 1, 0), ("workers", 0, 1)])
@example(sequence=[("add", 2, 0), ("plan", 2, 0), ("resume", 0, 0), ("add", 1, 5), ("told", 0, 0), ("told", 0, 2)])
@example(sequence=[("plan", 3, 0), ("add", 1, 0), ("boundary", 0, 0), ("remove", 0, 0), ("boundary", 0, 0), ("plan", 2, 0)])
def test_books_and_invoices_stay_true_over_any_sequence(db: None, till: ScriptedTill, sequence: list[Deed]) -> None:
    with transaction.atomic():
        till.forget()
        buyer = make_persona("buyer@example.com", team_name="Buyers", now=START)
        flows.set_plan(buyer.team, "pro", at=START, interval="month", who=SYSTEM, now=START)
        story = Story(buyer, till)
        for deed in sequence:
            story.play(deed)
            story.check()
        transaction.set_rollback(True)


# -- The arithmetic of a change ------------------------------------------------------------------------------------------
prices = st.integers(0, 10**7)
items = st.builds(Priced, st.sampled_from(["plan", "user", "credits"]), prices, st.integers(0, 50), st.none() | prices)
baskets = st.lists(items, max_size=3, unique_by=lambda one: one.item)


@st.composite
def changes(draw: Callable[..., Any]) -> tuple[Span, datetime]:
    """A cycle of up to a year and an instant in it."""
    start = START + timedelta(seconds=draw(st.integers(-(10**8), 10**8)))
    length = draw(st.integers(1, 366 * 86_400))
    return Span(start, start + timedelta(seconds=length)), start + timedelta(seconds=draw(st.integers(0, length - 1)))


def net(old: Sequence[Priced], new: Sequence[Priced], cycle: Span, at: datetime) -> int:
    return sum(line.amount for line in prorate(old, new, cycle=cycle, change_at=at))


@given(old=baskets, new=baskets, change=changes())
def test_lines_are_exact_shares_and_credits_never_exceed_what_was_paid(
    old: list[Priced], new: list[Priced], change: tuple[Span, datetime]
) -> None:
    cycle, at = change
    rest = _rest(cycle, at)
    for line in prorate(old, new, cycle=cycle, change_at=at):
        exact = line.unit_price * line.quantity * rest
        if line.kind is LineKind.CHARGE:
            assert abs(line.amount - exact) <= Fraction(1, 2)
            continue
        paid = next(one.paid for one in old if one.item == line.item)
        whole = line.unit_price * line.quantity
        assert 0 <= -line.amount <= (whole if paid is None else min(whole, paid))
        assert paid is not None or abs(-line.amount - exact) <= Fraction(1, 2)


@given(basket=baskets, change=changes())
def test_what_stays_the_same_costs_nothing(basket: list[Priced], change: tuple[Span, datetime]) -> None:
    assert prorate(basket, list(reversed(basket)), cycle=change[0], change_at=change[1]) == []


@given(old=baskets, new=baskets, change=changes())
def test_change_at_the_start_is_the_whole_difference_and_at_the_end_none(
    old: list[Priced], new: list[Priced], change: tuple[Span, datetime]
) -> None:
    cycle = change[0]
    unpaid = [replace(one, paid=None) for one in old]
    difference = sum(one.unit_price * one.quantity for one in new) - sum(one.unit_price * one.quantity for one in unpaid)
    assert net(unpaid, new, cycle, cycle.start) == difference
    assert net(unpaid, new, cycle, cycle.end) == net(unpaid, new, cycle, cycle.end + timedelta(days=3)) == 0


@given(old=baskets, new=baskets, change=changes())
def test_change_that_is_undone_at_once_nets_to_nothing(old: list[Priced], new: list[Priced], change: tuple[Span, datetime]) -> None:
    old, new = [replace(one, paid=None) for one in old], [replace(one, paid=None) for one in new]
    assert net(old, new, *change) + net(new, old, *change) == 0


@given(price=prices, count=st.integers(1, 30), change=changes())
def test_units_added_one_by_one_differ_by_less_than_a_cent_each(price: int, count: int, change: tuple[Span, datetime]) -> None:
    together = net([], [Priced("credits", price, count)], *change)
    assert abs(together - count * net([], [Priced("credits", price, 1)], *change)) <= max(0, count - 1)


@given(steps=st.lists(prices, min_size=2, max_size=5), change=changes())
def test_chain_of_changes_credits_the_plan_in_force(steps: list[int], change: tuple[Span, datetime]) -> None:
    chain = [[Priced("plan", price)] for price in steps]
    nets = [net(old, new, *change) for old, new in pairwise(chain)]
    assert sum(nets) == net(chain[0], chain[-1], *change)


def _rest(cycle: Span, at: datetime) -> Fraction:
    microsecond = timedelta(microseconds=1)
    return Fraction((cycle.end - at) // microsecond, (cycle.end - cycle.start) // microsecond)
