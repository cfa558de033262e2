# SPDX-License-Identifier: Apache-2.0
"""The rules of data rooms. Pure."""

from sealroom.datarooms.rules.places import places_needed, require_places, require_room, unique_addresses
from sealroom.datarooms.rules.rights import Effective, Setting, Source, decide_right
from sealroom.datarooms.rules.words import Audience, QuestionState, Right, Role, RoomState, permission_of

__all__ = [
    "Audience",
    "Effective",
    "QuestionState",
    "Right",
    "Role",
    "RoomState",
    "Setting",
    "Source",
    "decide_right",
    "permission_of",
    "places_needed",
    "require_places",
    "require_room",
    "unique_addresses",
]
