# SPDX-License-Identifier: Apache-2.0
"""Who comes by a room's open link and proved an address there becomes a guest."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from sealroom.access import flows as access
from sealroom.access.errors import NotAdmitted
from sealroom.access.rules import Verdict
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.core.errors import Forbidden, Invalid
from sealroom.core.people import clean_name
from sealroom.datarooms import queries
from sealroom.datarooms.flows.hands import visitor_of
from sealroom.datarooms.flows.places import lock_room, lock_team, require_open, take_places
from sealroom.datarooms.models import DataRoom, Guest
from sealroom.datarooms.rules import Invitation, Invited


def room_to_join(cookie: str | None, link_id: str, *, ip: str, now: datetime) -> DataRoom:
    """The room that a browser stands before which passed every gate of its open link and has no place in it. Raises `NotAdmitted`
    (a gate; `NOT_FOUND` for a link that is not open)."""
    gate = access.check_link(cookie, link_id, ip=ip, now=now)
    room = DataRoom.objects.filter(open_link=gate.link.pk, deleted_at=None).first()
    if room is None or not gate.link.rights:
        raise NotAdmitted(reason=Verdict.NOT_FOUND.value)
    return room


@transaction.atomic
def join(cookie: str | None, link_id: str, *, name: str = "", ip: str, now: datetime) -> Guest:
    """Give a browser that passed every gate of an open link a place, in the room's default group and with a link of its own for
    later mails. Who has a place keeps it as it is.

    Raises `NotAdmitted` (a gate; `NOT_FOUND` for a link that is not open, and for the owner, who is no guest of his), `Forbidden`
    in a preview, `RoomClosed`, `Invalid` (name), and `GuestQuota`."""
    gate = access.check_link(cookie, link_id, ip=ip, now=now)
    if gate.held.preview_by_id is not None:
        raise Forbidden
    address = gate.held.reader.address
    known = queries.guest_behind(gate.link.pk, address) if gate.link.rights else None
    if known is not None:
        return known
    found = DataRoom.objects.filter(open_link=gate.link.pk, deleted_at=None).first()
    called = clean_name(name)
    if called is None:
        raise Invalid({"name": ["bad_name"]})
    if found is None:
        raise NotAdmitted(reason=Verdict.NOT_FOUND.value)
    lock_team(found.team_id)
    room = lock_room(found)
    access.check_link(cookie, link_id, ip=ip, now=now)  # as it is under the lock
    known = queries.guest_behind(gate.link.pk, address)
    if known is not None:
        return known
    require_open(room)
    groups = (room.default_group.public_id,) if room.default_group is not None else ()
    invitation = Invitation((), groups=groups, language=gate.link.language)
    guests, _needed = take_places(room, [Invited(address, called)], invitation, by=room.owner_id, now=now)
    if not guests:
        raise NotAdmitted(reason=Verdict.NOT_FOUND.value)
    (guest,) = guests
    audit.record(
        visitor_of(gate),
        Verb.GUEST_JOINED,
        "guest",
        guest.public_id,
        now=now,
        label=address,
        room=room.public_id,
        groups=list(groups),
    )
    return guest
