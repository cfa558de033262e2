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
from sealroom.datarooms.queries.looks import group_behind, is_open_to_guests, right_of_group, room_behind
from sealroom.datarooms.queries.news import QUIET, guests_behind, latest_file_at, news_for, rooms_with_news
from sealroom.datarooms.queries.people import (
    GroupRow,
    GuestRow,
    GuestState,
    ListedGuest,
    groups_of,
    guests_of,
    listed_guests,
    settings_of,
)
from sealroom.datarooms.queries.sight import SeenItem, Sight, group_sight, house_sight, sight_for, sight_of
from sealroom.datarooms.queries.standing import guest_behind, right_on, standing_of

__all__ = [
    "QUIET",
    "GroupRow",
    "GuestRow",
    "GuestState",
    "ListedGuest",
    "SeenItem",
    "Sight",
    "Usage",
    "current_guests",
    "existing_rooms",
    "get_owned_room",
    "get_room",
    "group_behind",
    "group_sight",
    "groups_of",
    "guest_behind",
    "guests_among",
    "guests_behind",
    "guests_of",
    "guests_used",
    "house_sight",
    "is_open_to_guests",
    "latest_file_at",
    "listed_guests",
    "members_among",
    "news_for",
    "owned_rooms",
    "right_of_group",
    "right_on",
    "room_behind",
    "rooms_used",
    "rooms_with_news",
    "settings_of",
    "sight_for",
    "sight_of",
    "standing_of",
    "usage_of",
]
