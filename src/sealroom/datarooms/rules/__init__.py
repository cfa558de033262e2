# SPDX-License-Identifier: Apache-2.0
"""The rules of data rooms. Pure."""

from sealroom.datarooms.rules.about import about_html
from sealroom.datarooms.rules.archive import Names
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
    "LEADING",
    "MOST_AT_ONCE",
    "MOST_DEPTH",
    "MOST_ITEMS",
    "REMIND_EVERY",
    "Audience",
    "Effective",
    "GuestChange",
    "Invitation",
    "Invited",
    "Names",
    "Node",
    "QuestionState",
    "Right",
    "Role",
    "RoomSettings",
    "RoomState",
    "Seen",
    "Setting",
    "Source",
    "about_html",
    "change_errors",
    "checked_people",
    "decide_right",
    "depth_of",
    "free_name",
    "in_order",
    "invitation_errors",
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
    "room_errors",
    "see",
    "split_path",
    "spread_rights",
    "unique_addresses",
    "with_extension_of",
]
