# SPDX-License-Identifier: Apache-2.0
"""Data rooms with people in them who have passed the gates."""

from __future__ import annotations

from datetime import UTC, datetime

from sealroom.audit.rules import ActorKind, Who
from sealroom.datarooms import flows
from sealroom.datarooms.flows.hands import Hand, lead
from sealroom.datarooms.models import DataRoom, Group, Guest, Item, RightRow
from sealroom.datarooms.rules import Right
from tests.factories.accounts import Persona

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)


def make_room(owner: Persona, name: str = "Series B") -> DataRoom:
    """An empty room."""
    return flows.create_room(owner.actor, name, now=NOW)


def leader(owner: Persona, room: DataRoom) -> Hand:
    """The owner, at work."""
    return lead(owner.actor, room.public_id)


def make_guest(owner: Persona, room: DataRoom, address: str = "bidder@example.org", right: Right = Right.VIEW) -> Guest:
    """A guest with a right on the whole room."""
    (guest,) = flows.invite_guests(owner.actor, room.public_id, [address], now=NOW)
    give(guest, right)
    return guest


def give(to: Guest | Group, right: Right, item: Item | None = None) -> None:
    """Set a right, on an item or on the room."""
    guest, group = (to, None) if isinstance(to, Guest) else (None, to)
    RightRow.objects.update_or_create(room=to.room, item=item, guest=guest, group=group, defaults={"right": right})


def hand_of(guest: Guest) -> Hand:
    """A guest past the gates."""
    room = guest.room
    who = Who(ActorKind.VISITOR, "vis_1", team=room.team.public_id, label=guest.address, route="portal")
    return Hand(room, who, guest.address, guest=guest)
