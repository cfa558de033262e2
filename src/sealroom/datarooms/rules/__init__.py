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
from sealroom.datarooms.rules.rights import LEADING, Effective, Setting, Source, decide_right, spread_rights
from sealroom.datarooms.rules.seeing import Node, Seen, in_order, see
from sealroom.datarooms.rules.settings import RoomSettings, room_errors
from sealroom.datarooms.rules.words import Audience, QuestionState, Right, Role, RoomState, permission_of

__all__ = [
    "LEADING",
    "REMIND_EVERY",
    "Audience",
    "Effective",
    "GuestChange",
    "Invitation",
    "Invited",
    "Node",
    "QuestionState",
    "Right",
    "Role",
    "RoomSettings",
    "RoomState",
    "Seen",
    "Setting",
    "Source",
    "change_errors",
    "checked_people",
    "decide_right",
    "in_order",
    "invitation_errors",
    "permission_of",
    "places_needed",
    "require_places",
    "require_room",
    "room_errors",
    "see",
    "spread_rights",
    "unique_addresses",
]
