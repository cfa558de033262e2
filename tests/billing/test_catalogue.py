# SPDX-License-Identifier: Apache-2.0
"""Reading an operator's catalogue: what fits, what is refused in which words, and what it would change."""

from __future__ import annotations

import copy
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from sealroom.accounts.models import Team
from sealroom.billing import flows, queries
from sealroom.billing.catalogue import DEFAULT, BadCatalogue, Catalogue, parse, read_catalogue
from sealroom.billing.flows import Wish
from sealroom.billing.models import BillingProfile, CatalogueEdition, Plan, Subscription
from sealroom.billing.rules.money import Rate
from tests.billing.test_operating import MID, buy
from tests.factories.accounts import Persona

Content = dict[str, Any]
NUMBERS = {"credits": 0, "users": 1, "data_rooms": 0, "guests": 0, "storage_gb": 0, "media_gb": 0}


def content() -> Content:
    """A small catalogue that is fine."""
    return copy.deepcopy(
        {
            "currencies": ["EUR", "USD"],
            "plans": [
                {"code": "free", "name": "Free", **NUMBERS, "addons": False},
                {
                    "code": "pro",
                    "name": "Pro",
                    **NUMBERS,
                    "credits": 500,
                    "prices": {"EUR": {"month": "140.00", "year": "960.00"}, "USD": {"month": "150.00", "year": "1000.00"}},
                },
            ],
            "addons": [{"code": "credits", "adds": {"credits": 500}, "prices": {"EUR": "25.00", "USD": "27.50"}}],
            "taxes": [{"country": "FR", "name": "TVA", "percent": "20"}],
        }
    )


def set_at(*path: str | int, value: object) -> Callable[[Content], None]:
    """Put a value at a place of the catalogue."""

    def change(given: Any) -> None:
        for step in path[:-1]:
            given = given[step]
        given[path[-1]] = value

    return change


def without(*path: str | int) -> Callable[[Content], None]:
    """Take a place of the catalogue away."""

    def change(given: Any) -> None:
        for step in path[:-1]:
            given = given[step]
        del given[path[-1]]

    return change


BAD: list[tuple[Callable[[Content], None], str]] = [
    (set_at("planz", value=[]), "the catalogue has unknown entries: planz."),
    (set_at("plans", 1, "colour", value="red"), "plan pro has unknown entries: colour."),
    (set_at("addons", 0, "price", value="1"), "add-on credits has unknown entries: price."),
    (set_at("addons", 0, "adds", value={"seats": 1}), "add-on credits has unknown entries: seats."),
    (set_at("taxes", 0, "rate", value="1"), "tax TVA has unknown entries: rate."),
    (without("plans", 0), "The plan 'free' is missing: it is what a cancelled team has."),
    (
        set_at("plans", 0, "trial_days", value=3),
        "plan free: it is what a cancelled team has, so it has neither prices nor trial_days.",
    ),
    (without("currencies"), "currencies is a list of ISO codes such as USD, each once."),
    (set_at("currencies", value=["EUR", "EUR"]), "currencies is a list of ISO codes such as USD, each once."),
    (set_at("currencies", value=["euro"]), "currencies is a list of ISO codes such as USD, each once."),
    (set_at("currencies", value="EUR"), "the catalogue: currencies is a list of texts."),
    (without("plans", 1, "prices", "USD"), "plan pro needs a price in each of EUR, USD, or none at all."),
    (without("addons", 0, "prices", "USD"), "add-on credits needs a price in each of EUR, USD, or none at all."),
    (set_at("plans", 1, "prices", "CHF", value={}), "plan pro needs a price in each of EUR, USD, or none at all."),
    (set_at("plans", 1, "prices", value="free"), "plan pro: prices are given by currency."),
    (set_at("addons", 0, "prices", value="free"), "add-on credits: prices are given by currency."),
    (set_at("plans", 1, "prices", "EUR", value="140.00"), "plan pro: the price in EUR is given for month and year."),
    (without("plans", 1, "prices", "EUR", "year"), "plan pro: the price in EUR is given for month and year."),
    (set_at("plans", 1, "prices", "EUR", "month", value=140.5), "plan pro: 140.5 is not an amount such as '25.00'."),
    (set_at("plans", 1, "prices", "EUR", "month", value=140), "plan pro: 140 is not an amount such as '25.00'."),
    (set_at("plans", 1, "prices", "EUR", "month", value="-1.00"), "plan pro: '-1.00' is not an amount such as '25.00'."),
    (set_at("plans", 1, "prices", "EUR", "month", value="1,50"), "plan pro: '1,50' is not an amount such as '25.00'."),
    (set_at("plans", 1, "prices", "EUR", "month", value="1.005"), "plan pro: '1.005' has more decimals than EUR."),
    (
        set_at("plans", 1, "prices", "EUR", "month", value="0.00"),
        "plan pro: a price of nothing; leave the prices out where nothing is sold.",
    ),
    (set_at("plans", 1, "credits", value=-5), "plan pro needs a whole number from 0 to 1000000000 as its credits."),
    (set_at("plans", 1, "credits", value=1.5), "plan pro needs a whole number from 0 to 1000000000 as its credits."),
    (set_at("plans", 1, "users", value=True), "plan pro needs a whole number from 0 to 1000000000 as its users."),
    (without("plans", 1, "guests"), "plan pro needs a whole number from 0 to 1000000000 as its guests."),
    (set_at("plans", 1, "trial_days", value=99999), "plan pro needs a whole number from 0 to 3650 as its trial_days."),
    (set_at("plans", 1, "code", value="free"), "Two of the plans have the same code."),
    (
        set_at("addons", value=[{"code": "api", "feature": "api"}, {"code": "api", "feature": "api"}]),
        "Two of the add-ons have the same code.",
    ),
    (set_at("plans", 1, "code", value="Pro"), "The code of a plan is a short lower-case word, not 'Pro'."),
    (without("addons", 0, "code"), "The code of an add-on is a short lower-case word, not None."),
    (set_at("plans", 1, "name", value=" "), "plan pro needs a text as its name."),
    (set_at("plans", 1, "addons", value="yes"), "plan pro: addons is true or false."),
    (
        set_at("plans", 1, "features", value=["watermrk"]),
        "plan pro: 'watermrk' is none of the features file_permissions, watermark, screen_shield, api.",
    ),
    (set_at("plans", 1, "features", value=["api", "api"]), "plan pro names a feature twice."),
    (set_at("addons", 0, "feature", value="api"), "add-on credits either adds numbers or is a feature."),
    (without("addons", 0, "adds"), "add-on credits either adds numbers or is a feature."),
    (set_at("plans", value={}), "plans is a list of tables."),
    (set_at("taxes", 0, "percent", value=20), "tax TVA needs a text as its percent."),
    (set_at("taxes", 0, "percent", value="20%"), "tax TVA: percent is a text such as '20' or '8.1'."),
    (set_at("taxes", 0, "percent", value="100"), "tax TVA: percent is a text such as '20' or '8.1'."),
    (set_at("taxes", 0, "country", value="France"), "tax TVA: country is a code such as FR, or *."),
    (set_at("taxes", 0, "reverse_charge", value=1), "tax TVA: reverse_charge is true or false."),
    (set_at("taxes", value=[{"country": "FR", "name": "TVA", "percent": "20"}] * 2), "tax TVA stands twice for FR."),
]


