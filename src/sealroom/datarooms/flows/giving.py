# SPDX-License-Identifier: Apache-2.0
"""A data room changes hands. It always has exactly one owner."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext

from sealroom.accounts.models import Membership, User
from sealroom.accounts.models import Role as TeamRole
from sealroom.accounts.rules import Actor, Capability
from sealroom.audit import flows as audit
from sealroom.audit.rules import SYSTEM, Verb, Who
from sealroom.datarooms import queries, rules
from sealroom.datarooms.errors import NotAMember
from sealroom.datarooms.flows.hands import own
from sealroom.datarooms.flows.places import end_looks, end_places, lock_room, lock_team, take_places
from sealroom.datarooms.models import DataRoom, Guest
from sealroom.datarooms.rules import Invitation, Invited, Role
from sealroom.mail import flows as mail


@transaction.atomic
def give_room(actor: Actor, room_id: str, address: str, *, now: datetime) -> None:
    """Make another member of the team the owner; the one before is a co-owner from then on. Given to oneself, nothing happens. Only
    its owner may. Raises `Forbidden`, `NotFound`, `Invalid` (addresses), `NotAMember`."""
    actor.require(Capability.MANAGE_ROOMS)
    (known,) = rules.unique_addresses([address])
    lock_team(actor.team_id)
    room = lock_room(own(actor, room_id).room)
    place = Membership.objects.select_related("user").filter(team_id=actor.team_id, user__email=known, removed_at=None).first()
    if place is None or not place.user.is_active:
        raise NotAMember(addresses=[known])
    if place.user_id == room.owner_id:
        return
    before = room.owner
    _give(room, place.user, who=actor.who, now=now)
    people = [Invited(before.email, before.name)]
    take_places(room, people, Invitation((), role=Role.CO_OWNER, language=before.language), by=place.user_id, now=now)


@transaction.atomic
def pass_on_rooms(team_id: int, user_id: int, *, now: datetime) -> int:
    """Give the rooms of a member who leaves to the co-owner who has been there longest, or to the team's first admin where there is
    none: a room is never left without an owner. Returns how many."""
    team = lock_team(team_id)
    who = Who(SYSTEM.kind, SYSTEM.id, team=team.public_id, route=SYSTEM.route)
    given = 0
    for found in queries.existing_rooms(team_id).filter(owner_id=user_id).order_by("pk"):
        room = lock_room(found)
        heir = _heir(room)
        if heir is not None:
            _give(room, heir, who=who, now=now)
            given += 1
    return given


def _give(room: DataRoom, to: User, *, who: Who, now: datetime) -> None:
    before = room.owner
    end_looks(room, before.email, now=now)
    end_places(Guest.objects.filter(room=room, address=to.email, removed_at=None), who=who, now=now)
    DataRoom.objects.filter(pk=room.pk).update(owner=to)
    room.owner = to
    audit.record(who, Verb.DATA_ROOM_GIVEN, "data_room", room.public_id, now=now, label=room.name, to=to.public_id)
    _tell(room, to, before, now=now)


def _tell(room: DataRoom, to: User, before: User, *, now: datetime) -> None:
    """Write to the new owner, in his language, in the name of the one before; in the caller's transaction."""
    with translation.override(to.language):
        context = {
            "heading": gettext("“{room}” belongs to you now").format(room=room.name),
            "preview": gettext("{who} gave you the data room.").format(who=before.name or before.email),
            "facts": [
                gettext("{who} owned the data room until now.").format(who=before.name or before.email),
                gettext("You lead it: you invite, set rights and answer, and only you can delete it or give it away."),
            ],
            "sender_address": before.email,
            "recipient_address": to.email,
            "button_url": f"{settings.SEALROOM_BASE_URL}/rooms/{room.public_id}/",
            "button_label": gettext("Open the data room"),
            "host": urlsplit(settings.SEALROOM_BASE_URL).netloc,
        }
    mail.compose(
        "datarooms/mail/given",
        to=to.email,
        to_name=to.name,
        key=f"room-given:{room.public_id}:{to.public_id}:{now.isoformat()}",
        language=to.language,
        context=context,
        about=f"data_room:{room.public_id}",
        team=room.team.public_id,
        sender_name=before.name or before.email,
        reply_to=before.email,
        now=now,
    )


def _heir(room: DataRoom) -> User | None:
    members = Membership.objects.filter(team_id=room.team_id, removed_at=None, user__is_active=True).exclude(user=room.owner_id)
    leads = Guest.objects.filter(room=room, role=Role.CO_OWNER, removed_at=None, revoked_at=None).order_by("added_at", "pk")
    by_address = {place.user.email: place.user for place in members.select_related("user")}
    for address in leads.values_list("address", flat=True):
        if address in by_address:
            return by_address[address]
    admin = members.filter(role=TeamRole.ADMIN).select_related("user").order_by("joined_at", "pk").first()
    return admin.user if admin is not None else None
