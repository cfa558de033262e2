# SPDX-License-Identifier: Apache-2.0
"""What viewing keeps: who had which page on screen, when and for how long. High volume; deeds are in the audit trail."""

from __future__ import annotations

from django.db import models

from sealroom.access.models import Grant, Pass, Reader
from sealroom.accounts.models import Team
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
    printed_at = models.DateTimeField(null=True)

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
    address = models.CharField(max_length=254, default="")  # that was proved
    ip = models.CharField(max_length=45, default="")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["grant", "-at"], name="denial_by_grant")]


def new_print_job_id() -> str:
    """Public id of a print job."""
    return new_id("prt")


class PrintJob(models.Model):
    """The right to print some pages of a version once, until `expires_at`: counted when it is issued, bound to the browser."""

    public_id = models.CharField(max_length=32, unique=True, default=new_print_job_id)
    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="print_jobs")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="print_jobs")
    browser_pass = models.ForeignKey(Pass, on_delete=models.CASCADE, related_name="print_jobs")
    first_page = models.PositiveIntegerField()
    last_page = models.PositiveIntegerField()
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()


class PrintedPage(models.Model):
    """A page that a print job has handed out: each goes out once."""

    job = models.ForeignKey(PrintJob, on_delete=models.CASCADE, related_name="printed")
    page = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "page"], name="printed_page_once")]


class MarkedCopyState(models.TextChoices):
    """How far the marking of a film is."""

    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"


class MarkedCopy(models.Model):
    """A film with one reader's mark in its pixels. `mark_digest` names version, reader and the mark's words and look: when one of
    them changes, another copy is made. Removed when it was not asked for in a while."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="marked_copies")
    reader = models.ForeignKey(Reader, on_delete=models.CASCADE, related_name="marked_copies")
    mark_digest = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=8, choices=MarkedCopyState.choices, default=MarkedCopyState.WAITING)
    percent = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=40, default="", blank=True)
    key = models.CharField(max_length=64, null=True, unique=True)
    size = models.PositiveBigIntegerField(default=0)
    made_at = models.DateTimeField()
    used_at = models.DateTimeField()


class MediaUse(models.Model):
    """Bytes of audio and video that a team's readers were sent in the period of credits that starts at `period_start`."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="media_uses")
    period_start = models.DateTimeField()
    sent_bytes = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "period_start"], name="media_use_one_per_period")]
