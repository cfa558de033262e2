# SPDX-License-Identifier: Apache-2.0
"""Who does something in a room: the one gate in front of every deed and look. Who may not know of the room hears that there is
none; a guest who stands before one of access' gates hears of that gate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sealroom.access import flows as access
from sealroom.access.errors import NotAdmitted
from sealroom.access.flows import Gate
from sealroom.access.rules import Verdict
from sealroom.accounts.rules import Actor, Capability
from sealroom.audit.rules import ActorKind, Who
from sealroom.core.errors import Forbidden
from sealroom.datarooms import queries
from sealroom.datarooms.models import DataRoom, Group, Guest
from sealroom.datarooms.rules import Role


@dataclass(frozen=True)
class Hand:
    """Somebody in a room at this instant: one who leads it (`actor`), or a guest. Not to be kept for another request."""

    room: DataRoom
    who: Who
    address: str
    actor: Actor | None = None
    guest: Guest | None = None
    group: Group | None = None
    is_preview: bool = False  # one who leads looks through a guest's eyes: nothing may be done

    @property
    def leads(self) -> bool:
        """Whether the room is his to arrange: its owner and co-owners."""
        return self.actor is not None

    def require_lead(self) -> Actor:
        """The one who leads; raises `Forbidden` for a guest."""
        if self.actor is None:
            raise Forbidden
        return self.actor


def lead(actor: Actor, room_id: str) -> Hand:
    """Let a member to a room he leads. Raises `NotFound`, also for a colleague's room; `Forbidden` to who is only a guest of it."""
    actor.require(Capability.MANAGE_ROOMS)
    room = queries.get_room(actor, room_id)
    if room.owner_id != actor.user_id and not _is_co_owner(room, actor):
        raise Forbidden
    return Hand(room, actor.who, actor.email, actor=actor)


def own(actor: Actor, room_id: str) -> Hand:
    """Let the owner to his room, for what co-owners may not. Raises as `lead`."""
    hand = lead(actor, room_id)
    if hand.room.owner_id != actor.user_id:
        raise Forbidden
    return hand


def visit(cookie: str | None, link_id: str, *, ip: str, now: datetime) -> Hand:
    """Let a browser behind a room's link to the room, past every gate. Raises `NotAdmitted` with the first reason; `NOT_FOUND` for
    a link that is no room's, and for who proved an address at the open link and has no place yet (`flows.joining`)."""
    gate = access.check_link(cookie, link_id, ip=ip, now=now)
    guest = queries.guest_behind(gate.link.pk, gate.held.reader.address) if gate.link.rights else None
    if guest is None:
        raise NotAdmitted(reason=Verdict.NOT_FOUND.value)
    return Hand(guest.room, _visitor(gate), guest.address, guest=guest, is_preview=gate.held.preview_by_id is not None)


def _visitor(gate: Gate) -> Who:
    visitor, link = gate.held.visitor, gate.link
    return Who(
        ActorKind.VISITOR, visitor.public_id, team=link.team.public_id, label=gate.viewer.address, route="portal", ip=gate.viewer.ip
    )


def _is_co_owner(room: DataRoom, actor: Actor) -> bool:
    rows = Guest.objects.filter(room=room, address=actor.email, role=Role.CO_OWNER, revoked_at=None, removed_at=None)
    return rows.exists()
