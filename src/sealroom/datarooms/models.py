# SPDX-License-Identifier: Apache-2.0
"""What data rooms keep: the rooms of a team and who is a guest of which."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sealroom.accounts.models import Team, User
from sealroom.core.ids import new_id


def new_data_room_id() -> str:
    """Public id of a data room."""
    return new_id("room")


def new_guest_id() -> str:
    """Public id of a guest."""
    return new_id("gst")


class DataRoom(models.Model):
    """A data room of a team, led by its owner. It counts against the quota until it is deleted for good (`deleted_at`); the row
    stays then as a name for what the trail tells of it."""

    public_id = models.CharField(max_length=32, unique=True, default=new_data_room_id)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="data_rooms")
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="data_rooms")
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="data_room_has_a_name")]
        indexes = [models.Index(fields=["team", "owner"], condition=Q(deleted_at=None), name="data_room_existing")]


class Guest(models.Model):
    """Somebody's place in one data room, by canonical address. A place that ended stays as it was; who is invited again gets a
    new one, so that nothing granted before comes back unasked. Whether a guest counts against the quota is not kept here: it
    follows from who is a member at that time (`queries.guests_used`)."""

    public_id = models.CharField(max_length=32, unique=True, default=new_guest_id)
    room = models.ForeignKey(DataRoom, on_delete=models.PROTECT, related_name="guests")
    address = models.CharField(max_length=254)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "address"], condition=Q(removed_at=None), name="guest_one_place_per_room"),
            models.CheckConstraint(condition=~Q(address=""), name="guest_has_an_address"),
        ]
        indexes = [models.Index(fields=["address"], condition=Q(removed_at=None), name="guest_by_address")]
