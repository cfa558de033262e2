# SPDX-License-Identifier: Apache-2.0
"""Signatures over outgoing mail, checked as a receiver checks them, with the key where his name server would have it."""

from __future__ import annotations

import base64
import socketserver
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured

dkim = pytest.importorskip("dkim")

import dns.message  # noqa: E402 -- comes with it
import dns.rcode  # noqa: E402
import dns.rrset  # noqa: E402

from sealroom.cli import doctor  # noqa: E402
from sealroom.mail import flows, ports, queries  # noqa: E402
from sealroom.mail.adapters.dkim import DkimSigner  # noqa: E402 -- an installation without the library skips this
from sealroom.mail.adapters.fake import FakeTransport  # noqa: E402
from sealroom.mail.ports import MailTransport  # noqa: E402
from sealroom.mail.rules import Signing  # noqa: E402

KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
).decode()
MAIL = b"From: Nadia <nadia@example.com>\r\nTo: ben@example.org\r\nSubject: Plan\r\n\r\nHello\r\n"


def name_server(name: bytes, timeout: int = 5) -> bytes:
    public = KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert name == b"post._domainkey.example.com."
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


def signer() -> DkimSigner:
    return DkimSigner(domain="Example.com", selector="post", key=PEM)


def test_a_signed_mail_holds_and_a_changed_one_does_not() -> None:
    signed = signer().sign(MAIL)
    assert signed.endswith(MAIL)
    verdicts = [dkim.verify(data, dnsfunc=name_server) for data in (signed, signed.replace(b"Hello", b"Hullo"))]
    assert verdicts == [True, False]


def test_a_second_author_added_later_breaks_the_signature() -> None:
    assert dkim.verify(b"From: ceo@example.com\r\n" + signer().sign(MAIL), dnsfunc=name_server) is False


def test_mail_of_other_domains_is_left_alone() -> None:
    for author in (b"nadia@example.org", b"nadia@sub.example.com", b""):
        mail = MAIL.replace(b"nadia@example.com", author)
        assert signer().sign(mail) == mail


@pytest.mark.parametrize("change", [{"domain": "-"}, {"selector": "a b"}, {"key": "no key"}])
def test_settings_that_cannot_sign_are_refused(change: dict[str, str]) -> None:
    with pytest.raises(ImproperlyConfigured):
        DkimSigner(**{"domain": "example.com", "selector": "post", "key": PEM, **change})


@pytest.fixture
def zone(settings: Any) -> Iterator[dict[str, list[str]]]:
    """A name server with these text records; a name with none does not exist, "broken" is answered with a failure."""
    records: dict[str, list[str]] = {}

    class Server(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            question = dns.message.from_wire(self.request[0])
            name = str(question.question[0].name).rstrip(".")
            answer = dns.message.make_response(question)
            if records.get(name) == ["broken"]:
                answer.set_rcode(dns.rcode.SERVFAIL)
            elif name in records:
                texts = [" ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200)) for text in records[name]]
                answer.answer.append(dns.rrset.from_text(question.question[0].name, 60, "IN", "TXT", *texts))
            else:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            self.request[1].sendto(answer.to_wire(), self.client_address)

    with socketserver.UDPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        settings.SEALROOM_DNS_SERVER = server.server_address
        settings.SEALROOM_MAIL_SIGNER = "sealroom.mail.adapters.dkim.DkimSigner"
        settings.SEALROOM_DKIM_KEY, settings.SEALROOM_DKIM_DOMAIN, settings.SEALROOM_DKIM_SELECTOR = PEM, "example.com", "post"
        ports.get_signer.cache_clear()
        yield records
        server.shutdown()
    ports.get_signer.cache_clear()


NAME = "post._domainkey.example.com"


@pytest.fixture
def posted(use: Callable[[MailTransport], MailTransport]) -> Callable[[datetime], bytes]:
    """What leaves for a mail of that domain."""
    transport = FakeTransport()
    use(transport)

    def post(now: datetime) -> bytes:
        made = flows.compose_whole(MAIL, to="ben@example.org", key=str(now), language="en", subject="Plan", now=now)
        flows.deliver(made.pk, now)
        return transport.taken[-1].data

    return post


@pytest.mark.django_db
def test_mail_is_signed_once_its_domain_publishes_the_key(
    zone: dict[str, list[str]], posted: Callable[[datetime], bytes], now: datetime
) -> None:
    cache.clear()
    assert queries.signing().state is Signing.UNCHECKED
    assert posted(now) == MAIL
    found = queries.signing()
    assert (found.state, found.record, found.checked_at) == (Signing.MISSING, NAME, now)
    zone[NAME] = ["v=spf1 -all", found.expected]
    assert found.expected.encode() == name_server(f"{NAME}.".encode())
    assert posted(now + timedelta(seconds=1)) == MAIL  # the look counts for a while
    assert flows.check_signing(now=now).state is Signing.GOOD
    signed = posted(now + timedelta(seconds=2))
    assert (signed.endswith(MAIL), dkim.verify(signed, dnsfunc=name_server)) == (True, True)
    for texts, state in ((["v=DKIM1; p="], Signing.OTHER_KEY), (["p=QUJD"], Signing.OTHER_KEY), (["broken"], Signing.UNREACHABLE)):
        zone[NAME] = texts
        assert flows.check_signing(now=now).state is state
    assert posted(now + timedelta(seconds=3)).endswith(MAIL)  # unreachable: signed
    assert posted(now + timedelta(seconds=4)) != MAIL


def test_doctor_says_what_the_domain_publishes(zone: dict[str, list[str]], db: None) -> None:
    (missing,) = doctor._signing()
    zone[NAME] = [queries.signing().expected]
    (good,) = doctor._signing()
    assert (missing.fine, f"{NAME} publishes no key" in missing.text) == (False, True)
    assert (good.fine, good.text) == (True, f"signatures: {NAME} publishes our key")
