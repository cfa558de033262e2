# SPDX-License-Identifier: Apache-2.0
"""The operator's commands about plans and money: sentences and exit codes. What needs no process of its own runs in the test's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings

from sealroom.audit.models import Event
from sealroom.audit.rules import Verb
from sealroom.billing import flows, ports
from sealroom.billing.catalogue import DEFAULT
from sealroom.billing.models import Invoice, Plan, Subscription
from sealroom.cli import catalogue, credits, doctor, invoices, plan, setup
from sealroom.credits import queries as credits_queries
from tests.cli.conftest import Shell
from tests.factories.accounts import Persona, make_persona

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "load", lambda: None)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """A command in this process: status, what it said, what it complained about."""

    def call(command: Callable[[list[str]], int], *words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = command(list(words))
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


@pytest.fixture
def team(db: None, settings: LazySettings) -> Iterator[Persona]:
    """A team that pays by bank transfer and owes the month that began an hour ago."""
    settings.SEALROOM_PAYMENT_GATEWAY = "invoice"
    ports.get_gateway.cache_clear()
    now = datetime.now(UTC)
    persona = make_persona("buyer@example.com", team_name="Buyers", now=now)
    then = now - timedelta(days=31, hours=1)
    flows.set_plan(persona.team, "pro", at=then, interval="month", who=setup.OPERATOR, now=then)
    flows.renew(persona.team.pk, now=now)
    yield persona
    ports.get_gateway.cache_clear()


def test_invoices_are_listed_confirmed_and_withdrawn(team: Persona, run: Run) -> None:
    status, said, _ = run(invoices.run, "list", "--open")
    assert (status, re.sub(r"\d{4}-\d\d-\d\d", "DAY", said)) == (0, "SR-000001  open  DAY      $140.00      $140.00  Buyers\n")
    assert run(invoices.run, "confirm", "sr-000001") == (0, "invoice sr-000001 of Buyers is paid\n", "")
    assert run(invoices.run, "confirm", "1") == (0, "invoice 1 was paid already\n", "")
    assert run(invoices.run, "void", "1", "--reason", "x") == (1, "", "not done: invoice 1 is not open\n")
    assert run(invoices.run, "confirm", "7") == (1, "", "not done: there is no invoice 7\n")
    assert run(invoices.run, "list", "--open") == (0, "no open invoices\n", "")
    assert run(invoices.run, "list")[1].split()[:2] == ["SR-000001", "paid"]
    event = Event.objects.get(verb=Verb.PAYMENT_CONFIRMED.value)
    assert (event.actor_kind, event.actor, event.route, event.team) == ("operator", "shell", "cli", team.team.public_id)


def test_withdrawn_invoice_keeps_money_that_comes_later(team: Persona, run: Run) -> None:
    flows.collect_invoice(Invoice.objects.get().pk, now=datetime.now(UTC))
    assert run(invoices.run, "void", "1", "--reason", "wrong plan") == (0, "invoice 1 of Buyers is withdrawn\n", "")
    assert Event.objects.get(verb=Verb.INVOICE_VOIDED.value).facts["reason"] == "wrong plan"
    late = (0, "invoice 1 of Buyers had lapsed: the money is kept as the team's balance\n", "")
    assert run(invoices.run, "confirm", "1") == late


def test_plan_is_shown_and_set(team: Persona, run: Run) -> None:
    status, said, _ = run(plan.run, "show", "Buyers")
    shown = dict(re.split(r"  +", line, maxsplit=1) for line in said.splitlines())
    assert (status, shown["plan"], shown["users"]) == (0, "Pro (pro, version 1), by month", "1 of 3")
    assert (shown["owed"], shown["balance"]) == ("$140.00, open invoices: 1", "$0.00")
    assert shown["state"].startswith("owed, 20")
    assert shown["next bill"].startswith("$140.00, 20")
    assert run(plan.run, "set", "Buyers", "team", "--comp", "--credits", "77")[:2] == (0, "Buyers has the plan team\n")
    subscription = Subscription.objects.get()
    assert (subscription.comped, subscription.credits_override, subscription.interval) == (True, 77, "month")
    run(plan.run, "set", "Buyers", "team", "--interval", "year")
    assert Subscription.objects.get().comped is True
    run(plan.run, "set", "Buyers", "team", "--no-comp")
    assert Subscription.objects.get().comped is False
    assert run(plan.run, "show", "Nobody")[0] == 1
    assert run(plan.run, "set", "Buyers", "gold")[0] == 1


def test_credits_are_granted(team: Persona, run: Run) -> None:
    assert run(credits.run, "grant", "Buyers", "200", "--note", "sorry") == (0, "Buyers got 200 credits and has 700\n", "")
    assert run(credits.run, "grant", "Buyers", "5", "--expires", "2099-12-31")[1] == "Buyers got 5 credits and has 705\n"
    assert run(credits.run, "grant", "Buyers", "5", "--expires", "2020-01-01")[0] == 1
    assert run(credits.run, "grant", "Buyers", "0")[0] == 1
    assert run(credits.run, "grant", "Nobody", "5")[0] == 1
    assert credits_queries.meter(team.team.pk, now=datetime(2100, 1, 1, tzinfo=UTC)).promo == 200


def test_catalogue_is_checked_applied_and_shown(team: Persona, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(DEFAULT.read_text().replace('month = "140.00"', 'month = "150.00"'))
    changes = (
        "plan pro becomes version 2: a month in USD 140.00 becomes 150.00; a month in EUR 140.00 becomes 150.00. "
        "1 team keeps what it was sold.\n"
    )
    assert run(catalogue.run, "check", str(file)) == (0, changes, "")
    assert Plan.objects.filter(code="pro").count() == 1
    status, said, warned = run(catalogue.run, "apply", str(file))
    assert (status, said) == (0, changes)
    assert warned == f"SEALROOM_CATALOGUE does not name {file}: the next start goes back to the default catalogue\n"
    assert run(catalogue.run, "check", str(file))[1] == "nothing would change\n"
    status, said, _ = run(catalogue.run, "show")
    lines = [re.sub(r" +", " ", line) for line in said.splitlines()]
    assert (status, lines[1]) == (0, "currencies USD, EUR")
    assert "plan pro version 2, teams: 0 $150.00/month, $960.00/year, €150.00/month, €960.00/year" in lines
    assert any(line.startswith("plan pro version 1, teams: 1") and line.endswith("(not on offer any more)") for line in lines)
    assert run(catalogue.run, "apply")[1].startswith("plan pro becomes version 3")
    file.write_text("plans = []")
    assert run(catalogue.run, "check", str(file)) == (1, "", "currencies is a list of ISO codes such as USD, each once.\n")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (invoices.run, ["void", "1"]),
        (invoices.run, ["void", "1", "--reason", " "]),
        (invoices.run, ["confirm"]),
        (credits.run, ["grant", "T", "many"]),
        (credits.run, ["grant", "T", "5", "--expires", "soon"]),
        (plan.run, ["set", "T", "pro", "--interval", "week"]),
        (plan.run, ["show"]),
        (catalogue.run, ["check"]),
    ],
)
def test_words_that_are_off_end_with_2(command: Callable[[list[str]], int], words: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        command(words)
    assert end.value.code == 2


def test_doctor_says_what_invoices_lack(settings: LazySettings) -> None:
    def said() -> list[tuple[bool, str]]:
        return [(one.fine, one.text.split(";")[0]) for one in doctor._billing()]

    assert said() == [(True, "billing: nobody pays here")]
    settings.SEALROOM_PAYMENT_GATEWAY = "invoice"
    assert [fine for fine, _ in said()] == [False, False]
    settings.SEALROOM_SELLER_NAME, settings.SEALROOM_SELLER_ADDRESS = "Seals Ltd", ["1 Harbour Street"]
    assert said() == [(False, "billing: no SEALROOM_SELLER_ACCOUNT")]
    settings.SEALROOM_SELLER_ACCOUNT = ["IBAN XX00"]
    assert said() == [(True, "billing: invoices name the seller")]


@pytest.mark.slow
def test_start_with_a_bad_catalogue_stops_with_the_sentence(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(DEFAULT.read_text().replace('month = "140.00"', "month = 140.5"))
    said = shell("prepare", SEALROOM_CATALOGUE=str(file))
    assert (said.returncode, said.stderr) == (1, "SEALROOM_CATALOGUE: plan pro: 140.5 is not an amount such as '25.00'.\n")
    checked = shell("catalogue", "check", str(DEFAULT))
    assert checked.returncode == 0, checked.stderr
    assert shell("check").stdout == "nothing is wrong\n"
