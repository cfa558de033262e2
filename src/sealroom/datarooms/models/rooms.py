# SPDX-License-Identifier: Apache-2.0
"""A data room with its settings, and its exports."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sealroom.access.models import Link, PolicyRow
from sealroom.accounts.models import Team, User
from sealroom.core.ids import new_id


def new_data_room_id() -> str:
    """Public id of a data room."""
    return new_id("room")


def new_export_id() -> str:
    """Public id of an export."""
    return new_id("exp")


class DataRoom(models.Model):
    """A data room of a team, led by its owner. It counts against the quota until it is deleted for good (`deleted_at`); the row
    stays then as a name for what the trail tells of it.

    `policy` holds what binds every guest (access, terms, watermark, shield, end). `open_link` is the address for whoever the access
    lets in unnamed, who joins `default_group`; `house_link` is for those who lead the room and want to see it as it is.
    `revision` grows with every change of the tree or of rights.
    """

    public_id = models.CharField(max_length=32, unique=True, default=new_data_room_id)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="data_rooms")
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="data_rooms")
    name = models.CharField(max_length=120)
    policy = models.OneToOneField(PolicyRow, null=True, on_delete=models.PROTECT, related_name="data_room")
    open_link = models.OneToOneField(Link, null=True, on_delete=models.PROTECT, related_name="+")
    house_link = models.OneToOneField(Link, null=True, on_delete=models.PROTECT, related_name="+")
    default_group = models.ForeignKey("Group", null=True, on_delete=models.SET_NULL, related_name="+")
    default_right = models.CharField(max_length=20, default="view")  # `rules.Right`, where nothing is set for a guest
    shows_guests = models.BooleanField(default=False)
    shows_index = models.BooleanField(default=True)
    sends_updates = models.BooleanField(default=True)
    question_audience = models.CharField(max_length=10, default="owners")  # `rules.Audience`
    banner = models.CharField(max_length=300, default="", blank=True)
    about = models.TextField(default="", blank=True)  # Markdown
    logo_key = models.CharField(max_length=64, null=True, unique=True)
    state = models.CharField(max_length=10, default="open")  # `rules.RoomState`
    revision = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField()
    trashed_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="data_room_has_a_name")]
        indexes = [models.Index(fields=["team", "owner"], condition=Q(deleted_at=None), name="data_room_existing")]


class RoomExport(models.Model):
    """A whole room as one archive, made by a job. `progress` in percent; the archive is deleted after `expires_at`."""

    public_id = models.CharField(max_length=32, unique=True, default=new_export_id)
    room = models.ForeignKey(DataRoom, on_delete=models.PROTECT, related_name="exports")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    has_short_paths = models.BooleanField(default=False)
    state = models.CharField(max_length=10, default="waiting")  # `rules.ExportState`
    error_code = models.CharField(max_length=40, default="", blank=True)
    progress = models.PositiveSmallIntegerField(default=0)
    blob_key = models.CharField(max_length=64, null=True, unique=True)
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, default="", blank=True)
    created_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
