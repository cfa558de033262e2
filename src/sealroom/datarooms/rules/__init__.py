# SPDX-License-Identifier: Apache-2.0
"""The rules of data rooms. Pure."""

from sealroom.datarooms.rules.places import places_needed, require_places, require_room, unique_addresses
from sealroom.datarooms.rules.questions import (
    MOST_ATTACHED,
    Known,
    Thread,
    checked_subject,
    checked_text,
    known_as,
    may_reply,
    sees_question,
)
from sealroom.datarooms.rules.rights import LEADING, Effective, Setting, Source, decide_right, spread_rights
from sealroom.datarooms.rules.seeing import Node, Seen, in_order, see
from sealroom.datarooms.rules.words import Audience, QuestionState, Right, Role, RoomState, permission_of

__all__ = [
    "LEADING",
    "MOST_ATTACHED",
    "Audience",
    "Effective",
    "Known",
    "Node",
    "QuestionState",
    "Right",
    "Role",
    "RoomState",
    "Seen",
    "Setting",
    "Source",
    "Thread",
    "checked_subject",
    "checked_text",
    "decide_right",
    "in_order",
    "known_as",
    "may_reply",
    "permission_of",
    "places_needed",
    "require_places",
    "require_room",
    "see",
    "sees_question",
    "spread_rights",
    "unique_addresses",
]
