# SPDX-License-Identifier: Apache-2.0
"""What mail keeps: each outgoing message with its fate, and addresses that must not be written to again."""

from __future__ import annotations

from django.db import models

from sealroom.core.ids import new_id


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
    such as "recipient:rcp_…"), so that upper rooms recognise their news. `message_id` stays the same over retries."""

    public_id = models.CharField(max_length=32, unique=True, default=new_mail_id)
    key = models.CharField(max_length=200, unique=True)
    about = models.CharField(max_length=64, default="", db_index=True)
    team = models.CharField(max_length=32, default="")
    to_address = models.CharField(max_length=254)
    to_name = models.CharField(max_length=200, default="")
    sender_name = models.CharField(max_length=200, default="")
    reply_to = models.CharField(max_length=254, default="")
    subject = models.CharField(max_length=300)
    text = models.TextField()
    html = models.TextField(default="")
    language = models.CharField(max_length=10)
    message_id = models.CharField(max_length=120, unique=True)
    state = models.CharField(max_length=8, choices=MailState.choices, default=MailState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_answer = models.CharField(max_length=300, default="")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["team", "-created_at"], name="mail_by_team")]


class Suppression(models.Model):
    """An address that finally bounced; nothing is sent there until a member lifts it."""

    address = models.CharField(max_length=254, unique=True)
    reason = models.CharField(max_length=300)
    at = models.DateTimeField()
