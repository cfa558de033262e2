# SPDX-License-Identifier: Apache-2.0
"""What a wish comes to, case by case, without a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sealroom.billing.catalogue import DEFAULT, read_catalogue
from sealroom.billing.errors import BlockTerm, QuotaInUse
from sealroom.billing.rules import Held
from sealroom.billing.rules.changes import (
    AtOnce,
    Decision,
    Later,
    Standing,
    Wanted,
    after,
    at_end,
    decide,
    recurring,
    upward,
)
from sealroom.billing.rules.money import Span
from sealroom.core.errors import Invalid

CATALOGUE = read_catalogue(DEFAULT)
PLANS = {plan.code: plan for plan in CATALOGUE.plans}
EXTRAS = {extra.code: extra for extra in CATALOGUE.addons}
START, MID = datetime(2026, 11, 1, 8, tzinfo=UTC), datetime(2026, 11, 16, 8, tzinfo=UTC)
END, AFTER = datetime(2026, 12, 1, 8, tzinfo=UTC), datetime(2027, 1, 1, 8, tzinfo=UTC)


def standing(plan: str = "pro", interval: str = "month", **units: int) -> Standing:
    """A team in the middle of November, everything paid."""
    held = {code: Held(EXTRAS[code], count) for code, count in units.items()}
    return Standing(PLANS[plan], interval, "USD", held, Span(START, END), Span(END, AFTER))


def decided(has: Standing, wanted: Wanted, usage: Mapping[str, int] | None = None, now: datetime = MID) -> Decision:
    return decide(has, wanted, EXTRAS, usage=usage or {}, now=now)


def lines(decision: Decision) -> list[tuple[str, str, int, int]]:
    return [(line.kind.value, line.item, line.quantity, line.amount) for line in decision.lines]


@pytest.mark.parametrize(
    ("has", "wanted", "at_once", "later", "charged"),
    [
        (standing(), Wanted(add={"user": 2}), AtOnce(more={"user": 2}), Later(), [("charge", "user", 2, 2500)]),
        (standing(user=2), Wanted(quantities={"user": 3}), AtOnce(more={"user": 1}), Later(), [("charge", "user", 1, 1250)]),
        (standing(user=2), Wanted(quantities={"user": 1}), AtOnce(), Later(fewer={"user": 1}), []),
        (
            standing(user=2),
            Wanted(quantities={"user": 1, "guests": 1}),
            AtOnce(more={"guests": 1}),
            Later(fewer={"user": 1}),
            [("charge", "guests", 1, 1250)],
        ),
        (
            standing(),
            Wanted(plan=PLANS["team"]),
            AtOnce(plan=PLANS["team"]),
            Later(),
            [("credit", "plan:pro", 1, -7000), ("charge", "plan:team", 1, 17500)],
        ),
        (
            standing(watermark=1),
            Wanted(plan=PLANS["team"]),
            AtOnce(plan=PLANS["team"], dropped={"watermark": 1}),
            Later(),
            [("credit", "plan:pro", 1, -7000), ("charge", "plan:team", 1, 17500), ("credit", "watermark", 1, -2500)],
        ),
        (standing("team"), Wanted(plan=PLANS["pro"]), AtOnce(), Later(plan=PLANS["pro"]), []),
        (standing("enterprise"), Wanted(plan=PLANS["pro"]), AtOnce(), Later(plan=PLANS["pro"]), []),
        (standing("pro", "year"), Wanted(interval="month"), AtOnce(), Later(interval="month"), []),
        (standing(), Wanted(plan=PLANS["free"]), AtOnce(), Later(plan=PLANS["free"], cancels=True), []),
        (
            standing("team"),
            Wanted(plan=PLANS["pro"], interval="year"),
            AtOnce(),
            Later(plan=PLANS["pro"], interval="year"),
            [],
        ),
        (
            standing("free"),
            Wanted(plan=PLANS["pro"], interval="year"),
            AtOnce(plan=PLANS["pro"], interval="year", restarts=True),
            Later(),
            [("charge", "plan:pro", 1, 96000)],
        ),
        (
            standing("pro", credits=1),
            Wanted(interval="year"),
            AtOnce(interval="year", restarts=True),
            Later(),
            [
                ("credit", "plan:pro", 1, -7000),
                ("credit", "credits", 1, -1250),
                ("charge", "plan:pro", 1, 96000),
                ("charge", "credits", 1, 30000),
            ],
        ),
    ],
)
def test_wish_is_split_into_now_and_later(
    has: Standing, wanted: Wanted, at_once: AtOnce, later: Later, charged: list[tuple[str, str, int, int]]
) -> None:
    decision = decided(has, wanted)
    assert (decision.at_once, decision.later, lines(decision)) == (at_once, later, charged)


def test_addition_leaves_what_is_planned_and_a_new_number_replaces_it() -> None:
    has = replace(standing(user=3), later=Later(fewer={"user": 2}))
    assert decided(has, Wanted(add={"user": 1})).later == Later(fewer={"user": 2})
    assert decided(has, Wanted(quantities={"user": 3})).later == Later()
    assert decided(has, Wanted(quantities={"user": 2})).later == Later(fewer={"user": 1})
    assert decided(has, Wanted(quantities={"guests": 1})).later == Later(fewer={"user": 2})


def test_plan_named_again_takes_its_planned_end_back() -> None:
    has = replace(standing(user=3), later=Later(plan=PLANS["free"], fewer={"user": 2}, cancels=True))
    assert decided(has, Wanted(plan=PLANS["pro"])).later == Later(fewer={"user": 2})
    assert decided(has, Wanted(resume=True)).later == Later()


def test_year_begins_at_once_and_keeps_the_version_that_was_bought() -> None:
    old = replace(PLANS["pro"], prices={"USD": {"month": 10000, "year": 60000}})
    has = replace(standing(), plan=old)
    decision = decided(has, Wanted(plan=PLANS["pro"], interval="year"))
    assert decision.cycle == Span(MID, MID.replace(year=2027))
    assert lines(decision) == [("credit", "plan:pro", 1, -5000), ("charge", "plan:pro", 1, 60000)]


def test_credit_never_exceeds_what_was_paid() -> None:
    has = replace(standing(), paid={"plan:pro": 3000})
    assert lines(decided(has, Wanted(plan=PLANS["team"])))[0] == ("credit", "plan:pro", 1, -3000)
    nothing = replace(standing(), paid={})
    assert lines(decided(nothing, Wanted(plan=PLANS["team"])))[0] == ("credit", "plan:pro", 1, 0)


# -- Blocks --------------------------------------------------------------------------------------------------------------
def test_blocks_without_a_term_go_first() -> None:
    has = replace(standing(credits=3), bound=2, bound_until=AFTER)
    assert decided(has, Wanted(quantities={"credits": 2})).later == Later(fewer={"credits": 1})
    with pytest.raises(BlockTerm) as refusal:
        decided(has, Wanted(quantities={"credits": 1}))
    assert refusal.value.facts == {"removable": 1, "bound": 2, "until": "2027-01-01T08:00:00Z"}


def test_blocks_dropped_with_a_smaller_plan_pay_their_next_cycle() -> None:
    has = replace(standing("team", credits=2), bound=1, bound_until=AFTER)
    decision = decided(has, Wanted(plan=PLANS["pro"], quantities={"credits": 0}))
    assert (decision.term_blocks, lines(decision)) == (1, [("term", "credits", 1, 2500)])
    assert (decision.lines[0].start, decision.lines[0].end) == (END, AFTER)
    assert decided(has, Wanted(plan=PLANS["pro"])).lines == ()


# -- Refusals ------------------------------------------------------------------------------------------------------------
def test_smaller_quota_is_refused_while_it_is_in_use() -> None:
    has = standing("team", data_room=2)
    with pytest.raises(QuotaInUse) as refusal:
        decided(has, Wanted(quantities={"data_room": 0}), {"data_rooms": 11, "users": 99})
    assert refusal.value.facts == {"quotas": [{"quota": "data_rooms", "used": 11, "limit": 10}]}
    assert decided(has, Wanted(plan=PLANS["free"]), {"data_rooms": 11}).later.cancels


def test_more_of_one_thing_does_not_ask_for_another() -> None:
    assert decided(standing(), Wanted(add={"credits": 1}), {"users": 99}).at_once.more == {"credits": 1}


@pytest.mark.parametrize(
    ("has", "wanted", "errors"),
    [
        (standing("free"), Wanted(add={"credits": 1}), {"items": ["plan_without_addons"]}),
        (standing("team"), Wanted(add={"watermark": 1}), {"items.watermark": ["included"]}),
        (standing(), Wanted(plan=PLANS["pro"], quantities={"watermark": 2}), {"items.watermark": ["too_many"]}),
        (standing(credits=999), Wanted(add={"credits": 2}), {"add.credits": ["too_many"]}),
        (standing(), Wanted(quantities={"user": 1}, add={"user": 1}), {"add": ["also in items"]}),
        (standing("free"), Wanted(plan=PLANS["free"]), {"changes": ["nothing"]}),
        (standing(), Wanted(quantities={"user": 0}), {"changes": ["nothing"]}),
    ],
)
def test_wish_that_cannot_be_is_refused(has: Standing, wanted: Wanted, errors: dict[str, list[str]]) -> None:
    with pytest.raises(Invalid) as refusal:
        decided(has, wanted)
    assert refusal.value.errors == errors


# -- What follows --------------------------------------------------------------------------------------------------------
def test_next_cycle_is_billed_as_planned() -> None:
    has = standing("team", user=3, credits=1)
    then = after(has, decided(has, Wanted(plan=PLANS["pro"], quantities={"user": 1}, add={"guests": 2})), EXTRAS)
    assert then.plan.code == "team"
    assert [(one.item, one.quantity, one.amount) for one in recurring(at_end(then), then.following)] == [
        ("plan:pro", 1, 14000),
        ("user", 1, 2500),
        ("credits", 1, 2500),
        ("guests", 2, 5000),
    ]


def test_nothing_follows_a_cancelled_plan() -> None:
    has = standing("team", user=3)
    then = after(has, decided(has, Wanted(plan=PLANS["free"])), EXTRAS)
    assert recurring(at_end(then), then.following) == []


@pytest.mark.parametrize(
    ("old", "new", "is_up"),
    [("pro", "team", True), ("team", "pro", False), ("trial", "pro", True), ("enterprise", "team", False), ("free", "pro", True)],
)
def test_bigger_is_dearer_or_includes_more(old: str, new: str, is_up: bool) -> None:
    assert upward(PLANS[old], PLANS[new], currency="USD", interval="month") is is_up
