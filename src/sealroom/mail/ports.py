# SPDX-License-Identifier: Apache-2.0
"""What mail needs from outside: something that carries a message away, and (without SMTP) a folder to read it from."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string


class Stage(enum.StrEnum):
    """How far the talk with the other side had come."""

    CONNECT = "connect"  # greeting, TLS, sign-in: about us and the relay, never about this message
    SENDER = "sender"
    RECIPIENT = "recipient"
    DATA = "data"


@dataclass(frozen=True)
class Outcome:
    """What one attempt met. `code` 0: no answer at all (network, timeout)."""

    code: int
    answer: str = ""
    stage: Stage = Stage.DATA

    @property
    def accepted(self) -> bool:
        """The other side took responsibility for the message."""
        return self.stage is Stage.DATA and 200 <= self.code < 300


@dataclass(frozen=True)
class Envelope:
    """A message ready for the wire: one recipient, the bounce address, the bytes. `reference` is the message's public id and
    `composed_at` its birth; both stay the same over retries."""

    sender: str
    recipient: str
    data: bytes
    reference: str
    composed_at: datetime


class MailTransport(Protocol):
    """Carries one message to one recipient."""

    def deliver(self, envelope: Envelope) -> Outcome:
        """Hand the message over and say what the other side answered. Never raises for what the other side or the network does;
        returns within bounded time. `ACCEPTED` means that the other side took responsibility for it."""
        ...


@dataclass(frozen=True)
class OutboxEntry:
    """A message in the outbox folder, by file name."""

    name: str
    at: datetime
    to: str
    subject: str


@dataclass(frozen=True)
class OutboxMessage:
    """A message of the outbox, parsed for reading. `html` is untrusted markup: show it only in a sandbox."""

    name: str
    at: datetime
    sender: str
    to: str
    reply_to: str
    subject: str
    text: str
    html: str
    raw: bytes


class Outbox(Protocol):
    """A folder of messages, for installations without SMTP."""

    def entries(self, *, limit: int) -> list[OutboxEntry]:
        """Newest first."""
        ...

    def read(self, name: str) -> OutboxMessage | None:
        """The message of that file name; None when there is none or the name is not one the outbox gives."""
        ...


@dataclass(frozen=True)
class KeyRecord:
    """Where the public half of a signing key is looked up, and what must stand there."""

    name: str
    text: str


class LookupFailed(Exception):
    """Nobody could be asked; nothing is known."""


class TextRecords(Protocol):
    """Asks what a domain has published."""

    def texts(self, name: str) -> list[str]:
        """The text records of a name, none where there are none. Raises `LookupFailed`; returns within bounded time."""
        ...


@cache
def get_text_records() -> TextRecords:
    """Who is asked, named by the settings."""
    records: TextRecords = import_string(settings.SEALROOM_TEXT_RECORDS)()
    return records


class MailSigner(Protocol):
    """Signs messages on their way out."""

    @property
    def record(self) -> KeyRecord:
        """What its domain must publish for the signatures to hold."""
        ...

    def sign(self, data: bytes) -> bytes:
        """The message as it goes over the wire; unchanged when it is not ours to sign. Raises nothing."""
        ...


@cache
def get_signer() -> MailSigner | None:
    """The signer named by the settings; None when no key is set."""
    if not settings.SEALROOM_MAIL_SIGNER:
        return None
    signer: MailSigner = import_string(settings.SEALROOM_MAIL_SIGNER)()
    return signer


@cache
def get_transport() -> MailTransport:
    """The transport named by the settings."""
    transport: MailTransport = import_string(settings.SEALROOM_MAIL_TRANSPORT)()
    return transport


def get_outbox() -> Outbox | None:
    """The outbox folder when mail goes there, else None."""
    transport: object = get_transport()
    return transport.outbox if isinstance(transport, HasOutbox) else None


class HasOutbox:
    """A transport that keeps what it carried where people can read it."""

    outbox: Outbox
