# SPDX-License-Identifier: Apache-2.0
"""The operator's pages: for operators alone, every deed asked about once more, and in the trail under the operator's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from tests.factories.access import make_document
from tests.factories.accounts import Persona, make_persona, make_user
from tests.factories.sends import send

from sealroom.accounts.models import Membership
from sealroom.audit.models import Event
from sealroom.audit.rules import SYSTEM, Verb
from sealroom.billing import flows, ports
from sealroom.billing.errors import GatewayDown
from sealroom.billing.flows import Wish
from sealroom.billing.models import BalanceEntry, Invoice, Payment, Subscription
from sealroom.credits import queries as credits

SEND = {"document": "Secret merger.pdf", "recipient": "hidden@example.net"}


@pytest.fixture
def gateway(settings: LazySettings) -> Iterator[None]:
    """Where people pay by bank transfer."""
    settings.SEALROOM_PAYMENT_GATEWAY = "invoice"
    ports.get_gateway.cache_clear()
    yield
    ports.get_gateway.cache_clear()


@pytest.fixture
def customer(gateway: None, db: None, present: datetime) -> Persona:
    """A team on Pro that owes the month that began an hour ago, and has sent something."""
    persona = make_persona("cust@example.com", team_name="Customer <b>", name="Cara", now=present)
    then = present - timedelta(days=31, hours=1)
    flows.set_plan(persona.team, "pro", at=then, interval="month", who=SYSTEM, now=then)
    flows.renew(persona.team.pk, now=present)
    document = make_document(persona, SEND["document"], now=present)
    send(persona, [document], [SEND["recipient"]], now=present)
    return persona


@pytest.fixture
def operator(db: None, present: datetime) -> Persona:
    """An operator, who is no member of the customer's team."""
    persona = make_persona("ops@example.com", team_name="Ops", name="Oda", now=present)
    persona.user.is_operator = True
    persona.user.save()
    return persona


@pytest.fixture
def browser(operator: Persona) -> Client:
    """The operator's."""
    return operator.client()


def text(response: Any) -> str:
    """A page without its markup."""
    body = re.sub(r"(?s)<(script|style).*?</\1>|<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", body).replace("\xa0", " ")


def fields(response: Any, action: str) -> dict[str, str]:
    """What the form of an action would send."""
    body = response.content.decode()
    form = next(part for part in body.split("<form")[1:] if f'action="{action}"' in part.split(">")[0]).split("</form>")[0]
    inputs = [dict(re.findall(r'(\w+)="([^"]*)"', tag)) for tag in re.findall(r"<input[^>]*>", form)]
    return {one["name"]: one.get("value", "") for one in inputs if "name" in one and one["name"] != "csrfmiddlewaretoken"}


def do(browser: Client, path: str, **given: str) -> str:
    """Both steps of a deed: asked first, done then; what the page says after it."""
    asked = browser.post(path, given)
    assert asked.status_code == 200, text(asked)
    again = fields(asked, path)
    assert again == {**given, "confirmed": "yes"}
    response = browser.post(path, again, follow=True)
    assert response.status_code == 200
    return text(response)


def pages(customer: Persona) -> list[str]:
    """Every page there is to look at."""
    invoice = Invoice.objects.filter(team=customer.team).latest("pk").public_id
    return [
        "/operator/teams/",
        f"/operator/teams/{customer.team.public_id}/",
        "/operator/payments/",
        f"/operator/invoices/{invoice}/",
        "/operator/catalogue/",
    ]


def test_pages_are_the_operators_alone(customer: Persona, browser: Client, client: Client) -> None:
    for page in pages(customer):
        assert browser.get(page).status_code == 200, page
        assert customer.client().get(page).status_code == 404, page
        assert client.get(page).status_code == 302, page


def test_no_page_shows_what_a_team_sends_or_to_whom(customer: Persona, browser: Client) -> None:
    for page in pages(customer):
        body = browser.get(page).content.decode()
        assert SEND["document"] not in body, page
        assert SEND["recipient"] not in body, page
        assert "<b>" not in body, page


def test_account_menu_leads_operators_there(customer: Persona, browser: Client) -> None:
    assert "/operator/teams/" in browser.get("/").content.decode()
    assert "/operator/teams/" not in customer.client().get("/").content.decode()
    assert "/outbox/" in browser.get("/operator/teams/").content.decode()


def test_operator_without_a_team_has_the_pages_too(customer: Persona, present: datetime) -> None:
    lone = make_user("lone@example.com")
    lone.is_operator = True
    lone.save()
    assert not Membership.objects.filter(user=lone).exists()
    browser = Client()
    browser.force_login(lone)
    for page in pages(customer):
        response = browser.get(page)
        assert (response.status_code, "/operator/payments/" in response.content.decode()) == (200, True), page


