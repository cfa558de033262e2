# SPDX-License-Identifier: Apache-2.0
"""The gateway in a process of its own, beside pages and worker, with a second SMTP server as the relay behind it."""

from __future__ import annotations

import email
import email.policy
import ipaddress
import smtplib
import socket
import sqlite3
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.journeys.server import Server, free_port, serving

SECONDS = 60


@dataclass
class Sink:
    """What the relay behind the gateway was handed: envelope sender, recipient, message. `refuse`: whom it turns away."""

    taken: list[tuple[str, str, EmailMessage]] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        if address in self.refuse:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.taken.append((envelope.mail_from, envelope.rcpt_tos[0], message))
        return "250 OK"

    def wait(self, count: int, *, subject: str = "") -> dict[str, EmailMessage]:
        """The messages with this subject by recipient, once there are so many."""
        ends = time.monotonic() + SECONDS
        while time.monotonic() < ends:
            found = [(to, one) for _sender, to, one in list(self.taken) if subject in str(one["Subject"])]
            if len(found) >= count:
                assert len(found) == count
                return dict(found)
            time.sleep(0.1)
        raise AssertionError(f"{len(self.taken)} messages of {count}: {[(to, str(one['Subject'])) for _, to, one in self.taken]}")

    def wait_for(self, to: str, subject: str, word: str) -> int:
        """How many such letters there are, once there is one."""
        ends = time.monotonic() + SECONDS
        while time.monotonic() < ends:
            letters = [one for _sender, whom, one in list(self.taken) if (whom, str(one["Subject"])) == (to, subject)]
            if found := [one for one in letters if word in str(one)]:
                return len(found)
            time.sleep(0.1)
        raise AssertionError(f"no letter to {to} about {word}")


@dataclass
class Gateway:
    """A running installation that takes mail."""

    server: Server
    sink: Sink
    port: int
    tls_port: int
    bounce_port: int
    trust: ssl.SSLContext
    secret: str = ""
    address: str = ""

    def member(self, email: str, left: int) -> Gateway:
        """The same gateway for a new member who has so many credits."""
        return replace(self, address=email, secret=self.do("member", email=email, left=left))

    def do(self, deed: str, **words: Any) -> Any:
        """A deed of `tests.doors.smtp.people`."""
        return self.server.backstage.do("tests.doors.smtp.people", deed, **words)

    def count(self, statement: str) -> int:
        """The number a statement asks the database for."""
        with closing(sqlite3.connect(self.server.data / "sealroom.sqlite3", timeout=30)) as database:
            return int(database.execute(statement).fetchone()[0] or 0)

    @property
    def credits_left(self) -> int:
        """The member's."""
        places = (
            f"SELECT team_id FROM accounts_membership m JOIN accounts_user u ON u.id = m.user_id WHERE u.email = '{self.address}'"
        )
        return self.count(f"SELECT sum(delta) FROM credits_entry WHERE team_id IN ({places})")

    @contextmanager
    def client(self, *, over_tls: bool = False, signed_in: bool = True) -> Iterator[smtplib.SMTP]:
        """A mail program that came as far as wanted."""
        if over_tls:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL("127.0.0.1", self.tls_port, context=self.trust, timeout=SECONDS)
        else:
            smtp = smtplib.SMTP("127.0.0.1", self.port, timeout=SECONDS)
            smtp.starttls(context=self.trust)
        try:
            if signed_in:
                smtp.login(self.address, self.secret)
            yield smtp
        finally:
            smtp.close()

    def send(self, data: bytes, *to: str, sender: str = "") -> str:
        """Hand a mail in; the answer to its data, or to what was refused before."""
        with self.client() as smtp:
            code, answer = smtp.mail(sender or self.address)
            for one in to if code == 250 else ():
                code, answer = smtp.rcpt(one)
                if code != 250:
                    break
            if code == 250:
                code, answer = smtp.data(data)
            return f"{code} {answer.decode()}"


@contextmanager
def gateway(folder: Path, *, most_bytes: int, **extra: str) -> Iterator[Gateway]:
    """Start everything, with more settings where wanted; stop it by process id."""
    sink = Sink()
    port, tls_port, bounce_port, relay = (free_port() for _ in range(4))
    certificate = make_certificate(folder)
    controller = Controller(sink, hostname="127.0.0.1", port=relay, enable_SMTPUTF8=True, data_size_limit=2**28)
    controller.start()
    try:
        with serving(
            folder,
            from_nothing=False,
            SEALROOM_SMTP_URL=f"smtp://127.0.0.1:{relay}",
            SEALROOM_MAIL_FROM="Sealroom <mail@sealroom.example>",
            SEALROOM_SUBMISSION_LISTEN=f"127.0.0.1:{port}",
            SEALROOM_SUBMISSION_TLS_LISTEN=f"127.0.0.1:{tls_port}",
            SEALROOM_BOUNCE_LISTEN=f"127.0.0.1:{bounce_port}",
            SEALROOM_SUBMISSION_CERT=str(certificate),
            SEALROOM_SUBMISSION_MAX_BYTES=str(most_bytes),
            **extra,
        ) as server:
            trust = ssl.create_default_context(cafile=str(certificate))
            made = Gateway(server, sink, port, tls_port, bounce_port, trust)
            wait_for_port(port)
            yield made
    finally:
        controller.stop()


def wait_for_port(port: int) -> None:
    """Until somebody listens."""
    ends = time.monotonic() + 4 * SECONDS
    while time.monotonic() < ends:
        with socket.socket() as probe:
            probe.settimeout(5)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the gateway does not listen")


def make_certificate(folder: Path) -> Path:
    """A certificate for this machine, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    places = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(places, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "gateway.pem"
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + secret)
    return file
