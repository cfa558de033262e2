# SPDX-License-Identifier: Apache-2.0
"""The conversation with mail programs (RFC 6409, RFC 8314): TLS first, sign-in second, then mails. What blocks runs in threads."""

from __future__ import annotations

import asyncio
import base64
import binascii
import ssl
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, BinaryIO, TypeVar, cast

from aiosmtpd.smtp import MISSING, SMTP, AuthResult, Session
from aiosmtpd.smtp import Envelope as Talk

from sealroom.accounts.rules import SmtpSignIn
from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.smtp import replies, taking
from sealroom.smtp.replies import Reply

IN_MEMORY = 1024 * 1024  # bytes of a mail; beyond, it lies in a file without a name
MOST_SECONDS = 900.0  # for the data of one mail
IDLE_SECONDS = 300.0
THREADS = 16
_LINES_A_LOOK = 2000
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Limits:
    """How much one installation takes: bytes of a mail, recipients, connections in all and from one address."""

    bytes: int
    recipients: int = 100
    connections: int = 200
    per_address: int = 20


@dataclass
class Gate:
    """What all connections share: limits, threads, who is connected. `folder` is where large mails lie while they come in."""

    limits: Limits
    folder: str
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, "smtp"))
    connected: Counter[str] = field(default_factory=Counter)

    def enter(self, ip: str) -> bool:
        """Count a connection; False when there are too many."""
        if self.connected.total() >= self.limits.connections or self.connected[ip] >= self.limits.per_address:
            return False
        self.connected[ip] += 1
        return True

    def leave(self, ip: str) -> None:
        """A counted connection ended."""
        self.connected[ip] -= 1
        if self.connected[ip] <= 0:
            del self.connected[ip]

    async def run(self, deed: Callable[..., Answer], *arguments: Any) -> Answer:
        """Run what blocks. It goes on to its end even when the connection is lost meanwhile."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, deed, *arguments)


class Handler:
    """What is answered to each word of a program that signed in. The names are aiosmtpd's."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def auth_PLAIN(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802 -- the library's names
        """RFC 4616: authorisation, user, password in one text."""
        text = await _asked(server, "", args[1:])
        parts = text.split("\0") if text is not None else []
        if len(parts) != 3:
            return AuthResult(success=False, handled=text is None, message=str(replies.WRONG_PASSWORD))
        return await self._sign_in(server, parts[1], parts[2])

    async def auth_LOGIN(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        """User and password one after the other."""
        login = await _asked(server, "Username:", args[1:])
        password = await _asked(server, "Password:", []) if login is not None else None
        if login is None or password is None:
            return AuthResult(success=False, handled=True)
        return await self._sign_in(server, login, password)

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Talk, address: str | None, options: list[str]
    ) -> str:
        """Only from an address of the member's own."""
        if not address or address == "<>":
            return str(replies.NULL_SENDER)
        refusal = await self._gate.run(taking.refusal_of_sender, _signed_in(session), address)
        if refusal is not None:
            return str(refusal)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Talk, address: str, options: list[str]
    ) -> str:
        """Any address we can deliver to, each once, up to the limit."""
        try:
            canonical = canonical_address(address)
        except BadAddress:
            return str(replies.BAD_RECIPIENT)
        if canonical not in envelope.rcpt_tos:
            if len(envelope.rcpt_tos) >= self._gate.limits.recipients:
                return str(replies.too_many_recipients(self._gate.limits.recipients))
            envelope.rcpt_tos.append(canonical)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Talk) -> str:  # noqa: N802
        """The mail is here: everything is decided before the answer."""
        source = cast("BinaryIO", envelope.content)
        assert envelope.mail_from is not None
        what = taking.Envelope(envelope.mail_from, tuple(envelope.rcpt_tos))
        return str(await self._gate.run(taking.take, _signed_in(session), what, source))

    async def handle_exception(self, error: Exception) -> str:
        """A fault of ours: nothing of it is shown."""
        taking.log.error("connection failed", exc_info=error)
        return str(replies.TRY_LATER)

    async def _sign_in(self, server: SMTP, login: str, password: str) -> AuthResult:
        found = await self._gate.run(taking.sign_in, login, password, address_of(server))
        if isinstance(found, Reply):
            return AuthResult(success=False, handled=False, message=str(found))
        return AuthResult(success=True, auth_data=found, message=str(replies.SIGNED_IN))


