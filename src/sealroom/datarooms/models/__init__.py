# SPDX-License-Identifier: Apache-2.0
"""What data rooms keep: rooms, the people in them, the tree of items, rights, questions, exports."""

from sealroom.datarooms.models.people import Group, GroupMember, Guest, RightRow, new_group_id, new_guest_id
from sealroom.datarooms.models.questions import Question, QuestionAttachment, QuestionPost, new_question_id
from sealroom.datarooms.models.rooms import DataRoom, RoomExport, new_data_room_id, new_export_id
from sealroom.datarooms.models.tree import Item, new_item_id

__all__ = [
    "DataRoom",
    "Group",
    "GroupMember",
    "Guest",
    "Item",
    "Question",
    "QuestionAttachment",
    "QuestionPost",
    "RightRow",
    "RoomExport",
    "new_data_room_id",
    "new_export_id",
    "new_group_id",
    "new_guest_id",
    "new_item_id",
    "new_question_id",
]
