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
from sealroom.access.rules.lifetimes import TOUCH_EVERY
from sealroom.accounts.rules import Actor, Capability
from sealroom.audit.rules import ActorKind, Who
from sealroom.core.errors import Forbidden, NotFound
from sealroom.datarooms import queries
from sealroom.datarooms.models import DataRoom, Group, Guest
from sealroom.datarooms.rules import Role


@dataclass(frozen=True)
class Hand:
    """Somebody in a room at this instant: one who leads it (`actor`), or a guest. Who leads it may look (`is_preview`) as a guest
    (`guest`), as somebody in a group (`group`), or at everything (neither). Not to be kept for another request."""

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

    def require_may_change(self) -> None:
        """Raise `Forbidden` for a look through other eyes, and for one who leads by a key that may only look."""
        if self.is_preview:
            raise Forbidden(preview=True)
        if self.actor is not None:
            self.actor.require(Capability.MANAGE_ROOMS)

    def require_lead(self) -> Actor:
        """The one who leads; raises `Forbidden` for a guest."""
        if self.actor is None:
            raise Forbidden
        return self.actor


def lead(actor: Actor, room_id: str, *, in_trash: bool = False) -> Hand:
    """Let a member to a room he leads; to one in the trash only where that is said. Raises `NotFound`, also for a colleague's room;
    `Forbidden` to who is only a guest of it."""
    actor.require(Capability.MANAGE_ROOMS)
    return _leading(actor, room_id, in_trash=in_trash)


def oversee(actor: Actor, room_id: str, *, in_trash: bool = False) -> Hand:
    """Let a member look at lists and figures of a room he leads, to change nothing. Raises as `lead`."""
    actor.require(Capability.SEE_ROOMS)
    return _leading(actor, room_id, in_trash=in_trash)


def _leading(actor: Actor, room_id: str, *, in_trash: bool) -> Hand:
    room = queries.get_room(actor, room_id)
    if room.trashed_at is not None and not in_trash:
        raise NotFound
    if room.owner_id != actor.user_id and not _is_co_owner(room, actor):
        raise Forbidden
    return Hand(room, actor.who, actor.email, actor=actor)


def own(actor: Actor, room_id: str, *, in_trash: bool = False) -> Hand:
    """Let the owner to his room, for what co-owners may not. Raises as `lead`."""
    hand = lead(actor, room_id, in_trash=in_trash)
    if hand.room.owner_id != actor.user_id:
        raise Forbidden
    return hand


def visit(cookie: str | None, link_id: str, *, ip: str, now: datetime) -> Hand:
    """Let a browser behind a room's link to the room, past every gate. Raises `NotAdmitted` with the first reason; `NOT_FOUND` for
    a link that is no room's, and for who proved an address at the open link and has no place yet (`flows.joining`)."""
    gate = access.check_link(cookie, link_id, ip=ip, now=now)
    guest = queries.guest_behind(gate.link.pk, gate.held.reader.address) if gate.link.rights else None
    if guest is None:
        return _look(gate)
    is_preview = gate.held.preview_by_id is not None
    if not is_preview:
        _note_visit(guest, now=now)
    return Hand(guest.room, visitor_of(gate), guest.address, guest=guest, is_preview=is_preview)


def _look(gate: Gate) -> Hand:
    """The look of somebody who leads the room, at all of it or as a group."""
    if gate.held.preview_by_id is not None and gate.link.rights:
        room, group = queries.room_behind(gate.link.pk), queries.group_behind(gate.link.pk)
        if room is not None:
            return Hand(room, visitor_of(gate), "", is_preview=True)
        if group is not None:
            return Hand(group.room, visitor_of(gate), "", group=group, is_preview=True)
    raise NotAdmitted(reason=Verdict.NOT_FOUND.value)


def _note_visit(guest: Guest, *, now: datetime) -> None:
    """Write down that a guest is here, at most once a minute."""
    if guest.seen_at is None or now - guest.seen_at >= TOUCH_EVERY:
        guest.came_at, guest.seen_at = guest.came_at or now, now
        Guest.objects.filter(pk=guest.pk).update(came_at=guest.came_at, seen_at=now)


def visitor_of(gate: Gate) -> Who:
    """A browser behind a link as the trail names it."""
    visitor, link = gate.held.visitor, gate.link
    return Who(
        ActorKind.VISITOR, visitor.public_id, team=link.team.public_id, label=gate.viewer.address, route="portal", ip=gate.viewer.ip
    )


def _is_co_owner(room: DataRoom, actor: Actor) -> bool:
    rows = Guest.objects.filter(room=room, address=actor.email, role=Role.CO_OWNER, revoked_at=None, removed_at=None)
    return rows.exists()
