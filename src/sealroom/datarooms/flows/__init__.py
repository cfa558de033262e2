# SPDX-License-Identifier: Apache-2.0
"""What is done with data rooms, one module per deed."""

from sealroom.datarooms.flows.cloning import clone_room
from sealroom.datarooms.flows.giving import give_room, pass_on_rooms
from sealroom.datarooms.flows.groups import create_group, delete_group, rename_group, set_members
from sealroom.datarooms.flows.hands import Hand, lead, own, visit
from sealroom.datarooms.flows.joining import join
from sealroom.datarooms.flows.letters import tell_updates, write_letters
from sealroom.datarooms.flows.people import (
    change_guest,
    end_places_of_member,
    invite,
    invite_guests,
    remind,
    remove_from_room,
    remove_guest,
    restore_guest,
    revoke_guest,
)
from sealroom.datarooms.flows.preview import Preview, open_as_lead, preview_as_group, preview_as_guest
from sealroom.datarooms.flows.rooms import (
    archive_room,
    close_room,
    create_room,
    delete_room,
    empty_room_trash,
    reopen_room,
    restore_room,
    trash_room,
)
from sealroom.datarooms.flows.settings import change_room

__all__ = [
    "Hand",
    "Preview",
    "archive_room",
    "change_guest",
    "change_room",
    "clone_room",
    "close_room",
    "create_group",
    "create_room",
    "delete_group",
    "delete_room",
    "empty_room_trash",
    "end_places_of_member",
    "give_room",
    "invite",
    "invite_guests",
    "join",
    "lead",
    "open_as_lead",
    "own",
    "pass_on_rooms",
    "preview_as_group",
    "preview_as_guest",
    "remind",
    "remove_from_room",
    "remove_guest",
    "rename_group",
    "reopen_room",
    "restore_guest",
    "restore_room",
    "revoke_guest",
    "set_members",
    "tell_updates",
    "trash_room",
    "visit",
    "write_letters",
]
