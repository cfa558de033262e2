# SPDX-License-Identifier: Apache-2.0
"""What somebody sees of a room's tree: which items, below which folder, with which index number. Pure.

A folder without a right on it is not shown, not even as the way to something in it: what may be seen in it hangs at the nearest
folder above that may be seen. Numbers count what is seen, so no gap tells of what is not (docs/decisions/0159).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Node:
    """An item as it lies in the room: `parent` is the primary key of its folder (None: at the top), siblings go by `position`."""

    pk: int
    parent: int | None
    position: int
    is_folder: bool


@dataclass(frozen=True)
class Seen:
    """An item somebody sees: `place` and `parent` are places in the list of all items (-1: at the top), `files` counts the files
    seen below a folder."""

    place: int
    parent: int
    number: str
    files: int


def in_order(nodes: Iterable[Node]) -> list[tuple[Node, int]]:
    """The items as one reads them from top to bottom, a folder before what is in it, each with the place of its folder in this
    list (-1: at the top). What hangs below no item given here is left out."""
    below: dict[int | None, list[Node]] = defaultdict(list)
    for node in nodes:
        below[node.parent].append(node)
    for siblings in below.values():
        siblings.sort(key=lambda one: (one.position, one.pk), reverse=True)
    found: list[tuple[Node, int]] = []
    waiting = [(node, -1) for node in below.pop(None, ())]
    while waiting:
        node, folder = waiting.pop()
        waiting += [(child, len(found)) for child in below.pop(node.pk, ())]
        found.append((node, folder))
    return found


def see(tree: Sequence[tuple[Node, int]], shown: Sequence[bool]) -> list[Seen]:
    """What is seen of a `tree` (`in_order`), in its order; `shown` says of each item whether the person has a right on it."""
    nearest: list[int] = []  # the item itself where it is shown, else the nearest folder above that is
    children: dict[int, int] = defaultdict(int)
    files: dict[int, int] = defaultdict(int)
    numbers: dict[int, str] = {-1: ""}
    parents: dict[int, int] = {}
    for place, (node, folder) in enumerate(tree):
        above = nearest[folder] if folder >= 0 else -1
        nearest.append(place if shown[place] else above)
        if not shown[place]:
            continue
        children[above] += 1
        numbers[place] = f"{numbers[above]}.{children[above]}" if above >= 0 else str(children[above])
        parents[place] = above
        if not node.is_folder:
            files[place] = 1
    for place in reversed(parents):
        files[parents[place]] += files[place]
    return [Seen(place, above, numbers[place], files[place] if tree[place][0].is_folder else 0) for place, above in parents.items()]
