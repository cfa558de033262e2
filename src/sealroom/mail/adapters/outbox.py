# SPDX-License-Identifier: Apache-2.0
"""Without SMTP: mail becomes .eml files in a folder of the installation, where operators can read it."""

from __future__ import annotations

import email
import email.policy
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings

from sealroom.mail.ports import Envelope, HasOutbox, OutboxEntry, OutboxMessage, Outcome, Stage

_NAME = re.compile(r"^(\d{8}T\d{6}\.\d{6})Z-eml_[0-9A-Za-z]{10,40}\.eml$")
_STAMP = "%Y%m%dT%H%M%S.%f"


class OutboxFolder:
    """Files named by the instant their message was composed, so that their order is the order of time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entries(self, *, limit: int) -> list[OutboxEntry]:
        """Newest first; what disappears meanwhile is left out."""
        names = sorted((name for name in self._names()), reverse=True)[:limit]
        return [OutboxEntry(m.name, m.at, m.to, m.subject) for m in map(self.read, names) if m is not None]

    def read(self, name: str) -> OutboxMessage | None:
        """Only names of our own making are ever opened: no path, no dot file."""
        matched = _NAME.fullmatch(name)
        if matched is None:
            return None
        try:
            raw = (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None
        message = email.message_from_bytes(raw, policy=email.policy.default)
        at = datetime.strptime(matched[1], _STAMP).replace(tzinfo=UTC)
        header = {key: _readable(str(message.get(key, ""))) for key in ("From", "To", "Reply-To", "Subject")}
        return OutboxMessage(
            name=name,
            at=at,
            sender=header["From"],
            to=header["To"],
            reply_to=header["Reply-To"],
            subject=header["Subject"],
            text=_part(message, "plain"),
            html=_part(message, "html"),
            raw=raw,
        )

    def _names(self) -> Iterator[str]:
        if self.folder.is_dir():
            with os.scandir(self.folder) as found:
                yield from (entry.name for entry in found if _NAME.fullmatch(entry.name))


class OutboxTransport(HasOutbox):
    """Accepts everything; a file is complete and on disk before the message counts as sent. A retry writes the same file again."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder: Path = folder or settings.SEALROOM_DATA / "outbox"
        self.outbox = OutboxFolder(self._folder)

    def deliver(self, envelope: Envelope) -> Outcome:
        """Write, fsync, rename, fsync the folder."""
        stamp = envelope.composed_at.astimezone(UTC).strftime(_STAMP)
        try:
            _write(self._folder, f"{stamp}Z-{envelope.reference}.eml", envelope.data)
        except OSError as error:
            return Outcome(451, f"outbox: {error.strerror}", Stage.CONNECT)
        return Outcome(250, "written to the outbox")


def _write(folder: Path, name: str, data: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = folder / f".{name}.{os.getpid()}"
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / name)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def _readable(header: str) -> str:
    """Raw UTF-8 in headers (international addresses) comes out of the parser as surrogates."""
    return header.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    content = part.get_content() if part is not None else ""
    return content if isinstance(content, str) else ""
