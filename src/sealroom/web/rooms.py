# SPDX-License-Identifier: Apache-2.0
"""What the pages of one data room have in common: its head with the tabs, its words, and folders to choose from."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from sealroom.datarooms import queries
from sealroom.datarooms.flows import Hand
from sealroom.datarooms.queries import FolderName, GuestState, SeenItem, Sight
from sealroom.datarooms.rules import Audience, QuestionState, Right, Role, RoomState

DEPTH_MARK = "\u2003"


def head(hand: Hand, active: str) -> dict[str, Any]:
    """The variables of `web/rooms/_head.html`."""
    room = hand.room
    return {
        "room": {"id": room.public_id, "name": room.name, "state": room.state, "is_trashed": room.trashed_at is not None},
        "state_word": state_words()[RoomState(room.state)],
        "is_own": hand.actor is not None and room.owner_id == hand.actor.user_id,
        "may_change": room.state == RoomState.OPEN,
        "tabs": _tabs(hand, active),
        "room_crumbs": crumbs(hand, []),
    }


def _tabs(hand: Hand, active: str) -> list[dict[str, object]]:
    waiting = queries.open_questions(hand.room)
    words = {
        "room": (_("Files"), ""),
        "room_people": (_("People"), ""),
        "room_rights": (_("Rights"), ""),
        "room_questions": (_("Questions"), waiting or ""),
        "room_analytics": (_("Analytics"), ""),
        "room_settings": (_("Settings"), ""),
        "room_export": (_("Export"), ""),
    }
    return [
        {"label": label, "url": reverse(f"web:{name}", args=[hand.room.public_id]), "active": name == active, "count": count}
        for name, (label, count) in words.items()
    ]


def state_words() -> dict[RoomState, str]:
    """What the state of a room is called."""
    return {RoomState.OPEN: pgettext("state", "Open"), RoomState.ARCHIVED: _("Archived"), RoomState.CLOSED: _("Closed")}


def right_words() -> dict[str, str]:
    """What each right is called."""
    return {
        Right.NONE.value: _("No access"),
        Right.VIEW.value: _("View"),
        Right.PRINT.value: _("Print"),
        Right.DOWNLOAD_PDF.value: _("Download PDF"),
        Right.DOWNLOAD_ORIGINAL.value: _("Download original"),
        Right.CONTRIBUTE.value: _("Contribute"),
    }


def role_words() -> dict[str, str]:
    """What somebody in a room is called."""
    return {Role.GUEST.value: _("Guest"), Role.CO_OWNER.value: _("Co-owner")}


def audience_words() -> dict[str, str]:
    """Who sees questions."""
    return {
        Audience.OFF.value: _("No questions are taken"),
        Audience.OWNERS.value: _("Whoever asked, and those who lead the room"),
        Audience.GROUP.value: _("The group of whoever asked, too"),
        Audience.EVERYONE.value: _("Everybody in the room"),
    }


def question_words() -> dict[QuestionState, tuple[str, str]]:
    """The state of a question, with the tone of its badge."""
    return {
        QuestionState.OPEN: (pgettext("state", "Open"), "warn"),
        QuestionState.ANSWERED: (_("Answered"), "ok"),
        QuestionState.CLOSED: (_("Closed"), "neutral"),
    }


def guest_words() -> dict[GuestState, tuple[str, str]]:
    """What a guest is at the moment, with the tone of the badge."""
    return {
        GuestState.REVOKED: (_("Access revoked"), "danger"),
        GuestState.ENDED: (_("Access ended"), "neutral"),
        GuestState.WAITING: (_("Not yet"), "neutral"),
        GuestState.CAME: (_("Has been here"), "ok"),
        GuestState.INVITED: (pgettext("guest", "Invited"), "accent"),
    }


def called(item: SeenItem | FolderName) -> str:
    """An item with its number, where the room shows one."""
    return f"{item.number} {item.name}".strip()


def folder_choices(sight: Sight) -> list[tuple[str, str]]:
    """Every folder, deeper ones set in; the room itself comes first."""
    folders = [(folder.id, DEPTH_MARK * folder.depth + called(folder)) for folder in sight.folders()]
    return [("", _("The top of the room")), *folders]


def crumbs(hand: Hand, trail: list[SeenItem], *, route: str = "web:room") -> list[dict[str, str]]:
    """The way to the room, or to a folder of it."""
    base = reverse(route, args=[hand.room.public_id])
    return [
        {"label": _("Data Rooms"), "url": reverse("web:rooms")},
        {"label": hand.room.name, "url": base},
        *({"label": called(one), "url": f"{base}?folder={one.id}"} for one in trail),
    ]
