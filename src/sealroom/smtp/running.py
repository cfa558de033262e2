# SPDX-License-Identifier: Apache-2.0
"""Listening: one loop with a port for STARTTLS, one for TLS from the start and one for reports, until it is told to stop. While it
listens it says so, for the page that tells admins what works."""

from __future__ import annotations

import asyncio
import math
import signal
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from cryptography import x509
from django.conf import settings
from django.utils import timezone

from sealroom.mail.flows import GATEWAY_SAYS, note_gateway
from sealroom.mail.queries import GatewayState
from sealroom.smtp.bounce_server import Bounces
from sealroom.smtp.server import Gate, Limits, Submission
from sealroom.smtp.taking import guarded


def tls_context() -> ssl.SSLContext:
    """Modern TLS with the certificate of the settings. Raises `OSError` or `ssl.SSLError` for files that are none."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.SEALROOM_SUBMISSION_CERT, settings.SEALROOM_SUBMISSION_KEY or None)
    return context


def run(*, ready: Callable[[], None] = lambda: None, alive: Callable[[], bool] = lambda: True) -> None:
    """Serve until SIGTERM or SIGINT, or until `alive` says no; mails under way are finished. SIGHUP reads the certificate again.
    `ready` is called when the ports listen."""
    asyncio.run(_serve(_Certificate.load() if settings.SEALROOM_SUBMISSION_CERT else None, ready, alive))


@dataclass
class _Certificate:
    """What new connections are shown, and until when it holds. Raises `OSError`, `ssl.SSLError` or `ValueError` for files that are
    none."""

    context: ssl.SSLContext
    until: datetime

    @classmethod
    def load(cls) -> _Certificate:
        """As it is on the disk now."""
        return cls(tls_context(), _holds_until())

    def again(self) -> None:
        """New connections get the certificate as it is now."""
        self.context.load_cert_chain(settings.SEALROOM_SUBMISSION_CERT, settings.SEALROOM_SUBMISSION_KEY or None)
        self.until = _holds_until()


def _holds_until() -> datetime:
    return x509.load_pem_x509_certificate(Path(settings.SEALROOM_SUBMISSION_CERT).read_bytes()).not_valid_after_utc


async def _serve(certificate: _Certificate | None, ready: Callable[[], None], alive: Callable[[], bool]) -> None:
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    loop.add_signal_handler(signal.SIGHUP, certificate.again if certificate else lambda: None)
    servers = await _listen(certificate.context if certificate else None)
    ready()
    said = -math.inf
    while not stopping.is_set() and alive():
        if loop.time() - said >= GATEWAY_SAYS.total_seconds():
            said = loop.time()
            await loop.run_in_executor(None, _say, _state(certificate))
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), 1.0)
    await loop.run_in_executor(None, _say, None)
    for server, gate in servers:
        server.close()
        await loop.run_in_executor(None, gate.threads.shutdown)


async def _listen(tls: ssl.SSLContext | None) -> list[tuple[asyncio.Server, Gate]]:
    """The ports that are set, each with the gate all its connections share."""
    loop, host_name = asyncio.get_running_loop(), settings.SEALROOM_SUBMISSION_HOST
    limits = Limits(settings.SEALROOM_SUBMISSION_MAX_BYTES, settings.SEALROOM_SUBMISSION_MAX_RECIPIENTS)
    gate, made = Gate(limits, settings.FILE_UPLOAD_TEMP_DIR), []
    if place := settings.SEALROOM_SUBMISSION_LISTEN:
        assert tls is not None
        starttls = partial(Submission, gate, tls=tls, over_tls=False, hostname=host_name)
        made.append((await loop.create_server(starttls, *place), gate))
    if place := settings.SEALROOM_SUBMISSION_TLS_LISTEN:
        assert tls is not None
        implicit = partial(Submission, gate, tls=tls, over_tls=True, hostname=host_name)
        made.append((await loop.create_server(implicit, *place, ssl=tls), gate))
    if place := settings.SEALROOM_BOUNCE_LISTEN:
        others = Gate(limits, settings.FILE_UPLOAD_TEMP_DIR)  # reports must not take the places of members
        made.append((await loop.create_server(partial(Bounces, others, tls=tls, hostname=host_name), *place), others))
    return made


def _state(certificate: _Certificate | None) -> GatewayState:
    takes_mail = bool(settings.SEALROOM_SUBMISSION_LISTEN or settings.SEALROOM_SUBMISSION_TLS_LISTEN)
    until = certificate.until if certificate is not None and takes_mail else None
    return GatewayState(takes_mail, bool(settings.SEALROOM_BOUNCE_LISTEN), until, timezone.now())


def _say(state: GatewayState | None) -> None:
    """Without a database nobody hears it; mail programs are told to try again then."""
    guarded(lambda: note_gateway(state))
