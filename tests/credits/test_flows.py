# SPDX-License-Identifier: Apache-2.0
"""Spending, giving back, issuing, rolling: on a real database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from sealroom.accounts.models import Role
from sealroom.audit.models import Event
from sealroom.audit.rules import SYSTEM, Verb
from sealroom.core.errors import Forbidden, IdempotencyConflict, Invalid
from sealroom.core.models import Job
from sealroom.credits import flows, queries
from sealroom.credits.errors import InsufficientCredits
from sealroom.credits.flows import Receipt
from sealroom.credits.models import AllowanceStep, Charge, Entry, Lot, Notice, PaidPair, Wallet
from sealroom.credits.rules import LotKind
from sealroom.mail.models import OutgoingMail
from tests.factories.accounts import Persona, make_member

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
NEXT = datetime(2026, 12, 22, 14, 3, tzinfo=UTC)


def pairs(count: int, version: str = "ver_1") -> list[str]:
    return [f"{version}:r{number}@example.com" for number in range(count)]


def spend(by: Persona, keys: Sequence[str], key: str, *, now: datetime = NOW, digest: str = "d", about: str = "snd_1") -> Receipt:
    with transaction.atomic():
        return flows.spend(
            by.team.pk, keys, actor=by.actor, key=key, request_digest=digest, about=about, note="Contract.pdf", now=now
        )


def set_allowance(persona: Persona, amount: int, *, now: datetime = NOW) -> None:
    flows.set_step(persona.team.pk, amount, effective_at=now, now=now)
    flows.settle_allowance(persona.team.pk, amount, source_key=f"test:{amount}", may_lower=True, who=SYSTEM, now=now)


def lines(persona: Persona) -> list[tuple[str, int, int]]:
    rows = Entry.objects.filter(team=persona.team).order_by("number")
    return [(row.kind, row.delta, row.balance_after) for row in rows]


def meter(persona: Persona, now: datetime = NOW) -> tuple[int, int, int, int]:
    shown = queries.meter(persona.team.pk, now=now)
    return shown.allowance, shown.promo, shown.used, shown.available


def assert_books_agree(persona: Persona) -> None:
    assert len(set(queries.recount(persona.team.pk).values())) == 1


def test_spend_charges_each_unpaid_pair_once(owner: Persona) -> None:
    assert spend(owner, pairs(10), "a").charged == 10
    receipt = spend(owner, [*pairs(12), *pairs(12)], "b")
    assert (receipt.charged, receipt.balance, receipt.replayed) == (2, 1488, False)
    assert lines(owner) == [("issue", 1500, 1500), ("charge", -10, 1490), ("charge", -2, 1488)]
    assert PaidPair.objects.count() == 12
    assert meter(owner) == (1500, 0, 12, 1488)


def test_spend_of_paid_pairs_is_free_and_keeps_its_key(owner: Persona) -> None:
    spend(owner, pairs(3), "a")
    assert spend(owner, pairs(3), "b").charged == 0
    assert spend(owner, pairs(3), "b").replayed is True
    assert len(lines(owner)) == 2


def test_replay_answers_with_the_first_figures(owner: Persona) -> None:
    first = spend(owner, pairs(5), "k")
    spend(owner, pairs(9), "other")
    again = spend(owner, pairs(5), "k")
    assert again == Receipt(first.charged, first.balance, replayed=True, charge_id=first.charge_id)
    assert queries.meter(owner.team.pk, now=NOW).available == 1491


def test_key_with_another_request_conflicts(owner: Persona) -> None:
    spend(owner, pairs(5), "k")
    with pytest.raises(IdempotencyConflict):
        spend(owner, pairs(6), "k", digest="other")
    assert meter(owner) == (1500, 0, 5, 1495)


def test_keys_belong_to_their_actor(owner: Persona, member: Persona) -> None:
    spend(owner, pairs(1), "k")
    assert spend(member, pairs(1, "ver_2"), "k", digest="other").charged == 1


def test_refused_spend_leaves_no_row(owner: Persona) -> None:
    before = (lines(owner), Job.objects.count(), Event.objects.count())
    with pytest.raises(InsufficientCredits) as refusal:
        spend(owner, pairs(1501), "a")
    assert refusal.value.facts == {"needed": 1501, "available": 1500, "missing": 1, "resets_at": "2026-12-22T14:03:00Z"}
    assert (lines(owner), Job.objects.count(), Event.objects.count()) == before
    assert (Charge.objects.count(), PaidPair.objects.count(), Notice.objects.count()) == (0, 0, 0)


def test_refused_spend_inside_a_new_period_leaves_the_roll_to_the_next(owner: Persona) -> None:
    with pytest.raises(InsufficientCredits):
        spend(owner, pairs(1501), "a", now=NEXT)
    assert lines(owner) == [("issue", 1500, 1500)]
    assert spend(owner, pairs(1500), "a", now=NEXT).balance == 0


def test_spend_of_ten_thousand_pairs(owner: Persona) -> None:
    set_allowance(owner, 20_000)
    assert spend(owner, pairs(10_000), "a").balance == 10_000
    assert queries.price(owner.team.pk, pairs(10_001), now=NOW).cost == 1
    assert flows.reverse_pairs(owner.team.pk, pairs(10_000), actor=None, reason="failed", now=NOW).restored == 10_000
    assert_books_agree(owner)


def test_spend_after_missed_months_sees_one_new_issue(owner: Persona) -> None:
    spend(owner, pairs(10), "a")
    late = datetime(2027, 3, 1, tzinfo=UTC)
    assert meter(owner, late) == (1500, 0, 0, 1500)
    spend(owner, pairs(1, "ver_2"), "b", now=late)
    assert lines(owner)[2:] == [("expire", -1490, 0), ("issue", 1500, 1500), ("charge", -1, 1499)]
    last = Entry.objects.filter(team=owner.team).order_by("number")
    assert [row.at for row in last][2:4] == [NEXT, datetime(2027, 2, 22, 14, 3, tzinfo=UTC)]
    assert Lot.objects.filter(kind=LotKind.PERIOD).count() == 2


def test_roll_is_idempotent_and_never_goes_back(owner: Persona) -> None:
    flows.roll(owner.team.pk, now=NEXT)
    flows.roll(owner.team.pk, now=NEXT)
    flows.roll(owner.team.pk, now=NOW)
    assert lines(owner) == [("issue", 1500, 1500), ("expire", -1500, 0), ("issue", 1500, 1500)]
    assert queries.meter(owner.team.pk, now=NEXT).period_start == NEXT


def test_paid_pair_stays_paid_over_a_reset(owner: Persona) -> None:
    spend(owner, pairs(2), "a")
    assert spend(owner, pairs(2), "b", now=NEXT).charged == 0


def test_roll_plans_the_next_one(owner: Persona) -> None:
    flows.roll(owner.team.pk, now=NEXT)
    due = Job.objects.filter(name="credits.roll_due").order_by("due_at")
    assert [job.due_at for job in due] == [NEXT, datetime(2027, 1, 22, 14, 3, tzinfo=UTC)]


# -- Lots and promotions -------------------------------------------------------------------------------------------------
def promo(persona: Persona, amount: int, *, expires_at: datetime | None = None, key: str = "p1", now: datetime = NOW) -> int:
    return flows.issue(
        persona.team.pk, LotKind.PROMO, amount, source_key=f"promo:{key}", expires_at=expires_at, who=SYSTEM, now=now
    ).granted


def test_promotion_that_ends_first_is_spent_first(owner: Persona) -> None:
    promo(owner, 8, expires_at=NOW + timedelta(days=3))
    spend(owner, pairs(10), "a")
    assert lines(owner)[2:] == [("charge", -8, 1500), ("charge", -2, 1498)]
    assert meter(owner) == (1500, 8, 10, 1498)


def test_promotion_without_end_is_carried_over(owner: Persona) -> None:
    promo(owner, 50)
    assert meter(owner, NEXT) == (1500, 50, 0, 1550)
    set_allowance(owner, 5)
    spend(owner, pairs(10), "a")
    assert meter(owner) == (5, 50, 10, 45)
    assert meter(owner, NEXT) == (5, 45, 0, 50)


def test_promotion_is_gone_at_its_last_instant(owner: Persona) -> None:
    ends = NOW + timedelta(days=3)
    promo(owner, 50, expires_at=ends)
    assert meter(owner, ends - timedelta(microseconds=1)) == (1500, 50, 0, 1550)
    assert meter(owner, ends) == (1500, 0, 0, 1500)
    spend(owner, pairs(1), "a", now=ends)
    assert lines(owner)[2:] == [("expire", -50, 1500), ("charge", -1, 1499)]


def test_issue_happens_once_per_source(owner: Persona) -> None:
    assert promo(owner, 50) == 50
    assert promo(owner, 50) == 0
    assert meter(owner) == (1500, 50, 0, 1550)


def test_issue_refuses_credits_that_are_gone_already(owner: Persona) -> None:
    with pytest.raises(Invalid):
        promo(owner, 50, expires_at=NOW)


def test_block_raises_the_running_allowance_and_ends_with_it(owner: Persona) -> None:
    flows.issue(owner.team.pk, LotKind.BLOCK, 500, source_key="line:1", who=owner.actor.who, now=NOW)
    assert meter(owner) == (2000, 0, 0, 2000)
    assert meter(owner, NEXT) == (1500, 0, 0, 1500)


def test_raised_allowance_keeps_usage(owner: Persona) -> None:
    spend(owner, pairs(10), "a")
    issued = flows.settle_allowance(owner.team.pk, 2000, source_key="x", who=SYSTEM, now=NOW)
    assert (issued.granted, issued.balance) == (500, 1990)
    assert meter(owner) == (2000, 0, 10, 1990)


def test_lower_allowance_waits_unless_the_operator_overrides(owner: Persona) -> None:
    spend(owner, pairs(10), "a")
    assert flows.settle_allowance(owner.team.pk, 12, source_key="x", who=SYSTEM, now=NOW).balance == 1490
    assert flows.settle_allowance(owner.team.pk, 12, source_key="x", may_lower=True, who=SYSTEM, now=NOW).balance == 2
    assert meter(owner) == (12, 0, 10, 2)
    assert flows.settle_allowance(owner.team.pk, 5, source_key="x", may_lower=True, who=SYSTEM, now=NOW).balance == 0
    assert flows.settle_allowance(owner.team.pk, 30, source_key="y", who=SYSTEM, now=NOW).balance == 20
    assert_books_agree(owner)


# -- Giving back ---------------------------------------------------------------------------------------------------------
def test_reversal_returns_each_pair_to_its_lot(owner: Persona) -> None:
    promo(owner, 3, expires_at=NOW + timedelta(days=3))
    spend(owner, pairs(5), "a")
    later = NOW + timedelta(days=4)
    given = flows.reverse_pairs(owner.team.pk, pairs(5), actor=None, reason="failed", now=later)
    assert (given.restored, given.balance) == (2, 1500)
    assert given.pairs == frozenset(pairs(5))
    assert spend(owner, pairs(5), "b", now=later).charged == 5
    assert_books_agree(owner)


def test_reversal_of_a_spent_lot_opens_it_again(owner: Persona) -> None:
    set_allowance(owner, 5)
    spend(owner, pairs(5), "a")
    flows.reverse_pairs(owner.team.pk, pairs(2), actor=owner.actor, reason="cancelled", now=NOW)
    assert spend(owner, pairs(2, "ver_2"), "b").balance == 0
    assert meter(owner) == (5, 0, 5, 0)


def test_reversal_after_the_reset_returns_nothing(owner: Persona) -> None:
    spend(owner, pairs(5), "a")
    given = flows.reverse_pairs(owner.team.pk, pairs(5), actor=None, reason="bounced", now=NEXT)
    assert (given.restored, given.balance, len(given.pairs)) == (0, 1500, 5)
    assert meter(owner, NEXT) == (1500, 0, 0, 1500)


def test_reversal_of_last_periods_promotion_counts_as_promotion(owner: Persona) -> None:
    promo(owner, 50)
    set_allowance(owner, 5)
    spend(owner, pairs(10), "a")
    given = flows.reverse_pairs(owner.team.pk, pairs(10), actor=None, reason="bounced", now=NEXT)
    assert given.restored == 5
    assert meter(owner, NEXT) == (5, 50, 0, 55)


@pytest.mark.parametrize(("age", "restored"), [(timedelta(minutes=15), 5), (timedelta(minutes=15, seconds=1), 0)])
def test_reversal_spares_what_is_too_old(owner: Persona, age: timedelta, restored: int) -> None:
    spend(owner, pairs(5), "a")
    now = NOW + age
    oldest = now - timedelta(minutes=15)
    given = flows.reverse_pairs(owner.team.pk, pairs(5), actor=owner.actor, reason="cancelled", now=now, oldest=oldest)
    assert given.restored == restored
    assert PaidPair.objects.count() == 5 - restored


def test_reversal_of_a_charge_happens_once(owner: Persona) -> None:
    receipt = spend(owner, pairs(5), "a")
    assert flows.reverse_charge(owner.team.pk, receipt.charge_id, reason="failed", now=NOW).restored == 5
    assert flows.reverse_charge(owner.team.pk, receipt.charge_id, reason="failed", now=NOW).restored == 0
    assert lines(owner)[1:] == [("charge", -5, 1495), ("reversal", 5, 1500)]


def test_reversal_stands_in_the_ledger_of_whoever_was_charged(member: Persona, owner: Persona) -> None:
    spend(member, pairs(5), "a")
    flows.reverse_pairs(owner.team.pk, pairs(5), actor=None, reason="bounced", now=NOW)
    items = queries.list_entries(member.actor).items
    assert [(item.kind, item.delta, item.route, item.send_id, item.note) for item in items] == [
        ("reversal", 5, "system", "snd_1", "bounced"),
        ("charge", -5, "web", "snd_1", "Contract.pdf"),
    ]


# -- Notices -------------------------------------------------------------------------------------------------------------
def mails(kind: str) -> list[str]:
    found = OutgoingMail.objects.filter(key__startswith=f"credits.{kind}:").order_by("pk")
    return [mail.to_address for mail in found]


def kinds(persona: Persona) -> list[str]:
    return [notice.kind for notice in queries.list_notices(persona.team.pk)]


def test_low_notice_goes_to_every_admin_once(owner: Persona, member: Persona) -> None:
    make_member(owner, "second@example.com", role=Role.ADMIN, now=NOW)
    set_allowance(owner, 110)
    spend(owner, pairs(10), "a")
    assert kinds(owner) == []
    spend(member, pairs(11), "b")
    spend(member, pairs(12), "c")
    assert kinds(owner) == ["low"]
    assert mails("low") == ["owner@example.com", "second@example.com"]


def test_one_send_through_both_lines_raises_only_the_second(owner: Persona) -> None:
    set_allowance(owner, 110)
    spend(owner, pairs(110), "a")
    assert kinds(owner) == ["exhausted"]
    assert (mails("low"), mails("exhausted")) == ([], ["owner@example.com"])


def test_small_plan_has_only_the_second_notice(owner: Persona) -> None:
    set_allowance(owner, 99)
    promo(owner, 10)
    spend(owner, pairs(20), "a")
    assert kinds(owner) == []
    spend(owner, pairs(109), "b")
    assert kinds(owner) == ["exhausted"]


def test_notice_comes_again_after_a_reset(owner: Persona) -> None:
    set_allowance(owner, 110)
    spend(owner, pairs(20), "a")
    spend(owner, pairs(20, "ver_2"), "b", now=NEXT)
    assert kinds(owner) == ["low", "low"]


def test_notice_comes_again_after_credits_were_issued(owner: Persona) -> None:
    set_allowance(owner, 110)
    spend(owner, pairs(20), "a")
    promo(owner, 9, key="too few")
    spend(owner, pairs(10, "ver_2"), "b")
    promo(owner, 11, key="enough")
    spend(owner, pairs(1, "ver_3"), "c")
    assert kinds(owner) == ["low", "low"]


def test_reversal_does_not_make_a_notice_possible_again(owner: Persona) -> None:
    set_allowance(owner, 110)
    spend(owner, pairs(20), "a")
    flows.reverse_pairs(owner.team.pk, pairs(20), actor=owner.actor, reason="cancelled", now=NOW)
    spend(owner, pairs(20), "b")
    assert kinds(owner) == ["low"]


def test_promotion_that_ends_raises_the_notice_it_calls_for(owner: Persona) -> None:
    set_allowance(owner, 110)
    spend(owner, pairs(30), "a")
    promo(owner, 50, expires_at=NOW + timedelta(days=1))
    flows.roll(owner.team.pk, now=NOW + timedelta(days=1))
    assert kinds(owner) == ["low", "low"]


def test_reset_to_nothing_raises_no_notice(owner: Persona) -> None:
    flows.set_step(owner.team.pk, 0, effective_at=NEXT, now=NOW)
    flows.roll(owner.team.pk, now=NEXT)
    assert meter(owner, NEXT) == (0, 0, 0, 0)
    assert kinds(owner) == []


def test_threshold_is_the_teams_own(owner: Persona, member: Persona) -> None:
    with pytest.raises(Forbidden):
        flows.set_threshold(member.actor, 1400, now=NOW)
    flows.set_threshold(owner.actor, 1400, now=NOW)
    spend(owner, pairs(101), "a")
    assert kinds(owner) == ["low"]


def test_notice_names_the_day_in_the_admins_language(owner: Persona) -> None:
    owner.user.language = "fr"
    owner.user.save()
    set_allowance(owner, 110)
    spend(owner, pairs(109), "a")
    mail = OutgoingMail.objects.get()
    assert mail.subject == "Northwind\u00a0: il reste 1 crédit"
    assert "Les crédits seront renouvelés le 22 décembre 2026." in mail.text
    assert "http://127.0.0.1:8000/credits/" in mail.text


# -- Steps and trail -----------------------------------------------------------------------------------------------------
def test_new_cycle_cuts_the_period(owner: Persona) -> None:
    ends = NOW + timedelta(days=7)
    flows.set_step(owner.team.pk, 0, effective_at=ends, anchor_at=ends, now=NOW)
    assert queries.meter(owner.team.pk, now=NOW).resets_at == ends
    assert meter(owner, ends) == (0, 0, 0, 0)
    flows.set_step(owner.team.pk, 900, effective_at=NOW + timedelta(days=1), now=NOW)
    assert queries.meter(owner.team.pk, now=NOW).resets_at == NEXT
    assert meter(owner, ends) == (1500, 0, 0, 1500)
    assert meter(owner, NEXT) == (900, 0, 0, 900)
    assert AllowanceStep.objects.count() == 2


def test_cycle_moved_away_and_back_issues_again_but_no_second_period(owner: Persona) -> None:
    other = NOW - timedelta(days=3)
    flows.set_step(owner.team.pk, 700, effective_at=other, anchor_at=other, now=NOW)
    assert meter(owner) == (700, 0, 0, 700)
    flows.set_step(owner.team.pk, 800, effective_at=NOW, anchor_at=NOW, now=NOW)
    assert meter(owner) == (800, 0, 0, 800)
    starts = list(Lot.objects.filter(kind=LotKind.PERIOD).values_list("issued_at", flat=True))
    assert len(starts) == len(set(starts)) == 2
    assert_books_agree(owner)


def test_charge_and_return_are_in_the_trail(owner: Persona) -> None:
    spend(owner, pairs(5), "a")
    flows.reverse_pairs(owner.team.pk, pairs(5), actor=None, reason="bounced", now=NOW)
    verbs = [Verb.CREDITS_CHARGED.value, Verb.CREDITS_RETURNED.value]
    found = Event.objects.filter(team=owner.team.public_id, verb__in=verbs).order_by("number")
    assert [(event.verb, event.actor) for event in found] == [(verbs[0], owner.user.public_id), (verbs[1], "system")]


def test_wallet_of_another_team_is_out_of_reach(owner: Persona, stranger: Persona) -> None:
    with pytest.raises(RuntimeError, match="another team"), transaction.atomic():
        flows.spend(stranger.team.pk, pairs(1), actor=owner.actor, key="a", request_digest="", now=NOW)
    assert Wallet.objects.get(team=stranger.team).balance == 1500


def test_step_at_the_instant_a_cycle_begins_goes_on_with_that_cycle(owner: Persona) -> None:
    began = NOW + timedelta(days=9)
    flows.set_step(owner.team.pk, 700, effective_at=began, anchor_at=began, now=began)
    flows.set_step(owner.team.pk, 900, effective_at=began, now=began)
    shown = queries.meter(owner.team.pk, now=began)
    assert (shown.period_start, shown.available) == (began, 700)
    assert queries.meter(owner.team.pk, now=began.replace(year=2027, month=1)).available == 900
    assert_books_agree(owner)


def test_period_that_is_entered_again_goes_on_with_its_usage(owner: Persona) -> None:
    """An operator moves the cycle away and back: the lines of the period are still there, and so is what they used."""
    earlier = NOW - timedelta(days=3)

    def move(at: datetime) -> None:
        flows.set_step(owner.team.pk, 100, effective_at=at, anchor_at=at, now=NOW)

    move(earlier)
    spend(owner, pairs(5), "a")
    move(NOW - timedelta(days=2))
    assert queries.meter(owner.team.pk, now=NOW).used == 0
    move(earlier)
    assert queries.meter(owner.team.pk, now=NOW).used == 5
    assert sum(day.used for day in queries.usage_by_day(owner.actor, now=NOW)) == 5
    flows.reverse_pairs(owner.team.pk, pairs(5), actor=None, reason="bounced", now=NOW)
    assert list(queries.ledger_faults()) == []
