# SPDX-License-Identifier: Apache-2.0
"""The words of data rooms: rights, roles, states, audiences. Pure."""

from __future__ import annotations

import enum

from sealroom.access.rules import Permission


class Right(enum.StrEnum):
    """What somebody may do with an item; each includes those before it. NONE is a right too: the item does not exist for them."""

    NONE = "none"
    VIEW = "view"
    PRINT = "print"
    DOWNLOAD_PDF = "download_pdf"
    DOWNLOAD_ORIGINAL = "download_original"
    CONTRIBUTE = "contribute"  # put files in, rename, move, replace; throw away what they brought

    @property
    def rank(self) -> int:
        """Its place, from 0."""
        return _RANKS[self]


_RANKS = {right: rank for rank, right in enumerate(Right)}


def permission_of(right: Right) -> Permission | None:
    """What it allows in the viewer; None for NONE."""
    if right is Right.NONE:
        return None
    return Permission.DOWNLOAD_ORIGINAL if right is Right.CONTRIBUTE else Permission(right.value)


class Role(enum.StrEnum):
    """What somebody in the room is. Its owner is not a guest of it."""

    GUEST = "guest"
    CO_OWNER = "co_owner"  # leads the room beside its owner; members of the team only


class RoomState(enum.StrEnum):
    """Open; archived: everybody reads on, nothing changes; closed: guests are out."""

    OPEN = "open"
    ARCHIVED = "archived"
    CLOSED = "closed"


class Audience(enum.StrEnum):
    """Who besides the asker and those who lead the room sees a question and its answers."""

    OFF = "off"  # no questions are taken
    OWNERS = "owners"
    GROUP = "group"
    EVERYONE = "everyone"


class QuestionState(enum.StrEnum):
    """Of a thread."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"
