# SPDX-License-Identifier: Apache-2.0
"""What sends keep: deliveries of documents to recipients."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sealroom.access.models import Link, PolicyRow
from sealroom.accounts.models import Team, User
from sealroom.core.ids import new_id
from sealroom.documents.models import Document, Version
from sealroom.sends.rules import SendFacts


def new_send_id() -> str:
    """Public id of a send."""
    return new_id("snd")


def new_recipient_id() -> str:
    """Public id of a recipient."""
    return new_id("rcp")


def new_deed_id() -> str:
    """Public id of a deed."""
    return new_id("ded")


def new_preset_id() -> str:
    """Public id of a preset."""
    return new_id("pre")


def new_contact_id() -> str:
    """Public id of a contact."""
    return new_id("con")


def new_access_request_id() -> str:
    """Public id of a request for access."""
    return new_id("req")


def new_reply_id() -> str:
    """Public id of a reply."""
    return new_id("rpl")


def new_message_id() -> str:
    """Public id of protected words."""
    return new_id("msg")


def new_picture_id() -> str:
    """Public id of a picture among protected words."""
    return new_id("pic")


class SendState(models.TextChoices):
    """What is stored. `expired`, `revoked` and `scheduled` follow from the policy and the clock (`rules.state_of`)."""

    DRAFT = "draft"  # being written, or confirmed and waiting for its documents (`confirmed_at`)
    SENT = "sent"
    CANCELLED = "cancelled"


class Send(models.Model):
    """One delivery. `uuid` is the name a client gave to its draft. `held_reason` says why a confirmed draft did not go out (a
    stable code). `revoked_by_admin`: only an admin gives access back."""

    public_id = models.CharField(max_length=32, unique=True, default=new_send_id)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="sends")
    sender = models.ForeignKey(User, on_delete=models.PROTECT, related_name="sends")
    policy = models.OneToOneField(PolicyRow, on_delete=models.PROTECT, related_name="send")
    state = models.CharField(max_length=9, choices=SendState.choices, default=SendState.DRAFT)
    route = models.CharField(max_length=12)
    uuid = models.CharField(max_length=64, null=True)
    revision = models.PositiveIntegerField(default=1)
    subject = models.CharField(max_length=200, default="", blank=True)
    message = models.TextField(max_length=10_000, default="", blank=True)
    language = models.CharField(max_length=10, default="en")
    notify = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    held_reason = models.CharField(max_length=40, default="")
    sent_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    charged = models.PositiveIntegerField(default=0)
    open_link = models.OneToOneField(Link, null=True, on_delete=models.PROTECT, related_name="open_send")  # names nobody
    preset = models.ForeignKey("Preset", null=True, on_delete=models.SET_NULL, related_name="sends")
    deleted_at = models.DateTimeField(null=True)  # final; its rows stay for the ledger and the trail
    revoked_by_admin = models.BooleanField(default=False)
    # Of mail clients: `delivery` says whose mail carries the link; `committed_revision` is that of the commit in force.
    is_mail = models.BooleanField(default=False)
    from_address = models.CharField(max_length=254, default="", blank=True)
    delivery = models.CharField(max_length=6, default="", blank=True)
    committed_revision = models.PositiveIntegerField(null=True)
    handed_over_at = models.DateTimeField(null=True)  # the client says its mail has left
    shared_link = models.OneToOneField(Link, null=True, on_delete=models.PROTECT, related_name="shared_send")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "sender", "uuid"], name="send_one_per_uuid"),
        ]
        indexes = [models.Index(fields=["team", "sender", "-created_at"], name="send_by_sender")]

    @property
    def is_waiting(self) -> bool:
        """Confirmed, and not gone out only because documents are still being prepared."""
        return self.state == SendState.DRAFT and self.confirmed_at is not None and not self.held_reason

    @property
    def facts(self) -> SendFacts:
        """The row and its policy as `rules.state_of` knows them."""
        return SendFacts(
            sent=self.state == SendState.SENT,
            cancelled=self.state == SendState.CANCELLED,
            revoked=self.policy.revoked_at is not None,
            starts_at=self.policy.starts_at,
            expires_at=self.policy.expires_at,
        )


class Preset(models.Model):
    """A named bundle of settings that an admin made for the team. `settings` as the API writes them; `fixed` names those that a
    member may not change."""

    public_id = models.CharField(max_length=32, unique=True, default=new_preset_id)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="presets")
    name = models.CharField(max_length=80)
    settings = models.JSONField(default=dict)
    fixed = models.JSONField(default=list)
    is_default = models.BooleanField(default=False)
    removed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], condition=Q(removed_at=None), name="preset_one_per_name"),
            models.UniqueConstraint(
                fields=["team"], condition=Q(is_default=True, removed_at=None), name="preset_one_default_per_team"
            ),
        ]


class SendRules(models.Model):
    """What an admin decided for all sends of a team. `presets_only`: a send must follow a preset."""

    team = models.OneToOneField(Team, on_delete=models.PROTECT, related_name="send_rules")
    presets_only = models.BooleanField(default=False)


class MailRules(models.Model):
    """What an admin decided about mail clients of a team (`rules.MailPolicy`); without a row, the defaults."""

    team = models.OneToOneField(Team, on_delete=models.PROTECT, related_name="mail_rules")
    mode = models.CharField(max_length=5, default="ask")
    min_bytes = models.PositiveBigIntegerField(default=0)
    internal_domains = models.JSONField(default=list)
    internal_only = models.BooleanField(default=False)
    max_file_bytes = models.PositiveBigIntegerField(null=True)
    max_files = models.PositiveIntegerField(null=True)
    max_recipients = models.PositiveIntegerField(null=True)
    names_files = models.BooleanField(default=True)
    secure_subject = models.BooleanField(default=False)
    author = models.CharField(max_length=3, default="own")


class Contact(models.Model):
    """Somebody a member sends to; seen by that member alone. Written down with the first send, or by hand."""

    public_id = models.CharField(max_length=32, unique=True, default=new_contact_id)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="contacts")
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="contacts")
    address = models.CharField(max_length=254)
    name = models.CharField(max_length=200, default="", blank=True)
    company = models.CharField(max_length=200, default="", blank=True)
    added_at = models.DateTimeField()
    last_sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "owner", "address"], name="contact_once_per_owner")]
        indexes = [models.Index(fields=["owner", "-last_sent_at"], name="contact_by_owner")]


class DeedKind(models.TextChoices):
    """What was done under an idempotency key."""

    SEND = "send"
    ADD_RECIPIENTS = "add_recipients"
    REPLACE = "replace"


class Deed(models.Model):
    """Something done once per idempotency key, with its result: the same request again gets the same answer. `charged` is null
    while the send waits for its documents."""

    public_id = models.CharField(max_length=32, unique=True, default=new_deed_id)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="deeds")
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="deeds")
    key = models.CharField(max_length=255)
    request_digest = models.CharField(max_length=64)
    kind = models.CharField(max_length=16, choices=DeedKind.choices)
    send = models.ForeignKey("Send", null=True, on_delete=models.CASCADE, related_name="deeds")
    charged = models.PositiveIntegerField(null=True)
    available = models.BigIntegerField(null=True)
    added = models.JSONField(default=list)  # public ids of recipients
    reached = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "actor", "key"], name="deed_one_per_key")]


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


class Message(models.Model):
    """The protected words of a send, cleaned and sealed. Where a send has no documents they are what is paid for."""

    public_id = models.CharField(max_length=32, unique=True, default=new_message_id)
    send = models.OneToOneField(Send, on_delete=models.CASCADE, related_name="words")
    sealed = models.BinaryField()
    updated_at = models.DateTimeField()


class Picture(models.Model):
    """A picture among protected words: drawn anew for each reader from the one page of an uploaded picture, and never charged.
    `width` and `height`: how large the page shows it, in pixels."""

    public_id = models.CharField(max_length=32, unique=True, default=new_picture_id)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="pictures")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()


class Reply(models.Model):
    """What a reader wrote back from the page of a mail; sealed. `documents`: public ids of the files that came with it, which are
    the sender's."""

    public_id = models.CharField(max_length=32, unique=True, default=new_reply_id)
    send = models.ForeignKey(Send, on_delete=models.CASCADE, related_name="replies")
    address = models.CharField(max_length=254)
    name = models.CharField(max_length=200, default="", blank=True)
    sealed = models.BinaryField()
    documents = models.JSONField(default=list)
    at = models.DateTimeField()


