# SPDX-License-Identifier: Apache-2.0
"""Plan Usage & Details and Modify plan: what they show, what the form may say, what is refused and where it is said."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.conf import LazySettings
from tests.doors.web.billing import DETAILS, INVOICES, MID, MODIFY, NEXT, PLAN, PREVIEW, START, words
from tests.doors.web.conftest import HTMX
from tests.factories.accounts import Persona, make_member

from sealroom.audit.models import Event
from sealroom.audit.rules import SYSTEM
from sealroom.billing import flows
from sealroom.billing.flows import Wish
from sealroom.billing.models import Quote, Subscription
from sealroom.cli.simulation.till import ScriptedTill
from sealroom.credits import queries as credits

pytestmark = pytest.mark.django_db


def buy(persona: Persona, wish: Wish, *, now: datetime = MID, key: str = "k") -> None:
    quote = flows.quote_change(persona.actor, wish, now=now)
    flows.confirm_quote(persona.actor, quote.public_id, key=key, now=now)


def previewed(persona: Persona, **data: str) -> str:
    return words(persona.client().post(PREVIEW, data, headers=HTMX))


# -- Plan Usage & Details ------------------------------------------------------------------------------------------------
def test_billing_is_in_the_admins_navigation(buyer: Persona, till: ScriptedTill) -> None:
    page = buyer.client().get(PLAN).content.decode()
    nav = page[page.index('<nav class="nav"') : page.index("</nav>")]
    found = re.findall(r'<a class="nav-link(?: nav-sub)?" href="([^"]+)"[^>]*>(?:<svg.*?</svg>)?(?:<span>)?([^<]+)', nav)
    assert found == [
        ("/admin/team/", "Team"),
        ("/admin/members/", "Members"),
        ("/admin/security/presets/", "DOC SECURITY"),
        (PLAN, "BILLING"),
        (PLAN, "Plan Usage &amp; Details"),
        (INVOICES, "Invoices"),
        (DETAILS, "Payment method &amp; details"),
        ("/admin/integrations/", "INTEGRATIONS"),
        ("/admin/activity/", "Activity"),
    ]


def test_plan_says_price_renewal_and_every_quota(buyer: Persona, till: ScriptedTill) -> None:
    said = words(buyer.client().get(PLAN))
    assert "Pro plan $140.00 a month, renews 1 Dec" in said
    assert (
        "Credits 0 of 500 Users 1 of 3 Data rooms 0 of 3 Guests 0 of 25 Storage 0 B of 50 GB Media bandwidth 0 B of 10 GB" in said
    )
    assert "Next billing date 1 December 2026, 08:00, $140.00 with tax" in said
    assert "Credits reset 1 December 2026, 08:00" in said


def test_nobody_sees_a_price_where_nobody_pays(buyer: Persona) -> None:
    client = buyer.client()
    for address in (PLAN, MODIFY, INVOICES, DETAILS):
        assert "$" not in words(client.get(address)), address
    assert "Pro plan credits reset 1 Dec" in words(client.get(PLAN))
    assert "$" not in previewed(buyer, **{"plan": "pro", "item-credits": "1", "was-credits": "0"})


def test_trial_and_arranged_plans_say_so(buyer: Persona, till: ScriptedTill) -> None:
    flows.set_plan(buyer.team, "trial", at=MID - timedelta(days=2), interval="month", who=SYSTEM, now=MID)
    assert "Trial plan trial, ends 21 Nov" in words(buyer.client().get(PLAN))
    flows.set_plan(buyer.team, "pro", at=START, interval="month", who=SYSTEM, now=MID)
    Subscription.objects.filter(team=buyer.team).update(comped=True)
    said = words(buyer.client().get(PLAN))
    assert ("Pro plan free of charge, as arranged with you" in said, "$" in said) == (True, False)


def test_owed_renewal_is_named_with_the_day_sending_pauses(
    buyer: Persona, till: ScriptedTill, mid: Callable[[datetime], None]
) -> None:
    mid(NEXT + timedelta(days=2))
    flows.renew(buyer.team.pk, now=NEXT + timedelta(days=2))
    said = words(buyer.client().get(PLAN))
    assert "$140.00 is to be paid If it has not arrived by 17 Dec, sending pauses." in said
    assert "Pay now" in said


def test_what_is_planned_can_be_taken_back(buyer: Persona, till: ScriptedTill) -> None:
    buy(buyer, Wish(plan="free"))
    client = buyer.client()
    said = words(client.get(PLAN))
    assert ("Planned for 1 Dec The plan ends" in said, "$140.00 a month, ends 1 Dec" in said) == (True, True)
    answer = client.post("/admin/plan/keep/", follow=True)
    assert ("Your plan stays as it is." in words(answer), "Planned for" in words(answer)) == (True, False)
    assert client.post("/admin/plan/keep/").status_code == 422  # nothing is planned any more


def test_cancelling_is_reviewed_before_it_happens(buyer: Persona, till: ScriptedTill) -> None:
    client = buyer.client()
    answer = client.post("/admin/plan/cancel/", follow=True)
    said = words(answer)
    assert "On 1 Dec The plan ends Nothing is deleted. Sending stops, and data rooms close to guests" in said
    assert "Cancel the plan" in said
    subscription = Subscription.objects.select_related("pending").get(team=buyer.team)
    assert getattr(subscription, "pending", None) is None
    done = client.post(answer.redirect_chain[-1][0], {"key": "once"}, follow=True)
    assert "Noted. It takes effect on 1 December." in words(done)


# -- Modify plan ---------------------------------------------------------------------------------------------------------
def test_meter_leads_to_the_credits(buyer: Persona, till: ScriptedTill) -> None:
    client = buyer.client()
    assert f'href="{MODIFY}?focus=credits">Get more</a>' in client.get("/").content.decode()
    page = client.get(f"{MODIFY}?focus=credits").content.decode()
    assert re.search(r'name="item-credits"[^>]*autofocus', page)
    member = make_member(buyer, "user@example.com", now=MID)
    assert "Get more" not in member.client().get("/").content.decode()


def test_preview_shows_today_and_each_month_and_writes_nothing(buyer: Persona, till: ScriptedTill) -> None:
    said = previewed(buyer, **{"plan": "pro", "interval": "month", "item-credits": "1", "was-credits": "0"})
    assert "Rest of this cycle, 16 Nov to 1 Dec, 08:00 500 credits 15 of 30 days of $25.00 $12.50 Due today $12.50" in said
    assert "From 1 Dec, each month Pro plan $140.00 500 credits $25.00 Each month $165.00" in said
    assert "Credits 0 of 500 after the order 1,000" in said
    assert Quote.objects.count() == 0
    assert buyer.client().post(PREVIEW, {"item-credits": "1", "was-credits": "0"}).status_code == 200  # a page without htmx


def test_form_without_script_leads_to_review(buyer: Persona, till: ScriptedTill) -> None:
    data = {"plan": "pro", "interval": "month", "currency": "USD", "item-credits": "1", "was-credits": "0", "was-watermark": "0"}
    answer = buyer.client().post(MODIFY, data)
    quote = Quote.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/admin/plan/review/{quote.public_id}/")
    assert (quote.wish["items"], quote.wish["plan"], quote.wish["interval"]) == ({"credits": 1}, None, None)


def test_switches_are_taken_and_given_up(buyer: Persona, till: ScriptedTill) -> None:
    client = buyer.client()
    client.post(MODIFY, {"item-api": "1", "was-api": "0"})
    assert Quote.objects.latest("pk").wish["items"] == {"api": 1}
    buy(buyer, Wish(items={"api": 1}))
    client.post(MODIFY, {"was-api": "1"})
    assert Quote.objects.latest("pk").wish["items"] == {"api": 0}


def test_planned_reduction_survives_a_form_sent_along(buyer: Persona, till: ScriptedTill) -> None:
    buy(buyer, Wish(items={"user": 2}))
    buy(buyer, Wish(items={"user": 1}), key="less")
    page = words(buyer.client().get(MODIFY))
    assert "1 user will go on 1 Dec" in page
    buyer.client().post(MODIFY, {"item-user": "2", "was-user": "2", "item-data_room": "1", "was-data_room": "0"})
    quote = Quote.objects.latest("pk")
    assert (quote.wish["items"], quote.effect["later"]["fewer"]) == ({"data_room": 1}, {"user": 1})


def test_planned_plan_survives_a_change_of_interval(buyer: Persona, till: ScriptedTill) -> None:
    buy(buyer, Wish(plan="team"))
    buy(buyer, Wish(plan="pro"), key="down")
    buyer.client().post(MODIFY, {"plan": "team", "interval": "year"})
    assert Quote.objects.latest("pk").wish["plan"] == "pro"


def test_value_the_page_showed_is_no_wish_although_more_is_held_now(buyer: Persona, till: ScriptedTill) -> None:
    buy(buyer, Wish(items={"credits": 1}))  # a colleague was quicker
    data = {"item-credits": "0", "was-credits": "0", "item-user": "1", "was-user": "0"}
    buyer.client().post(MODIFY, data)
    assert Quote.objects.latest("pk").wish["items"] == {"user": 1}


def test_unchanged_form_is_nothing_yet(buyer: Persona, till: ScriptedTill) -> None:
    said = previewed(buyer, plan="pro", interval="month")
    assert "what it costs stands here, before anything is charged." in said
    assert buyer.client().post(MODIFY, {"plan": "pro", "interval": "month"}).status_code == 422


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("-1", "Less than none is not possible."),
        ("1.5", "Write a whole number."),
        ("1e3", "Write a whole number."),
        ("", "Write a whole number."),
        ("٣", "Write a whole number."),
        ("1001", "At most 1,000 are possible here."),
        ("999999999999", "At most 1,000 are possible here."),
        ("99999999999999999999999999", "Write a whole number."),
    ],
)
def test_bad_quantities_are_refused_beside_their_field(typed: str, sentence: str, buyer: Persona, till: ScriptedTill) -> None:
    data = {"plan": "pro", "item-credits": typed, "was-credits": "0", "item-user": "2", "was-user": "0"}
    answer = buyer.client().post(MODIFY, data)
    page = answer.content.decode()
    note = page[page.index('id="note-credits"') :]
    assert (answer.status_code, sentence in note[: note.index("</span></span>") + 20]) == (422, True)
    assert 'name="item-user" value="2"' in page  # nothing is lost
    assert Quote.objects.count() == 0
    assert Event.objects.filter(verb="deed.denied").latest("number").facts["code"] == "invalid"
    assert sentence in words(buyer.client().post(PREVIEW, data, headers=HTMX))


@pytest.mark.parametrize(
    "data", [{"currency": "EUR"}, {"plan": "enterprise"}, {"plan": "nothing"}, {"interval": "week"}, {"plan": "trial"}]
)
def test_what_is_not_on_offer_is_refused(data: dict[str, str], buyer: Persona, till: ScriptedTill) -> None:
    answer = buyer.client().post(MODIFY, {"plan": "pro", "item-credits": "1", "was-credits": "0", **data})
    assert (answer.status_code, Quote.objects.count()) == (422, 0)


def test_blocks_of_this_cycle_stay_and_the_field_says_why(buyer: Persona, till: ScriptedTill) -> None:
    buy(buyer, Wish(items={"credits": 2}))
    data = {"item-credits": "1", "was-credits": "2"}
    said = previewed(buyer, **data)
    assert said.count("Blocks that can go now: 0.") == 2  # in the panel and beside the field
    assert buyer.client().post(MODIFY, data).status_code == 409


def test_smaller_plan_is_refused_with_the_numbers(buyer: Persona, till: ScriptedTill) -> None:
    buy(buyer, Wish(plan="team"))
    for number in range(4):
        make_member(buyer, f"m{number}@example.com", now=MID)
    answer = buyer.client().post(MODIFY, {"plan": "pro"})
    said = words(answer)
    assert (answer.status_code, "In use: users: 5 of 3." in said) == (409, True)
    assert "users: 5 of 3" in words(buyer.client().post(PREVIEW, {"plan": "pro"}, headers=HTMX))


def test_fewer_seats_than_in_use_are_refused_beside_the_seats(buyer: Persona, till: ScriptedTill) -> None:
    buy(buyer, Wish(items={"user": 2}))
    for number in range(4):
        make_member(buyer, f"m{number}@example.com", now=MID)
    page = buyer.client().post(MODIFY, {"item-user": "0", "was-user": "2"}).content.decode()
    note = page[page.index('id="note-user"') :]
    assert "users: 5 of 3" in note[:600]


def test_trial_chooses_a_plan_and_credits_in_one_order(buyer: Persona, till: ScriptedTill) -> None:
    flows.set_plan(buyer.team, "trial", at=MID - timedelta(days=2), interval="month", who=SYSTEM, now=MID)
    said = words(buyer.client().post(MODIFY, {"plan": "trial", "item-credits": "1", "was-credits": "0"}))
    assert "This plan takes no additions: choose a larger plan first." in said
    buyer.client().post(MODIFY, {"plan": "pro", "interval": "year", "item-credits": "1", "was-credits": "0"})
    quote = Quote.objects.get()
    assert quote.due == 96_000 + 30_000


def test_included_switch_is_not_sold_twice(buyer: Persona, till: ScriptedTill) -> None:
    said = previewed(buyer, **{"plan": "team", "item-watermark": "1", "was-watermark": "0"})
    assert "The plan includes it already." in said


def test_nobody_pays_and_it_counts_at_once(buyer: Persona, settings: LazySettings) -> None:
    client = buyer.client()
    answer = client.post(MODIFY, {"item-credits": "1", "was-credits": "0"}, follow=True)
    said = words(answer)
    assert ("At once Added: 500 credits" in said, "Confirm" in said, "Price held" in said) == (True, True, False)
    done = client.post(answer.redirect_chain[-1][0], {"key": "once"}, follow=True)
    assert "500 credits added." in words(done)
    assert credits.meter(buyer.team.pk, now=MID).allowance == 1000
