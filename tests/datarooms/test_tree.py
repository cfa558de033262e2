# SPDX-License-Identifier: Apache-2.0
"""Folders made, named, moved, copied; by those who lead a room and by guests who contribute to it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction

from sealroom.audit.models import Event
from sealroom.core.errors import DomainError, Forbidden, Invalid, NotFound
from sealroom.datarooms import flows, queries
from sealroom.datarooms.errors import Cycle, NameTaken, RoomClosed, TooDeep
from sealroom.datarooms.flows.hands import Hand
from sealroom.datarooms.models import DataRoom, Item, RightRow
from sealroom.datarooms.rules import Right, name_key
from tests.factories.accounts import Persona
from tests.factories.rooms import NOW, give, hand_of, leader, make_guest, make_room

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(owner: Persona) -> DataRoom:
    return make_room(owner)


@pytest.fixture
def hand(owner: Persona, room: DataRoom) -> Hand:
    return leader(owner, room)


def folder(hand: Hand, name: str, parent: Item | None = None) -> Item:
    return flows.create_folder(hand, parent.public_id if parent else "", name, now=NOW)


def listing(room: DataRoom, parent: Item | None = None) -> list[str]:
    """The tree as text, from the rows' parents and positions alone."""
    lines = []
    for item in Item.objects.filter(room=room, parent=parent, trashed_at=None).order_by("position", "pk"):
        lines.append(item.name)
        lines += [f"{item.name}/{line}" for line in listing(room, item)]
    return lines


def check_tree(room: DataRoom) -> None:
    """What must hold of every tree at all times."""
    items = {item.pk: item for item in Item.objects.filter(room=room)}
    names: set[tuple[int | None, str]] = set()
    places: set[tuple[int | None, int]] = set()
    for item in items.values():
        chain: list[int] = []
        above = items[item.parent_id] if item.parent_id else None
        while above is not None:
            chain.insert(0, above.pk)
            assert len(chain) <= 20
            assert item.trashed_at is not None or above.trashed_at is None
            above = items[above.parent_id] if above.parent_id else None
        assert item.path == "".join(f"{pk}/" for pk in chain)
        assert item.name_key == name_key(item.name)
        if item.trashed_at is None:
            assert (item.parent_id, item.name_key) not in names
            assert (item.parent_id, item.position) not in places
            names.add((item.parent_id, item.name_key))
            places.add((item.parent_id, item.position))


def state(room: DataRoom) -> tuple[list[object], int, int]:
    rows: list[object] = list(Item.objects.filter(room=room).order_by("pk").values_list("pk", "path", "name", "position"))
    return rows, DataRoom.objects.get(pk=room.pk).revision, Event.objects.count()


def test_folders_are_made_and_left_on_the_trail(hand: Hand, room: DataRoom) -> None:
    contracts = folder(hand, " Contracts ")
    folder(hand, "2026", contracts)
    folder(hand, "contracts")
    assert listing(room) == ["Contracts", "Contracts/2026", "contracts (2)"]
    event = Event.objects.filter(verb="data_room.item_added").order_by("number").first()
    assert event is not None
    assert (event.subject, event.facts) == (contracts.public_id, {"room": room.public_id})
    assert DataRoom.objects.get().revision == 3
    check_tree(room)


def test_a_path_is_made_once(hand: Hand, room: DataRoom) -> None:
    first = flows.create_path(hand, "", "A/b/C", now=NOW)
    again = flows.create_path(hand, "", "a/B/c", now=NOW)
    assert first.pk == again.pk
    assert listing(room) == ["A", "A/b", "A/b/C"]
    before = state(room)
    with pytest.raises(Invalid):
        flows.create_path(hand, "", "x/../y", now=NOW)
    with pytest.raises(TooDeep):
        flows.create_path(hand, "", "/".join("x" * 21), now=NOW)
    assert state(room) == before


def test_moving_rewrites_all_below(hand: Hand, room: DataRoom) -> None:
    a, b = folder(hand, "a"), folder(hand, "b")
    flows.create_path(hand, a.public_id, "x/y/z", now=NOW)
    flows.move(hand, [a.public_id], b.public_id, now=NOW)
    assert listing(room) == ["b", "b/a", "b/a/x", "b/a/x/y", "b/a/x/y/z"]
    check_tree(room)
    flows.move(hand, [Item.objects.get(name="x").public_id], "", before_id=b.public_id, now=NOW)
    assert listing(room) == ["x", "x/y", "x/y/z", "b", "b/a"]
    check_tree(room)