class RecipientKind(models.TextChoices):
    """Where the address stood. Counts the same."""

    TO = "to"
    CC = "cc"
    BCC = "bcc"


class MailKind(models.TextChoices):
    """Which mail a recipient is still to be written."""

    NONE = ""
    INVITATION = "invitation"
    REMINDER = "reminder"


class Recipient(models.Model):
    """A person, by canonical address, in one send. `mail_due` is set in the transaction of the deed and cleared when the mail is
    composed; `mails` counts those asked for."""

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
    mail_due = models.CharField(max_length=10, choices=MailKind.choices, default="", blank=True)
    mails = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["send", "address"], condition=Q(removed_at=None), name="recipient_once_per_send")
        ]
        indexes = [
            models.Index(fields=["address"], name="recipient_by_address"),
            models.Index(fields=["send"], condition=~Q(mail_due=""), name="recipient_mail_due"),
        ]


class AccessRequest(models.Model):
    """Somebody who was not invited asks the sender to be. `address` is canonical and not proved: approving it sends an invitation
    there, and reading takes a code as for everybody. Pending until `decided_at`; `recipient` is who it became."""

    public_id = models.CharField(max_length=32, unique=True, default=new_access_request_id)
    send = models.ForeignKey(Send, on_delete=models.CASCADE, related_name="access_requests")
    address = models.CharField(max_length=254)
    name = models.CharField(max_length=200, default="", blank=True)
    note = models.CharField(max_length=500, default="", blank=True)
    ip = models.CharField(max_length=45, default="", blank=True)
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    recipient = models.ForeignKey(Recipient, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["send", "address"], condition=Q(decided_at=None), name="access_request_one_pending_per_address"
            )
        ]
