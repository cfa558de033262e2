# SPDX-License-Identifier: Apache-2.0
"""Founding teams, moving them between plans, giving out seats."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.test import override_settings

from sealroom.accounts.models import Invitation
from sealroom.audit.models import Event
from sealroom.audit.rules import SYSTEM, Verb
from sealroom.billing import flows, queries
from sealroom.billing.errors import SeatQuota
from sealroom.billing.models import Plan, Subscription
from sealroom.core.errors import Forbidden, Invalid
from sealroom.credits import queries as credits_queries
from tests.factories.accounts import Persona, make_user

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
NEXT = datetime(2026, 12, 22, 14, 3, tzinfo=UTC)


def meter(persona: Persona, now: datetime = NOW) -> tuple[int, int]:
    shown = credits_queries.meter(persona.team.pk, now=now)
    return shown.allowance, shown.available


def plan_of(persona: Persona, now: datetime = NOW) -> str:
    return queries.limits_of(persona.team.pk, now=now).plan_code


@pytest.mark.parametrize(
    ("chosen", "gateway", "plan", "allowance"),
    [("", "none", "team", 1500), ("", "stripe", "trial", 100), ("", "invoice", "trial", 100), ("pro", "none", "pro", 500)],
)
def test_new_team_gets_the_default_plan(db: None, chosen: str, gateway: str, plan: str, allowance: int) -> None:
    with override_settings(SEALROOM_DEFAULT_PLAN=chosen, SEALROOM_PAYMENT_GATEWAY=gateway):
        team = flows.found_team(make_user("a@example.com"), name="A", time_zone="UTC", language="en", now=NOW)
    limits = queries.limits_of(team.pk, now=NOW)
    assert (limits.plan_code, limits.credits, limits.may_send) == (plan, allowance, True)
    shown = credits_queries.meter(team.pk, now=NOW)
    assert (shown.available, shown.period_start) == (allowance, NOW)


def test_unknown_default_plan_is_refused(db: None) -> None:
    with pytest.raises(Invalid):
        flows.found_team(make_user("a@example.com"), name="A", time_zone="UTC", language="en", now=NOW, plan="gold")


def test_trial_ends_with_its_last_instant(db: None) -> None:
    team = flows.found_team(make_user("a@example.com"), name="A", time_zone="UTC", language="en", now=NOW, plan="trial")
    ends = NOW + timedelta(days=7)
    assert credits_queries.meter(team.pk, now=NOW).resets_at == ends
    assert queries.limits_of(team.pk, now=ends - timedelta(seconds=1)).may_send is True
    after = queries.limits_of(team.pk, now=ends)
    assert (after.may_send, after.credits, after.users) == (False, 0, 3)
    assert credits_queries.meter(team.pk, now=ends).available == 0


def test_plan_after_a_trial_begins_its_own_cycle(db: None) -> None:
    team = flows.found_team(make_user("a@example.com"), name="A", time_zone="UTC", language="en", now=NOW, plan="trial")
    bought = NOW + timedelta(days=3)
    flows.set_plan(team, "pro", who=SYSTEM, now=bought)
    shown = credits_queries.meter(team.pk, now=bought)
    assert (shown.available, shown.period_start) == (500, bought)
    assert credits_queries.meter(team.pk, now=NOW + timedelta(days=8)).available == 500
    assert Subscription.objects.get(team=team).anchor_at == bought


def test_free_plan_may_not_send(db: None) -> None:
    team = flows.found_team(make_user("a@example.com"), name="A", time_zone="UTC", language="en", now=NOW, plan="free")
    assert queries.limits_of(team.pk, now=NOW).may_send is False
    assert credits_queries.meter(team.pk, now=NOW).available == 0


def test_catalogue_is_written_once_and_versioned(db: None) -> None:
    flows.ensure_catalogue()
    flows.ensure_catalogue()
    assert [plan.code for plan in queries.list_plans()] == ["free", "trial", "pro", "team", "enterprise"]
    assert list(Plan.objects.values_list("version", flat=True).distinct()) == [1]
    catalogue = flows.catalogue_of_installation()
    dearer = tuple(
        replace(plan, prices={"USD": {"month": 1, "year": 2}}) if plan.code == "pro" else plan for plan in catalogue.plans
    )
    [told] = flows.ensure_catalogue(replace(catalogue, plans=dearer))
    assert told.startswith("plan pro becomes version 2: a month in USD 140.00 becomes 0.01; ")
    assert list(Plan.objects.filter(code="pro").order_by("version").values_list("version", "credits")) == [(1, 500), (2, 500)]
    assert queries.plan_by_code("pro").version == 2


def test_what_was_sold_is_never_rewritten(db: None) -> None:
    flows.ensure_catalogue()
    with pytest.raises(DatabaseError), transaction.atomic():
        Plan.objects.filter(code="pro").update(credits=400)
    with pytest.raises(DatabaseError), transaction.atomic():
        Plan.objects.filter(code="pro").delete()


# -- The operator's word -------------------------------------------------------------------------------------------------
def test_operator_sets_a_plan_at_once_in_both_directions(owner: Persona) -> None:
    flows.set_plan(owner.team, "pro", who=SYSTEM, now=NOW)
    assert (plan_of(owner), meter(owner)) == ("pro", (500, 500))
    flows.set_plan(owner.team, "team", credits=12, who=SYSTEM, now=NOW)
    assert (plan_of(owner), meter(owner)) == ("team", (12, 12))
    flows.set_plan(owner.team, "enterprise", who=SYSTEM, now=NOW)
    assert (plan_of(owner), meter(owner)) == ("enterprise", (10_000, 10_000))
    assert meter(owner, NEXT) == (10_000, 10_000)


def test_operator_may_move_the_billing_date(owner: Persona) -> None:
    start = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
    flows.set_plan(owner.team, "team", at=start, interval="year", credits=1000, who=SYSTEM, now=NOW)
    shown = credits_queries.meter(owner.team.pk, now=NOW)
    assert (shown.period_start, shown.resets_at) == (datetime(2026, 10, 31, 8, tzinfo=UTC), datetime(2026, 11, 30, 8, tzinfo=UTC))
    assert (shown.allowance, shown.available) == (1000, 1000)
    subscription = Subscription.objects.get(team=owner.team)
    assert (subscription.anchor_at, subscription.interval) == (start, "year")
    flows.set_plan(owner.team, "team", at=start, interval="year", credits=1000, who=SYSTEM, now=NOW)
    assert meter(owner) == (1000, 1000)


def test_operator_may_set_a_plan_for_later(owner: Persona) -> None:
    later = NOW + timedelta(days=5)
    flows.set_plan(owner.team, "pro", at=later, who=SYSTEM, now=NOW)
    assert (plan_of(owner), meter(owner)) == ("team", (1500, 1500))
    assert (plan_of(owner, later), meter(owner, later)) == ("pro", (500, 500))
    assert credits_queries.meter(owner.team.pk, now=later).period_start == later


def test_operator_drops_a_later_change_with_the_next_word(owner: Persona) -> None:
    flows.set_plan(owner.team, "pro", at=NOW + timedelta(days=5), who=SYSTEM, now=NOW)
    flows.set_plan(owner.team, "team", who=SYSTEM, now=NOW)
    assert (plan_of(owner, NEXT), meter(owner, NEXT)) == ("team", (1500, 1500))
    assert credits_queries.meter(owner.team.pk, now=NOW).resets_at == NEXT


def test_operator_is_held_to_known_words(owner: Persona) -> None:
    with pytest.raises(Invalid):
        flows.set_plan(owner.team, "gold", who=SYSTEM, now=NOW)
    with pytest.raises(Invalid):
        flows.set_plan(owner.team, "pro", interval="week", who=SYSTEM, now=NOW)
    assert plan_of(owner) == "team"


def test_plan_leaves_a_trail(owner: Persona) -> None:
    flows.set_plan(owner.team, "pro", who=SYSTEM, now=NOW)
    event = Event.objects.filter(team=owner.team.public_id, verb=Verb.PLAN_SET.value).latest("number")
    assert (event.facts["plan"], event.facts["allowance"]) == ("pro", 500)


# -- Seats ---------------------------------------------------------------------------------------------------------------
def test_seats_are_counted_from_the_invitation_on(owner: Persona, member: Persona) -> None:
    flows.set_plan(owner.team, "pro", who=SYSTEM, now=NOW)
    flows.invite_member(owner.actor, "third@example.com", "user", now=NOW)
    assert queries.usage_of(owner.team.pk, now=NOW).users == 3
    with pytest.raises(SeatQuota) as refusal:
        flows.invite_member(owner.actor, "fourth@example.com", "user", now=NOW)
    assert refusal.value.facts == {"used": 3, "limit": 3}
    assert Invitation.objects.count() == 1


def test_seat_of_an_expired_invitation_is_free(owner: Persona) -> None:
    invitation = flows.invite_member(owner.actor, "second@example.com", "user", now=NOW)
    assert queries.usage_of(owner.team.pk, now=invitation.expires_at).users == 1


def test_only_admins_invite(member: Persona) -> None:
    with pytest.raises(Forbidden):
        flows.invite_member(member.actor, "third@example.com", "user", now=NOW)


def test_quota_of_the_operator_counts_also_below_use(owner: Persona, member: Persona) -> None:
    flows.set_quotas(owner.team, {"users": 1, "data_rooms": 3}, who=SYSTEM, now=NOW)
    limits = queries.limits_of(owner.team.pk, now=NOW)
    assert (limits.users, limits.data_rooms, limits.guests) == (1, 3, 100)
    with pytest.raises(SeatQuota):
        flows.invite_member(owner.actor, "third@example.com", "user", now=NOW)


@pytest.mark.parametrize("quotas", [{"credits": 5}, {"users": -1}])
def test_quota_that_means_nothing_is_refused(owner: Persona, quotas: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        flows.set_quotas(owner.team, quotas, who=SYSTEM, now=NOW)