@pytest.mark.parametrize("language", ["en", "fr"])
def test_pages_are_in_the_readers_language(customer: Persona, browser: Client, operator: Persona, language: str) -> None:
    operator.user.language = language
    operator.user.save()
    browser.cookies["sealroom_language"] = language
    words = {"en": "Owed since", "fr": "Dû depuis"}[language]
    assert words in text(browser.get("/operator/teams/"))
    for page in pages(customer):
        assert f'lang="{language}"' in browser.get(page).content.decode()


def test_teams_are_searched_and_narrowed(customer: Persona, browser: Client) -> None:
    shown = text(browser.get("/operator/teams/"))
    assert all(words in shown for words in ("Customer", "Ops", "$140.00", "1 open invoice", "Owed since"))
    assert "Ops" not in re.findall(r"(?s)<tbody>.*</tbody>", browser.get("/operator/teams/?state=owed").content.decode())[0]
    assert "No team matches" in text(browser.get("/operator/teams/?q=nobody"))
    assert browser.get("/operator/teams/?state=rich").status_code == 200
    assert browser.get("/operator/teams/?cursor=team_x").status_code == 422


def test_plan_is_set_after_a_second_look(customer: Persona, browser: Client, operator: Persona) -> None:
    path = f"/operator/teams/{customer.team.public_id}/plan/"
    given = {"plan": "team", "interval": "year", "at": "", "credits": "77", "comped": "on"}
    before = Subscription.objects.get(team=customer.team).version
    asked = browser.post(path, given)
    assert "Give Customer &lt;b&gt; the plan Team?" in asked.content.decode()
    assert Subscription.objects.get(team=customer.team).version == before
    assert "has the plan Team." in do(browser, path, **given)
    subscription = Subscription.objects.get(team=customer.team)
    assert (subscription.plan.code, subscription.interval, subscription.credits_override, subscription.comped) == (
        "team",
        "year",
        77,
        True,
    )
    event = Event.objects.filter(verb=Verb.PLAN_SET.value).latest("pk")
    assert (event.team, event.actor_kind, event.actor, event.route, event.ip) == (
        customer.team.public_id, "operator", operator.user.public_id, "web", "127.0.0.1",
    )  # fmt: skip
    assert browser.post(path, {**given, "plan": "gold"}).status_code == 422
    assert browser.post(path, {**given, "credits": "-1"}).status_code == 422


