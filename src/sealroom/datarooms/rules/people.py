# SPDX-License-Identifier: Apache-2.0
"""What an invitation to a data room says, and what stands against it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sealroom.accounts.rules import LANGUAGES
from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.core.errors import Invalid
from sealroom.core.people import clean_name
from sealroom.datarooms.rules.words import Right, Role

MOST_INVITED = 2_000  # people of one invitation
MOST_MESSAGE = 10_000  # characters
REMIND_EVERY = timedelta(hours=1)


@dataclass(frozen=True)
class Invited:
    """Somebody to be invited, as typed."""

    email: str
    name: str = ""


@dataclass(frozen=True)
class Invitation:
    """Who is let into a room and how. `right` on the whole room: None leaves what the room and the groups (public ids) say.
    Instants are aware UTC: access from `access_from` on, until before `access_until`. `has_notice`: each is written to, in
    `language`."""

    people: tuple[Invited, ...]
    right: str | None = None
    groups: tuple[str, ...] = ()
    access_from: datetime | None = None
    access_until: datetime | None = None
    message: str = ""
    role: str = Role.GUEST.value
    has_notice: bool = True
    language: str = "en"


@dataclass(frozen=True)
class GuestChange:
    """What a guest is from now on."""

    name: str = ""
    role: str = Role.GUEST.value
    groups: tuple[str, ...] = ()
    access_from: datetime | None = None
    access_until: datetime | None = None


def checked_people(people: Iterable[Invited], *, owner: str) -> tuple[Invited, ...]:
    """People with canonical addresses, each once (the first name given counts). Raises `Invalid` (`addresses`; `lines` tells which
    and why: `bad_address`, `bad_name`, `is_owner`): an invitation is made whole or not at all."""
    found: dict[str, Invited] = {}
    wrong: list[dict[str, object]] = []
    for number, person in enumerate(people, start=1):
        try:
            address, name = canonical_address(person.email), clean_name(person.name)
        except BadAddress:
            wrong.append({"line": number, "text": person.email, "reason": "bad_address"})
            continue
        if name is None or address == owner:
            wrong.append({"line": number, "text": person.email, "reason": "bad_name" if name is None else "is_owner"})
        elif address not in found or not found[address].name:
            found[address] = Invited(address, name)
    if wrong:
        raise Invalid({"addresses": sorted({str(one["reason"]) for one in wrong})}, lines=wrong)
    if not found:
        raise Invalid({"addresses": ["required"]})
    if len(found) > MOST_INVITED:
        raise Invalid({"addresses": ["too_many"]})
    return tuple(found.values())


def invitation_errors(invitation: Invitation, *, now: datetime) -> dict[str, list[str]]:
    """Reasons by field why an invitation cannot be made, its people and groups aside."""
    found = {
        "right": [] if invitation.right is None or invitation.right in set(Right) else ["unknown"],
        "role": [] if invitation.role in set(Role) else ["unknown"],
        "access_until": _end_reasons(invitation.access_from, invitation.access_until, now=now),
        "message": _message_reasons(invitation.message),
        "language": [] if invitation.language in LANGUAGES else ["unknown"],
    }
    return {name: reasons for name, reasons in found.items() if reasons}


def change_errors(change: GuestChange) -> dict[str, list[str]]:
    """Reasons by field why a guest cannot be changed so, his groups aside. An end that has passed shuts him out, and may be set."""
    found = {
        "name": [] if clean_name(change.name) is not None else ["bad_name"],
        "role": [] if change.role in set(Role) else ["unknown"],
        "access_until": _end_reasons(change.access_from, change.access_until, now=None),
    }
    return {name: reasons for name, reasons in found.items() if reasons}


def _end_reasons(begins: datetime | None, ends: datetime | None, *, now: datetime | None) -> list[str]:
    if ends is None:
        return []
    if now is not None and ends <= now:
        return ["in_the_past"]
    return ["before_start"] if begins is not None and begins >= ends else []


def _message_reasons(message: str) -> list[str]:
    if len(message) > MOST_MESSAGE:
        return ["too_long"]
    return [] if all(c.isprintable() or c in "\r\n\t" for c in message) else ["control_character"]
