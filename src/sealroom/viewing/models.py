# SPDX-License-Identifier: Apache-2.0
"""What viewing keeps: who had which page on screen, when and for how long. High volume; deeds are in the audit trail."""

from __future__ import annotations

from django.db import models

from sealroom.access.models import Grant, Pass
from sealroom.core.ids import new_id
from sealroom.documents.models import Version


def new_opening_id() -> str:
    """Public id of an opening."""
    return new_id("opn")


class Opening(models.Model):
    """One opening of one document version by one reader, from the first page request on."""

    public_id = models.CharField(max_length=32, unique=True, default=new_opening_id)
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="openings")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="openings")
    browser_pass = models.ForeignKey(Pass, null=True, on_delete=models.SET_NULL, related_name="openings")
    address = models.CharField(max_length=254, default="")
    ip = models.CharField(max_length=45, default="")
    device = models.CharField(max_length=120, default="")
    started_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    last_beat_at = models.DateTimeField()  # until when time on screen was claimed and judged
    downloaded_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["grant", "-started_at"], name="opening_by_grant")]


class PageView(models.Model):
    """A page that was handed out within an opening. `active_ms` is time really on screen, claimed by the browser and clamped by
    the server's clock."""

    opening = models.ForeignKey(Opening, on_delete=models.CASCADE, related_name="page_views")
    page = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    active_ms = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["opening", "page"], name="page_view_one_per_page")]


class Denial(models.Model):
    """A refused attempt on a granted document, with its reason."""

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="denials")
    reason = models.CharField(max_length=40)
    ip = models.CharField(max_length=45, default="")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["grant", "-at"], name="denial_by_grant")]
