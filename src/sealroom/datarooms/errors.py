# SPDX-License-Identifier: Apache-2.0
"""Refusals of data rooms. None of them changes anything."""

from __future__ import annotations

from sealroom.core.errors import DomainError


class RoomQuota(DomainError):
    """The plan has no data room left. Facts: used, limit."""

    code = "room_quota"


class GuestQuota(DomainError):
    """The plan has fewer guest places left than an invitation needs. Facts: used, limit, needed (places it would take)."""

    code = "guest_quota"


class RoomClosed(DomainError):
    """The room is archived or closed: nothing in it changes. Facts: state."""

    code = "room_closed"


class QuestionsOff(DomainError):
    """The room takes no questions."""

    code = "questions_off"


class QuestionClosed(DomainError):
    """The question was closed: nobody adds to it."""

    code = "question_closed"


class NotAMember(DomainError):
    """Only members of the team lead its data rooms. Facts: addresses (who are none)."""

    code = "not_a_member"


class RoomFull(DomainError):
    """A data room cannot hold more folders and files. Facts: limit."""

    code = "room_full"


class TooDeep(DomainError):
    """Folders cannot lie deeper in one another. Facts: limit."""

    code = "too_deep"


class TooManyItems(DomainError):
    """More folders and files than one deed may be about. Facts: limit."""

    code = "too_many_items"


class Cycle(DomainError):
    """A folder cannot be put into itself."""

    code = "cycle"


class NameTaken(DomainError):
    """Something else in the folder has this name. Facts: name."""

    code = "name_taken"


class FeatureMissing(DomainError):
    """The team's plan does not include a setting that is wished for anew; `feature` is the catalogue's word for it."""

    code = "feature_missing"


class ExportRunning(DomainError):
    """Another export of the room is being made."""

    code = "export_running"
