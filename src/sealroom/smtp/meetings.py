# SPDX-License-Identifier: Apache-2.0
"""Invitations to meetings of a mail whose words leave it (RFC 5545, RFC 6047). When, where and with whom stays, as the subject
and the addresses stay; what is said about it is words, and the way to them takes its place. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from sealroom.smtp import files
from sealroom.smtp.files import Mail
from sealroom.smtp.mime import Part

_COMPONENTS = frozenset({"VCALENDAR", "VEVENT", "VTIMEZONE", "STANDARD", "DAYLIGHT"})
_METHODS = frozenset({"PUBLISH", "REQUEST", "REPLY", "ADD", "CANCEL", "REFRESH", "COUNTER", "DECLINECOUNTER"})
# What a property is called that says when, where and with whom. Whatever is not named here may hold words.
_STAYS = frozenset(
    {
        *("VERSION", "PRODID", "CALSCALE", "METHOD", "UID", "DTSTAMP", "SEQUENCE", "STATUS", "CREATED", "LAST-MODIFIED", "CLASS"),
        *("SUMMARY", "LOCATION", "GEO", "DTSTART", "DTEND", "DURATION", "ORGANIZER", "ATTENDEE", "TRANSP", "PRIORITY"),
        *("RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "TZID", "TZOFFSETFROM", "TZOFFSETTO", "TZNAME"),
        *("X-MICROSOFT-CDO-BUSYSTATUS", "X-MICROSOFT-CDO-INTENDEDSTATUS", "X-MICROSOFT-CDO-ALLDAYEVENT"),
    }
)
_NAME = re.compile(r"[A-Za-z0-9-]+")
_WRITTEN = {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}
_MOST_LINE = 75  # octets (RFC 5545, 3.1)


@dataclass(frozen=True)
class Meeting:
    """What stays of an invitation, line by line. `is_attached`: it came as a file, not among the words."""

    lines: tuple[str, ...]
    method: str
    is_attached: bool

    def calendar(self, text: str) -> str:
        """The invitation, which says `text` about itself."""
        said = "DESCRIPTION:" + "".join(_WRITTEN.get(letter, letter) for letter in text.strip())
        return "".join(_folded(one) for line in self.lines for one in ((line, said) if line == "BEGIN:VEVENT" else (line,)))


def meetings_of(source: BinaryIO, mail: Mail) -> tuple[Meeting, ...]:
    """The invitations of a mail; none of what is no event."""
    return tuple(found for part in _calendars(mail) if (found := _meeting(source, part)) is not None)


def said_in_meetings(source: BinaryIO, mail: Mail) -> str:
    """What the invitations of a mail say about themselves, as plain text."""
    found = (line for part in _calendars(mail) for line, within in _placed(_lines(source, part)) if within[-1:] == ["VEVENT"])
    return "\n\n".join(_read(line.partition(":")[2]) for line in found if _name_of(line) == "DESCRIPTION").strip()


def _calendars(mail: Mail) -> Iterator[Part]:
    return (part for part in mail.root.leaves() if part.kind in files.CALENDAR)


def _meeting(source: BinaryIO, part: Part) -> Meeting | None:
    lines = tuple(_kept(_lines(source, part)))
    if lines[:1] != ("BEGIN:VCALENDAR",) or "BEGIN:VEVENT" not in lines:
        return None
    named = next((line.partition(":")[2].strip().upper() for line in lines if _name_of(line) == "METHOD"), "")
    is_among_words = not part.within or "multipart/alternative" in part.within
    return Meeting(lines, named if named in _METHODS else "", part.disposition == "attachment" or not is_among_words)


def _lines(source: BinaryIO, part: Part) -> list[str]:
    """Content lines, unfolded."""
    text = files.text_of(source, part)[0].removeprefix("\ufeff")
    return re.split(r"\r\n|\n|\r", re.sub(r"(?:\r\n|\n|\r)[ \t]", "", text))


def _placed(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Each line with the components it stands in, its own where it begins or ends one."""
    within: list[str] = []
    for line in lines:
        name, value = _name_of(line), line.partition(":")[2].strip().upper()
        if name == "BEGIN":
            within.append(value)
        yield line, within
        if name == "END" and within[-1:] == [value]:
            within.pop()


def _kept(lines: list[str]) -> Iterator[str]:
    for line, within in _placed(lines):
        name = _name_of(line)
        if all(one in _COMPONENTS for one in within) and (name in _STAYS or name in {"BEGIN", "END"}):
            yield line if name in _STAYS else line.strip().upper()


def _name_of(line: str) -> str:
    found = _NAME.match(line)
    return found[0].upper() if found else ""


def _read(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value)


def _folded(line: str) -> str:
    """A line in pieces of at most 75 octets, never within a letter."""
    pieces, size = [""], 0
    for letter in line:
        octets = len(letter.encode("utf-8", "replace"))
        if size + octets > _MOST_LINE:
            pieces.append(" ")
            size = 1
        pieces[-1] += letter
        size += octets
    return "\r\n".join(pieces) + "\r\n"
