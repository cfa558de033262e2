# SPDX-License-Identifier: Apache-2.0
"""Plan, quotes and invoices over the API: admins only, figures to the cent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.factories.accounts import make_persona
from tests.factories.api import Caller, make_caller

from sealroom.audit.models import Event
from sealroom.audit.rules import SYSTEM
from sealroom.billing import flows
from sealroom.billing.models import Quote
from sealroom.billing.ports import Answer, Progress
from sealroom.cli.simulation.till import ScriptedTill


@pytest.fixture
def payer(till: ScriptedTill, admin: Caller) -> Caller:
    """The admin, his team on the Pro plan since ten days."""
    assert admin.persona is not None
    now = datetime.now(UTC)
    flows.set_plan(admin.persona.team, "pro", at=now - timedelta(days=10), interval="month", who=SYSTEM, now=now)
    return admin


def test_plan_is_told_with_quotas_and_prices(payer: Caller) -> None:
    answer = payer.get("/billing/plan")
    assert answer.status == 200
    body = answer.body
    assert (body["plan"], body["interval"], body["currency"], body["price"], body["credits"]) == ("pro", "month", "USD", 14000, 500)
    assert body["next_billing_at"] == body["cycle_end"]
    assert (body["later"], body["items"], body["balance"], body["following"]["total"]) == (None, [], 0, 14000)
    assert {one["quota"]: one["limit"] for one in body["quotas"]} == {
        "users": 3,
        "data_rooms": 3,
        "guests": 25,
        "storage_bytes": 50 * 10**9,
        "media_bytes": 10 * 10**9,
    }


def test_quote_and_confirm_buy_a_block(payer: Caller) -> None:
    quote = payer.post("/billing/quotes", {"changes": {"add": {"credits": 1}}})
    assert quote.status == 200
    (line,) = quote.body["lines"]
    assert (line["kind"], line["item"], line["quantity"], line["unit_price"]) == ("charge", "credits", 1, 2500)
    assert (quote.body["state"], quote.body["due"], quote.body["at_once"]["add"]) == ("open", line["amount"], {"credits": 1})
    assert quote.body["following"]["total"] == 16500
    done = payer.post(f"/billing/quotes/{quote.body['id']}/confirm", key="buy-1")
    assert (done.status, done.body["state"], done.body["granted"], done.body["next_url"]) == (200, "done", 500, None)
    again = payer.post(f"/billing/quotes/{quote.body['id']}/confirm", key="buy-1")
    assert (again.status, again.body, again.headers["Idempotent-Replayed"]) == (200, done.body, "true")
    assert payer.get("/credits").body["available"] == 1000
    (invoice,) = payer.get("/billing/invoices").body["items"]
    assert (invoice["id"], invoice["number"], invoice["status"], invoice["total"]) == (
        done.body["invoice_id"],
        1,
        "paid",
        line["amount"],
    )


def test_failed_payment_is_402_and_changes_nothing(payer: Caller, till: ScriptedTill) -> None:
    till.answers = [Answer(Progress.FAILED, reason="insufficient_funds")]
    quote = payer.post("/billing/quotes", {"changes": {"add": {"credits": 1}}}).body["id"]
    refused = payer.post(f"/billing/quotes/{quote}/confirm", key="k")
    assert (refused.status, refused.code, refused.body["reason"]) == (402, "payment_failed", "insufficient_funds")
    assert payer.get("/credits").body["available"] == 500
    assert payer.post(f"/billing/quotes/{quote}/confirm", key="k").body["granted"] == 500


def test_stale_quote_comes_with_a_new_one(payer: Caller) -> None:
    quote = payer.post("/billing/quotes", {"changes": {"add": {"credits": 1}}}).body["id"]
    Quote.objects.filter(public_id=quote).update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    refused = payer.post(f"/billing/quotes/{quote}/confirm", key="k")
    assert (refused.status, refused.code) == (409, "stale_quote")
    assert payer.post(f"/billing/quotes/{refused.body['quote']}/confirm", key="k").body["granted"] == 500


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"items": {"credits": -1}}, "changes.items.credits"),
        ({"items": {"credits": 1.5}}, "changes.items.credits"),
        ({"items": {"credits": "1"}}, "changes.items.credits"),
        ({"items": {"credits": 10**9}}, "changes.items.credits"),
        ({"items": {"credits": 1001}}, "items.credits"),
        ({"add": {"credits": 1}, "currency": "EUR"}, "currency"),
        ({"price": 1}, "changes.price"),
        ({}, "changes"),
    ],
)
def test_changes_that_cannot_be_are_refused_by_field(payer: Caller, changes: dict[str, object], field: str) -> None:
    answer = payer.post("/billing/quotes", {"changes": changes})
    assert (answer.status, answer.code, list(answer.body["errors"])) == (400, "invalid", [field])
    assert Quote.objects.count() == 0
    assert Event.objects.filter(verb="deed.denied").latest("number").facts["code"] == "invalid"


def test_what_is_not_yours_is_not_there(payer: Caller) -> None:
    quote = payer.post("/billing/quotes", {"changes": {"add": {"credits": 1}}}).body["id"]
    stranger = make_caller(make_persona("stranger@example.org", team_name="Elsewhere", now=datetime.now(UTC)))
    refused = stranger.post(f"/billing/quotes/{quote}/confirm", key="k")
    assert (refused.status, refused.code) == (404, "not_found")
    assert payer.get("/credits").body["available"] == 500


def test_user_is_refused_and_leaves_a_line(user: Caller) -> None:
    calls = [
        ("GET", "/billing/plan"),
        ("GET", "/billing/invoices"),
        ("POST", "/billing/quotes"),
        ("POST", "/billing/quotes/x/confirm"),
    ]
    for method, path in calls:
        answer = user.call(method, path, {"changes": {"add": {"credits": 1}}} if path.endswith("quotes") else None)
        assert (answer.status, answer.code) == (403, "forbidden")
    denied = Event.objects.filter(verb="deed.denied").order_by("number")
    assert [one.facts["deed"] for one in denied] == [
        "GET api/v1/billing/plan",
        "GET api/v1/billing/invoices",
        "POST api/v1/billing/quotes",
        "POST api/v1/billing/quotes/<quote_id>/confirm",
    ]


def test_price_names_no_buy_page_to_users_but_to_admins(payer: Caller) -> None:
    document = payer.document()
    people = [f"r{number}@example.net" for number in range(501)]
    refused = payer.post("/sends", {"documents": [document], "recipients": people})
    assert (refused.status, refused.code, refused.body["missing"]) == (402, "insufficient_credits", 1)
    assert refused.body["buy_url"].startswith("http")
