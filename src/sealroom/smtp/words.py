# SPDX-License-Identifier: Apache-2.0
"""The words of a mail as one piece of HTML, where they leave the mail too. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from sealroom.sends.rules import clean_words, says_something, words_from_text
from sealroom.smtp import files
from sealroom.smtp.files import Mail
from sealroom.smtp.meetings import Meeting, said_in_meetings
from sealroom.smtp.mime import Part
from sealroom.smtp.rewrite import Block, Stamp, container, envelope_head, text_part


def words_of(source: BinaryIO, mail: Mail) -> str:
    """What its reader would see, as HTML that nobody cleaned yet: of alternatives the richest, else all in order; of an invitation
    without any words, what it says itself. "" for a mail that says nothing."""
    gone = {id(file.part) for file in mail.files} | {id(part) for part in mail.dropped}
    words = _words(source, mail.root, gone)
    shown = {file.part.cid: "pic_0" for file in mail.pictures}
    return words if says_something(clean_words(words, shown)) else words_from_text(said_in_meetings(source, mail))


def letter(mail: Mail, block: Block, *, stamp: Stamp, meetings: Sequence[Meeting] = ()) -> bytes:
    """The bytes for one recipient of a mail whose words left it: its header, the way to them, and the meetings it invites to."""
    among = [_invitation(one, block) for one in meetings if not one.is_attached]
    body = container("alternative", (text_part(block.text, "plain"), text_part(block.html, "html"), *among))
    attached = [_invitation(one, block) for one in meetings if one.is_attached]
    whole = container("mixed", (body, *attached)) if attached else body
    return stamp.above() + envelope_head(mail.root.head, stamp.drops | {"mime-version"}) + b"MIME-Version: 1.0\r\n" + whole


def _invitation(meeting: Meeting, block: Block) -> bytes:
    fields = b'Content-Disposition: attachment; filename="invite.ics"\r\n' if meeting.is_attached else b""
    return text_part(meeting.calendar(block.text), "calendar", fields, f"; method={meeting.method}" if meeting.method else "")


def _words(source: BinaryIO, part: Part, gone: set[int]) -> str:
    if part.boundary:
        found = [words for words in (_words(source, child, gone) for child in part.children) if words.strip()]
        if part.kind == "multipart/alternative":
            return found[-1] if found else ""
        return "\n".join(found)
    if id(part) in gone or part.kind not in {"text/plain", "text/html"} or "X-Mozilla-Cloud-Part" in part.fields:
        return ""
    text = files.text_of(source, part)[0]
    return text if part.kind == "text/html" else words_from_text(text)
