# SPDX-License-Identifier: Apache-2.0
"""The rules of data rooms. Pure."""

from sealroom.datarooms.rules.places import places_needed, require_places, require_room, unique_addresses
from sealroom.datarooms.rules.rights import LEADING, Effective, Setting, Source, decide_right, spread_rights
from sealroom.datarooms.rules.seeing import Node, Seen, in_order, see
from sealroom.datarooms.rules.words import Audience, QuestionState, Right, Role, RoomState, permission_of

__all__ = [
    "LEADING",
    "Audience",
    "Effective",
    "Node",
    "QuestionState",
    "Right",
    "Role",
    "RoomState",
    "Seen",
    "Setting",
    "Source",
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
