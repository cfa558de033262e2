# SPDX-License-Identifier: Apache-2.0
"""What somebody sees of a room's tree: which items, below which folder, with which index number. Pure.

A folder without a right on it is not shown, not even as the way to something in it: what may be seen in it hangs at the nearest
folder above that may be seen. Numbers count what is seen, so no gap tells of what is not (docs/decisions/0159).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

TOP = -1  # the place of the folder of what lies at the top


class Node(NamedTuple):
    """An item as it lies in the room: `parent` is the primary key of its folder (None: at the top), siblings go by `position`."""

    pk: int
    parent: int | None
    position: int


class Tree(NamedTuple):
    """The items of a room as one reads them from top to bottom, a folder before what is in it: `items` are primary keys, `above`
    the place in this very list of the folder each lies in (`TOP`)."""

    items: list[int]
    above: list[int]


class Seen(NamedTuple):
    """What somebody sees of a tree: by place (only those seen) the place of the folder it is shown in (`TOP`), its number, and how
    many files are seen below it."""

    above: dict[int, int]
    numbers: dict[int, str]
    files: dict[int, int]


def in_order(nodes: Iterable[Node]) -> Tree:
    """Arrange the items of a room. What hangs below no item given here is left out."""
    below: dict[int | None, list[int]] = defaultdict(list)
    for pk, parent, _position in sorted(nodes, key=lambda one: (one[2], one[0]), reverse=True):
        below[parent].append(pk)
    items: list[int] = []
    above: list[int] = []
    waiting, folders = below.pop(None, []), defaultdict[int, int](lambda: TOP)
    while waiting:
        pk = waiting.pop()
        for child in (inside := below.pop(pk, [])):
            folders[child] = len(items)
        above.append(folders[pk])
        items.append(pk)
        waiting += inside
    return Tree(items, above)


def see(tree: Tree, *, shown: Sequence[bool], is_file: Sequence[bool]) -> Seen:
    """What is seen of a tree, in its order; `shown` says by place whether the person has a right on the item."""
    nearest: list[int] = []  # the place itself where it is shown, else of the nearest folder above that is
    count: dict[int, int] = defaultdict(int)
    seen = Seen({}, {}, {})
    for place, folder in enumerate(tree.above):
        above = nearest[folder] if folder != TOP else TOP
        nearest.append(place if shown[place] else above)
        if shown[place]:
            count[above] += 1
            seen.above[place] = above
            seen.numbers[place] = f"{seen.numbers[above]}.{count[above]}" if above != TOP else str(count[above])
            seen.files[place] = 0
    for place in reversed(seen.above):
        above = seen.above[place]
        if above != TOP:
            seen.files[above] += 1 if is_file[place] else seen.files[place]
    return seen
