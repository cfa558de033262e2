# SPDX-License-Identifier: Apache-2.0
"""What is done with data rooms, one module per deed."""

from sealroom.datarooms.flows.cloning import clone_room
from sealroom.datarooms.flows.copying import bring_document, copy
from sealroom.datarooms.flows.export import (
    OpenedExport,
    give_up_export,
    list_exports,
    make_export,
    open_export,
    remove_old_exports,
    request_export,
)
from sealroom.datarooms.flows.files import (
    abandon_upload,
    add_file,
    append_upload,
    begin_upload,
    publish_ready,
    replace_file,
    restore_version,
    retry_file,
    unlock_file,
    upload_of,
    versions_of,
)
from sealroom.datarooms.flows.giving import give_room, pass_on_rooms
from sealroom.datarooms.flows.groups import change_group, create_group, delete_group, rename_group, set_members
from sealroom.datarooms.flows.hands import Hand, lead, oversee, own, visit
from sealroom.datarooms.flows.joining import join, room_to_join
from sealroom.datarooms.flows.letters import tell_updates, write_letters
from sealroom.datarooms.flows.parcel import LeftOut, Reason, Request, can_take_something, may_take, pack
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
from sealroom.datarooms.flows.question_letters import tell_assigned, tell_post
from sealroom.datarooms.flows.questions import (
    Asking,
    ask_question,
    assign_question,
    close_question,
    leaders_of,
    reopen_question,
    reply_to_question,
)
from sealroom.datarooms.flows.rights import set_rights
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
from sealroom.datarooms.flows.searching import MOST_HITS, Found, WordHit, search_room
from sealroom.datarooms.flows.settings import change_room
from sealroom.datarooms.flows.taking import TakenFile, take_file
from sealroom.datarooms.flows.trash import clean_trash, delete_for_good, restore, throw_away, trash_of
from sealroom.datarooms.flows.tree import create_folder, create_path, move, rename

__all__ = [
    "MOST_HITS",
    "Asking",
    "Found",
    "Hand",
    "LeftOut",
    "OpenedExport",
    "Preview",
    "Reason",
    "Request",
    "TakenFile",
    "WordHit",
    "abandon_upload",
    "add_file",
    "append_upload",
    "archive_room",
    "ask_question",
    "assign_question",
    "begin_upload",
    "bring_document",
    "can_take_something",
    "change_group",
    "change_guest",
    "change_room",
    "clean_trash",
    "clone_room",
    "close_question",
    "close_room",
    "copy",
    "create_folder",
    "create_group",
    "create_path",
    "create_room",
    "delete_for_good",
    "delete_group",
    "delete_room",
    "empty_room_trash",
    "end_places_of_member",
    "give_room",
    "give_up_export",
    "invite",
    "invite_guests",
    "join",
    "lead",
    "leaders_of",
    "list_exports",
    "make_export",
    "may_take",
    "move",
    "open_as_lead",
    "open_export",
    "oversee",
    "own",
    "pack",
    "pass_on_rooms",
    "preview_as_group",
    "preview_as_guest",
    "publish_ready",
    "remind",
    "remove_from_room",
    "remove_guest",
    "remove_old_exports",
    "rename",
    "rename_group",
    "reopen_question",
    "reopen_room",
    "replace_file",
    "reply_to_question",
    "request_export",
    "restore",
    "restore_guest",
    "restore_room",
    "restore_version",
    "retry_file",
    "revoke_guest",
    "room_to_join",
    "search_room",
    "set_members",
    "set_rights",
    "take_file",
    "tell_assigned",
    "tell_post",
    "tell_updates",
    "throw_away",
    "trash_of",
    "trash_room",
    "unlock_file",
    "upload_of",
    "versions_of",
    "visit",
    "write_letters",
]