def test_plan_of_a_later_day_is_planned(customer: Persona, browser: Client, present: datetime) -> None:
    at = (present + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M")
    do(browser, f"/operator/teams/{customer.team.public_id}/plan/", plan="team", interval="month", at=at, credits="")
    assert Subscription.objects.get(team=customer.team).plan.code == "pro"
    shown = text(browser.get(f"/operator/teams/{customer.team.public_id}/"))
    assert "Team from" in shown


def test_own_numbers_are_set_and_taken_away(customer: Persona, browser: Client) -> None:
    path = f"/operator/teams/{customer.team.public_id}/quotas/"
    empty = {"data_rooms": "", "guests": "", "media_bytes": ""}
    do(browser, path, users="7", storage_bytes="80", **empty)
    assert Subscription.objects.get(team=customer.team).quota_overrides == {"users": 7, "storage_bytes": 80_000_000_000}
    do(browser, path, users="", storage_bytes="", **empty)
    assert Subscription.objects.get(team=customer.team).quota_overrides == {}
    assert browser.post(path, {"users": "-1"}).status_code == 422


def test_credits_come_once_however_often_it_is_pressed(customer: Persona, browser: Client, present: datetime) -> None:
    path = f"/operator/teams/{customer.team.public_id}/credits/"
    key = fields(browser.get(f"/operator/teams/{customer.team.public_id}/"), path)["key"]
    before = credits.meter(customer.team.pk, now=present).available
    last = (present + timedelta(days=40)).strftime("%Y-%m-%d")
    given = {"key": key, "credits": "200", "expires": last, "note": "For the delay"}
    assert "got 200 credits." in do(browser, path, **given)
    do(browser, path, **given)
    assert credits.meter(customer.team.pk, now=present).available == before + 200
    assert browser.post(path, {**given, "expires": "2020-01-01"}).status_code == 422
    assert browser.post(path, {**given, "credits": "0"}).status_code == 422


def test_transfer_is_found_and_confirmed(customer: Persona, browser: Client) -> None:
    invoice = Invoice.objects.get()
    for words in ("SR-000001", "140.00", "customer"):
        assert "SR-000001" in text(browser.get("/operator/payments/", {"q": words}))
    assert "No open invoice matches" in text(browser.get("/operator/payments/?q=7"))
    said = do(browser, f"/operator/invoices/{invoice.public_id}/confirm/", **{"from": "payments"})
    assert "SR-000001 of Customer &lt;b&gt; is paid." in said
    assert Invoice.objects.get().status == "paid"
    assert "Nothing waits for money" in text(browser.get("/operator/payments/"))


def test_invoice_is_withdrawn_with_a_reason(customer: Persona, browser: Client) -> None:
    invoice = Invoice.objects.get()
    path = f"/operator/invoices/{invoice.public_id}/void/"
    assert browser.post(path, {"reason": " "}).status_code == 422
    assert "SR-000001 is withdrawn." in do(browser, path, reason="Wrong plan")
    assert (Invoice.objects.get().status, Event.objects.get(verb=Verb.INVOICE_VOIDED.value).facts["reason"]) == (
        "void",
        "Wrong plan",
    )
    again = browser.post(path, {"reason": "Twice", "confirmed": "yes"})
    assert (again.status_code, "not open any more" in text(again)) == (422, True)


def test_payment_is_paid_back_in_part_and_then_the_rest(customer: Persona, browser: Client, present: datetime) -> None:
    flows.confirm_transfer(Invoice.objects.get().public_id, who=SYSTEM, now=present)
    payment, page = Payment.objects.get(), f"/operator/invoices/{Invoice.objects.get().public_id}/"
    path = f"/operator/payments/{payment.public_id}/refund/"
    form = fields(browser.get(page), path)
    assert form["amount"] == "140.00"
    said = do(browser, path, key=form["key"], amount="40.50")
    assert "$40.50 paid back to" in said
    assert "Credit note SR-000002" in said
    assert (Payment.objects.get().refunded, Invoice.objects.get(kind="credit_note").total) == (4050, -4050)
    form = fields(browser.get(page), path)
    assert form["amount"] == "99.50"
    for wrong in ("99.51", "0", "-1", "x", ""):
        assert browser.post(path, {**form, "amount": wrong}).status_code == 422, wrong
    do(browser, path, key=form["key"], amount="99,50")
    assert Payment.objects.get().refunded == 14000
    assert path not in browser.get(page).content.decode()


def test_refund_without_an_answer_keeps_its_key(
    customer: Persona, browser: Client, present: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    flows.confirm_transfer(Invoice.objects.get().public_id, who=SYSTEM, now=present)
    Payment.objects.update(gateway="stripe")

    def down(reference: str, amount: int, *, key: str) -> str:
        raise GatewayDown

    monkeypatch.setattr(ports.get_gateway(), "refund", down)
    path = f"/operator/payments/{Payment.objects.get().public_id}/refund/"
    response = browser.post(path, {"key": "rfd_same", "amount": "10", "confirmed": "yes"})
    assert (response.status_code, "never made twice" in text(response)) == (422, True)
    assert fields(response, path) == {"key": "rfd_same", "amount": "10"}


def test_paper_is_downloaded(customer: Persona, browser: Client) -> None:
    response = browser.get(f"/operator/invoices/{Invoice.objects.get().public_id}/pdf/")
    assert (response["Content-Type"], response.content[:5]) == ("application/pdf", b"%PDF-")
    assert response["Content-Disposition"] == 'attachment; filename="SR-000001.pdf"'


def test_balance_and_catalogue_are_shown(customer: Persona, browser: Client, present: datetime) -> None:
    invoice = Invoice.objects.get()
    flows.collect_invoice(invoice.pk, now=present)
    flows.void_invoice(invoice.public_id, who=SYSTEM, reason="x", now=present)
    flows.confirm_transfer(invoice.public_id, who=SYSTEM, now=present)
    assert BalanceEntry.objects.count() == 1
    assert "Paid after it had lapsed SR-000001" in text(browser.get(f"/operator/teams/{customer.team.public_id}/"))
    shown = text(browser.get("/operator/catalogue/"))
    assert all(
        words in shown
        for words in ("the default catalogue", "$140.00 a month · $960.00 a year", "500 credits", "No tax is charged.")
    )


def test_add_ons_are_named(customer: Persona, browser: Client, present: datetime) -> None:
    quote = flows.quote_change(customer.actor, Wish(add={"user": 2}), now=present)
    order = flows.confirm_quote(customer.actor, quote.public_id, key="k", now=present)
    assert order.invoice is not None
    flows.confirm_transfer(order.invoice.public_id, who=SYSTEM, now=present)
    assert "2 users" in text(browser.get(f"/operator/teams/{customer.team.public_id}/"))


@pytest.mark.parametrize("page", ["teams/team_x", "invoices/ivc_x", "invoices/ivc_x/pdf"])
def test_unknown_things_do_not_exist(browser: Client, page: str) -> None:
    assert browser.get(f"/operator/{page}/").status_code == 404


@pytest.mark.parametrize("deed", ["teams/team_x/plan", "teams/team_x/credits", "invoices/ivc_x/confirm", "payments/pay_x/refund"])
def test_deeds_on_unknown_things_do_nothing(browser: Client, deed: str) -> None:
    assert browser.post(f"/operator/{deed}/", {"confirmed": "yes"}).status_code == 404
    assert browser.get(f"/operator/{deed}/").status_code == 405
