# SPDX-License-Identifier: Apache-2.0
"""What is done with data rooms, one module per deed."""

from sealroom.datarooms.flows.copying import copy
from sealroom.datarooms.flows.files import (
    abandon_upload,
    add_file,
    append_upload,
    begin_upload,
    publish_ready,
    replace_file,
    restore_version,
    upload_of,
    versions_of,
)
from sealroom.datarooms.flows.rooms import create_room, delete_room, end_places_of_member, invite_guests, remove_guest
from sealroom.datarooms.flows.trash import clean_trash, delete_for_good, restore, throw_away, trash_of
from sealroom.datarooms.flows.tree import create_folder, create_path, move, rename

__all__ = [
    "abandon_upload",
    "add_file",
    "append_upload",
    "begin_upload",
    "clean_trash",
    "copy",
    "create_folder",
    "create_path",
    "create_room",
    "delete_for_good",
    "delete_room",
    "end_places_of_member",
    "invite_guests",
    "move",
    "publish_ready",
    "remove_guest",
    "rename",
    "replace_file",
    "restore",
    "restore_version",
    "throw_away",
    "trash_of",
    "upload_of",
    "versions_of",
]
