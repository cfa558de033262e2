# SPDX-License-Identifier: Apache-2.0
"""The rule of rights and the rule of seeing once more, slow and word for word, to compare the product with. Nothing of the product
is used; rights are their names in order.

"The nearest node on which the guest or one of the guest's groups has a setting decides; there the own setting goes before groups',
among groups the highest; no access is a setting; where none is anywhere: the room's default." A hidden folder is not shown, and
what may be seen in it hangs at the nearest folder above that may be seen; numbers count what is seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ORDER = ["none", "view", "print", "download_pdf", "download_original", "contribute"]
ROOM = 0  # the room among nodes; items are 1, 2, 3, ...


@dataclass
class Room:
    """Items 1 to n with the folder each lies in (`ROOM`: at the top) in the order of siblings, who is in which groups, and what was
    set: (node, "guest" or "group", whose number) -> right."""

    default: str
    folder_of: dict[int, int] = field(default_factory=dict)
    folders: set[int] = field(default_factory=set)
    groups_of: dict[int, set[int]] = field(default_factory=dict)
    set_on: dict[tuple[int, str, int], str] = field(default_factory=dict)


def right_of(room: Room, guest: int, item: int) -> str:
    """The right of a guest on an item."""
    node = item
    while True:
        if (node, "guest", guest) in room.set_on:
            return room.set_on[(node, "guest", guest)]
        of_groups = []
        for group in room.groups_of[guest]:
            if (node, "group", group) in room.set_on:
                of_groups += [room.set_on[(node, "group", group)]]
        if of_groups:
            highest = of_groups[0]
            for right in of_groups:
                if ORDER.index(right) > ORDER.index(highest):
                    highest = right
            return highest
        if node == ROOM:
            return room.default
        node = room.folder_of[node]


def shown_under(room: Room, guest: int, node: int) -> list[int]:
    """What a guest sees directly in the room or in a folder that is shown."""
    found = []
    for item, folder in room.folder_of.items():
        if folder == node:
            found += [item] if right_of(room, guest, item) != "none" else shown_under(room, guest, item)
    return found


def listed(room: Room, guest: int, node: int = ROOM, number: str = "") -> list[tuple[int, int, str, int]]:
    """All a guest sees from top to bottom: item, the folder it is shown in, number, files shown below it."""
    lines: list[tuple[int, int, str, int]] = []
    for place, item in enumerate(shown_under(room, guest, node), start=1):
        own = f"{number}.{place}" if number else f"{place}"
        below = listed(room, guest, item, own)
        files = sum(1 for line in below if line[0] not in room.folders)
        lines += [(item, node, own, files), *below]
    return lines
