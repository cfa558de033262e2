# SPDX-License-Identifier: Apache-2.0
"""The rules of data rooms. Pure."""

from sealroom.datarooms.rules.people import (
    REMIND_EVERY,
    GuestChange,
    Invitation,
    Invited,
    change_errors,
    checked_people,
    invitation_errors,
)
from sealroom.datarooms.rules.places import places_needed, require_places, require_room, unique_addresses
from sealroom.datarooms.rules.rights import Effective, Setting, Source, decide_right
from sealroom.datarooms.rules.settings import RoomSettings, room_errors
from sealroom.datarooms.rules.words import Audience, QuestionState, Right, Role, RoomState, permission_of

__all__ = [
    "REMIND_EVERY",
    "Audience",
    "Effective",
    "GuestChange",
    "Invitation",
    "Invited",
    "QuestionState",
    "Right",
    "Role",
    "RoomSettings",
    "RoomState",
    "Setting",
    "Source",
    "change_errors",
    "checked_people",
    "decide_right",
    "invitation_errors",
    "permission_of",
    "places_needed",
    "require_places",
    "require_room",
    "room_errors",
    "unique_addresses",
]
