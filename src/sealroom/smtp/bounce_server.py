# SPDX-License-Identifier: Apache-2.0
"""The listener for delivery reports: takes mail for return paths of our own, and for nobody else."""

from __future__ import annotations

import asyncio
import io
import ssl
from typing import BinaryIO

from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as Talk
from django.utils import timezone

from sealroom.mail import flows as mail
from sealroom.mail.queries import message_of_return_path
from sealroom.smtp import replies, taking
from sealroom.smtp.reports import read_report
from sealroom.smtp.server import IDLE_SECONDS, Gate, address_of

MOST_REPORT = 1024 * 1024  # bytes; a report may hold the whole message it is about, which has no files
NOBODY = "550 5.1.1 Nobody here"


class BounceHandler:
    """What is answered. The names are aiosmtpd's."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Talk, address: str, options: list[str]
    ) -> str:
        """A return path names a message of ours; one is enough for a report."""
        if message_of_return_path(address) is None or envelope.rcpt_tos:
            return NOBODY
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Talk) -> str:  # noqa: N802
        """Whatever it says is taken: who sends reports reads no answers."""
        source = io.BytesIO(envelope.content if isinstance(envelope.content, bytes) else b"")
        return str(await self._gate.run(hear, envelope.rcpt_tos[0], source))

    async def handle_exception(self, error: Exception) -> str:
        """A fault of ours: nothing of it is shown."""
        taking.log.error("connection failed", exc_info=error)
        return str(replies.TRY_LATER)


class Bounces(SMTP):
    """A connection of another mail server; with STARTTLS where there is a certificate."""

    def __init__(self, gate: Gate, *, tls: ssl.SSLContext | None, hostname: str) -> None:
        super().__init__(
            BounceHandler(gate),
            data_size_limit=MOST_REPORT,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident="Sealroom",
            tls_context=tls,
            timeout=IDLE_SECONDS,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )
        self._gate = gate

    async def _handle_client(self) -> None:
        ip = address_of(self)
        if not self._gate.enter(ip):
            await self.push(str(replies.TOO_MANY_CONNECTIONS))
            return
        try:
            await super()._handle_client()
        finally:
            self._gate.leave(ip)


def hear(return_path: str, source: BinaryIO) -> replies.Reply:
    """Note what a report says of the message its return path names."""
    return taking.guarded(lambda: _hear(return_path, source))


def _hear(return_path: str, source: BinaryIO) -> replies.Reply:
    report = read_report(source)
    if report is not None and report.is_final:
        mail.record_bounce(return_path, report.reason, timezone.now())
    return replies.TAKEN
