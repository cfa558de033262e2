# SPDX-License-Identifier: Apache-2.0
"""The rules of data rooms. Pure."""

from sealroom.datarooms.rules.places import places_needed, require_places, require_room, unique_addresses
from sealroom.datarooms.rules.rights import (
    LEADING,
    MOST_RIGHT_CHANGES,
    Effective,
    RightChange,
    Setting,
    Source,
    check_right_changes,
    decide_right,
    spread_rights,
)
from sealroom.datarooms.rules.seeing import TOP, Node, Seen, Tree, in_order, see
from sealroom.datarooms.rules.words import Audience, QuestionState, Right, Role, RoomState, permission_of

__all__ = [
    "LEADING",
    "MOST_RIGHT_CHANGES",
    "TOP",
    "Audience",
    "Effective",
    "Node",
    "QuestionState",
    "Right",
    "RightChange",
    "Role",
    "RoomState",
    "Seen",
    "Setting",
    "Source",
    "Tree",
    "check_right_changes",
    "decide_right",
    "in_order",
    "permission_of",
    "places_needed",
    "require_places",
    "require_room",
    "see",
    "spread_rights",
    "unique_addresses",
]