class Submission(SMTP):
    """A connection. `over_tls`: the port speaks TLS from the first byte; otherwise nothing goes before STARTTLS."""

    def __init__(self, gate: Gate, *, tls: ssl.SSLContext, over_tls: bool, hostname: str) -> None:
        super().__init__(
            Handler(gate),
            data_size_limit=gate.limits.bytes,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident="Sealroom",
            tls_context=None if over_tls else tls,
            require_starttls=not over_tls,
            auth_required=True,
            auth_require_tls=not over_tls,
            timeout=IDLE_SECONDS,
            loop=asyncio.get_running_loop(),
        )
        self._gate = gate

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Tell the library of TLS that began before it."""
        super().connection_made(transport)
        if self.session is not None and self.session.ssl is None and transport.get_extra_info("ssl_object") is not None:
            self.session.ssl = transport.get_extra_info("ssl_object")

    async def _handle_client(self) -> None:
        ip = address_of(self)
        if not self._gate.enter(ip):
            await self.push(str(replies.TOO_MANY_CONNECTIONS))
            if self.transport is not None:
                cast("asyncio.Transport", self.transport).close()
            return
        try:
            await super()._handle_client()
        finally:
            self._gate.leave(ip)

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        """Take the mail in without holding it, then answer."""
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        assert self.envelope is not None
        if not self.envelope.rcpt_tos or arg:
            await self.push("501 5.5.4 Syntax: DATA" if arg else "503 5.5.1 Error: need RCPT command")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        spool = _spool(self._gate.folder)
        try:
            problem = await asyncio.wait_for(self._receive(spool), MOST_SECONDS)
        except TimeoutError:
            problem = replies.TRY_LATER
        except BaseException:
            spool.close()
            raise
        self._reset_timeout()
        if problem is not None:
            spool.close()
            answer = str(problem)
        else:
            self.envelope.content = spool  # type: ignore[assignment]  # read by our own handler alone
            found = await self._call_handler_hook("DATA")
            answer = str(replies.TRY_LATER) if found is MISSING else found
        self.envelope = self._create_envelope()
        await self.push(answer)

    async def _receive(self, spool: BinaryIO) -> Reply | None:
        """Write the lines of a mail down up to its lone dot; what is wrong with it is said when all of it was read."""
        problem: Reply | None = None
        size = count = 0
        joined = False  # whether this piece continues a line
        while True:
            try:
                line = await self._reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as error:
                await self._reader.read(error.consumed)
                problem, joined = problem or replies.LINE_TOO_LONG, True
                continue
            if line == b".\r\n" and not joined:
                return problem
            joined = False
            size, count = size + len(line), count + 1
            if count % _LINES_A_LOOK == 0:
                self._reset_timeout()
            if size > self._gate.limits.bytes:
                problem = problem or replies.TOO_BIG
            elif b"\n" in line[:-2] or b"\r" in line[:-2]:
                problem = problem or replies.BARE_LINE_END
            if problem is None:
                spool.write(line[1:] if line.startswith(b".") else line)


def _spool(folder: str) -> BinaryIO:
    """Where a mail lies until it is taken: its reader closes it."""
    return cast("BinaryIO", tempfile.SpooledTemporaryFile(IN_MEMORY, dir=folder))


def address_of(server: SMTP) -> str:
    """The other side's address."""
    peer = cast("tuple[str, int] | None", server.session.peer if server.session is not None else None)
    return peer[0] if peer else ""


def _signed_in(session: Session) -> SmtpSignIn:
    found: object = session.auth_data
    assert isinstance(found, SmtpSignIn)
    return found


async def _asked(server: SMTP, challenge: str, given: list[str]) -> str | None:
    """A text of the sign-in, given with the command or asked for; None when the library answered already."""
    if given:
        try:
            raw = b"" if given[0] == "=" else base64.b64decode(given[0].encode("ascii", "replace"), validate=True)
        except binascii.Error:
            await server.push("501 5.5.2 Can't decode base64")
            return None
    else:
        answer: object = await server.challenge_auth(challenge)
        if not isinstance(answer, bytes):
            return None
        raw = answer
    return raw.decode("utf-8", "replace")
