# SPDX-License-Identifier: Apache-2.0
"""The rules of data rooms. Pure."""

from sealroom.datarooms.rules.people import (
    GuestChange,
    Invitation,
    Invited,
    REMIND_EVERY,
    change_errors,
    checked_people,
    invitation_errors,
)
from sealroom.datarooms.rules.places import places_needed, require_places, require_room, unique_addresses
from sealroom.datarooms.rules.questions import (
    Known,
    MOST_ATTACHED,
    Thread,
    checked_subject,
    checked_text,
    known_as,
    may_reply,
    sees_question,
)
from sealroom.datarooms.rules.rights import Effective, LEADING, Setting, Source, decide_right, spread_rights
from sealroom.datarooms.rules.seeing import Node, Seen, in_order, see
from sealroom.datarooms.rules.settings import RoomSettings, room_errors
from sealroom.datarooms.rules.words import Audience, QuestionState, Right, Role, RoomState, permission_of

__all__ = [
    "Audience",
    "Effective",
    "GuestChange",
    "Invitation",
    "Invited",
    "Known",
    "LEADING",
    "MOST_ATTACHED",
    "Node",
    "QuestionState",
    "REMIND_EVERY",
    "Right",
    "Role",
    "RoomSettings",
    "RoomState",
    "Seen",
    "Setting",
    "Source",
    "Thread",
    "change_errors",
    "checked_people",
    "checked_subject",
    "checked_text",
    "decide_right",
    "in_order",
    "invitation_errors",
    "known_as",
    "may_reply",
    "permission_of",
    "places_needed",
    "require_places",
    "require_room",
    "room_errors",
    "see",
    "sees_question",
    "spread_rights",
    "unique_addresses",
]