@pytest.mark.parametrize(("change", "sentence"), BAD, ids=[sentence for _, sentence in BAD])
def test_what_does_not_fit_is_told_in_a_sentence(change: Callable[[Content], None], sentence: str) -> None:
    given = content()
    change(given)
    with pytest.raises(BadCatalogue) as refusal:
        parse(given)
    assert str(refusal.value) == sentence


def test_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("currencies = [")
    (tmp_path / "latin.toml").write_bytes(b"name = '\xe9'")
    for name, words in (
        ("absent.toml", "absent.toml cannot be read: "),
        ("broken.toml", "is not TOML"),
        ("latin.toml", "is not TOML"),
    ):
        with pytest.raises(BadCatalogue, match=words):
            read_catalogue(tmp_path / name)


def test_catalogue_that_fits_is_read_exactly() -> None:
    given = content()
    given["plans"][1] |= {"storage_gb": 50, "features": ["watermark"], "trial_days": 7}
    read = parse(given)
    pro = read.plans[1]
    assert (pro.storage_bytes, pro.features, pro.trial_days, pro.addons) == (50_000_000_000, ("watermark",), 7, True)
    assert pro.prices == {"EUR": {"month": 14000, "year": 96000}, "USD": {"month": 15000, "year": 100000}}
    assert read.addons[0].prices == {"EUR": {"month": 2500, "year": 30000}, "USD": {"month": 2750, "year": 33000}}
    assert read.taxes == (Rate("FR", "TVA", Fraction(20)),)


def test_currencies_have_their_own_decimals() -> None:
    given = content()
    given["currencies"] = ["JPY", "KWD"]
    given["plans"][1]["prices"] = {"JPY": {"month": "15000", "year": "150000"}, "KWD": {"month": "1.250", "year": "15.000"}}
    given["addons"][0]["prices"] = {"JPY": "2800", "KWD": "0.5"}
    read = parse(given)
    assert read.plans[1].prices == {"JPY": {"month": 15000, "year": 150000}, "KWD": {"month": 1250, "year": 15000}}
    assert read.addons[0].prices == {"JPY": {"month": 2800, "year": 33600}, "KWD": {"month": 500, "year": 6000}}
    given["plans"][1]["prices"]["JPY"]["month"] = "15000.50"
    with pytest.raises(BadCatalogue, match="has more decimals than JPY"):
        parse(given)


