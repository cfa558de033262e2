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
from sealroom.datarooms.queries.standing import guest_behind, right_on, standing_of

__all__ = [
    "Usage",
    "current_guests",
    "existing_rooms",
    "get_owned_room",
    "get_room",
    "guest_behind",
    "guests_among",
    "guests_used",
    "members_among",
    "owned_rooms",
    "right_on",
    "rooms_used",
    "standing_of",
    "usage_of",
]
