# SPDX-License-Identifier: Apache-2.0
"""What documents keep: the document, its versions (the bytes as they came), their pages (clear pixels, encrypted at rest)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sealroom.accounts.models import Team, User
from sealroom.core.ids import new_id


def new_document_id() -> str:
    """Public id of a document."""
    return new_id("doc")


def new_version_id() -> str:
    """Public id of a version."""
    return new_id("ver")


class Document(models.Model):
    """A file a member uploaded, through its versions. Belongs to its owner; in the library every member may send it."""

    public_id = models.CharField(max_length=32, unique=True, default=new_document_id)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="documents")
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="documents")
    name = models.CharField(max_length=255)
    in_library = models.BooleanField(default=False)
    kept_by = models.CharField(max_length=12, default="", blank=True)  # "data_room": that room's alone, in nobody's list of files
    current = models.ForeignKey("Version", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["team", "owner", "-created_at"], name="document_by_owner")]


class VersionState(models.TextChoices):
    """Allowed moves are in `rules.py`. `ready` means inspected, page count and sizes known, page 1 rendered."""

    RECEIVED = "received"
    CONVERTING = "converting"
    READY = "ready"
    FAILED = "failed"


class VersionScan(models.TextChoices):
    """What the virus scanner said of the original bytes; "" when it was not asked yet."""

    CLEAN = "clean"
    TOO_LARGE = "too_large"
    INFECTED = "infected"


class Version(models.Model):
    """One upload of a document. `sha256` and `size` are of the original bytes. `pages` is null until known; 0 for a file that
    has none: audio and video (`media`), and what can be sent but not viewed."""

    public_id = models.CharField(max_length=32, unique=True, default=new_version_id)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=255)
    kind = models.CharField(max_length=10)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    original_key = models.CharField(max_length=64, unique=True)
    pdf_key = models.CharField(max_length=64, null=True, unique=True)
    state = models.CharField(max_length=10, choices=VersionState.choices, default=VersionState.RECEIVED)
    error_code = models.CharField(max_length=40, default="")
    error_facts = models.JSONField(default=dict)
    scan = models.CharField(max_length=10, choices=VersionScan.choices, default="", blank=True)
    scanned_at = models.DateTimeField(null=True)
    pages = models.PositiveIntegerField(null=True)
    baked_pages = models.PositiveIntegerField(default=0)
    structure_key = models.CharField(max_length=64, null=True, unique=True)  # outline, links, sheets
    text_key = models.CharField(max_length=64, null=True, unique=True)  # the words of all pages and where they stand
    media = models.JSONField(null=True)  # audio and video: {"duration_ms", "width", "height", "has_video", "has_audio", "type"}
    media_key = models.CharField(max_length=64, null=True, unique=True)  # what browsers play, when the original is not that
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document", "number"], name="version_one_per_number")]
        indexes = [models.Index(fields=["-id"], condition=Q(scan=""), name="version_unscanned")]

    @property
    def is_infected(self) -> bool:
        """Whether a virus was found in it: final, unless an operator has it scanned again."""
        return self.scan == VersionScan.INFECTED

    @property
    def is_viewable(self) -> bool:
        """Whether there is something to show: pages, or what a player plays."""
        return self.state == VersionState.READY and (bool(self.pages) or self.media is not None)


class Page(models.Model):
    """A page of a version: its size in points, and the key of its clear pixels at the base width once they were baked."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="page_rows")
    number = models.PositiveIntegerField()
    width = models.FloatField()
    height = models.FloatField()
    base_key = models.CharField(max_length=64, null=True)
    error_code = models.CharField(max_length=40, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "number"], name="page_one_per_number"),
            models.CheckConstraint(condition=Q(number__gte=1), name="page_number_from_one"),
        ]


class LooseBlob(models.Model):
    """A blob that was found without a row, and when first: see `flows.sweep_blobs`."""

    key = models.CharField(max_length=64, primary_key=True)
    seen_at = models.DateTimeField()


def new_upload_id() -> str:
    """Public id of a resumable upload; hard to guess, since it names where bytes may be added."""
    return new_id("upl")


class Upload(models.Model):
    """A resumable upload (tus 1.0) that is under way: `offset` counts bytes that are safe on the medium. Bound to the user who
    began it. `document` is the one it became, or, with `is_version`, the one it shall be the next version of. `kept_for` names
    whose it is in a room above that will keep it ("": an ordinary upload of `user`), `place` where it goes there."""

    public_id = models.CharField(max_length=48, unique=True, default=new_upload_id)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="uploads")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="uploads")
    name = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()
    offset = models.PositiveBigIntegerField(default=0)
    document = models.ForeignKey(Document, null=True, on_delete=models.PROTECT, related_name="+")
    is_version = models.BooleanField(default=False)
    kept_for = models.CharField(max_length=300, default="", blank=True)
    place = models.CharField(max_length=64, default="", blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)


class UploadPart(models.Model):
    """A piece of an upload as it lies encrypted in the store, until the whole is put together."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="parts")
    position = models.PositiveBigIntegerField()
    size = models.PositiveBigIntegerField()
    key = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["upload", "position"], name="upload_part_once")]
