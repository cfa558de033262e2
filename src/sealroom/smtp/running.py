# SPDX-License-Identifier: Apache-2.0
"""Listening: one loop with a port for STARTTLS, one for TLS from the start and one for reports, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from django.conf import settings

from sealroom.smtp.bounce_server import Bounces
from sealroom.smtp.server import Gate, Limits, Submission


def tls_context() -> ssl.SSLContext:
    """Modern TLS with the certificate of the settings. Raises `OSError` or `ssl.SSLError` for files that are none."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.SEALROOM_SUBMISSION_CERT, settings.SEALROOM_SUBMISSION_KEY or None)
    return context


def run(*, ready: Callable[[], None] = lambda: None, alive: Callable[[], bool] = lambda: True) -> None:
    """Serve until SIGTERM or SIGINT, or until `alive` says no; mails under way are finished. SIGHUP reads the certificate again.
    `ready` is called when the ports listen."""
    asyncio.run(_serve(tls_context() if settings.SEALROOM_SUBMISSION_CERT else None, ready, alive))


async def _serve(tls: ssl.SSLContext | None, ready: Callable[[], None], alive: Callable[[], bool]) -> None:
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    loop.add_signal_handler(signal.SIGHUP, _read_certificate, tls)
    servers = await _listen(tls)
    ready()
    while not stopping.is_set() and alive():
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), 1.0)
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


def _read_certificate(tls: ssl.SSLContext | None) -> None:
    """New connections get the certificate as it is now."""
    if tls is not None:
        tls.load_cert_chain(settings.SEALROOM_SUBMISSION_CERT, settings.SEALROOM_SUBMISSION_KEY or None)
