# SPDX-License-Identifier: Apache-2.0
"""Who is in a room: for those who lead it, and what guests may know of each other. Whose room it is, the caller has asked."""

from __future__ import annotations

import enum
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Count, Q

from sealroom.access import queries as access
from sealroom.access.rules import TermsMode, domain_of
from sealroom.datarooms.models import DataRoom, GroupMember, Guest
from sealroom.datarooms.rules import Role, RoomSettings
from sealroom.documents.models import Version
from sealroom.viewing.rules.conditions import OwnTerms, settings_of_policy


class GuestState(enum.StrEnum):
    """What a guest is at an instant; the first that holds."""

    REVOKED = "revoked"
    ENDED = "ended"  # his dates have passed
    WAITING = "waiting"  # his dates have not begun
    CAME = "came"
    INVITED = "invited"


@dataclass(frozen=True)
class GuestRow:
    """A guest as those who lead the room see him. `told_at`: when he was written to last."""

    id: str
    address: str
    name: str
    role: Role
    state: GuestState
    groups: tuple[str, ...]  # public ids
    access_from: datetime | None
    access_until: datetime | None
    added_at: datetime
    told_at: datetime | None
    came_at: datetime | None
    seen_at: datetime | None


@dataclass(frozen=True)
class GroupRow:
    """A group with how many guests are in it. `is_default`: who joins by the open link comes into it."""

    id: str
    name: str
    guests: int
    is_default: bool


@dataclass(frozen=True)
class ListedGuest:
    """What a guest may know of another."""

    name: str
    domain: str


def settings_of(room: DataRoom) -> RoomSettings:
    """The settings in force."""
    assert room.policy is not None
    policy = room.policy
    terms = policy.terms.public_id if policy.terms is not None and policy.terms_mode == TermsMode.OWN else ""
    return RoomSettings(
        name=room.name,
        conditions=settings_of_policy(policy.value, terms_id=terms),
        default_right=room.default_right,
        default_group=room.default_group.public_id if room.default_group is not None else "",
        shows_guests=room.shows_guests,
        shows_index=room.shows_index,
        sends_updates=room.sends_updates,
        question_audience=room.question_audience,
        banner=room.banner,
        about=room.about,
    )


def told_settings_of(room: DataRoom) -> RoomSettings:
    """The settings in force, own terms with their text."""
    found = settings_of(room)
    assert room.policy is not None
    terms = room.policy.terms
    if terms is None or not isinstance(found.conditions.terms, OwnTerms):
        return found
    version = Version.objects.select_related("document").filter(pk=terms.version_id or 0).first()
    own = OwnTerms(terms.html, version.document.public_id if version is not None else "", terms.public_id, terms.sha256)
    return replace(found, conditions=replace(found.conditions, terms=own))


def links_of(room: DataRoom) -> dict[str, str]:
    """The own address of every guest who has one, by public id. Where holding it is enough to be let in, it is a secret."""
    rows = Guest.objects.filter(room=room, removed_at=None).exclude(link=None).select_related("link")
    return {one.public_id: access.link_url(one.link) for one in rows if one.link is not None}


def guests_of(room: DataRoom, *, now: datetime) -> list[GuestRow]:
    """Everybody with a place in a room, by address."""
    groups: defaultdict[int, list[str]] = defaultdict(list)
    memberships = GroupMember.objects.filter(guest__room=room, guest__removed_at=None).order_by("group__name", "group")
    for guest, group in memberships.values_list("guest", "group__public_id"):
        groups[guest].append(group)
    rows = Guest.objects.filter(room=room, removed_at=None).order_by("address")
    return [
        GuestRow(
            id=one.public_id,
            address=one.address,
            name=one.name,
            role=Role(one.role),
            state=guest_state(one, now=now),
            groups=tuple(groups[one.pk]),
            access_from=one.access_from,
            access_until=one.access_until,
            added_at=one.added_at,
            told_at=one.told_at,
            came_at=one.came_at,
            seen_at=one.seen_at,
        )
        for one in rows
    ]


def guest_state(guest: Guest, *, now: datetime) -> GuestState:
    """The state of a place that has not ended."""
    if guest.revoked_at is not None:
        return GuestState.REVOKED
    if guest.access_until is not None and now >= guest.access_until:
        return GuestState.ENDED
    if guest.access_from is not None and now < guest.access_from:
        return GuestState.WAITING
    return GuestState.CAME if guest.came_at is not None else GuestState.INVITED


def groups_of(room: DataRoom) -> list[GroupRow]:
    """The groups of a room, by name."""
    living = Count("members", filter=Q(members__guest__removed_at=None))
    rows = room.groups.annotate(living=living).order_by("name", "pk").values_list("pk", "public_id", "name", "living")
    return [GroupRow(group, name, count, pk == room.default_group_id) for pk, group, name, count in rows]


def listed_guests(guest: Guest, *, now: datetime) -> list[ListedGuest]:
    """The others in the room, as this guest may know them: nobody unless the room shows its guests, and never an address."""
    if not guest.room.shows_guests:
        return []
    rows = Guest.objects.filter(room=guest.room_id, removed_at=None, revoked_at=None).exclude(pk=guest.pk)
    here = [one for one in rows if guest_state(one, now=now) in {GuestState.CAME, GuestState.INVITED}]
    return sorted((ListedGuest(one.name, domain_of(one.address)) for one in here), key=lambda one: (one.domain, one.name))