def test_the_default_file_is_fine() -> None:
    assert [plan.code for plan in read_catalogue(DEFAULT).plans] == ["free", "trial", "pro", "team", "enterprise"]


# -- Taxes of an operator's file, down to the invoice ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("country", "vat_id", "taxes", "total"),
    [
        ("CA", "", [("GST", "5", 63), ("PST", "7", 88)], 1401),
        ("FR", "", [("TVA", "20", 250)], 1500),
        ("FR", "FR12345678901", [], 1250),
        ("CH", "", [("Other", "8.1", 101)], 1351),
        ("", "", [("Other", "8.1", 101)], 1351),
    ],
)
def test_taxes_of_the_file_reach_the_quote(
    buyer: Persona, country: str, vat_id: str, taxes: list[tuple[str, str, int]], total: int
) -> None:
    default = read_catalogue(DEFAULT)
    rates = parse(
        content()
        | {
            "taxes": [
                {"country": "CA", "name": "GST", "percent": "5"},
                {"country": "CA", "name": "PST", "percent": "7"},
                {"country": "FR", "name": "TVA", "percent": "20", "reverse_charge": True},
                {"country": "*", "name": "Other", "percent": "8.1"},
            ]
        }
    ).taxes
    flows.ensure_catalogue(Catalogue(default.currencies, default.plans, default.addons, rates))
    BillingProfile.objects.create(team=buyer.team, country=country, vat_id=vat_id)
    quote = flows.quote_change(buyer.actor, Wish(add={"credits": 1}), now=MID)
    assert ([(one["name"], one["percent"], one["amount"]) for one in quote.taxes], quote.total) == (taxes, total)


# -- What a file would change ------------------------------------------------------------------------------------------------
def test_first_catalogue_is_all_new(db: None) -> None:
    changes = queries.catalogue_changes(parse(content()))
    assert changes[:3] == ["plan free is new.", "plan pro is new.", "add-on credits is new."]


def test_changes_are_told_and_then_there_are_none(buyer: Persona) -> None:
    given = content()
    flows.ensure_catalogue(parse(given))
    Subscription.objects.update(plan=Plan.objects.filter(code="pro").latest("version"), currency="USD")
    assert queries.catalogue_changes(parse(given)) == []
    given["currencies"] = ["EUR"]
    given["plans"][1] |= {"credits": 1400, "prices": {"EUR": {"month": "1500.00", "year": "960.00"}}, "features": ["api"]}
    given["plans"].append({"code": "big", "name": "Big", **NUMBERS})
    given["addons"] = []
    given["taxes"] = [
        {"country": "FR", "name": "TVA", "percent": "21", "reverse_charge": True},
        {"country": "*", "name": "VAT", "percent": "8.1"},
    ]
    told = queries.catalogue_changes(parse(given))
    assert told == [
        (
            "plan pro becomes version 3: credits 500 becomes 1,400; features (none) become api; "
            "a month in EUR 140.00 becomes 1,500.00; a month in USD 150.00 becomes (not sold); "
            "a year in USD 1,000.00 becomes (not sold). 1 team keeps what it was sold."
        ),
        "plan big is new.",
        "add-on credits is not on offer any more.",
        "currency USD is not used any more. 1 team keeps what it was sold and cannot buy more.",
        "tax TVA 20% (FR) becomes TVA 21% (FR, reverse charge).",
        "tax VAT 8.1% (every other country) is new.",
    ]
    editions = CatalogueEdition.objects.count()
    assert flows.ensure_catalogue(parse(given)) == told
    assert flows.ensure_catalogue(parse(given)) == []
    assert CatalogueEdition.objects.count() == editions + 1


def test_order_first_currency_and_return_are_told(db: None) -> None:
    given = content()
    flows.ensure_catalogue(parse(given))
    given["currencies"].reverse()
    given["plans"].reverse()
    assert queries.catalogue_changes(parse(given)) == [
        "new teams pay in USD, not in EUR.",
        "the order of the plans becomes pro, free.",
    ]
    given = content()
    pro = given["plans"].pop()
    flows.ensure_catalogue(parse(given))
    given["plans"].append(pro)
    assert queries.catalogue_changes(parse(given)) == ["plan pro is on offer again."]


def test_team_on_an_older_version_renews_at_its_price(buyer: Persona) -> None:
    dearer = content() | {"currencies": ["USD"], "addons": [], "taxes": []}
    dearer["plans"][1]["prices"] = {"USD": {"month": "999.00", "year": "9990.00"}}
    flows.ensure_catalogue(parse(dearer))
    after = MID.replace(month=12)
    flows.renew(buyer.team.pk, now=after)
    [renewal] = Team.objects.get(pk=buyer.team.pk).invoices.all()
    assert renewal.total == 14000
    assert buy(buyer, Wish(interval="year"), now=after, key="y").quote.lines[-1]["unit_price"] == 96000