def test_order_is_changed_by_moving_within(hand: Hand, room: DataRoom) -> None:
    items = {name: folder(hand, name) for name in "abcd"}
    flows.move(hand, [items["d"].public_id, items["b"].public_id], "", before_id=items["a"].public_id, now=NOW)
    assert listing(room) == list("dbac")
    for _ in range(40):  # more often than fits between two positions
        flows.move(hand, [items["c"].public_id], "", before_id=items["b"].public_id, now=NOW)
        flows.move(hand, [items["d"].public_id], "", before_id=items["b"].public_id, now=NOW)
    assert listing(room) == list("cdba")
    check_tree(room)


def test_a_move_that_cannot_be_is_refused_whole(hand: Hand, room: DataRoom, stranger: Persona) -> None:
    a, other = folder(hand, "a"), folder(hand, "other")
    deep = flows.create_path(hand, a.public_id, "b/c", now=NOW)
    far = flows.create_path(hand, "", "/".join("q" * 18), now=NOW)
    elsewhere = folder(leader(stranger, foreign := make_room(stranger)), "theirs")
    before = state(room), state(foreign)
    refused = [
        (Cycle, [other.public_id, a.public_id], deep.public_id),
        (Cycle, [a.public_id], a.public_id),
        (TooDeep, [other.public_id, a.public_id], far.public_id),
        (NotFound, [a.public_id, elsewhere.public_id], other.public_id),
        (NotFound, [a.public_id], elsewhere.public_id),
        (NotFound, ["itm_nothing"], ""),
        (Invalid, [], ""),
    ]
    for error, ids, target in refused:
        with pytest.raises(error):
            flows.move(hand, ids, target, now=NOW)
    assert (state(room), state(foreign)) == before


def test_names_that_are_taken(hand: Hand, room: DataRoom) -> None:
    a, b = folder(hand, "a"), folder(hand, "b")
    inner = folder(hand, "A", b)
    with pytest.raises(NameTaken):
        flows.rename(hand, b.public_id, "A", now=NOW)
    flows.rename(hand, a.public_id, "A", now=NOW)
    flows.move(hand, [inner.public_id], "", now=NOW)
    assert listing(room) == ["A", "b", "A (2)"]
    check_tree(room)


def test_nothing_changes_in_an_archived_room(owner: Persona, hand: Hand, room: DataRoom) -> None:
    a = folder(hand, "a")
    guest = hand_of(make_guest(owner, room, right=Right.CONTRIBUTE))
    with pytest.raises(Forbidden):
        flows.create_folder(replace(guest, is_preview=True), "", "x", now=NOW)
    for what, who in (("archived", hand), ("archived", guest), ("closed", guest)):
        DataRoom.objects.update(state=what)
        with pytest.raises(RoomClosed):
            flows.rename(who, a.public_id, "b", now=NOW)
    DataRoom.objects.update(state="closed")
    flows.rename(hand, a.public_id, "b", now=NOW)
    assert listing(room) == ["b"]


# -- Guests ----------------------------------------------------------------------------------------------------------------
def test_a_guest_arranges_only_where_he_contributes(owner: Persona, hand: Hand, room: DataRoom) -> None:
    data, mine, hidden = folder(hand, "data"), folder(hand, "mine"), folder(hand, "hidden")
    child = folder(hand, "child", data)
    row = make_guest(owner, room)
    give(row, Right.CONTRIBUTE, mine)
    give(row, Right.NONE, hidden)
    guest = hand_of(row)
    made = folder(guest, "made", mine)
    assert made.added_by == "bidder@example.org"
    before = state(room)
    for parent, error in ((data, Forbidden), (None, Forbidden), (hidden, NotFound)):
        with pytest.raises(error):
            folder(guest, "x", parent)
        with pytest.raises(error):
            flows.move(guest, [made.public_id], parent.public_id if parent else "", now=NOW)
    for item, error in ((child, Forbidden), (mine, Forbidden), (hidden, NotFound)):
        with pytest.raises(error):
            flows.move(guest, [item.public_id], mine.public_id, now=NOW)
        with pytest.raises(error):
            flows.rename(guest, item.public_id, "x", now=NOW)
        with pytest.raises(error):
            flows.copy(guest, [item.public_id], mine.public_id, now=NOW)
    assert state(room) == before


def test_a_guest_never_learns_the_name_of_something_hidden(owner: Persona, hand: Hand, room: DataRoom) -> None:
    secret, seen = folder(hand, "secret"), folder(hand, "seen")
    row = make_guest(owner, room, right=Right.CONTRIBUTE)
    give(row, Right.NONE, secret)
    guest = hand_of(row)
    made = folder(guest, "Secret")
    assert made.name == "Secret (2)"
    assert flows.create_path(guest, "", "secret/x", now=NOW).parent == made
    mine = folder(guest, "mine")
    assert flows.rename(guest, mine.public_id, "secret", now=NOW).name == "secret (3)"
    with pytest.raises(NameTaken):
        flows.rename(guest, mine.public_id, "SEEN", now=NOW)
    with pytest.raises(NotFound):
        flows.move(guest, [seen.public_id], "", before_id=secret.public_id, now=NOW)
    check_tree(room)


