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


class Version(models.Model):
    """One upload of a document. `sha256` and `size` are of the original bytes. `pages` is null until known; 0 for a file that
    can be sent but not viewed."""

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
    pages = models.PositiveIntegerField(null=True)
    baked_pages = models.PositiveIntegerField(default=0)
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document", "number"], name="version_one_per_number")]


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
