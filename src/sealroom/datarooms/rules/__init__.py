# SPDX-License-Identifier: Apache-2.0
"""The rules of data rooms. Pure."""

from sealroom.datarooms.rules.places import places_needed, require_places, require_room, unique_addresses
from sealroom.datarooms.rules.rights import Effective, Setting, Source, decide_right
from sealroom.datarooms.rules.tree import (
    MOST_AT_ONCE,
    MOST_DEPTH,
    MOST_ITEMS,
    depth_of,
    free_name,
    item_name,
    name_key,
    numbered,
    positions_between,
    require_depth,
    require_few,
    require_no_ring,
    require_space,
    split_path,
    with_extension_of,
)
from sealroom.datarooms.rules.words import Audience, QuestionState, Right, Role, RoomState, permission_of

__all__ = [
    "MOST_AT_ONCE",
    "MOST_DEPTH",
    "MOST_ITEMS",
    "Audience",
    "Effective",
    "QuestionState",
    "Right",
    "Role",
    "RoomState",
    "Setting",
    "Source",
    "decide_right",
    "depth_of",
    "free_name",
    "item_name",
    "name_key",
    "numbered",
    "permission_of",
    "places_needed",
    "positions_between",
    "require_depth",
    "require_few",
    "require_no_ring",
    "require_places",
    "require_room",
    "require_space",
    "split_path",
    "unique_addresses",
    "with_extension_of",
]
