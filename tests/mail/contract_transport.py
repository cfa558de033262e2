# SPDX-License-Identifier: Apache-2.0
"""What every `MailTransport` keeps."""

from __future__ import annotations

from datetime import timedelta

from sealroom.mail.ports import Envelope, MailTransport
from tests.conftest import NOW

DATA = b"From: a@example.com\r\nTo: nadia@example.com\r\nSubject: One\r\n\r\nHello\r\n.\r\n..two dots\r\n"


def envelope(number: int = 1, *, to: str = "nadia@example.com", data: bytes = DATA) -> Envelope:
    return Envelope("sealroom+eml_x@example.com", to, data, f"eml_{number:020}", NOW + timedelta(seconds=number))


def check(transport: MailTransport) -> None:
    """Accepts a message, and the same one again."""
    for _ in range(2):
        assert transport.deliver(envelope()).accepted
