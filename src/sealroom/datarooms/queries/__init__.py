# SPDX-License-Identifier: Apache-2.0
"""What is asked of data rooms."""

from sealroom.datarooms.queries.find import (
    Usage,
    current_guests,
    existing_rooms,
    get_owned_room,
    get_room,
    guests_among,
    guests_used,
    members_among,
    owned_rooms,
    rooms_used,
    usage_of,
)
from sealroom.datarooms.queries.sight import SeenItem, Sight, group_sight, house_sight, sight_for, sight_of
from sealroom.datarooms.queries.standing import guest_behind, right_on, standing_of

__all__ = [
    "SeenItem",
    "Sight",
    "Usage",
    "current_guests",
    "existing_rooms",
    "get_owned_room",
    "get_room",
    "group_sight",
    "guest_behind",
    "guests_among",
    "guests_used",
    "house_sight",
    "members_among",
    "owned_rooms",
    "right_on",
    "rooms_used",
    "sight_for",
    "sight_of",
    "standing_of",
    "usage_of",
]
