# SPDX-License-Identifier: Apache-2.0
"""What sends keep: deliveries of documents to recipients."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sealroom.access.models import Link, PolicyRow
from sealroom.accounts.models import Team, User
from sealroom.core.ids import new_id
from sealroom.documents.models import Document, Version


def new_send_id() -> str:
    """Public id of a send."""
    return new_id("snd")


def new_recipient_id() -> str:
    """Public id of a recipient."""
    return new_id("rcp")


class SendState(models.TextChoices):
    """What is stored. `expired`, `revoked` and `scheduled` follow from the policy and the clock (`rules.state_of`)."""

    DRAFT = "draft"  # being written, or confirmed and waiting for its documents (`confirmed_at`)
    SENT = "sent"
    CANCELLED = "cancelled"


class Send(models.Model):
    """One delivery. `key` is the idempotency key of the deed that sent it."""

    public_id = models.CharField(max_length=32, unique=True, default=new_send_id)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="sends")
    sender = models.ForeignKey(User, on_delete=models.PROTECT, related_name="sends")
    policy = models.OneToOneField(PolicyRow, on_delete=models.PROTECT, related_name="send")
    state = models.CharField(max_length=9, choices=SendState.choices, default=SendState.DRAFT)
    route = models.CharField(max_length=12)
    key = models.CharField(max_length=255, null=True)
    request_digest = models.CharField(max_length=64, default="")
    revision = models.PositiveIntegerField(default=1)
    subject = models.CharField(max_length=200, default="", blank=True)
    message = models.TextField(max_length=10_000, default="", blank=True)
    language = models.CharField(max_length=10, default="en")
    notify = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    held_reason = models.CharField(max_length=40, default="")  # why a confirmed draft did not go out: a stable code
    sent_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    charged = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "sender", "key"], name="send_one_per_key"),
        ]
        indexes = [models.Index(fields=["team", "sender", "-created_at"], name="send_by_sender")]


class SendDocument(models.Model):
    """A document in a send. Recipients see the document's current version; `revoked_at` ends it for all of them."""

    send = models.ForeignKey(Send, on_delete=models.CASCADE, related_name="send_documents")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="send_documents")
    sent_version = models.ForeignKey(Version, null=True, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["send", "document"], name="send_document_once")]


class RecipientKind(models.TextChoices):
    """Where the address stood. Counts the same."""

    TO = "to"
    CC = "cc"
    BCC = "bcc"


class Recipient(models.Model):
    """A person, by canonical address, in one send."""

    public_id = models.CharField(max_length=32, unique=True, default=new_recipient_id)
    send = models.ForeignKey(Send, on_delete=models.CASCADE, related_name="recipients")
    address = models.CharField(max_length=254)
    name = models.CharField(max_length=200, default="", blank=True)
    kind = models.CharField(max_length=3, choices=RecipientKind.choices, default=RecipientKind.TO)
    link = models.OneToOneField(Link, null=True, on_delete=models.PROTECT, related_name="recipient")
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["send", "address"], condition=Q(removed_at=None), name="recipient_once_per_send")
        ]
