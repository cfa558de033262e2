# SPDX-License-Identifier: Apache-2.0
"""The words of a mail as one piece of HTML, where they leave the mail too. Pure."""

from __future__ import annotations

from typing import BinaryIO

from sealroom.sends.rules import clean_words, says_something, words_from_text
from sealroom.smtp import files
from sealroom.smtp.files import Mail
from sealroom.smtp.mime import Part
from sealroom.smtp.rewrite import Block, Stamp, envelope_head, text_part


def words_of(source: BinaryIO, mail: Mail) -> str:
    """What its reader would see, as HTML that nobody cleaned yet: of alternatives the richest, else all in order. "" for a mail
    that says nothing."""
    gone = {id(file.part) for file in mail.files} | {id(part) for part in mail.dropped}
    words = _words(source, mail.root, gone)
    shown = {file.part.cid: "pic_0" for file in mail.pictures}
    return words if says_something(clean_words(words, shown)) else ""


def letter(mail: Mail, block: Block, *, stamp: Stamp) -> bytes:
    """The bytes for one recipient of a mail whose words left it: its header, and the way to them."""
    edge = b"=_sealroom"
    parts = (text_part(block.text, "plain"), text_part(block.html, "html"))
    body = b"".join(b"--" + edge + b"\r\n" + part + b"\r\n" for part in parts)
    kind = b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="' + edge + b'"\r\n\r\n'
    return stamp.above() + envelope_head(mail.root.head, stamp.drops | {"mime-version"}) + kind + body + b"--" + edge + b"--\r\n"


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
