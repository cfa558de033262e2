# SPDX-License-Identifier: Apache-2.0
"""What mail keeps: each outgoing message with its fate, and addresses that must not be written to again."""

from __future__ import annotations

from django.db import models

from sealroom.core.ids import new_id
from sealroom.core.secrets import keyring, seal_text, unseal_text

_PURPOSE = "mail-body"
_WHOLE = "mail-whole"


def new_mail_id() -> str:
    """Public id of a message."""
    return new_id("eml")


class MailState(models.TextChoices):
    """Allowed moves are in `rules.py`."""

    QUEUED = "queued"
    SENT = "sent"
    RETRYING = "retrying"
    BOUNCED = "bounced"
    FAILED = "failed"


class OutgoingMail(models.Model):
    """One rendered message to one address. `key` makes composing repeatable; `about` names what it is for (plain value,
    such as "recipient:rcp_…"), so that upper rooms recognise their news. `message_id` stays the same over retries.

    Bodies hold codes and links, so they are kept sealed, and blanked some time after the message's fate is settled: a copy of the
    database alone opens nothing. `whole_sealed` is a message that came ready made, header and all; it has no bodies then.
    """

    public_id = models.CharField(max_length=32, unique=True, default=new_mail_id)
    key = models.CharField(max_length=200, unique=True)
    about = models.CharField(max_length=64, default="", db_index=True)
    team = models.CharField(max_length=32, default="")
    to_address = models.CharField(max_length=254)
    to_name = models.CharField(max_length=200, default="")
    sender_name = models.CharField(max_length=200, default="")
    reply_to = models.CharField(max_length=254, default="")
    subject = models.CharField(max_length=300)
    text_sealed = models.BinaryField(default=b"")
    html_sealed = models.BinaryField(default=b"")
    whole_sealed = models.BinaryField(default=b"")
    language = models.CharField(max_length=10)
    urgent = models.BooleanField(default=False)
    message_id = models.CharField(max_length=320, unique=True)
    state = models.CharField(max_length=8, choices=MailState.choices, default=MailState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_answer = models.CharField(max_length=300, default="")
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["team", "-created_at"], name="mail_by_team"),
            models.Index(fields=["settled_at"], name="mail_by_settled"),
        ]

    @property
    def text(self) -> str:
        """The plain part; "" once blanked."""
        return unseal_text(bytes(self.text_sealed), purpose=_PURPOSE) if self.text_sealed else ""

    @property
    def html(self) -> str:
        """The HTML part; "" once blanked."""
        return unseal_text(bytes(self.html_sealed), purpose=_PURPOSE) if self.html_sealed else ""

    @property
    def whole(self) -> bytes:
        """The ready-made message; b"" for one with bodies, or once blanked."""
        return keyring().unseal(bytes(self.whole_sealed), purpose=_WHOLE) if self.whole_sealed else b""

    def seal_whole(self, data: bytes) -> None:
        """Set the ready-made message; the caller saves."""
        self.whole_sealed = keyring().seal(data, purpose=_WHOLE)

    def seal_bodies(self, text: str, html: str) -> None:
        """Set both parts; the caller saves."""
        self.text_sealed, self.html_sealed = seal_text(text, purpose=_PURPOSE), seal_text(html, purpose=_PURPOSE)


class Suppression(models.Model):
    """An address that finally bounced; only mail asked for by its own reader (codes) is still tried there, until it succeeds or a
    member lifts it."""

    address = models.CharField(max_length=254, unique=True)
    reason = models.CharField(max_length=300)
    at = models.DateTimeField()
