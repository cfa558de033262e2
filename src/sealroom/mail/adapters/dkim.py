# SPDX-License-Identifier: Apache-2.0
"""Signatures over outgoing mail (DKIM, RFC 6376), made last: whatever is changed after them breaks them."""

from __future__ import annotations

import base64
import re
from email.parser import BytesHeaderParser
from email.utils import parseaddr

import dkim
from cryptography.hazmat.primitives import serialization
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from sealroom.mail.ports import KeyRecord

_SIGNED = [b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"reply-to", b"mime-version", b"content-type"]
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


class DkimSigner:
    """Signs for one domain; mail from other domains goes as it is."""

    def __init__(self, *, domain: str = "", selector: str = "", key: str = "") -> None:
        self._domain = (domain or settings.SEALROOM_DKIM_DOMAIN).lower()
        self._selector = selector or settings.SEALROOM_DKIM_SELECTOR
        self._key = (key or settings.SEALROOM_DKIM_KEY).encode()
        if not _NAME.fullmatch(self._domain) or not _NAME.fullmatch(self._selector):
            raise ImproperlyConfigured("SEALROOM_DKIM_KEY needs SEALROOM_DKIM_DOMAIN and SEALROOM_DKIM_SELECTOR")
        try:
            self._sign(b"From: a@example.com\r\n\r\n")
        except dkim.DKIMException as error:
            raise ImproperlyConfigured(f"SEALROOM_DKIM_KEY is no RSA key in PEM: {error}") from None

    @property
    def record(self) -> KeyRecord:
        """See the port."""
        private = serialization.load_pem_private_key(self._key, None)
        public = private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return KeyRecord(f"{self._selector}._domainkey.{self._domain}", f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}")

    def sign(self, data: bytes) -> bytes:
        """The message with a signature in front, if its author is of our domain."""
        author = parseaddr(str(BytesHeaderParser().parsebytes(data).get("From", "")))[1]
        domain = author.rpartition("@")[2].lower()
        return self._sign(data) + data if domain == self._domain else data

    def _sign(self, data: bytes) -> bytes:
        present = {line.partition(b":")[0].strip().lower() for line in data.partition(b"\r\n\r\n")[0].split(b"\r\n")}
        fields = [name for name in _SIGNED if name in present] + [b"from"]  # once more than there are: none can be added
        made: bytes = dkim.sign(
            data,
            self._selector.encode(),
            self._domain.encode(),
            self._key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=fields,
        )
        return made
