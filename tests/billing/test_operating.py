# SPDX-License-Identifier: Apache-2.0
"""The operator's deeds with money, and what an operator sees of all teams."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from sealroom.accounts.flows import suspend_team
from sealroom.accounts.models import Invitation
from sealroom.audit.models import Event, Label
from sealroom.audit.rules import SYSTEM, ActorKind, Verb, Who
from sealroom.billing import flows, ports, queries
from sealroom.billing.catalogue import parse
from sealroom.billing.errors import GatewayDown, PaymentFailed
from sealroom.billing.flows import Wish
from sealroom.billing.models import BillingProfile, CatalogueEdition, Invoice, InvoiceStatus, Payment, PaymentState, Subscription
from sealroom.billing.ports import Answer, EventKind, Progress
from sealroom.billing.ports import Event as Message
from sealroom.billing.queries import offered, operating
from sealroom.billing.queries.standing import balance_of
from sealroom.cli.simulation.till import ScriptedTill
from sealroom.core.errors import Invalid, NotFound
from sealroom.credits import queries as credits_queries
from tests.conftest import NOW, _triggers_set_aside
from tests.factories.accounts import Persona, make_member, make_persona

MID = datetime(2026, 11, 16, 8, tzinfo=UTC)
NEXT = datetime(2026, 12, 1, 8, tzinfo=UTC)
OPERATOR = Who(ActorKind.OPERATOR, "usr_operator", label="ops@example.com", route="web", ip="203.0.113.9")


@pytest.fixture
def transfer(settings: LazySettings, buyer: Persona) -> Persona:
    """The buyer, where people pay by bank transfer."""
    settings.SEALROOM_PAYMENT_GATEWAY = "invoice"
    ports.get_gateway.cache_clear()
    return buyer


def buy(persona: Persona, wish: Wish, *, now: datetime = MID, key: str = "k") -> flows.Outcome:
    quote = flows.quote_change(persona.actor, wish, now=now)
    return flows.confirm_quote(persona.actor, quote.public_id, key=key, now=now)


def faults(now: datetime = MID) -> list[str]:
    return list(queries.money_faults(now=now))


# -- Bank transfers ------------------------------------------------------------------------------------------------------
def test_confirmed_transfer_puts_the_purchase_into_force_once(transfer: Persona) -> None:
    owed = buy(transfer, Wish(add={"credits": 1})).invoice
    assert owed is not None
    assert (owed.status, owed.number, credits_queries.meter(transfer.team.pk, now=MID).available) == ("open", 1, 500)
    later = MID + timedelta(days=2)
    assert flows.confirm_transfer(owed.public_id, who=OPERATOR, now=later) == 500
    assert flows.confirm_transfer(owed.public_id, who=OPERATOR, now=later) == 0
    assert (Invoice.objects.get().status, credits_queries.meter(transfer.team.pk, now=later).available) == ("paid", 1000)
    event = Event.objects.get(verb=Verb.PAYMENT_CONFIRMED.value)
    assert (event.team, event.actor_kind, event.actor, event.ip) == (
        transfer.team.public_id,
        "operator",
        "usr_operator",
        "203.0.113.9",
    )
    assert Label.objects.get(key="usr_operator").text == "ops@example.com"
    assert faults(later) == []


def test_transfer_that_came_before_anybody_asked_counts(transfer: Persona) -> None:
    flows.renew(transfer.team.pk, now=NEXT)
    renewal = Invoice.objects.get()
    assert renewal.payments.count() == 0
    flows.confirm_transfer(renewal.public_id, who=OPERATOR, now=NEXT)
    assert (Invoice.objects.get().status, Payment.objects.get().state) == ("paid", "succeeded")
    assert faults(NEXT) == []


def test_transfer_instead_of_a_refused_card_counts(buyer: Persona, till: ScriptedTill) -> None:
    flows.renew(buyer.team.pk, now=NEXT)
    till.answers = [Answer(Progress.FAILED, reason="card_declined")]
    flows.collect_invoice(Invoice.objects.get().pk, now=NEXT)
    flows.confirm_transfer(Invoice.objects.get().public_id, who=OPERATOR, now=NEXT)
    assert [one.state for one in Payment.objects.order_by("pk")] == ["failed", "succeeded"]
    assert Invoice.objects.get().status == InvoiceStatus.PAID


def test_money_for_a_voided_invoice_is_kept(transfer: Persona) -> None:
    owed = buy(transfer, Wish(add={"credits": 1})).invoice
    assert owed is not None
    flows.void_invoice(owed.public_id, who=OPERATOR, reason="ordered twice", now=MID)
    assert (Invoice.objects.get().status, Payment.objects.get().state) == ("void", PaymentState.LAPSED)
    assert Event.objects.get(verb=Verb.INVOICE_VOIDED.value).facts["reason"] == "ordered twice"
    with pytest.raises(Invalid):
        flows.void_invoice(owed.public_id, who=OPERATOR, reason="again", now=MID)
    assert flows.confirm_transfer(owed.public_id, who=OPERATOR, now=MID) == 0
    assert (balance_of(transfer.team.pk), credits_queries.meter(transfer.team.pk, now=MID).available) == (1250, 500)
    assert faults() == []


@pytest.mark.parametrize("deed", [flows.confirm_transfer, flows.void_invoice])
def test_unknown_invoice_is_not_there(transfer: Persona, deed: Callable[..., object]) -> None:
    reason = {"reason": "x"} if deed is flows.void_invoice else {}
    with pytest.raises(NotFound):
        deed("ivc_x", who=OPERATOR, now=MID, **reason)


def test_draft_is_nothing_to_confirm(buyer: Persona, till: ScriptedTill) -> None:
    till.answers = [Answer(Progress.PENDING, "pi_1")]
    draft = buy(buyer, Wish(add={"credits": 1})).invoice
    assert draft is not None
    with pytest.raises(NotFound):
        flows.confirm_transfer(draft.public_id, who=OPERATOR, now=MID)
    assert credits_queries.meter(buyer.team.pk, now=MID).available == 500


# -- Refunds -------------------------------------------------------------------------------------------------------------
def test_refund_makes_a_credit_note_with_its_share_of_tax(buyer: Persona) -> None:
    BillingProfile.objects.create(team=buyer.team, country="FR")
    newest = CatalogueEdition.objects.latest("pk")
    taxes = [{"country": "FR", "name": "TVA", "percent": "20", "reverse_charge": False}]
    CatalogueEdition.objects.create(at=NOW, currencies=newest.currencies, taxes=taxes, plans=newest.plans, addons=newest.addons)
    buy(buyer, Wish(add={"credits": 1}))
    payment = Payment.objects.get()
    note = flows.refund(payment.public_id, 600, key="rfd_1", who=OPERATOR, now=MID)
    assert (note.kind, note.number, note.subtotal, note.total, note.due) == ("credit_note", 2, -500, -600, 0)
    assert note.taxes == [{"name": "TVA", "percent": "20", "amount": -100}]
    assert flows.refund(payment.public_id, 600, key="rfd_1", who=OPERATOR, now=MID).pk == note.pk
    assert Payment.objects.get().refunded == 600
    with pytest.raises(Invalid) as refusal:
        flows.refund(payment.public_id, 901, key="rfd_2", who=OPERATOR, now=MID)
    assert refusal.value.facts["left"] == 900
    flows.refund(payment.public_id, 900, key="rfd_2", who=OPERATOR, now=MID)
    assert (Payment.objects.get().refunded, faults()) == (1500, [])


def test_refund_pressed_twice_at_once_is_one(buyer: Persona, till: ScriptedTill, monkeypatch: pytest.MonkeyPatch) -> None:
    buy(buyer, Wish(add={"credits": 1}))
    payment = Payment.objects.get()

    def beside(reference: str, amount: int, *, key: str) -> str:
        with monkeypatch.context() as patch:
            patch.undo()
            patch.setattr(till, "refund", lambda *words, **names: "refund")
            flows.refund(payment.public_id, 500, key="same", who=OPERATOR, now=MID)
        return "refund"

    monkeypatch.setattr(till, "refund", beside)
    flows.refund(payment.public_id, 500, key="same", who=OPERATOR, now=MID)
    assert (Payment.objects.get().refunded, Invoice.objects.filter(kind="credit_note").count(), faults()) == (500, 1, [])


@pytest.mark.parametrize("error", [GatewayDown(), PaymentFailed(reason="processing_error")])
def test_refund_the_gateway_did_not_make_can_be_tried_again(
    buyer: Persona, till: ScriptedTill, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    buy(buyer, Wish(add={"credits": 1}))
    payment = Payment.objects.get()

    def down(reference: str, amount: int, *, key: str) -> str:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(till, "refund", down)
        with pytest.raises(type(error)):
            flows.refund(payment.public_id, 1250, key="k", who=OPERATOR, now=MID)
    assert Payment.objects.get().refunded == 0
    flows.refund(payment.public_id, 1250, key="k", who=OPERATOR, now=MID)
    assert (Payment.objects.get().refunded, faults()) == (1250, [])


def test_refund_of_a_transfer_asks_nobody(buyer: Persona, till: ScriptedTill, monkeypatch: pytest.MonkeyPatch) -> None:
    flows.renew(buyer.team.pk, now=NEXT)
    flows.confirm_transfer(Invoice.objects.get().public_id, who=OPERATOR, now=NEXT)
    monkeypatch.setattr(till, "refund", None)
    note = flows.refund(Payment.objects.get().public_id, 14000, key="k", who=OPERATOR, now=NEXT)
    assert (note.total, faults(NEXT)) == (-14000, [])


def test_card_that_pays_after_the_transfer_is_kept(buyer: Persona, till: ScriptedTill) -> None:
    flows.renew(buyer.team.pk, now=NEXT)
    till.answers = [Answer(Progress.PENDING, "pi_1")]
    flows.collect_invoice(Invoice.objects.get().pk, now=NEXT)
    flows.confirm_transfer(Invoice.objects.get().public_id, who=OPERATOR, now=NEXT)
    flows.receive_event(Message("e1", EventKind.PAID, "y", "pi_1"), now=NEXT)
    assert (Invoice.objects.get().status, balance_of(buyer.team.pk), faults(NEXT)) == ("paid", 14000, [])


def test_own_numbers_are_set_and_taken_away(buyer: Persona) -> None:
    flows.set_quotas(buyer.team, {"users": 7, "guests": 1}, who=OPERATOR, now=MID)
    flows.set_quotas(buyer.team, {"users": None}, who=OPERATOR, now=MID)
    limits = queries.limits_of(buyer.team.pk, now=MID)
    assert (limits.users, limits.guests) == (3, 1)
    with pytest.raises(Invalid):
        flows.set_quotas(buyer.team, {"guests": -1}, who=OPERATOR, now=MID)


# -- Promotional credits -------------------------------------------------------------------------------------------------
def test_promotional_credits_come_once_per_key(buyer: Persona) -> None:
    ends = NEXT + timedelta(days=30)
    for _ in range(2):
        flows.grant_credits(buyer.team, 200, expires_at=ends, key="one", note="sorry", who=OPERATOR, now=MID)
    assert credits_queries.meter(buyer.team.pk, now=MID).available == 700
    assert credits_queries.meter(buyer.team.pk, now=ends).available == 500
    for amount, end in ((0, ends), (1_000_001, ends), (1, MID)):
        with pytest.raises(Invalid):
            flows.grant_credits(buyer.team, amount, expires_at=end, key="two", who=OPERATOR, now=MID)


# -- All teams -----------------------------------------------------------------------------------------------------------
def make_teams(count: int) -> list[Persona]:
    return [make_persona(f"p{n}@example.com", team_name=f"Team {n:02}", now=MID) for n in range(count)]


def states(now: datetime) -> dict[str, tuple[str, datetime | None]]:
    return {row.name: (row.state, row.state_at) for row in operating.list_teams(now=now).items}


def test_every_state_is_told_and_found(db: None, till: ScriptedTill) -> None:
    teams = dict(
        zip(["active", "trial", "over", "free", "comped", "cancels", "owed", "paused", "suspended"], make_teams(9), strict=True)
    )
    start = NEXT - timedelta(days=40)
    for name, persona in teams.items():
        persona.team.name = name
        persona.team.save()
        at = NEXT - timedelta(days=20 if name == "paused" else 5 if name == "owed" else 10) - timedelta(days=30)
        plan = {"trial": "trial", "over": "trial", "free": "free"}.get(name, "pro")
        begins = {"trial": MID + timedelta(days=10), "over": start, "cancels": NEXT - timedelta(days=10)}.get(name, at)
        flows.set_plan(persona.team, plan, at=begins, interval="month", comped=name == "comped", who=SYSTEM, now=begins)
    buy(teams["cancels"], Wish(plan="free"), now=NEXT)
    for name in ("owed", "paused"):
        flows.renew(teams[name].team.pk, now=NEXT - timedelta(days=15 if name == "paused" else 3))
    suspend_team(teams["suspended"].team, reason="Disputed", closes_links=False, who=SYSTEM, now=MID)
    found = states(NEXT)
    assert {name: state for name, (state, _) in found.items()} == {name: name for name in teams} | {"over": "trial_ended"}
    assert found["owed"][1] == NEXT - timedelta(days=3)
    assert (found["paused"][1], found["suspended"][1]) == (NEXT - timedelta(days=1), MID)
    assert found["trial"][1] == MID + timedelta(days=17)
    for state in operating.STATES:
        assert [row.state for row in operating.list_teams(state=state, now=NEXT).items] == [state]
    assert list(queries.money_faults(now=NEXT)) == []


def test_planned_end_counts_from_its_instant(buyer: Persona) -> None:
    buy(buyer, Wish(plan="free"))
    assert states(NEXT - timedelta(seconds=1))["Buyers"] == ("cancels", NEXT)
    assert states(NEXT)["Buyers"] == ("free", None)
    [row] = operating.list_teams(now=NEXT).items
    assert (row.plan, row.next_billing_at, row.allowance) == ("Free", None, 0)


def test_row_holds_the_figures(buyer: Persona, till: ScriptedTill) -> None:
    make_member(buyer, "m@example.com", now=MID)
    Invitation.objects.create(team=buyer.team, email="i@example.com", role="user", invited_by=buyer.user, created_at=MID,
                              expires_at=NEXT + timedelta(days=9), token_digest="x" * 64)  # fmt: skip
    buy(buyer, Wish(add={"user": 1}))
    till.answers = [Answer(Progress.PENDING, "pi_1")]
    buy(buyer, Wish(add={"credits": 1}), key="k2")
    flows.receive_event(Message("e1", EventKind.PAID, "y", "pi_1"), now=NEXT + timedelta(seconds=1))
    [row] = operating.list_teams(now=NEXT + timedelta(seconds=1)).items
    assert (row.plan, row.version, row.interval, row.seats, row.seat_limit) == ("Pro", 1, "month", 3, 4)
    assert (row.balance, row.open_invoices, row.owed, row.currency) == (1250, 1, 16500, "USD")
    assert (row.credits_left, row.allowance, row.next_billing_at) == (500, 500, datetime(2027, 1, 1, 8, tzinfo=UTC))
    usd = operating.money_totals(now=NEXT + timedelta(seconds=1))[0]
    assert (usd.currency, usd.owed, usd.open_invoices, usd.received, usd.balance) == ("USD", 16500, 1, 2500, 1250)


@pytest.mark.parametrize("count", [3, 30])
def test_list_costs_the_same_for_few_and_many(
    db: None, till: ScriptedTill, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_teams(count)
    with django_assert_num_queries(8):
        assert len(operating.list_teams(now=MID, limit=50).items) == count


def test_teams_are_paged_and_searched(db: None, till: ScriptedTill) -> None:
    teams = make_teams(5)
    BillingProfile.objects.create(team=teams[3].team, company="Acme Ltd", contact_email="bills@acme.example")
    first = operating.list_teams(limit=2, now=MID)
    second = operating.list_teams(limit=2, cursor=first.next, now=MID)
    third = operating.list_teams(limit=2, cursor=second.next, now=MID)
    names = [[row.name for row in page.items] for page in (first, second, third)]
    assert (names, third.next) == ([["Team 04", "Team 03"], ["Team 02", "Team 01"], ["Team 00"]], None)
    for words in ("team 03", teams[3].team.public_id, "acme", "Bills@acme.example", "P3@example.com"):
        assert [row.name for row in operating.list_teams(search=words, now=MID).items] == ["Team 03"], words
    assert operating.list_teams(search="%", now=MID).items == []
    with pytest.raises(Invalid):
        operating.list_teams(state="rich", now=MID)
    with pytest.raises(Invalid):
        operating.list_teams(cursor="team_x", now=MID)


def test_meters_of_many_are_those_of_each(buyer: Persona) -> None:
    flows.grant_credits(buyer.team, 10, expires_at=NEXT + timedelta(days=1), key="p", who=SYSTEM, now=MID)
    other = make_persona("other@example.com", team_name="Others", now=MID)
    for now in (MID, NEXT, NEXT + timedelta(days=3)):
        many = credits_queries.meters([buyer.team.pk, other.team.pk], now=now)
        assert many == {pk: credits_queries.meter(pk, now=now) for pk in (buyer.team.pk, other.team.pk)}


# -- Invoices of all teams -----------------------------------------------------------------------------------------------
def test_open_invoices_are_found_by_number_amount_and_name(transfer: Persona, settings: LazySettings) -> None:
    buy(transfer, Wish(add={"credits": 1}))
    buy(transfer, Wish(add={"user": 3}), key="k2")

    def numbers(search: str) -> list[int | None]:
        return [one.number for one in operating.list_all_invoices(only_open=True, search=search).items]

    assert numbers("") == [1, 2]
    for words in ("2", "SR-000002", "sr-000002", "37.50", "37,50", "$37.50"):
        assert numbers(words) == [2], words
    assert (numbers("buyers"), numbers("nobody"), numbers("²")) == ([1, 2], [], [])
    page = operating.list_all_invoices(only_open=True, limit=1)
    rest = operating.list_all_invoices(only_open=True, limit=1, cursor=page.next)
    assert ([one.number for one in rest.items], rest.next) == ([2], None)
    assert [operating.find_invoice(words).number for words in ("1", "SR-000001")] == [1, 1]
    for wrong in ("3", "", "SR-", "x"):
        with pytest.raises(NotFound):
            operating.find_invoice(wrong)


# -- The catalogue -------------------------------------------------------------------------------------------------------
def test_catalogue_shows_offers_and_older_versions_that_are_held(buyer: Persona) -> None:
    free = {"code": "free", "name": "Free", "credits": 0, "users": 1, "data_rooms": 0, "guests": 0, "storage_gb": 0, "media_gb": 0}
    pro = {**free, "code": "pro", "name": "Pro", "credits": 400, "prices": {"USD": {"month": "150.00", "year": "1500.00"}}}
    flows.ensure_catalogue(parse({"currencies": ["USD"], "plans": [free | {"addons": False}, pro]}))
    state = offered.catalogue_state()
    shown = [(one.plan.code, one.version, one.teams, one.on_offer) for one in state.plans if one.plan]
    assert shown == [("free", 1, 0, True), ("pro", 2, 0, True), ("pro", 1, 1, False)]
    assert (state.addons, state.edition.currencies, state.file) == ((), ["USD"], "")


# -- Faults --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE billing_invoice SET number = 5 WHERE number = 2", "invoice numbers: 2 to 4 are missing"),
        ("UPDATE billing_numbering SET next_number = 9", "invoice numbers: the last one is 2, the next one would be 9"),
        ("UPDATE billing_invoice SET subtotal = 1 WHERE number = 1", "invoice 1: the lines give 1250, the subtotal is 1"),
        ("UPDATE billing_invoice SET total = 1 WHERE number = 1", "invoice 1: subtotal and taxes give 1250, the total is 1"),
        ("UPDATE billing_invoice SET due = 7 WHERE number = 2", "invoice 2: total less balance is 1250, due is 7"),
        ("UPDATE billing_payment SET state = 'failed'", "invoice 1: it is paid, but no payment of 1250 succeeded"),
        ("UPDATE billing_payment SET refunded = 3 WHERE key = 'late'", "invoice 2: 3 were paid back, credit notes say 0"),
        ("UPDATE billing_balanceentry SET amount = 8", "the balance entries give 8, not 1250"),
        ("UPDATE billing_subscriptionitem SET kind = 'user'", "an item user is the add-on credits"),
        ("UPDATE billing_subscriptionitem SET quantity = 0", "terms for 2 blocks of credits, 0 are held"),
        ("UPDATE billing_subscription SET credits_override = 3", "the plan gives 1003 credits a month, the wallet expects 1500"),
    ],
)  # fmt: skip
def test_broken_row_is_named(buyer: Persona, till: ScriptedTill, statement: str, sentence: str) -> None:
    buy(buyer, Wish(add={"credits": 1}))
    buy(buyer, Wish(add={"credits": 1}), key="k2")
    late = Payment.objects.order_by("pk").last()
    assert late is not None
    kept = flows.settle  # money that came for something that is paid already
    other = Payment.objects.create(invoice=late.invoice, gateway="stripe", amount=1250, currency="USD", key="late", created_at=MID)
    kept(other.pk, now=MID)
    assert faults() == []
    with _triggers_set_aside("default"), connection.cursor() as cursor:
        cursor.execute(statement)
        assert cursor.rowcount > 0
    assert any(sentence in fault for fault in faults()), faults()


def test_wrong_wallet_of_a_trial_is_named(buyer: Persona) -> None:
    flows.set_plan(buyer.team, "trial", who=SYSTEM, now=MID)
    assert (faults(), faults(NEXT)) == ([], [])
    Subscription.objects.update(trial_ends_at=NEXT)
    assert len(faults(NEXT - timedelta(days=1))) == 1
