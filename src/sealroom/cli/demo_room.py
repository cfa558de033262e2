# SPDX-License-Identifier: Apache-2.0
"""The data room of the demo: a deal with two sides, staged rights, a co-owner, and questions that a guest asked as in earnest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sealroom.access.models import Link
    from sealroom.accounts.rules import Actor
    from sealroom.datarooms.flows import Hand
    from sealroom.datarooms.models import DataRoom, Group, Guest
    from sealroom.datarooms.rules import RoomSettings

NAME = "Project Alder"
_IP = "203.0.113.7"
_ABOUT = "**Project Alder** is the sale of a part of Example Company Ltd. Ask under *Questions*; answers come within a day."
_TREE = {
    "Company": ("Term sheet.pdf",),
    "Finance": ("Forecast.pdf",),
    "Premises": ("Floor plan.png",),
    "Board only": (),
}

Prove = Callable[["Link", str, datetime], str]
"""Proves an address behind a link by the mailed code; returns the browser's cookie."""


@dataclass(frozen=True)
class Cast:
    """Who is in the room: the colleague who leads it too, those who bid, and their adviser."""

    colleague: str
    bidders: tuple[str, ...]
    adviser: str


def make(admin: Actor, cast: Cast, documents: Mapping[str, str], prove: Prove, *, now: datetime) -> None:
    """Open the room, with copies of these documents (name: id), three days before `now`."""
    from sealroom.datarooms import flows  # noqa: PLC0415 -- app ready

    began = now - timedelta(days=3)
    room = flows.create_room(admin, NAME, wish=_settings, now=began)
    hand = flows.lead(admin, room.public_id)
    folders = {name: flows.create_folder(hand, "", name, now=began).public_id for name in _TREE}
    bidders, advisers = (flows.create_group(admin, room.public_id, name, now=began) for name in ("Bidders", "Advisers"))
    guests = _invite(admin, room, cast, bidders, advisers, now=now - timedelta(days=2))
    _give(admin, room, folders, bidders, advisers, now=began)
    _ask(hand, guests[cast.bidders[1]], folders["Finance"], prove, now=now)
    for name, files in _TREE.items():  # last: nobody here waits for the later pages of the copies
        for file in files:
            flows.bring_document(hand, folders[name], documents[file], now=began)


def _settings(before: RoomSettings) -> RoomSettings:
    return replace(before, default_right="none", question_audience="group", banner="Strictly confidential", about=_ABOUT)


def _invite(admin: Actor, room: DataRoom, cast: Cast, bidders: Group, advisers: Group, *, now: datetime) -> dict[str, Guest]:
    from sealroom.datarooms import flows  # noqa: PLC0415 -- app ready
    from sealroom.datarooms.rules import Invitation, Invited, Role  # noqa: PLC0415 -- app ready

    invitations = (
        Invitation(tuple(map(Invited, cast.bidders)), groups=(bidders.public_id,), message="Welcome to the data room."),
        Invitation((Invited(cast.adviser),), groups=(advisers.public_id,)),
        Invitation((Invited(cast.colleague),), role=Role.CO_OWNER.value),
    )
    found = [guest for one in invitations for guest in flows.invite(admin, room.public_id, one, now=now)]
    return {guest.address: guest for guest in found}


def _give(admin: Actor, room: DataRoom, folders: Mapping[str, str], bidders: Group, advisers: Group, *, now: datetime) -> None:
    """Bidders read all but one folder; the adviser takes figures along and sees nothing else."""
    from sealroom.datarooms import flows  # noqa: PLC0415 -- app ready
    from sealroom.datarooms.rules import Right, RightChange  # noqa: PLC0415 -- app ready

    rights = (
        ("", bidders, Right.VIEW),
        (folders["Board only"], bidders, Right.NONE),
        (folders["Company"], bidders, Right.PRINT),
        (folders["Finance"], advisers, Right.DOWNLOAD_PDF),
    )
    changes = [RightChange(item, "", group.public_id, right) for item, group, right in rights]
    flows.set_rights(admin, room.public_id, changes, now=now)


def _ask(hand: Hand, guest: Guest, finance: str, prove: Prove, *, now: datetime) -> None:
    """A bidder comes by his link and asks twice; one question is answered, one waits."""
    from sealroom.datarooms import flows  # noqa: PLC0415 -- app ready

    assert guest.link is not None
    cookie = prove(guest.link, guest.address, now)
    visitor = flows.visit(cookie, guest.link.public_id, ip=_IP, now=now)
    figures = flows.Asking("Revenue of year 2", "Does the forecast count the contract with the second customer?", finance)
    first = flows.ask_question(visitor, figures, now=now)
    flows.reply_to_question(hand, first.public_id, "Yes, from its second quarter on.", now=now)
    flows.ask_question(visitor, flows.Asking("Lease", "When does the lease of the premises end?"), now=now)
