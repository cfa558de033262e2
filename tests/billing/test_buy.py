# SPDX-License-Identifier: Apache-2.0
"""Buying: quoted to the cent, charged as quoted, in force when paid and not before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sealroom.audit.models import Event
from sealroom.audit.rules import SYSTEM, Verb
from sealroom.billing import flows, queries
from sealroom.billing.errors import BlockTerm, GatewayDown, PaymentDue, PaymentFailed, QuotaInUse, StaleQuote
from sealroom.billing.flows import Wish
from sealroom.billing.models import (
    BalanceEntry,
    BillingProfile,
    CatalogueEdition,
    Invoice,
    InvoiceStatus,
    Payment,
    PaymentState,
    Quote,
    Subscription,
)
from sealroom.billing.models import (
    BlockTerm as Term,
)
from sealroom.billing.ports import Answer, EventKind, Progress
from sealroom.billing.ports import Event as Message
from sealroom.billing.queries.standing import balance_of
from sealroom.cli.simulation.till import ScriptedTill
from sealroom.core.errors import Forbidden, IdempotencyConflict, Invalid, NotFound
from sealroom.credits import queries as credits_queries
from tests.factories.accounts import Persona, make_member, make_persona

START = datetime(2026, 11, 1, 8, tzinfo=UTC)
MID = datetime(2026, 11, 16, 8, tzinfo=UTC)  # half of the 30-day cycle
NEXT = datetime(2026, 12, 1, 8, tzinfo=UTC)
AFTER = datetime(2027, 1, 1, 8, tzinfo=UTC)


def credits_of(persona: Persona, now: datetime = MID) -> tuple[int, int]:
    shown = credits_queries.meter(persona.team.pk, now=now)
    return shown.allowance, shown.available


def buy(persona: Persona, wish: Wish, *, now: datetime = MID, key: str = "k") -> flows.Outcome:
    quote = flows.quote_change(persona.actor, wish, now=now)
    return flows.confirm_quote(persona.actor, quote.public_id, key=key, now=now)


def lines_of(invoice: Invoice | None) -> list[tuple[str, str, int, int]]:
    assert invoice is not None
    return list(invoice.lines.order_by("position").values_list("kind", "item", "quantity", "amount"))


# -- Blocks of credits ---------------------------------------------------------------------------------------------------
def test_block_in_the_middle_costs_half_and_gives_all(buyer: Persona, till: ScriptedTill) -> None:
    done = buy(buyer, Wish(add={"credits": 1}))
    assert (done.state, done.granted, credits_of(buyer)) == ("done", 500, (1000, 1000))
    assert lines_of(done.invoice) == [("charge", "credits", 1, 1250)]
    invoice = Invoice.objects.get()
    assert (invoice.number, invoice.status, invoice.total, invoice.due) == (1, InvoiceStatus.PAID, 1250, 1250)
    assert [(order.amount, order.currency) for order in till.orders] == [(1250, "USD")]
    assert credits_of(buyer, NEXT) == (1000, 1000)


def test_tax_is_rounded_once_over_the_subtotal(buyer: Persona) -> None:
    BillingProfile.objects.create(team=buyer.team, country="FR")
    _tax("FR", "TVA", "20")
    quote = flows.quote_change(buyer.actor, Wish(add={"credits": 1, "user": 1}), now=MID)
    assert (quote.subtotal, quote.taxes, quote.total) == (2500, [{"name": "TVA", "percent": "20", "amount": 500}], 3000)


def test_same_key_buys_once(buyer: Persona, till: ScriptedTill) -> None:
    quote = flows.quote_change(buyer.actor, Wish(add={"credits": 1}), now=MID)
    first = flows.confirm_quote(buyer.actor, quote.public_id, key="k", now=MID)
    again = flows.confirm_quote(buyer.actor, quote.public_id, key="k", now=MID)
    assert (first.granted, again.granted, again.replayed, len(till.orders)) == (500, 500, True, 1)
    with pytest.raises(StaleQuote):
        flows.confirm_quote(buyer.actor, quote.public_id, key="other", now=MID)
    assert credits_of(buyer) == (1000, 1000)


def test_failed_payment_changes_nothing_and_may_be_tried_again(buyer: Persona, till: ScriptedTill) -> None:
    till.answers = [Answer(Progress.FAILED, "ch_1", reason="card_declined")]
    quote = flows.quote_change(buyer.actor, Wish(add={"credits": 1}), now=MID)
    with pytest.raises(PaymentFailed) as refusal:
        flows.confirm_quote(buyer.actor, quote.public_id, key="k", now=MID)
    assert refusal.value.facts["reason"] == "card_declined"
    assert credits_of(buyer) == (500, 500)
    assert list(Invoice.objects.values_list("status", "number")) == [("draft", None)]
    done = flows.confirm_quote(buyer.actor, quote.public_id, key="k", now=MID + timedelta(minutes=1))
    assert (done.state, done.granted, credits_of(buyer)) == ("done", 500, (1000, 1000))
    assert list(Invoice.objects.values_list("status", "number")) == [("paid", 1)]
    assert [payment.state for payment in Payment.objects.order_by("pk")] == ["failed", "succeeded"]


def test_pending_payment_counts_when_the_message_comes(buyer: Persona, till: ScriptedTill) -> None:
    till.answers = [Answer(Progress.PENDING, "pi_1", next_url="https://pay.example/3ds")]
    pending = buy(buyer, Wish(add={"credits": 2}))
    assert (pending.state, pending.granted, pending.next_url) == ("pending", 0, "https://pay.example/3ds")
    assert credits_of(buyer) == (500, 500)
    paid = Message("evt_1", EventKind.PAID, "payment_intent.succeeded", "pi_1", amount=2500, currency="USD")
    first = flows.receive_event(paid, now=MID)
    assert (first.result, first.granted, credits_of(buyer)) == ("ok", 1000, (1500, 1500))
    assert flows.receive_event(paid, now=MID) == flows.EventOutcome("duplicate", 0)
    other = Message("evt_2", EventKind.PAID, "invoice.paid", "pi_1", amount=2500, currency="USD")
    assert flows.receive_event(other, now=MID) == flows.EventOutcome("ok", 0)
    late = Message("evt_3", EventKind.FAILED, "payment_intent.payment_failed", "pi_1")
    assert flows.receive_event(late, now=MID) == flows.EventOutcome("ok", 0)
    assert credits_of(buyer) == (1500, 1500)


def test_failure_told_before_success_does_not_win(buyer: Persona, till: ScriptedTill) -> None:
    till.answers = [Answer(Progress.PENDING, "pi_1")]
    buy(buyer, Wish(add={"credits": 1}))
    flows.receive_event(Message("e1", EventKind.FAILED, "x", "pi_1", reason="card_declined"), now=MID)
    assert Payment.objects.get().state == PaymentState.FAILED
    assert flows.receive_event(Message("e2", EventKind.PAID, "y", "pi_1"), now=MID).granted == 500
    assert (Payment.objects.get().state, credits_of(buyer)) == (PaymentState.SUCCEEDED, (1000, 1000))


def test_message_that_comes_before_the_answer_counts(buyer: Persona, till: ScriptedTill) -> None:
    flows.receive_event(Message("e1", EventKind.PAID, "y", "pi_9"), now=MID)
    till.answers = [Answer(Progress.PENDING, "pi_9")]
    assert buy(buyer, Wish(add={"credits": 1})).state == "done"
    assert credits_of(buyer) == (1000, 1000)


def test_other_amount_is_not_taken_for_ours(buyer: Persona, till: ScriptedTill) -> None:
    till.answers = [Answer(Progress.PENDING, "pi_1")]
    buy(buyer, Wish(add={"credits": 1}))
    flows.receive_event(Message("e1", EventKind.PAID, "y", "pi_1", amount=1, currency="USD"), now=MID)
    assert credits_of(buyer) == (500, 500)


def test_money_after_the_cycle_is_kept(buyer: Persona, till: ScriptedTill) -> None:
    till.answers = [Answer(Progress.PENDING, "pi_1")]
    buy(buyer, Wish(add={"credits": 1}))
    assert flows.receive_event(Message("e1", EventKind.PAID, "y", "pi_1"), now=NEXT).granted == 0
    # The renewal of the new cycle was already owed when the money came; the balance waits for the next invoice.
    assert (credits_of(buyer, NEXT), balance_of(buyer.team.pk)) == ((500, 500), 1250)
    assert Invoice.objects.get(kind="change").status == InvoiceStatus.VOID


def test_two_purchases_do_not_leak_into_each_other(buyer: Persona, till: ScriptedTill) -> None:
    till.answers = [Answer(Progress.PENDING, "pi_1")]
    buy(buyer, Wish(add={"credits": 2}), key="one")
    assert buy(buyer, Wish(add={"credits": 1}), key="two").granted == 500
    assert credits_of(buyer) == (1000, 1000)
    assert flows.receive_event(Message("e1", EventKind.PAID, "y", "pi_1"), now=MID).granted == 1000
    assert credits_of(buyer) == (2000, 2000)
    assert credits_of(buyer, NEXT) == (2000, 2000)


def test_gateway_that_is_down_is_asked_again_under_the_same_key(
    buyer: Persona, till: ScriptedTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(order: object) -> Answer:
        raise GatewayDown

    quote = flows.quote_change(buyer.actor, Wish(add={"credits": 1}), now=MID)
    with monkeypatch.context() as patch:
        patch.setattr(till, "collect", down)
        with pytest.raises(GatewayDown):
            flows.confirm_quote(buyer.actor, quote.public_id, key="k", now=MID)
    payment = Payment.objects.get()
    flows.reconcile(payment.pk, now=MID + timedelta(minutes=2))
    assert (Payment.objects.get().state, Payment.objects.get().key, credits_of(buyer)) == ("succeeded", payment.key, (1000, 1000))


def test_key_of_a_purchase_that_lapsed_is_told_to_quote_anew(buyer: Persona, till: ScriptedTill) -> None:
    till.answers = [Answer(Progress.PENDING, "pi_1")]
    pending = buy(buyer, Wish(add={"credits": 1}))
    flows.sweep(now=NEXT)
    with pytest.raises(StaleQuote) as refusal:
        flows.confirm_quote(buyer.actor, pending.quote.public_id, key="k", now=NEXT)
    done = flows.confirm_quote(buyer.actor, str(refusal.value.facts["quote"]), key="k", now=NEXT)
    assert (done.state, done.granted, done.replayed, credits_of(buyer, NEXT)) == ("done", 500, False, (1000, 1000))


def test_key_of_money_that_came_too_late_is_told_to_quote_anew(buyer: Persona, till: ScriptedTill) -> None:
    till.answers = [Answer(Progress.PENDING, "pi_1")]
    pending = buy(buyer, Wish(add={"credits": 1}))
    flows.receive_event(Message("e1", EventKind.PAID, "y", "pi_1"), now=NEXT)
    with pytest.raises(StaleQuote) as refusal:
        flows.confirm_quote(buyer.actor, pending.quote.public_id, key="k", now=NEXT)
    assert Quote.objects.get(public_id=refusal.value.facts["quote"]).balance_used == 1250


# -- Quotes --------------------------------------------------------------------------------------------------------------
def test_quote_goes_stale_and_is_quoted_anew(buyer: Persona) -> None:
    quote = flows.quote_change(buyer.actor, Wish(add={"credits": 1}), now=MID)
    with pytest.raises(StaleQuote) as refusal:
        flows.confirm_quote(buyer.actor, quote.public_id, key="k", now=MID + timedelta(minutes=15))
    new = Quote.objects.get(public_id=refusal.value.facts["quote"])
    assert (new.change_at, new.due) == (MID + timedelta(minutes=15), 1249)
    assert credits_of(buyer) == (500, 500)


def test_quote_of_an_older_version_is_stale(buyer: Persona) -> None:
    quote = flows.quote_change(buyer.actor, Wish(plan="team"), now=MID)
    buy(buyer, Wish(add={"user": 1}))
    with pytest.raises(StaleQuote):
        flows.confirm_quote(buyer.actor, quote.public_id, key="other", now=MID)


def test_quote_never_lives_past_the_cycle(buyer: Persona) -> None:
    late = NEXT - timedelta(minutes=3)
    assert flows.quote_change(buyer.actor, Wish(add={"credits": 1}), now=late).expires_at == NEXT


def test_preview_writes_nothing(buyer: Persona) -> None:
    assert flows.preview_change(buyer.actor, Wish(add={"credits": 1}), now=MID).due == 1250
    assert Quote.objects.count() == 0


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Wish(items={"credits": -1}), "items.credits"),
        (Wish(items={"credits": 1001}), "items.credits"),
        (Wish(items={"credits": 1.5}), "items.credits"),  # type: ignore[dict-item]
        (Wish(items={"credits": True}), "items.credits"),
        (Wish(items={"gold": 1}), "items.gold"),
        (Wish(items={"watermark": 2}), "items.watermark"),
        (Wish(plan="gold"), "plan"),
        (Wish(plan="enterprise"), "plan"),
        (Wish(plan="trial"), "plan"),
        (Wish(interval="week"), "interval"),
        (Wish(add={"credits": 1}, currency="EUR"), "currency"),
        (Wish(add={"credits": 1}, currency="XXX"), "currency"),
        (Wish(plan="pro"), "changes"),
        (Wish(), "changes"),
    ],
)
def test_wish_that_cannot_be_is_refused_by_field_and_noted(buyer: Persona, wish: Wish, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        flows.quote_change(buyer.actor, wish, now=MID)
    assert list(refusal.value.errors) == [field]
    assert (Quote.objects.count(), credits_of(buyer)) == (0, (500, 500))
    assert Event.objects.filter(verb=Verb.DENIED.value).latest("pk").facts["code"] == "invalid"


def test_strangers_quote_is_not_there(buyer: Persona) -> None:
    other = make_persona("other@example.org", team_name="Others", now=MID)
    quote = flows.quote_change(buyer.actor, Wish(add={"credits": 1}), now=MID)
    with pytest.raises(NotFound):
        flows.confirm_quote(other.actor, quote.public_id, key="k", now=MID)
    assert credits_of(buyer) == (500, 500)


def test_user_may_not_buy(buyer: Persona) -> None:
    user = make_member(buyer, "user@example.com", now=MID)
    with pytest.raises(Forbidden):
        flows.quote_change(user.actor, Wish(add={"credits": 1}), now=MID)


def test_key_of_another_quote_is_refused(buyer: Persona) -> None:
    buy(buyer, Wish(add={"credits": 1}), key="k")
    quote = flows.quote_change(buyer.actor, Wish(add={"user": 1}), now=MID)
    with pytest.raises(IdempotencyConflict):
        flows.confirm_quote(buyer.actor, quote.public_id, key="k", now=MID)


# -- Plans ---------------------------------------------------------------------------------------------------------------
def test_upgrade_credits_the_old_and_keeps_usage(buyer: Persona) -> None:
    done = buy(buyer, Wish(plan="team"))
    assert lines_of(done.invoice) == [("credit", "plan:pro", 1, -7000), ("charge", "plan:team", 1, 17500)]
    assert (done.granted, credits_of(buyer), credits_of(buyer, NEXT)) == (1000, (1500, 1500), (1500, 1500))
    assert queries.limits_of(buyer.team.pk, now=MID).plan_code == "team"


def test_year_restarts_the_cycle(buyer: Persona) -> None:
    done = buy(buyer, Wish(interval="year"))
    assert lines_of(done.invoice) == [("credit", "plan:pro", 1, -7000), ("charge", "plan:pro", 1, 96000)]
    subscription = Subscription.objects.get(team=buyer.team)
    assert (subscription.anchor_at, subscription.interval, subscription.billed_until) == (MID, "year", MID.replace(year=2027))
    assert credits_queries.meter(buyer.team.pk, now=MID).resets_at == MID.replace(month=12)


def test_month_comes_at_the_end_of_the_year(buyer: Persona) -> None:
    buy(buyer, Wish(interval="year"))
    later = buy(buyer, Wish(interval="month"), key="k2")
    assert (later.state, later.invoice) == ("scheduled", None)
    end = MID.replace(year=2027)
    flows.renew(buyer.team.pk, now=end)
    subscription = Subscription.objects.get(team=buyer.team)
    assert (subscription.interval, subscription.billed_until) == ("month", MID.replace(year=2027, month=12))
    assert lines_of(Invoice.objects.get(kind="renewal")) == [("recurring", "plan:pro", 1, 14000)]


def test_downgrade_waits_and_can_be_taken_back(buyer: Persona) -> None:
    buy(buyer, Wish(plan="team"))
    assert buy(buyer, Wish(plan="pro"), key="k2").state == "scheduled"
    assert (credits_of(buyer), credits_of(buyer, NEXT)) == ((1500, 1500), (500, 500))
    buy(buyer, Wish(resume=True), key="k3")
    assert credits_of(buyer, NEXT) == (1500, 1500)
    buy(buyer, Wish(plan="pro"), key="k4")
    flows.renew(buyer.team.pk, now=NEXT)
    assert lines_of(Invoice.objects.get(kind="renewal")) == [("recurring", "plan:pro", 1, 14000)]


def test_smaller_plan_is_refused_with_the_numbers(buyer: Persona) -> None:
    buy(buyer, Wish(plan="team"))
    for number in range(4):
        make_member(buyer, f"m{number}@example.com", now=MID)
    with pytest.raises(QuotaInUse) as refusal:
        buy(buyer, Wish(plan="pro"), key="k2")
    assert refusal.value.facts == {"quotas": [{"quota": "users", "used": 5, "limit": 3}]}


def test_cancelling_ends_with_the_cycle(buyer: Persona) -> None:
    assert buy(buyer, Wish(plan="free")).state == "scheduled"
    assert (credits_of(buyer), credits_of(buyer, NEXT)) == ((500, 500), (0, 0))
    assert queries.limits_of(buyer.team.pk, now=NEXT).plan_code == "free"
    flows.renew(buyer.team.pk, now=AFTER)
    assert Invoice.objects.count() == 0


def test_trial_becomes_a_plan_from_now_on(db: None, till: ScriptedTill) -> None:
    trial = make_persona("trial@example.com", team_name="T", now=MID)
    flows.set_plan(trial.team, "trial", who=SYSTEM, now=MID)
    bought = MID + timedelta(days=3)
    done = buy(trial, Wish(plan="pro", items={"credits": 1}), now=bought)
    assert lines_of(done.invoice) == [("charge", "plan:pro", 1, 14000), ("charge", "credits", 1, 2500)]
    assert (done.granted, credits_of(trial, bought)) == (1000, (1000, 1000))
    assert credits_queries.meter(trial.team.pk, now=bought).period_start == bought
    assert Term.objects.count() == 0


# -- Terms of blocks -----------------------------------------------------------------------------------------------------
def test_block_stays_until_it_was_billed_in_full(buyer: Persona) -> None:
    buy(buyer, Wish(add={"credits": 1}))
    with pytest.raises(BlockTerm) as refusal:
        buy(buyer, Wish(items={"credits": 0}), key="k2")
    assert refusal.value.facts == {"removable": 0, "bound": 1, "until": "2027-01-01T08:00:00Z"}
    assert buy(buyer, Wish(items={"credits": 0}), now=NEXT, key="k3").state == "scheduled"
    assert credits_of(buyer, NEXT) == (1000, 1000)
    assert credits_of(buyer, AFTER) == (500, 500)


def test_cancelling_before_the_term_bills_the_next_cycle_of_the_block(buyer: Persona) -> None:
    buy(buyer, Wish(add={"credits": 1}))
    done = buy(buyer, Wish(plan="free"), key="k2")
    assert lines_of(done.invoice) == [("term", "credits", 1, 2500)]
    assert credits_of(buyer, NEXT) == (0, 0)
    buy(buyer, Wish(resume=True), key="k3")
    assert (balance_of(buyer.team.pk), credits_of(buyer, NEXT)) == (2500, (1000, 1000))


def test_block_bought_while_the_end_is_planned_pays_its_term(buyer: Persona) -> None:
    buy(buyer, Wish(plan="free"))
    done = buy(buyer, Wish(add={"credits": 1}), key="k2")
    assert lines_of(done.invoice) == [("charge", "credits", 1, 1250), ("term", "credits", 1, 2500)]
    assert credits_of(buyer, NEXT) == (0, 0)


# -- Renewals and balance ------------------------------------------------------------------------------------------------
def test_renewal_is_one_invoice_a_cycle_and_uses_the_balance(buyer: Persona, till: ScriptedTill) -> None:
    till.answers = [Answer(Progress.PENDING, "pi_1")]
    late = buy(buyer, Wish(add={"credits": 1}), now=MID)
    flows.receive_event(Message("e1", EventKind.PAID, "y", "pi_1"), now=NEXT + timedelta(seconds=1))
    assert (late.state, balance_of(buyer.team.pk)) == ("pending", 1250)
    flows.renew(buyer.team.pk, now=AFTER)
    flows.renew(buyer.team.pk, now=AFTER)
    renewals = Invoice.objects.filter(kind="renewal").order_by("cycle_start")
    assert list(renewals.values_list("cycle_start", "total", "balance_used", "due")) == [
        (NEXT, 14000, 0, 14000),
        (AFTER, 14000, 1250, 12750),
    ]
    assert balance_of(buyer.team.pk) == 0
    assert list(BalanceEntry.objects.order_by("pk").values_list("amount", "reason")) == [(1250, "late"), (-1250, "used")]


def test_unpaid_renewal_stops_sending_after_the_days_of_grace(buyer: Persona, till: ScriptedTill) -> None:
    flows.renew(buyer.team.pk, now=NEXT)
    invoice = Invoice.objects.get()
    till.answers = [Answer(Progress.FAILED, reason="card_declined")] * 8
    again = flows.collect_invoice(invoice.pk, now=NEXT)
    assert again == NEXT + timedelta(days=1)
    queries.require_standing(buyer.actor, now=NEXT + timedelta(days=14) - timedelta(seconds=1))
    with pytest.raises(PaymentDue):
        queries.require_standing(buyer.actor, now=NEXT + timedelta(days=14))
    till.answers = []
    paid = flows.pay_invoice(buyer.actor, invoice.public_id, now=NEXT + timedelta(days=15))
    assert paid.state == PaymentState.SUCCEEDED
    assert flows.pay_invoice(buyer.actor, invoice.public_id, now=NEXT + timedelta(days=15)).pk == paid.pk
    queries.require_standing(buyer.actor, now=NEXT + timedelta(days=15))


def test_invoice_numbers_have_no_gaps(buyer: Persona, till: ScriptedTill) -> None:
    till.answers = [Answer(Progress.FAILED, reason="card_declined")]
    with pytest.raises(PaymentFailed):
        buy(buyer, Wish(add={"credits": 1}), key="a")
    buy(buyer, Wish(add={"user": 1}), key="b")
    buy(buyer, Wish(add={"data_room": 1}), key="c")
    flows.renew(buyer.team.pk, now=NEXT)
    assert list(Invoice.objects.exclude(number=None).order_by("number").values_list("number", flat=True)) == [1, 2, 3]


# -- Nobody pays ---------------------------------------------------------------------------------------------------------
def test_without_a_gateway_quantities_count_at_once_in_both_directions(owner: Persona) -> None:
    assert buy(owner, Wish(items={"credits": 3, "user": 2})).granted == 1500
    assert (credits_of(owner, MID), Invoice.objects.count(), Payment.objects.count()) == ((3000, 3000), 0, 0)
    buy(owner, Wish(items={"credits": 1}), key="k2")
    assert credits_of(owner, MID) == (2000, 2000)
    assert queries.limits_of(owner.team.pk, now=MID).users == 12


def test_quote_is_checked_again_against_what_is_in_use(owner: Persona) -> None:
    for number in range(9):
        make_member(owner, f"m{number}@example.com", now=MID)
    buy(owner, Wish(items={"user": 1}))
    quote = flows.quote_change(owner.actor, Wish(items={"user": 0}), now=MID)
    flows.invite_member(owner.actor, "eleventh@example.com", "user", now=MID)
    with pytest.raises(QuotaInUse):
        flows.confirm_quote(owner.actor, quote.public_id, key="k2", now=MID)
    assert queries.limits_of(owner.team.pk, now=MID).users == 11


def _tax(country: str, name: str, percent: str) -> None:
    newest = queries.edition()
    CatalogueEdition.objects.create(
        at=MID,
        currencies=newest.currencies,
        plans=newest.plans,
        addons=newest.addons,
        taxes=[{"country": country, "name": name, "percent": percent, "reverse_charge": False}],
    )
