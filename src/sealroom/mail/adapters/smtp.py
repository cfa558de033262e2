# SPDX-License-Identifier: Apache-2.0
"""Mail by SMTP (RFC 5321): one connection, one recipient, one message; every answer becomes an `Outcome`."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from sealroom.mail.ports import Envelope, Outcome, Stage

STEP_SECONDS = 30.0  # for one answer
TOTAL_SECONDS = 120.0  # for the whole talk: a peer that drips one byte at a time must not hold a worker
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Relay:
    """Where mail is handed over."""

    host: str
    port: int
    user: str
    password: str
    tls: str  # starttls | implicit | none


def parse_relay(url: str) -> Relay:
    """Read `smtp://user:password@host:port?tls=starttls|implicit|none` (default: starttls; on loopback none). Raises
    `ImproperlyConfigured`; a password never goes over an open line to another machine."""
    parts = urlsplit(url)
    options = parse_qs(parts.query, keep_blank_values=True)
    host = parts.hostname or ""
    tls = options.pop("tls", ["none" if host in _LOOPBACK else "starttls"])[-1]
    if parts.scheme != "smtp" or not host or options or parts.path.strip("/") or tls not in {"starttls", "implicit", "none"}:
        raise ImproperlyConfigured("SEALROOM_SMTP_URL expects smtp://user:password@host:port?tls=starttls|implicit|none")
    if parts.username and tls == "none" and host not in _LOOPBACK:
        raise ImproperlyConfigured("SEALROOM_SMTP_URL would send the password in clear; use tls=starttls or tls=implicit")
    port = parts.port or {"starttls": 587, "implicit": 465, "none": 25}[tls]
    return Relay(host, port, unquote(parts.username or ""), unquote(parts.password or ""), tls)


class SmtpTransport:
    """Hands messages to the configured relay."""

    def __init__(
        self, relay: Relay | None = None, *, step_seconds: float = STEP_SECONDS, total_seconds: float = TOTAL_SECONDS
    ) -> None:
        self._relay = relay or parse_relay(settings.SEALROOM_SMTP_URL)
        self._step, self._total = step_seconds, total_seconds

    def deliver(self, envelope: Envelope) -> Outcome:
        """See the port. What the relay says after "250" to the data changes nothing."""
        talk = _Talk()
        try:
            with self._connected(talk) as smtp:
                return _hand_over(smtp, envelope, talk)
        except smtplib.SMTPResponseException as error:
            return Outcome(error.smtp_code, _text(error.smtp_error), talk.stage)
        except (smtplib.SMTPException, OSError) as error:
            return Outcome(0, f"{type(error).__name__}: {error}"[:300], talk.stage)

    @contextmanager
    def _connected(self, talk: _Talk) -> Iterator[smtplib.SMTP]:
        relay = self._relay
        context = ssl.create_default_context()
        if relay.tls == "implicit":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(timeout=self._step, context=context)
        else:
            smtp = smtplib.SMTP(timeout=self._step)
        alarm = threading.Timer(self._total, _cut, [smtp])
        alarm.daemon = True
        alarm.start()
        try:
            code, answer = smtp.connect(relay.host, relay.port)
            if code != 220:
                raise smtplib.SMTPConnectError(code, answer)
            if relay.tls == "starttls":
                smtp.starttls(context=context)
            smtp.ehlo_or_helo_if_needed()
            if relay.user:
                smtp.login(relay.user, relay.password)
            yield smtp
        finally:
            alarm.cancel()
            _say_goodbye(smtp, polite=talk.done)


@dataclass
class _Talk:
    """How far the talk came, for the error path."""

    stage: Stage = Stage.CONNECT
    done: bool = False


def _hand_over(smtp: smtplib.SMTP, envelope: Envelope, talk: _Talk) -> Outcome:
    options = ["SMTPUTF8", "BODY=8BITMIME"] if not envelope.recipient.isascii() or not envelope.data.isascii() else []
    if options and not smtp.has_extn("smtputf8"):
        return Outcome(553, "5.6.7 the relay cannot carry this international address", Stage.RECIPIENT)
    code, answer = 0, b""
    for stage in (Stage.SENDER, Stage.RECIPIENT, Stage.DATA):
        talk.stage = stage
        code, answer = _ask(smtp, envelope, stage, options)
        if not 200 <= code < 300:
            break
    talk.done = True
    return Outcome(code, _text(answer), talk.stage)


def _ask(smtp: smtplib.SMTP, envelope: Envelope, stage: Stage, options: list[str]) -> tuple[int, bytes]:
    if stage is Stage.SENDER:
        return smtp.mail(envelope.sender, options)
    if stage is Stage.RECIPIENT:
        return smtp.rcpt(envelope.recipient)
    return smtp.data(envelope.data)


def _say_goodbye(smtp: smtplib.SMTP, *, polite: bool) -> None:
    if polite and smtp.sock is not None:
        try:
            smtp.sock.settimeout(2.0)
            smtp.quit()
        except (smtplib.SMTPException, OSError):
            pass  # the answer to the data counts, not the goodbye
    smtp.close()


def _cut(smtp: smtplib.SMTP) -> None:
    if smtp.sock is not None:
        with suppress(OSError):
            smtp.sock.shutdown(socket.SHUT_RDWR)


def _text(answer: bytes | str) -> str:
    raw = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join("".join(c if c.isprintable() else " " for c in raw).split())[:300]
