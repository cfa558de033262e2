# SPDX-License-Identifier: Apache-2.0
"""A prepared question gives what the plain queryset gives, and asks anew each time."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sealroom.accounts.models import Membership, Team
from sealroom.core.prepared import Prepared
from sealroom.documents.models import Page
from tests.factories.accounts import make_persona
from tests.processes import Database, do

NOW = datetime(2026, 5, 1, tzinfo=UTC)

by_address = Prepared(
    lambda address, team: Membership.objects.select_related("user", "team").filter(user__email=address, team_id=team),
    texts=("address",),
    numbers=("team",),
)
by_name = Prepared(lambda name: Team.objects.filter(name=name).order_by("-pk"), texts=("name",))


def facts(row: Membership | None) -> dict[str, object]:
    assert row is not None
    parts = (row, row.user, row.team)
    return {
        f"{type(one).__name__}.{field.attname}": getattr(one, field.attname) for one in parts for field in one._meta.concrete_fields
    }


@pytest.mark.django_db
def test_objects_are_those_of_the_plain_queryset() -> None:
    owner = make_persona("owner@example.com", team_name="Northwind", now=NOW)
    other = make_persona("other@example.com", team_name="Southwind", now=NOW)
    for one in (owner, other, owner):  # the second and third use the SQL of the first
        plain = Membership.objects.select_related("user", "team").get(user=one.user)
        found = by_address.first(address=one.user.email, team=one.team.pk)
        assert facts(found) == facts(plain)
    assert by_address.first(address=owner.user.email, team=other.team.pk) is None


@pytest.mark.django_db
def test_related_objects_come_along_in_one_statement() -> None:
    owner = make_persona("owner@example.com", team_name="Northwind", now=NOW)
    with CaptureQueriesContext(connection) as asked:
        found = by_address.first(address="owner@example.com", team=owner.team.pk)
        assert found is not None
        assert (found.user.email, found.team.pk) == ("owner@example.com", owner.team.pk)
    assert len(asked) == 1


@pytest.mark.django_db
def test_nothing_of_an_answer_is_kept() -> None:
    owner = make_persona("owner@example.com", team_name="Northwind", now=NOW)
    assert [team.pk for team in by_name.all(name="Northwind")] == [owner.team.pk]
    Team.objects.filter(pk=owner.team.pk).update(name="Southwind")
    assert by_name.all(name="Northwind") == []
    assert by_name.all(name="Southwind") == [owner.team]


@pytest.mark.django_db
def test_hostile_values_stay_values() -> None:
    owner = make_persona("owner@example.com", team_name="Northwind", now=NOW)
    for text in ("' OR 1=1 --", "\x1bname", "%s", "", "Northwind\\"):
        assert by_name.all(name=text) == []
    assert by_name.all(name="Northwind") == [owner.team]


@pytest.mark.django_db
def test_a_number_no_column_holds_finds_nothing() -> None:
    make_persona("owner@example.com", team_name="Northwind", now=NOW)
    assert by_address.first(address="owner@example.com", team=10**20) is None


@pytest.mark.django_db
def test_a_value_that_stands_nowhere_is_refused() -> None:
    lost = Prepared(lambda name: Team.objects.all(), texts=("name",))
    with pytest.raises(AssertionError, match="as it is"):
        lost.all(name="x")


@pytest.mark.django_db(transaction=True)
def test_many_threads_ask_at_once() -> None:
    names = [f"Team {number}" for number in range(8)]
    for number, name in enumerate(names):
        make_persona(f"owner{number}@example.com", team_name=name, now=NOW)
    seen: dict[str, list[str]] = {}

    def ask(name: str) -> None:
        seen[name] = [team.name for _round in range(20) for team in by_name.all(name=name)]
        connection.close()

    threads = [threading.Thread(target=ask, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {name: [name] * 20 for name in names}


def _ask_every_engine() -> list[object]:
    owner = make_persona("owner@example.com", team_name="Northwind", now=NOW)
    found = by_address.first(address="owner@example.com", team=owner.team.pk)
    narrow = Prepared(lambda version, number: Page.objects.filter(version_id=version, number=number), numbers=("version", "number"))
    return [
        found and found.team.name,
        by_address.first(address="owner@example.com", team=10**18),
        narrow.first(version=1, number=5),
    ]


def test_every_engine_answers(database: Database) -> None:
    """A column of four bytes, too: PostgreSQL's would hold no larger stand-in."""
    assert do(database, _ask_every_engine) == ["Northwind", None, None]
