# SPDX-License-Identifier: Apache-2.0
"""Several people at one tree at the same time, as processes, on both engines."""

from __future__ import annotations

import pytest

from sealroom.core.errors import DomainError
from sealroom.datarooms import flows
from sealroom.datarooms.flows.hands import Hand, lead
from sealroom.datarooms.models import DataRoom, Item
from sealroom.documents.models import Document
from tests.datarooms.test_races import actor
from tests.datarooms.test_tree import check_tree, listing
from tests.factories.accounts import make_persona
from tests.factories.documents import make_pdf
from tests.factories.rooms import NOW, make_room
from tests.processes import Database, do, race, race_of

pytestmark = pytest.mark.slow


def found(*paths: str) -> None:
    make_room(make_persona("owner@example.com", team_name="Northwind", now=NOW))
    for path in paths:
        flows.create_path(hand(), "", path, now=NOW)


def hand() -> Hand:
    return lead(actor(), DataRoom.objects.get().public_id)


def move(name: str, to: str) -> str:
    try:
        target = Item.objects.get(name=to).public_id
        flows.move(hand(), [Item.objects.get(name=name).public_id], target, now=NOW)
    except DomainError as refusal:
        return refusal.code
    return "moved"


def throw(name: str) -> str:
    try:
        flows.throw_away(hand(), [Item.objects.get(name=name).public_id], now=NOW)
    except DomainError as refusal:
        return refusal.code
    return "thrown"


def make(path: str) -> str:
    return flows.create_path(hand(), "", path, now=NOW).public_id


def add(to: str, name: str) -> str:
    data = make_pdf()
    try:
        target = Item.objects.get(name=to).public_id
        return flows.add_file(hand(), target, [data], name=name, size=len(data), now=NOW).name
    except DomainError as refusal:
        return refusal.code


def copy(name: str) -> str:
    try:
        return flows.copy(hand(), [Item.objects.get(name=name).public_id], "", now=NOW)[0].name
    except DomainError as refusal:
        return refusal.code


def tree() -> list[str]:
    room = DataRoom.objects.get()
    check_tree(room)
    assert Document.objects.filter(deleted_at=None, item=None).count() == 0
    return listing(room)


def test_two_folders_are_never_moved_into_one_another(database: Database) -> None:
    do(database, found, "a", "b")
    answers = race_of(database, [(move, "a", "b"), (move, "b", "a")] * 4)
    assert "moved" in answers
    assert set(answers) <= {"moved", "cycle"}
    assert do(database, tree) in (["a", "a/b"], ["b", "b/a"])


def test_one_folder_moved_by_many_ends_in_one_place(database: Database) -> None:
    do(database, found, "a/x/y", "b", "c", "d")
    assert race_of(database, [(move, "a", to) for to in "bcd" * 2]) == ["moved"] * 6
    (place,) = [line.split("/")[0] for line in do(database, tree) if line.endswith("/y")]
    assert place in "bcd"


def test_one_path_made_by_many_is_made_once(database: Database) -> None:
    do(database, found)
    assert len(set(race(database, make, [("a/b/c",)] * 8))) == 1
    assert do(database, tree) == ["a", "a/b", "a/b/c"]


def test_files_put_into_a_folder_that_is_moved_copied_and_thrown_away(database: Database) -> None:
    do(database, found, "a", "b")
    do(database, add, "a", "first.pdf")
    deeds = [(add, "a", "one.pdf"), (copy, "a"), (add, "a", "one.pdf"), (move, "a", "b"), (throw, "b"), (add, "b", "two.pdf")]
    answers = race_of(database, deeds)
    assert answers[4] == "thrown"
    assert answers[1] in ("a (2)", "not_found")
    assert "b" not in do(database, tree)
