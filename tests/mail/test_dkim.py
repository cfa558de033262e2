# SPDX-License-Identifier: Apache-2.0
"""Signatures over outgoing mail, checked as a receiver checks them, with the key where his name server would have it."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.exceptions import ImproperlyConfigured

dkim = pytest.importorskip("dkim")

from sealroom.mail.adapters.dkim import DkimSigner  # noqa: E402 -- an installation without the library skips this

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
