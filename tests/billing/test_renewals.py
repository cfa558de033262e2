# SPDX-License-Identifier: Apache-2.0
"""Cycles that begin, payments that fail or are lost, trials that end, and what the operator does with money."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from sealroom.audit.rules import SYSTEM, ActorKind, Who
from sealroom.billing import flows, ports, queries
from sealroom.billing.errors import PaymentDue, StaleQuote
from sealroom.billing.flows import Wish
from sealroom.billing.models import BillingProfile, Invoice, InvoiceLine, InvoiceStatus, Payment, PaymentState, Quote, Subscription
from sealroom.billing.ports import Answer, Progress
from sealroom.billing.queries.standing import balance_of
from sealroom.cli.simulation.till import ScriptedTill
from sealroom.core.errors import Invalid, NotFound
from sealroom.core.models import Job
from sealroom.credits import queries as credits_queries
from sealroom.sends import flows as sends
from sealroom.sends.rules import Addressee, SendRequest, SendSettings
from tests.factories.accounts import Persona, make_persona
from tests.factories.documents import upload_ready

MID = datetime(2026, 11, 16, 8, tzinfo=UTC)
NEXT = datetime(2026, 12, 1, 8, tzinfo=UTC)
BOSS = Who(ActorKind.OPERATOR, "usr_operator", label="operator@example.com", route="web")
DAY = timedelta(days=1)


def order(persona: Persona, wish: Wish, now: datetime = MID, key: str = "k") -> flows.Outcome:
    quote = flows.quote_change(persona.actor, wish, now=now)
    return flows.confirm_quote(persona.actor, quote.public_id, key=key, now=now)


def declined(times: int = 1) -> list[Answer]:
    return [Answer(Progress.FAILED, reason="card_declined")] * times


def test_renewal_is_tried_again_on_its_days_and_then_given_up(buyer: Persona, till: ScriptedTill) -> None:
    flows.renew(buyer.team.pk, now=NEXT)
    invoice = Invoice.objects.get()
    till.answers = declined(7)
    tries, now = [], NEXT
    while (again := flows.collect_invoice(invoice.pk, now=now)) is not None:
        tries.append((again - NEXT).days)
        now = again
    assert tries == [1, 3, 5, 7, 10, 13]
    assert [payment.state for payment in Payment.objects.all()] == ["failed"] * 7
    assert Job.objects.filter(name="billing.pause", due_at=NEXT + 14 * DAY).count() == 1
    # Credits went on resetting meanwhile.
    assert credits_queries.meter(buyer.team.pk, now=NEXT + 13 * DAY).allowance == 500


def test_renewal_that_is_paid_later_opens_sending_again(buyer: Persona, till: ScriptedTill) -> None:
    flows.renew(buyer.team.pk, now=NEXT)
    invoice = Invoice.objects.get()
    till.answers = declined()
    flows.collect_invoice(invoice.pk, now=NEXT)
    with pytest.raises(PaymentDue) as refusal:
        queries.require_standing(buyer.actor, now=NEXT + 14 * DAY)
    assert refusal.value.facts == {"invoice": invoice.public_id, "since": "2026-12-15T08:00:00Z"}
    flows.collect_invoice(invoice.pk, now=NEXT + 14 * DAY)
    queries.require_standing(buyer.actor, now=NEXT + 14 * DAY)
    invoice.refresh_from_db()
    assert (invoice.status, invoice.paid_at) == (InvoiceStatus.PAID, NEXT + 14 * DAY)


def test_cycles_that_nobody_saw_begin_get_an_invoice_each(buyer: Persona) -> None:
    flows.renew(buyer.team.pk, now=NEXT + 70 * DAY)
    starts = list(Invoice.objects.order_by("number").values_list("cycle_start", flat=True))
    assert starts == [NEXT, datetime(2027, 1, 1, 8, tzinfo=UTC), datetime(2027, 2, 1, 8, tzinfo=UTC)]


def test_comped_team_is_never_invoiced(buyer: Persona) -> None:
    flows.set_plan(buyer.team, "team", comped=True, who=SYSTEM, now=MID)
    flows.renew(buyer.team.pk, now=NEXT + 40 * DAY)
    assert Invoice.objects.count() == 0
    flows.set_plan(buyer.team, "team", comped=False, who=SYSTEM, now=NEXT + 40 * DAY)
    flows.renew(buyer.team.pk, now=NEXT + 70 * DAY)
    assert Invoice.objects.count() == 1


def test_comped_plan_pays_for_what_is_added_and_credits_nothing(buyer: Persona) -> None:
    flows.set_plan(buyer.team, "pro", comped=True, who=SYSTEM, now=MID)
    order(buyer, Wish(add={"user": 1}))
    flows.renew(buyer.team.pk, now=NEXT)
    assert [(line.item, line.amount) for line in InvoiceLine.objects.order_by("pk")] == [("user", 1250), ("user", 2500)]
    upgrade = order(buyer, Wish(plan="team"), now=NEXT, key="k2")
    assert upgrade.invoice is not None
    assert [(line.kind, line.amount) for line in upgrade.invoice.lines.order_by("position")] == [("credit", 0), ("charge", 35000)]
    assert Subscription.objects.get(team=buyer.team).comped is False


def test_sweep_makes_up_for_lost_jobs(buyer: Persona, till: ScriptedTill) -> None:
    till.answers = [Answer(Progress.PENDING, "pi_1")]
    order(buyer, Wish(add={"credits": 1}))
    Job.objects.all().delete()
    till.answers = [Answer(Progress.SUCCEEDED, "pi_1")]
    flows.sweep(now=MID + 2 * timedelta(hours=1))
    assert Payment.objects.get().state == PaymentState.SUCCEEDED
    flows.sweep(now=NEXT)
    assert Invoice.objects.filter(kind="renewal").count() == 1
    assert Job.objects.filter(name="billing.collect").count() >= 1


def test_order_nobody_paid_lapses_with_its_cycle(buyer: Persona, till: ScriptedTill) -> None:
    till.answers = [Answer(Progress.PENDING, "pi_1")]
    order(buyer, Wish(add={"credits": 1}))
    flows.reconcile(Payment.objects.get().pk, now=NEXT)
    assert Payment.objects.get().state == PaymentState.LAPSED
    assert Invoice.objects.get(kind="change").status == InvoiceStatus.VOID


def test_old_quotes_are_forgotten(buyer: Persona) -> None:
    flows.quote_change(buyer.actor, Wish(add={"credits": 1}), now=MID)
    flows.sweep(now=MID + 3 * DAY)
    assert Quote.objects.count() == 0


def test_trial_is_told_before_its_end(db: None, till: ScriptedTill) -> None:
    persona = make_persona("t@example.com", team_name="T", now=MID)
    flows.set_plan(persona.team, "trial", who=SYSTEM, now=MID)
    jobs = Job.objects.filter(name="billing.tell_trial").order_by("due_at")
    assert [(job.arguments["days"], job.due_at) for job in jobs] == [(3, MID + 4 * DAY), (1, MID + 6 * DAY), (0, MID + 7 * DAY)]


# -- Sending waits for money ---------------------------------------------------------------------------------------------
def test_overdue_renewal_refuses_to_send_and_charges_nothing(buyer: Persona) -> None:
    flows.renew(buyer.team.pk, now=NEXT)
    document = upload_ready(buyer.actor, now=NEXT)
    unmarked = SendSettings(watermark=None)
    request = SendRequest(documents=(document.public_id,), recipients=(Addressee("r@example.net"),), settings=unmarked)
    with pytest.raises(PaymentDue):
        sends.send_documents(buyer.actor, request, key="s", now=NEXT + 14 * DAY)
    assert credits_queries.meter(buyer.team.pk, now=NEXT + 14 * DAY).used == 0
    flows.collect_invoice(Invoice.objects.get().pk, now=NEXT + 14 * DAY)
    assert sends.send_documents(buyer.actor, request, key="s", now=NEXT + 14 * DAY).charged == 1


# -- The operator --------------------------------------------------------------------------------------------------------
@pytest.fixture
def by_transfer(settings: Any, buyer: Persona, till: ScriptedTill) -> Persona:
    """The buyer, where money comes by bank transfer."""
    settings.SEALROOM_PAYMENT_GATEWAY = "invoice"
    ports.get_gateway.cache_clear()
    return buyer


def test_bank_transfer_counts_when_the_operator_confirms(by_transfer: Persona) -> None:
    done = order(by_transfer, Wish(add={"credits": 1}))
    assert done.invoice is not None
    assert (done.state, done.invoice.status, done.invoice.number, done.invoice.due_at) == ("pending", "open", 1, NEXT)
    assert flows.confirm_transfer(done.invoice.public_id, who=BOSS, now=MID + DAY) == 500
    assert flows.confirm_transfer(done.invoice.public_id, who=BOSS, now=MID + DAY) == 0
    assert credits_queries.meter(by_transfer.team.pk, now=MID + DAY).available == 1000


def test_void_order_is_not_bought_and_late_money_is_kept(by_transfer: Persona) -> None:
    invoice = order(by_transfer, Wish(add={"credits": 1})).invoice
    assert invoice is not None
    flows.void_invoice(invoice.public_id, who=BOSS, reason="typing error", now=MID)
    assert flows.confirm_transfer(invoice.public_id, who=BOSS, now=MID + DAY) == 0
    assert (balance_of(by_transfer.team.pk), credits_queries.meter(by_transfer.team.pk, now=MID + DAY).available) == (1250, 500)
    with pytest.raises(Invalid):
        flows.void_invoice(invoice.public_id, who=BOSS, reason="again", now=MID)
    with pytest.raises(NotFound):
        flows.void_invoice("ivc_none", who=BOSS, reason="x", now=MID)


def test_key_of_a_void_order_is_told_to_quote_anew(by_transfer: Persona) -> None:
    done = order(by_transfer, Wish(add={"credits": 1}))
    assert done.invoice is not None
    flows.void_invoice(done.invoice.public_id, who=BOSS, reason="typing error", now=MID)
    with pytest.raises(StaleQuote):
        flows.confirm_quote(by_transfer.actor, done.quote.public_id, key="k", now=MID)


def test_refund_is_a_credit_note_once_and_never_too_much(buyer: Persona) -> None:
    BillingProfile.objects.create(team=buyer.team, country="FR")
    order(buyer, Wish(add={"credits": 1}))
    payment = Payment.objects.get()
    note = flows.refund(payment.public_id, 500, key="r1", who=BOSS, now=MID)
    again = flows.refund(payment.public_id, 500, key="r1", who=BOSS, now=MID)
    assert (again.pk, note.number, note.total, note.corrects_id) == (note.pk, 2, -500, payment.invoice_id)
    with pytest.raises(Invalid) as refusal:
        flows.refund(payment.public_id, 751, key="r2", who=BOSS, now=MID)
    assert refusal.value.errors == {"amount": ["too_much"]}
    flows.refund(payment.public_id, 750, key="r3", who=BOSS, now=MID)
    assert Payment.objects.get().refunded == 1250
    assert balance_of(buyer.team.pk) == 0


def test_promotional_credits_come_once(buyer: Persona) -> None:
    ends = MID + 10 * DAY
    assert flows.grant_credits(buyer.team, 50, expires_at=ends, key="p1", who=BOSS, now=MID).granted == 50
    assert flows.grant_credits(buyer.team, 50, expires_at=ends, key="p1", who=BOSS, now=MID).granted == 0
    assert credits_queries.meter(buyer.team.pk, now=ends).available == 500
    with pytest.raises(Invalid):
        flows.grant_credits(buyer.team, 0, expires_at=None, key="p2", who=BOSS, now=MID)


# -- Who pays ------------------------------------------------------------------------------------------------------------
def test_details_are_checked_by_field(buyer: Persona) -> None:
    with pytest.raises(Invalid) as refusal:
        flows.update_profile(
            buyer.actor, company="A", address="1\n" * 9, country="FRA", vat_id="no!", contact_email="nobody", now=MID
        )
    assert refusal.value.errors == {
        "address": ["too_long"],
        "country": ["unknown"],
        "vat_id": ["format"],
        "contact_email": ["bad_address"],
    }
    kept = flows.update_profile(
        buyer.actor,
        company=" Acme & Sons ",
        address="1 Quay\n\nParis",
        country="fr",
        vat_id="fr 12 345",
        contact_email="Pay@Example.com",
        now=MID,
    )
    assert (kept.company, kept.address, kept.country, kept.vat_id) == ("Acme & Sons", "1 Quay\nParis", "FR", "FR12345")
    assert kept.contact_email == "Pay@example.com".lower()


# -- What is frozen ------------------------------------------------------------------------------------------------------
def test_invoice_is_frozen_once_it_has_a_number(buyer: Persona) -> None:
    order(buyer, Wish(add={"credits": 1}))
    invoice = Invoice.objects.get()
    for change in ({"total": 1}, {"number": 9}, {"customer": {"company": "Other"}}, {"due": 0}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Invoice.objects.filter(pk=invoice.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        InvoiceLine.objects.update(amount=0)
    with pytest.raises(DatabaseError), transaction.atomic():
        InvoiceLine.objects.all().delete()


# -- What is shown -------------------------------------------------------------------------------------------------------
def test_overview_says_what_is_and_what_comes(buyer: Persona) -> None:
    order(buyer, Wish(plan="team", items={"user": 2}))
    order(buyer, Wish(items={"user": 1}), key="k2")
    shown = queries.overview(buyer.actor, now=MID)
    assert (shown.plan.code, shown.price, shown.allowance, shown.next_billing_at) == ("team", 35000, 1500, NEXT)
    assert shown.planned is not None
    assert (shown.planned.effective_at, dict(shown.planned.later.fewer)) == (NEXT, {"user": 1})
    assert shown.following is not None
    assert shown.following.total == 37500
    assert {one.name: (one.used, one.limit) for one in shown.quotas}["users"] == (1, 12)
    assert {one.extra.code: (one.held, one.fewer, one.included) for one in shown.options}["watermark"] == (0, 0, True)


def test_overview_of_a_change_that_came_due_unseen(buyer: Persona) -> None:
    order(buyer, Wish(plan="team"))
    order(buyer, Wish(plan="pro"), key="k2")
    shown = queries.overview(buyer.actor, now=NEXT + DAY)
    assert (shown.plan.code, shown.planned, shown.allowance) == ("pro", None, 500)
    assert Subscription.objects.get(team=buyer.team).plan.code == "team"


def test_review_compares_before_at_once_and_after(buyer: Persona) -> None:
    order(buyer, Wish(plan="team"))
    quote = flows.quote_change(buyer.actor, Wish(plan="pro", add={"data_room": 1}), now=MID)
    shown = queries.review(buyer.actor, quote.public_id, now=MID)
    assert (shown.state, shown.sums.due, shown.effective_at) == ("open", 2500, NEXT)
    rooms = [limits.data_rooms for limits in (shown.before, shown.at_once_limits, shown.after)]
    assert rooms == [10, 11, 4]
    assert [line.item for line in shown.recurring] == ["plan:pro", "data_room"]
    assert queries.review(buyer.actor, quote.public_id, now=MID + timedelta(minutes=15)).state == "stale"


def test_plan_choices_keep_the_version_that_is_held(buyer: Persona) -> None:
    assert [offer.code for offer in queries.plan_choices(buyer.actor, now=MID)] == ["pro", "team"]
