# SPDX-License-Identifier: Apache-2.0
"""Which parts of a mail are files to protect, which stay, and what makes two mails the same. Pure.

A part is a file unless there is a reason for it to stay: words, alternatives of the words, pictures the words show, invitations to
meetings, reports, and the placeholders of a mail program that made links itself.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses
from typing import BinaryIO
from urllib.parse import unquote

from sealroom.smtp import mime, replies
from sealroom.smtp.mime import Part
from sealroom.smtp.replies import Refused

MOST_KEPT = 10 * 1024 * 1024  # bytes that stay in the mail, and are stored once for each recipient
MOST_RECEIVED = 30
_CID = re.compile(r"""cid:([^"'\s<>)]{1,500})""", re.IGNORECASE)
_SIGNATURE = re.compile(r"image\d{1,4}\.[a-z]{3,4}", re.IGNORECASE)
_SMALL = 20 * 1024
_SEALED = frozenset(
    {
        "multipart/signed",
        "multipart/encrypted",
        "application/pkcs7-mime",
        "application/x-pkcs7-mime",
        "application/pgp-encrypted",
    }
)
CALENDAR = frozenset({"text/calendar", "application/ics"})  # invitations to meetings
_EXTENSIONS = {"message/rfc822": ".eml", "application/ms-tnef": ".dat", "message/global": ".eml", "image/heic": ".heic"}


@dataclass(frozen=True)
class File:
    """A part that leaves the mail. `size` in bytes, decoded; `sha256` of these bytes."""

    part: Part
    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Mail:
    """A mail that may be taken. `digest` is the same for the same content, however it was encoded; `dropped` parts go without being
    files (what only the sender's system can read). `pictures` are those the words show; they stay, unless the words go too."""

    root: Part
    files: tuple[File, ...]
    dropped: tuple[Part, ...]
    digest: str
    pictures: tuple[File, ...] = ()

    @property
    def message_id(self) -> str:
        """As its program gave it; "" when it gave none."""
        return " ".join(str(self.root.fields.get("Message-ID", "")).split())[:320]

    @property
    def subject(self) -> str:
        """Decoded, on one line."""
        return mime.decoded(str(self.root.fields.get("Subject", "")))

    @property
    def sender(self) -> tuple[str, str]:
        """Name and address of the one author. Raises `Refused` when there is not exactly one."""
        return _author(self.root.fields)


def read(source: BinaryIO) -> Mail:
    """Take a mail apart. Raises `Refused` for what cannot be changed or read in one way only, for loops and for automatic mail
    with files."""
    root = mime.scan(source)
    _check(root)
    shown = _shown(source, root)
    files: list[File] = []
    pictures: list[File] = []
    dropped: list[Part] = []
    kept = 0
    whole = hashlib.sha256(str(root.fields.get("Subject", "")).encode("utf-8", "surrogateescape"))
    for part in root.leaves():
        size, sha256 = _measure(source, part)
        name = ""
        if part.kind == "application/applefile" and "multipart/appledouble" in part.within:
            dropped.append(part)
        elif is_file(part, shown, size):
            name = _name_of(part, len(files) + 1)
            files.append(File(part, name, size, sha256))
        else:
            kept += part.end - part.start
            if part.kind.startswith("image/"):
                pictures.append(File(part, _name_of(part, len(pictures) + 1), size, sha256))
        whole.update(f"{part.kind}\n{name}\n{size}\n{sha256}\n".encode("utf-8", "surrogateescape"))
    if kept > MOST_KEPT:
        raise Refused(replies.too_much_text(MOST_KEPT))
    if files and str(root.fields.get("Auto-Submitted", "no")).strip().lower() != "no":
        raise Refused(replies.AUTOMATIC_WITH_FILES)
    return Mail(root, tuple(files), tuple(dropped), whole.hexdigest(), tuple(pictures))


def is_file(part: Part, shown: frozenset[str], size: int) -> bool:
    """Whether a leaf is a file; `shown` are the Content-IDs that the words show."""
    if "X-Mozilla-Cloud-Part" in part.fields or "multipart/report" in part.within or part.kind in CALENDAR:
        return False
    if part.kind.startswith("image/") and part.cid and part.cid in shown:
        in_words = "multipart/related" in part.within or part.disposition == "inline"
        return not (in_words or (size < _SMALL and _SIGNATURE.fullmatch(part.name)))
    if part.kind.startswith("text/"):
        return part.disposition == "attachment" or bool(part.name)
    return True


def key_of(user: str, mail: Mail, recipients: Sequence[str]) -> str:
    """What tells a repetition from a new mail: who, Message-ID, to whom, and what it holds. A retry of the same mail has the same
    key although programs draw new boundaries and dates for it."""
    parts = [user, mail.message_id, *sorted(recipients), mail.digest]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def text_of(source: BinaryIO, part: Part) -> tuple[str, str]:
    """The words of a text part and their character set, "utf-8" where the one it names does not fit."""
    plain = b"".join(mime.content(source, part))
    named = part.fields.get_content_charset("us-ascii")
    for charset in (named, "utf-8"):
        try:
            return plain.decode(charset), charset
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    return plain.decode("latin-1"), "utf-8"


def _check(root: Part) -> None:
    if len(root.fields.get_all("Received", ())) > MOST_RECEIVED:
        raise Refused(replies.LOOP)
    for part in root.walk():
        if part.kind in _SEALED:
            raise Refused(replies.SIGNED_OR_ENCRYPTED)
        if part.kind in {"message/partial", "message/external-body"}:
            raise Refused(replies.UNREADABLE)


def _shown(source: BinaryIO, root: Part) -> frozenset[str]:
    """Content-IDs the HTML of the mail refers to."""
    found: set[str] = set()
    for part in root.leaves():
        if part.kind == "text/html" and part.disposition != "attachment" and part.end - part.start <= MOST_KEPT:
            found.update(unquote(cid) for cid in _CID.findall(text_of(source, part)[0].replace("&amp;", "&")))
    return frozenset(found)


def _measure(source: BinaryIO, part: Part) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    for piece in mime.content(source, part):
        size += len(piece)
        digest.update(piece)
    return size, digest.hexdigest()


def _name_of(part: Part, number: int) -> str:
    """The file's name; one that has none is called after its kind."""
    ending = _EXTENSIONS.get(part.kind) or mimetypes.guess_extension(part.kind, strict=False) or ".bin"
    if part.kind == "application/ms-tnef" and not part.name:
        return "winmail.dat"
    if not part.name:
        return f"attachment-{number}{ending}"
    if part.kind == "message/rfc822" and not part.name.lower().endswith(".eml"):
        return f"{part.name}.eml"
    return part.name


def _author(fields: Message) -> tuple[str, str]:
    values = [str(value) for value in fields.get_all("From", ())]
    found = [pair for pair in getaddresses([mime.decoded(value) for value in values]) if pair[1]]
    if len(values) != 1 or len(found) != 1:
        raise Refused(replies.NO_SENDER_FIELD)
    return found[0]
