# SPDX-License-Identifier: Apache-2.0
"""Rights and what is seen by them, against a plain and slow reference."""

from __future__ import annotations

import random
from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from sealroom.datarooms.rules import Node, Right, Setting, Tree, decide_right, in_order, see, spread_rights
from tests.datarooms import reference
from tests.datarooms.reference import ORDER, ROOM, Room

Levels = dict[int | None, list[Setting]]


def test_names_of_rights_are_in_their_order() -> None:
    assert [right.value for right in Right] == ORDER
    assert [right.rank for right in Right] == list(range(6))


def test_ten_thousand_random_rooms_are_as_the_reference_says() -> None:
    dice = random.Random(5)
    for _ in range(10_000):
        compare(random_room(dice))


@st.composite
def rooms(draw: st.DrawFn) -> Room:
    """Rooms of up to 12 items; what hypothesis finds wrong it makes small."""
    right = st.sampled_from(ORDER)
    room = Room(default=draw(right))
    for item in range(1, draw(st.integers(0, 12)) + 1):
        room.folder_of[item] = draw(st.sampled_from([ROOM, *sorted(room.folders)]))
        if draw(st.booleans()):
            room.folders.add(item)
    for guest in range(draw(st.integers(1, 2))):
        room.groups_of[guest] = draw(st.sets(st.integers(0, 2)))
    node = st.sampled_from([ROOM, *room.folder_of])
    whose = st.one_of(st.tuples(st.just("guest"), st.integers(0, 1)), st.tuples(st.just("group"), st.integers(0, 2)))
    for (on, (kind, number)), value in draw(st.dictionaries(st.tuples(node, whose), right, max_size=12)).items():
        room.set_on[(on, kind, number)] = value
    return room


@given(rooms())
def test_any_room_is_as_the_reference_says(room: Room) -> None:
    compare(room)


@given(rooms(), st.sampled_from(ORDER))
def test_settings_of_others_change_nothing(room: Room, right: str) -> None:
    before = [reference.listed(room, guest) for guest in room.groups_of]
    for on in (ROOM, *room.folder_of):
        room.set_on[(on, "guest", 99)] = right
        room.set_on[(on, "group", 99)] = right
    assert [product_listed(room, guest) for guest in room.groups_of] == before


@given(rooms())
def test_what_is_not_shown_leaves_no_trace(room: Room) -> None:
    """The room without what is hidden, its contents hung up by hand, looks the same in every number and count."""
    for guest in room.groups_of:
        shown = [item for item in room.folder_of if reference.right_of(room, guest, item) != "none"]
        bare = Room("view", groups_of={guest: set()}, folders=room.folders & set(shown))
        for item, folder, _number, _files in reference.listed(room, guest):
            bare.folder_of[item] = folder
        assert product_listed(room, guest) == product_listed(bare, guest, order=list(bare.folder_of))


def random_room(dice: random.Random) -> Room:
    """A few items, guests and groups; sometimes hardly anything is set, sometimes nearly everything."""
    room = Room(default=dice.choice(ORDER))
    for item in range(1, dice.randint(0, 14) + 1):
        room.folder_of[item] = dice.choice([ROOM, *sorted(room.folders)])
        if dice.random() < 0.5:
            room.folders.add(item)
    for guest in range(dice.randint(1, 3)):
        room.groups_of[guest] = {group for group in range(3) if dice.random() < 0.5}
    share = dice.choice([0.02, 0.15, 0.6])
    for on in (ROOM, *room.folder_of):
        for kind, number in [*(("guest", one) for one in range(3)), *(("group", one) for one in range(3))]:
            if dice.random() < share:
                room.set_on[(on, kind, number)] = dice.choice(ORDER)
    return room


def compare(room: Room) -> None:
    for guest in room.groups_of:
        wanted = {item: reference.right_of(room, guest, item) for item in room.folder_of}
        assert one_by_one(room, guest) == wanted
        assert all_at_once(room, guest) == wanted
        assert product_listed(room, guest) == reference.listed(room, guest)


def settings_for(room: Room, guest: int) -> Levels:
    levels: Levels = defaultdict(list)
    for (on, kind, number), right in room.set_on.items():
        if (kind, number) == ("guest", guest) or (kind == "group" and number in room.groups_of[guest]):
            levels[on or None].append(Setting(Right(right), number if kind == "group" else None))
    return levels


def one_by_one(room: Room, guest: int) -> dict[int, str]:
    levels, found = settings_for(room, guest), {}
    for item in room.folder_of:
        chain = [item]
        while chain[-1] != ROOM:
            chain.append(room.folder_of[chain[-1]])
        way = [(on or None, levels.get(on or None, [])) for on in chain]
        found[item] = decide_right(way, default=Right(room.default)).right.value
    return found


def tree_of(room: Room, order: list[int] | None = None) -> Tree:
    positions = {item: place for place, item in enumerate(order or room.folder_of)}
    return in_order(Node(item, folder or None, positions[item]) for item, folder in sorted(room.folder_of.items()))


def all_at_once(room: Room, guest: int) -> dict[int, str]:
    tree = tree_of(room)
    held = spread_rights(*tree, settings_for(room, guest), default=Right(room.default))
    return {item: one.right.value for item, one in zip(tree.items, held, strict=True)}


def product_listed(room: Room, guest: int, order: list[int] | None = None) -> list[tuple[int, int, str, int]]:
    tree, rights = tree_of(room, order), all_at_once(room, guest)
    shown, is_file = [rights[item] != "none" for item in tree.items], [item not in room.folders for item in tree.items]
    seen = see(tree, shown=shown, is_file=is_file)
    return [
        (tree.items[place], tree.items[above] if above >= 0 else ROOM, seen.numbers[place], seen.files[place])
        for place, above in seen.above.items()
    ]


def test_explanation_is_the_same_one_by_one_and_at_once() -> None:
    dice = random.Random(6)
    for _ in range(300):
        room = random_room(dice)
        tree = tree_of(room)
        for guest in room.groups_of:
            levels = settings_for(room, guest)
            at_once = spread_rights(*tree, levels, default=Right(room.default))
            for item, held in zip(tree.items, at_once, strict=True):
                chain: list[int | None] = [item]
                while chain[-1] is not None:
                    chain.append(room.folder_of[chain[-1]] or None)
                assert decide_right([(on, levels.get(on, [])) for on in chain], default=Right(room.default)) == held


def test_siblings_go_by_position_and_then_by_age() -> None:
    nodes = [Node(4, None, 7), Node(3, None, 7), Node(9, None, -1), Node(5, 3, 2), Node(6, 3, 1)]
    assert in_order(nodes) == Tree([9, 3, 6, 5, 4], [-1, -1, 1, 1, -1])


def test_what_hangs_below_nothing_is_left_out() -> None:
    """A living item in a folder that is not there, and a ring: neither may be shown."""
    assert in_order([Node(1, None, 1), Node(2, 77, 1), Node(3, 4, 1), Node(4, 3, 1)]) == Tree([1], [-1])
