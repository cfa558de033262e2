# SPDX-License-Identifier: Apache-2.0
"""Credits: what is left and how long, the charts with their tables, the ledger with its filters, the notices."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import unescape

import pytest
from django.db import transaction
from tests.factories.accounts import Persona, make_member

from sealroom.accounts.models import Membership, User
from sealroom.accounts.rules import Route
from sealroom.audit.models import Event
from sealroom.credits import flows
from sealroom.credits.models import Notice, Wallet
from sealroom.sends.models import Send

pytestmark = pytest.mark.django_db
MINUS = "\N{MINUS SIGN}"


def spend(by: Persona, count: int, key: str, *, now: datetime, route: Route = Route.WEB, note: str = "") -> None:
    pairs = [f"ver_{key}:r{number}@example.com" for number in range(count)]
    with transaction.atomic():
        flows.spend(by.team.pk, pairs, actor=by.actor_by(route), key=key, request_digest="d", now=now, note=note)


def read(persona: Persona, query: str = "", *, status: int = 200) -> str:
    response = persona.client().get(f"/credits/{query}")
    assert response.status_code == status
    return response.content.decode()


def lines(page: str) -> list[str]:
    """The change in each ledger line shown, in order."""
    return re.findall(r'<td class="num ledger-delta[^>]*>([^<]+)</td>', page)


def test_admin_sees_what_was_used_and_by_whom(owner: Persona, sent: Send) -> None:
    page = read(owner)
    assert all(words in page for words in (">1,490<", "10 of 1,500 used", f"{MINUS}10", "Olive Owner", "Balance after", "<svg"))


def test_user_sees_balance_and_own_use_alone(owner: Persona, member: Persona, present: datetime) -> None:
    spend(owner, 10, "a", now=present, note="Salaries.pdf")
    spend(member, 3, "b", now=present, note="Own.pdf")
    Notice.objects.create(team=owner.team, kind="low", at=present, balance=1)
    for query in ("", "?by=member", f"?actor={owner.user.public_id}", "?when=all&kind=charge", "?when=previous"):
        page = read(member, query)
        assert ">1,487<" in page
        assert (owner.user.public_id in page) is (owner.user.public_id in query)  # the language menu leads back to the same address
        hidden = ("Olive Owner", "owner@example.com", "Salaries", f"{MINUS}10", "1,490", "Balance after")
        assert [words for words in hidden if words in page] == []
        forbidden = ("Get more credits", "By member", 'id="notices"', 'name="threshold"', 'name="actor"', "$", "€")
        assert [words for words in forbidden if words in page] == []
    assert lines(read(member)) == [f"{MINUS}3"]
    assert "Max Member" in read(owner)


def test_user_cannot_ask_for_others_by_the_filter(owner: Persona, member: Persona, present: datetime) -> None:
    spend(owner, 10, "a", now=present)
    spend(member, 3, "b", now=present)
    assert lines(read(member, f"?actor={owner.user.public_id}")) == [f"{MINUS}3"]


@pytest.fixture
def at_reset(monkeypatch: pytest.MonkeyPatch, owner: Persona) -> datetime:
    """An hour after the reset, whatever the clock says."""
    end = Wallet.objects.values_list("period_end", flat=True).get(team=owner.team)
    assert end is not None
    moment = end + timedelta(hours=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
    return moment


@pytest.fixture
def two_periods(owner: Persona, member: Persona, at_reset: datetime) -> datetime:
    """Lines of two periods, by three routes and two members, one given back."""
    spend(owner, 1, "old", now=at_reset - timedelta(days=3))
    spend(owner, 2, "web", now=at_reset - timedelta(minutes=30))
    spend(member, 3, "api", now=at_reset - timedelta(minutes=20), route=Route.API)
    spend(member, 4, "gmail", now=at_reset - timedelta(minutes=10), route=Route.GMAIL)
    flows.reverse_pairs(owner.team.pk, ["ver_gmail:r0@example.com"], actor=None, reason="undone", now=at_reset)
    return at_reset


@pytest.mark.parametrize(
    "case",
    [
        ("", ["+1", "-4", "-3", "-2", "+1,500"]),
        ("?when=period", ["+1", "-4", "-3", "-2", "+1,500"]),
        ("?when=previous", ["-1,499", "-1", "+1,500"]),
        ("?when=all", ["+1", "-4", "-3", "-2", "+1,500", "-1,499", "-1", "+1,500"]),
        ("?kind=charge", ["-4", "-3", "-2"]),
        ("?kind=reversal", ["+1"]),
        ("?kind=expire", []),
        ("?kind=expire&when=all", ["-1,499"]),
        ("?kind=issue&when=all", ["+1,500", "+1,500"]),
        ("?route=api", ["-3"]),
        ("?route=smtp", []),
        ("?actor={member}", ["+1", "-4", "-3"]),
        ("?actor={member}&route=gmail&kind=charge", ["-4"]),
        ("?actor={stranger}", []),
        ("?actor=%3Cscript%3E", []),
        ("?when=dates&since={today}&until={today}", ["+1", "-4", "-3", "-2", "+1,500", "-1,499"]),
        ("?when=dates&until={before}", ["-1", "+1,500"]),
        ("?when=dates&since={after}", []),
        ("?when=dates", ["+1", "-4", "-3", "-2", "+1,500", "-1,499", "-1", "+1,500"]),
        ("?when=dates&since={today}&kind=charge&actor={member}", ["-4", "-3"]),
        ("?since={after}", ["+1", "-4", "-3", "-2", "+1,500"]),  # days count when they are asked for
    ],
)
def test_filters_narrow_the_ledger(
    owner: Persona, member: Persona, stranger: Persona, two_periods: datetime, case: tuple[str, list[str]]
) -> None:
    query, found = case
    day = timedelta(days=1)
    days = {"today": two_periods, "before": two_periods - day, "after": two_periods + day}
    people = {"member": member.user.public_id, "stranger": stranger.user.public_id}
    spend(stranger, 77, "theirs", now=two_periods)
    page = read(owner, query.format(**people, **{name: f"{moment:%Y-%m-%d}" for name, moment in days.items()}))
    assert [line.replace(MINUS, "-") for line in lines(page)] == found
    assert ("No line matches" in page) is (found == [])
    assert "Sam Stranger" not in page


def test_days_are_those_of_the_reader(owner: Persona, at_reset: datetime) -> None:
    spend(owner, 2, "a", now=datetime.fromisoformat("2026-12-22T22:59:59+00:00"))
    spend(owner, 3, "b", now=datetime.fromisoformat("2026-12-22T23:00:00+00:00"))
    query = "?kind=charge&when=dates&since=2026-12-23&until=2026-12-23"
    found = {}
    for zone in ("UTC", "Europe/Paris", "Pacific/Auckland"):
        User.objects.filter(pk=owner.user.pk).update(time_zone=zone)
        found[zone] = lines(read(owner, query))
    assert found == {"UTC": [], "Europe/Paris": [f"{MINUS}3"], "Pacific/Auckland": [f"{MINUS}3", f"{MINUS}2"]}


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?when=dates&since=2026-11-12&until=2026-11-11", "This day lies before the first one."),
        ("?when=dates&since=yesterday", "Enter a valid date."),
        ("?when=dates&since=2026-02-30", "Enter a valid date."),
        ("?when=dates&until=0001-01-01", "Choose a day between 2000 and 2099."),
        ("?when=dates&until=9999-12-31", "Choose a day between 2000 and 2099."),
        ("?when=yesterday", "Select a valid choice"),
        ("?kind=gift", "Select a valid choice"),
        ("?route=pigeon", "Select a valid choice"),
        ("?actor=" + "x" * 41, "Ensure this value has at most 40 characters"),
    ],
)
def test_filters_that_make_no_sense_are_said_and_show_nothing(owner: Persona, sent: Send, query: str, sentence: str) -> None:
    page = read(owner, query, status=422)
    assert (sentence in unescape(page), lines(page), "credits/export" in page) == (True, [], False)


@pytest.mark.parametrize("cursor", ["nonsense", "ent_", "ent_-1", "1;2", "%00"])
def test_bad_cursor_is_refused(owner: Persona, cursor: str) -> None:
    assert owner.client().get(f"/credits/?cursor={cursor}").status_code in {400, 422}


def test_filters_last_through_the_pages(owner: Persona, member: Persona, present: datetime) -> None:
    for number in range(30):
        spend(owner, 2, f"o{number}", now=present)
        spend(member, 1, f"m{number}", now=present)
    for extra in ("", "&when=dates&since=2026-01-01"):
        query = f"?actor={member.user.public_id}&kind=charge{extra}&by=member"
        first = read(owner, query)
        (address,) = re.findall(r'rel="next" href="([^"#]+)#ledger"', first)
        second = read(owner, unescape(address).removeprefix("/credits/"))
        assert (lines(first), lines(second)) == ([f"{MINUS}1"] * 25, [f"{MINUS}1"] * 5)
        assert f'value="{member.user.public_id}" selected' in second
        assert "Used by member" in second
        assert 'rel="next"' not in second
        (back,) = re.findall(r'href="([^"#]+)#ledger"><svg', second)
        assert lines(read(owner, unescape(back).removeprefix("/credits/"))) == lines(first)


def test_filters_can_be_cleared(owner: Persona, sent: Send) -> None:
    assert "Clear filters" not in read(owner)
    page = read(owner, "?kind=charge&by=member")
    assert 'href="/credits/?by=member#ledger">Clear filters' in page


def test_ledger_without_lines_teaches(member: Persona) -> None:
    page = read(member)
    assert "No lines in this period yet" in page


def test_filter_names_former_members_but_nobody_else(owner: Persona, stranger: Persona, present: datetime) -> None:
    former = make_member(owner, "former@example.com", name="Fay Former", now=present)
    spend(former, 2, "f", now=present)
    Membership.objects.filter(user=former.user).update(removed_at=present)
    page = read(owner)
    options = re.findall(r'<option value="usr_[^"]+"(?: selected)?>([^<]+)</option>', page)
    assert options == ["Olive Owner", "Fay Former (left)"]
    assert lines(read(owner, f"?actor={former.user.public_id}")) == [f"{MINUS}2"]


def test_names_and_notes_are_shown_as_they_are_written(owner: Persona, present: datetime) -> None:
    User.objects.filter(pk=owner.user.pk).update(name="<script>alert(1)</script>")
    spend(owner, 1, "a", now=present, note='"><img src=x onerror=alert(2)>')
    for query in ("", "?by=member", '?actor="><b>', "?when=dates&since=<i>"):
        page = owner.client().get(f"/credits/{query}").content.decode()
        assert [words for words in ("<script>alert", "<img src=x", '"><b>', "<i>") if words in page] == []
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in read(owner, "?by=member")
    assert "&lt;img src=x onerror=alert(2)&gt;" in read(owner)


def test_own_line_leads_to_its_send(owner: Persona, sent: Send) -> None:
    assert f'href="/sends/{sent.public_id}/"' in read(owner)


# -- Charts and forecast -------------------------------------------------------------------------------------------------
def test_usage_by_member_is_drawn_and_stands_in_a_table(owner: Persona, member: Persona, present: datetime) -> None:
    spend(owner, 30, "a", now=present)
    spend(member, 10, "b", now=present)
    page = read(owner, "?by=member")
    names = re.findall(r'<span class="share-name truncate">([^<]+)</span>', page)
    bars = re.findall(r'<rect class="chart-bar[^>]* width="([\d.]+)" height="8">', page)
    assert (names, bars) == (["Olive Owner", "Max Member"], ["100.0", "33.3"])
    assert "75%" in page
    table = page[page.index('<details class="chart-table">') : page.index('id="ledger"')]
    assert re.findall(r'<td class="num">(\d+)</td>', table) == ["30", "10", "40"]
    assert "style=" not in page


def test_figures_of_charts_have_no_commas_in_their_geometry(owner: Persona, member: Persona, present: datetime) -> None:
    spend(owner, 30, "a", now=present)
    spend(member, 7, "b", now=present)
    page = owner.client().get("/credits/?by=member", headers={"Accept-Language": "fr"}).content.decode()
    assert '<html lang="fr"' in page
    assert re.findall(r'(?:width|height|x|y)="\d+,\d', page) == []


def test_chart_by_member_without_usage(owner: Persona) -> None:
    assert "Nothing was used in this period yet." in read(owner, "?by=member")


def test_forecast_names_the_day(owner: Persona, at_reset: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    start = at_reset - timedelta(hours=1)
    spend(owner, 500, "a", now=start)
    later = start + timedelta(days=5)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    assert "At this pace you run out on" in read(owner)  # 100 a day, 1,000 left
    day = start + timedelta(days=15)
    assert f'datetime="{day:%Y-%m-%dT%H:%M:%SZ}"' in read(owner)


def test_forecast_of_a_new_team_says_that_it_cannot_tell(owner: Persona, monkeypatch: pytest.MonkeyPatch) -> None:
    start = Wallet.objects.values_list("period_start", flat=True).get(team=owner.team)
    assert start is not None
    monkeypatch.setattr("django.utils.timezone.now", lambda: start + timedelta(hours=1))
    assert "Too early to tell how long they last" in read(owner)


# -- Notices -------------------------------------------------------------------------------------------------------------
def test_notices_are_listed_for_admins(owner: Persona, present: datetime) -> None:
    assert "No notice was needed so far." in read(owner)
    spend(owner, 1450, "a", now=present)
    spend(owner, 50, "b", now=present)
    Notice.objects.filter(kind="low").update(rearmed_at=present)
    page = read(owner)
    log = page[page.index('id="notices"') :]
    assert log.index("All used") < log.index("Few left")
    assert ("after a reset or purchase" in log, "since " in log, ">50<" in log) == (True, True, True)


def test_threshold_is_set_and_noted(owner: Persona) -> None:
    response = owner.client().post("/credits/threshold/", {"threshold": "250"})
    assert response["Location"] == "/credits/#notices"
    assert Wallet.objects.get(team=owner.team).low_threshold == 250
    assert Event.objects.latest("id").facts == {"low_threshold": 250}
    assert 'value="250"' in read(owner)
    assert "Admins get a notice below 250 and at 0" in read(owner)


@pytest.mark.parametrize("threshold", ["", "-1", "1.5", "many", "1000001", "9" * 30])
def test_threshold_that_is_none_is_refused(owner: Persona, threshold: str) -> None:
    response = owner.client().post("/credits/threshold/", {"threshold": threshold})
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.content.decode()
    assert Wallet.objects.get(team=owner.team).low_threshold == 100


def test_threshold_is_for_admins(member: Persona, owner: Persona) -> None:
    assert member.client().post("/credits/threshold/", {"threshold": "5"}).status_code == 403
    assert Wallet.objects.get(team=owner.team).low_threshold == 100


def test_admin_is_led_to_more_credits(owner: Persona) -> None:
    assert 'href="/admin/plan/">' in read(owner)


def test_top_bar_shows_what_is_left(owner: Persona, sent: Send) -> None:
    page = owner.client().get("/sends/").content.decode()
    assert "<strong>1,490</strong> left" in page
