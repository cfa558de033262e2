# SPDX-License-Identifier: Apache-2.0
"""Many processes over one subscription, on both engines: money is asked for once, and what it buys is given once."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
from django.conf import LazySettings

from sealroom.accounts.models import Team, User
from sealroom.accounts.queries import actor_for
from sealroom.accounts.rules import Actor
from sealroom.audit.queries import verify_chain
from sealroom.audit.rules import SYSTEM
from sealroom.billing import flows, ports, queries
from sealroom.billing.flows import Wish
from sealroom.billing.models import BalanceEntry, Invoice, Payment
from sealroom.billing.ports import Answer, Event, EventKind, Progress
from sealroom.cli.simulation.till import ScriptedTill
from sealroom.core.errors import DomainError
from sealroom.credits import flows as credits_flows
from sealroom.credits import queries as credits_queries
from sealroom.credits.models import Lot
from tests.factories.accounts import Persona, make_member, make_persona
from tests.processes import Database, do, race, race_of

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("till")]

START = datetime(2026, 11, 1, 8, tzinfo=UTC)
MID = datetime(2026, 11, 16, 8, tzinfo=UTC)  # half of the 30-day cycle
NEXT = datetime(2026, 12, 1, 8, tzinfo=UTC)


# -- What the processes do -----------------------------------------------------------------------------------------------
def found(plan: str = "pro") -> None:
    persona = make_persona("buyer@example.com", team_name="Buyers", now=START)
    flows.set_plan(persona.team, plan, at=START, interval="month", who=SYSTEM, now=START)


def buyer() -> Actor:
    actor = actor_for(User.objects.get(email="buyer@example.com"))
    assert actor is not None
    return actor


def quoted(blocks: int, now: datetime) -> str:
    return flows.quote_change(buyer(), Wish(add={"credits": blocks}), now=now).public_id


def confirmed(quote: str, key: str, now: datetime) -> tuple[str, int]:
    """What became of it, and how many times this process asked the gateway."""
    try:
        outcome = flows.confirm_quote(buyer(), quote, key=key, now=now)
    except DomainError as refusal:
        return refusal.code, orders()
    return f"{outcome.state} {outcome.granted}", orders()


def bought(wish: Wish, key: str, now: datetime) -> tuple[str, int]:
    try:
        quote = flows.quote_change(buyer(), wish, now=now).public_id
    except DomainError as refusal:
        return refusal.code, orders()
    return confirmed(quote, key, now)


def left_pending(blocks: int) -> None:
    till().answers = [Answer(Progress.PENDING, "pi_1")]
    confirmed(quoted(blocks, MID), "p", MID)


def told(event: str) -> tuple[str, int]:
    outcome = flows.receive_event(Event(event, EventKind.PAID, "invoice.paid", "pi_1"), now=MID)
    return outcome.result, outcome.granted


def renewed(now: datetime) -> tuple[str, int]:
    flows.sweep(now=now)
    return "renewed", orders()


def rolled(now: datetime) -> tuple[str, int]:
    credits_flows.roll(Team.objects.get().pk, now=now)
    return "rolled", 0


def collected(now: datetime) -> tuple[str, int]:
    flows.collect_invoice(Invoice.objects.get().pk, now=now)
    return "collected", orders()


def paid(now: datetime) -> tuple[str, int]:
    return flows.pay_invoice(buyer(), Invoice.objects.get().public_id, now=now).state, orders()


def invited(number: int) -> tuple[str, int]:
    try:
        flows.invite_member(buyer(), f"new{number}@example.com", "user", now=MID)
    except DomainError as refusal:
        return refusal.code, 0
    return "invited", 0


def till() -> ScriptedTill:
    gateway = ports.get_gateway()
    assert isinstance(gateway, ScriptedTill)
    return gateway


def orders() -> int:
    return len(till().orders)


# -- What is true afterwards ---------------------------------------------------------------------------------------------
def check(allowance: int, now: datetime) -> None:
    team = Team.objects.get()
    flows.renew(team.pk, now=now)
    shown = credits_queries.meter(team.pk, now=now)
    credits_flows.roll(team.pk, now=now)
    assert (shown.allowance, shown.available) == (allowance, allowance)
    assert set(credits_queries.recount(team.pk).values()) == {allowance}
    numbers = list(Invoice.objects.exclude(number=None).order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    cycles = list(Invoice.objects.filter(kind="renewal").values_list("cycle_start", flat=True))
    assert len(cycles) == len(set(cycles))
    balances = list(BalanceEntry.objects.order_by("pk").values_list("amount", "balance_after"))
    assert [after for _, after in balances] == [sum(amount for amount, _ in balances[: n + 1]) for n in range(len(balances))]
    assert list(verify_chain(team.public_id)) == []


def payments() -> list[str]:
    return list(Payment.objects.order_by("pk").values_list("state", flat=True))


def block_lots() -> int:
    return Lot.objects.filter(source_key__startswith="line:").count()


def words(answers: list[tuple[str, int]]) -> Counter[str]:
    return Counter(word for word, _ in answers)


# -- The races -----------------------------------------------------------------------------------------------------------
def test_ten_deliveries_of_one_paid_event_grant_once(database: Database) -> None:
    do(database, found)
    do(database, left_pending, 2)
    answers = race(database, told, [("evt_1",)] * 10)
    assert Counter(answers) == {("ok", 1000): 1, ("duplicate", 0): 9}
    do(database, check, 1500, MID)


def test_ten_events_about_one_payment_grant_once(database: Database) -> None:
    do(database, found)
    do(database, left_pending, 2)
    answers = race(database, told, [(f"evt_{number}",) for number in range(10)])
    assert Counter(answers) == {("ok", 1000): 1, ("ok", 0): 9}
    assert do(database, payments) == ["succeeded"]
    do(database, check, 1500, MID)


def test_one_quote_under_one_key_is_charged_once(database: Database) -> None:
    do(database, found)
    quote = do(database, quoted, 1, MID)
    answers = race(database, confirmed, [(quote, "k", MID)] * 16)
    assert set(words(answers)) <= {"done 500", "pending 0"}
    assert words(answers)["done 500"] >= 1
    assert sum(asked for _, asked in answers) == 1
    assert (do(database, payments), do(database, block_lots)) == (["succeeded"], 1)
    do(database, check, 1000, MID)


def test_one_quote_under_many_keys_is_charged_once(database: Database) -> None:
    do(database, found)
    quote = do(database, quoted, 1, MID)
    answers = race(database, confirmed, [(quote, f"k{number}", MID) for number in range(16)])
    assert words(answers) == {"done 500": 1, "stale_quote": 15}
    assert sum(asked for _, asked in answers) == 1
    assert (do(database, payments), do(database, block_lots)) == (["succeeded"], 1)
    do(database, check, 1000, MID)


def test_purchases_and_renewals_meet_at_the_boundary(database: Database) -> None:
    do(database, found)
    old = do(database, quoted, 3, MID)
    deeds = [(bought, Wish(add={"credits": 1}), f"b{number}", NEXT) for number in range(2)]
    answers = race_of(database, [*deeds, (confirmed, old, "old", NEXT), *[(renewed, NEXT)] * 3, (rolled, NEXT)])
    assert answers[2][0] in {"stale_quote", "not_found"}  # its cycle is over; the workers may have thrown it away already
    # A new quote is stale, too, when something else changed before it was confirmed: never half of a purchase.
    made = [word for word, _ in answers[:2]].count("done 500")
    assert {word for word, _ in answers[:2]} <= {"done 500", "stale_quote"}
    assert do(database, block_lots) == made
    assert do(database, renewals) == [NEXT]
    do(database, check, 500 + 500 * made, NEXT)


def renewals() -> list[datetime]:
    return [row.cycle_start for row in Invoice.objects.filter(kind="renewal") if row.cycle_start is not None]


def test_owed_invoice_is_collected_once(database: Database) -> None:
    do(database, found)
    do(database, owe)
    answers = race_of(database, [*[(collected, NEXT)] * 5, *[(paid, NEXT)] * 5])
    assert sum(asked for _, asked in answers) == 1
    assert do(database, payments) == ["succeeded"]
    assert do(database, invoice_states) == ["paid"]
    do(database, check, 500, NEXT)


def owe() -> None:
    flows.renew(Team.objects.get().pk, now=NEXT)


def invoice_states() -> list[str]:
    return list(Invoice.objects.values_list("status", flat=True))


def test_last_seat_goes_to_a_member_or_back_never_both(database: Database, settings: LazySettings) -> None:
    settings.SEALROOM_PAYMENT_GATEWAY = "none"  # less is at once, too
    do(database, found, "team")
    do(database, fill_seats, 10)
    do(database, bought, Wish(add={"user": 1}), "eleventh", MID)
    back = [(bought, Wish(items={"user": 0}), f"back{number}", MID) for number in range(2)]
    answers = race_of(database, [*[(invited, number) for number in range(8)], *back])
    invitations, returned = words(answers[:8]), words(answers[8:])
    assert invitations["invited"] + returned["done 0"] == 1
    assert set(invitations) <= {"invited", "seat_quota"}
    assert set(returned) <= {"done 0", "quota_in_use", "stale_quote", "invalid"}
    assert do(database, seats) in ((11, 11), (10, 10))


def fill_seats(members: int) -> None:
    user = User.objects.get()
    owner = Persona(user, Team.objects.get(), user.memberships.get())
    for number in range(members - 1):
        make_member(owner, f"m{number}@example.com", now=START)


def seats() -> tuple[int, int]:
    team = buyer().team_id
    return queries.usage_of(team, now=MID).users, queries.limits_of(team, now=MID).users
