# SPDX-License-Identifier: Apache-2.0
"""A letter of the tests' own, and transports chosen per test."""

from __future__ import annotations

import asyncio
import copy
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from sealroom.mail import flows, ports
from sealroom.mail.adapters.fake import FakeTransport
from sealroom.mail.adapters.smtp import Relay, SmtpTransport
from sealroom.mail.models import OutgoingMail
from sealroom.mail.ports import MailTransport
from tests.conftest import NOW

Compose = Callable[..., OutgoingMail]


@pytest.fixture
def letters(settings: Any) -> None:
    """The templates beside this file can be rendered."""
    templates = copy.deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"] = [Path(__file__).parent / "templates"]
    settings.TEMPLATES = templates


@pytest.fixture
def compose(db: None, letters: None) -> Compose:
    """`flows.compose` with every argument filled in."""
    return compose_letter


def compose_letter(template: str = "tests/letter", **changes: Any) -> OutgoingMail:
    """See the fixture; for other processes."""
    context = {"title": "Three files for you", "greeting": "Hello", "body": "Please read <b>this</b>."}
    arguments: dict[str, Any] = {"to": "nadia@example.com", "key": "k1", "language": "en", "now": NOW}
    arguments["context"] = {**context, **changes.pop("context", {})}
    return flows.compose(template, **{**arguments, **changes})


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[MailTransport], MailTransport]]:
    """Make a transport the configured one."""

    def choose(transport: MailTransport) -> MailTransport:
        monkeypatch.setattr(flows, "get_transport", lambda: transport)
        return transport

    ports.get_transport.cache_clear()
    yield choose
    ports.get_transport.cache_clear()


@pytest.fixture
def fake(use: Callable[[MailTransport], MailTransport]) -> FakeTransport:
    """A transport that says yes unless told otherwise."""
    transport = FakeTransport()
    use(transport)
    return transport


class Peer:
    """An SMTP server that answers as a test says."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.received: list[Any] = []

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        envelope.mail_from = address
        return self.answers.get("mail", "250 OK")

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        answer = self.answers.get("rcpt", "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        answer = self.answers.get("data", "250 2.0.0 taken")
        if answer == "drop":
            server.transport.abort()
        if answer == "stall":
            await asyncio.sleep(5)
        if answer.startswith("250"):
            self.received.append(envelope)
        return answer


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[Peer, SmtpTransport]]]:
    running: list[Controller] = []

    def begin(*, step: float = 5.0, **answers: str) -> tuple[Peer, SmtpTransport]:
        peer = Peer(**answers)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        controller = Controller(peer, hostname="127.0.0.1", port=port, enable_SMTPUTF8=True)
        controller.start()
        running.append(controller)
        return peer, SmtpTransport(Relay("127.0.0.1", port, "", "", "none"), step_seconds=step)

    yield begin
    for controller in running:
        controller.stop()
