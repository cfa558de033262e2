# SPDX-License-Identifier: Apache-2.0
"""The ledger as a file: whose lines, which columns, in which language, and nothing in it that runs."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from tests.core.test_tables import read_xlsx
from tests.factories.accounts import Persona

from sealroom.accounts.models import User
from sealroom.accounts.rules import Route
from sealroom.audit.models import Event
from sealroom.audit.rules import Verb
from sealroom.credits import flows

pytestmark = pytest.mark.django_db


@pytest.fixture
def spent(owner: Persona, member: Persona, present: datetime) -> None:
    """Lines of two members and two routes, with words a spreadsheet would run."""
    User.objects.filter(pk=owner.user.pk).update(name='=HYPERLINK("http://evil.example","Olive")')
    for by, count, key, note in ((owner, 2, "a", "-1+1.pdf"), (member, 3, "b", "Lease, draft.pdf")):
        with transaction.atomic():
            pairs = [f"ver_{key}:r{number}@example.com" for number in range(count)]
            route = Route.WEB if by is owner else Route.API
            flows.spend(by.team.pk, pairs, actor=by.actor_by(route), key=key, request_digest="d", now=present, note=note)


def take(persona: Persona, form: str, *, language: str = "en", **filters: str) -> Any:
    return persona.client().post("/credits/export/", {"format": form, **filters}, headers={"Accept-Language": language})


def content(response: Any) -> bytes:
    assert (response.status_code, response.streaming) == (200, True)
    return b"".join(response.streaming_content)


def table(response: Any) -> list[list[str]]:
    text = content(response).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_admin_takes_all_lines_of_the_period(owner: Persona, spent: None, present: datetime) -> None:
    at = f"{present:%Y-%m-%dT%H:%M:%SZ}"
    rows = table(take(owner, "csv"))
    assert rows[0] == ["Line", "When (UTC)", "What", "For", "Who", "Route", "Credits", "Balance after"]
    assert rows[1] == ["3", at, "Used", "Lease, draft.pdf", "Max Member", "API", "-3", "1495"]
    assert rows[2] == ["2", at, "Used", "'-1+1.pdf", '\'=HYPERLINK("http://evil.example","Olive")', "Web", "-2", "1498"]
    assert [row[2:] for row in rows[3:]] == [["Issued", "", "Sealroom", "", "1500", "1500"]]


def test_user_takes_own_lines_alone(owner: Persona, member: Persona, spent: None) -> None:
    for filters in ({}, {"when": "all"}):
        text = content(take(member, "csv", **filters)).decode()
        assert [words for words in ("Olive", "1+1.pdf", "1500", "1495", "Balance", "Who") if words in text] == []
        assert len(text.splitlines()) == 2
    assert [row[-1] for row in table(take(member, "csv", actor=owner.user.public_id))] == ["Credits", "-3"]


def test_xlsx_has_the_same_lines_with_numbers_as_numbers(owner: Persona, spent: None) -> None:
    (rows,) = read_xlsx(content(take(owner, "xlsx"))).values()
    assert [[str(cell) for cell in row] for row in rows] == table(take(owner, "csv"))
    assert [(type(row[0]), type(row[-2]), type(row[-1])) for row in rows[1:]] == [(int, int, int)] * 3
    assert rows[1][-2:] == [-3, 1495]


def test_file_is_in_the_language_of_the_reader(owner: Persona, spent: None) -> None:
    rows = table(take(owner, "csv", language="fr"))
    assert rows[0] == ["Ligne", "Quand (UTC)", "Quoi", "Pour", "Qui", "Voie", "Crédits", "Solde après"]
    assert [row[2] for row in rows[1:]] == ["Utilisés", "Utilisés", "Attribués"]
    assert list(read_xlsx(content(take(owner, "xlsx", language="fr")))) == ["Journal"]


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({"kind": "issue"}, ["1"]),
        ({"route": "api"}, ["3"]),
        ({"actor": "usr_nobody"}, []),
        ({"when": "previous"}, []),
        ({"when": "all"}, ["3", "2", "1"]),
        ({"when": "dates", "until": "2020-01-01"}, []),
        ({"when": "dates", "since": "2020-01-01"}, ["3", "2", "1"]),
    ],
)
def test_file_holds_what_the_page_shows(owner: Persona, spent: None, filters: dict[str, str], numbers: list[str]) -> None:
    assert [row[0] for row in table(take(owner, "csv", **filters))[1:]] == numbers


def test_member_filter_holds_in_the_file(owner: Persona, member: Persona, stranger: Persona, spent: None) -> None:
    assert [row[0] for row in table(take(owner, "csv", actor=member.user.public_id))[1:]] == ["3"]
    assert table(take(owner, "csv", actor=stranger.user.public_id))[1:] == []


def test_file_is_longer_than_a_page(owner: Persona, spent: None, present: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sealroom.credits.queries.books._EXPORTED_AT_ONCE", 7)
    for number in range(40):
        with transaction.atomic():
            key = f"k{number}"
            flows.spend(owner.team.pk, [key], actor=owner.actor, key=key, request_digest="d", now=present)
    assert [row[0] for row in table(take(owner, "csv"))[1:]] == [str(number) for number in range(43, 0, -1)]


@pytest.mark.parametrize(("form", "kind"), [("csv", "text/csv; charset=utf-8"), ("xlsx", "application/vnd.openxml")])
def test_file_is_saved_never_shown(owner: Persona, spent: None, form: str, kind: str) -> None:
    headers = take(owner, form).headers
    assert headers["Content-Type"].startswith(kind)
    assert headers["Content-Disposition"].startswith('attachment; filename="credits-2')
    assert headers["Content-Disposition"].endswith(f'.{form}"')
    assert (headers["X-Content-Type-Options"], "no-store" in headers["Cache-Control"]) == ("nosniff", True)


@pytest.mark.parametrize(
    "said",
    [
        {"format": ""}, {"format": "exe"}, {"format": "csv", "kind": "gift"}, {"format": "csv", "when": "dates", "since": "soon"},
        {"format": "xlsx", "when": "dates", "since": "2026-02-02", "until": "2026-02-01"},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_and_not_noted(owner: Persona, spent: None, said: dict[str, str]) -> None:
    assert owner.client().post("/credits/export/", said).status_code == 422
    assert Event.objects.filter(verb=Verb.DATA_EXPORTED).count() == 0


def test_export_is_a_deed_that_the_trail_keeps(owner: Persona, spent: None) -> None:
    assert owner.client().get("/credits/export/").status_code == 405
    content(take(owner, "xlsx", route="api"))
    event = Event.objects.get(verb=Verb.DATA_EXPORTED)
    assert (event.actor, event.subject, event.facts["format"], event.facts["by"]) == (
        owner.user.public_id, owner.team.public_id, "xlsx", "api",
    )  # fmt: skip


def test_page_hands_its_filters_to_the_file(owner: Persona, spent: None) -> None:
    page = owner.client().get("/credits/?route=api&when=all&since=2026-01-01").content.decode()
    form = page[page.index('action="/credits/export/"') :]
    form = form[: form.index("</form>")]
    assert ('name="route" value="api"' in form, 'name="when" value="all"' in form, "since" in form) == (True, True, False)