def test_who_was_put_out_changes_nothing_any_more(owner: Persona, room: DataRoom) -> None:
    row = make_guest(owner, room, right=Right.CONTRIBUTE)
    guest = hand_of(row)
    row.revoked_at = NOW
    row.save()
    with pytest.raises(NotFound):
        folder(guest, "x")


def test_copies_take_the_rights_along(owner: Persona, hand: Hand, room: DataRoom) -> None:
    a = folder(hand, "a")
    closed = flows.create_path(hand, a.public_id, "closed/inner", now=NOW).parent
    assert closed is not None
    row = make_guest(owner, room, right=Right.CONTRIBUTE)
    give(row, Right.NONE, closed)
    (copy,) = flows.copy(hand, [a.public_id], "", now=NOW)
    assert listing(room)[3:] == ["a (2)", "a (2)/closed", "a (2)/closed/inner"]
    assert RightRow.objects.get(item__parent=copy).right == Right.NONE
    flows.copy(hand_of(row), [a.public_id], "", now=NOW)
    assert listing(room)[6:] == ["a (3)"]
    with pytest.raises(Cycle):
        flows.copy(hand, [a.public_id], closed.public_id, now=NOW)
    check_tree(room)


@pytest.mark.parametrize("seed", range(4))
def test_any_deeds_in_any_order_leave_a_tree(hand: Hand, room: DataRoom, seed: int) -> None:
    chance = random.Random(seed)

    def some() -> str:
        return chance.choice(list(Item.objects.filter(trashed_at=None).order_by("pk").values_list("public_id", flat=True)) or [""])

    def one_deed() -> None:
        some_ids = [some() for _ in range(chance.randint(1, 3))]
        name = chance.choice(["a", "A", "b", "c.d"])
        trash = [item.id for item in flows.trash_of(hand)]
        deeds: list[Callable[[], object]] = [
            lambda: flows.create_folder(hand, chance.choice(["", some()]), name, now=NOW),
            lambda: flows.create_folder(hand, some(), name, now=NOW),
            lambda: flows.create_path(hand, some(), f"{name}/b/{name}", now=NOW),
            lambda: flows.rename(hand, some(), name, now=NOW),
            lambda: flows.move(hand, some_ids, chance.choice(["", some()]), now=NOW),
            lambda: flows.move(hand, some_ids, some(), before_id=some(), now=NOW),
            lambda: flows.move(hand, some_ids, "", before_id=some(), now=NOW),
            lambda: flows.copy(hand, some_ids[:1], some(), now=NOW),
            lambda: flows.throw_away(hand, some_ids[:1], now=NOW),
            lambda: flows.restore(hand, chance.sample(trash, min(2, len(trash))), now=NOW),
            lambda: flows.delete_for_good(hand, trash[:1] if chance.random() < 0.2 else [], now=NOW),
        ]
        chance.choice(deeds)()

    done = 0
    for _ in range(80):
        before = state(room)
        try:
            with transaction.atomic():
                one_deed()
            done += 1
        except DomainError:
            assert state(room) == before
        check_tree(room)
    assert done > 30


def test_a_folder_is_sorted_as_people_count(hand: Hand, room: DataRoom) -> None:
    for name in ("10 Leases", "2 Staff", "b", "A", "1 Deed"):
        folder(hand, name)
    flows.add_file(hand, "", [b"text"], name="0 Notes.txt", size=4, now=NOW)
    flows.sort_folder(hand, "", now=NOW)
    assert listing(room) == ["1 Deed", "2 Staff", "10 Leases", "A", "b", "0 Notes.txt"]
    folder(hand, "0 Late")
    assert listing(room)[-1] == "0 Late"
    check_tree(room)


def test_a_contributor_sorts_nothing(owner: Persona, hand: Hand, room: DataRoom) -> None:
    folder(hand, "b")
    folder(hand, "a")
    guest = make_guest(owner, room, right=Right.CONTRIBUTE)
    before = state(room)
    with pytest.raises(Forbidden):
        flows.sort_folder(hand_of(guest), "", now=NOW)
    assert state(room) == before


def test_folders_filled_since_an_instant_are_known(hand: Hand, room: DataRoom) -> None:
    folder(hand, "Old")
    later = NOW + timedelta(minutes=1)
    inner = flows.create_path(hand, "", "New/Inner", now=later)
    file = flows.add_file(hand, inner.public_id, [b"text"], name="a.txt", size=4, now=later)
    assert inner.parent is not None
    assert queries.fresh_folders(file, since=later) == [inner.public_id, inner.parent.public_id]
    assert queries.fresh_folders(file, since=NOW) == [inner.public_id, inner.parent.public_id, ""]
