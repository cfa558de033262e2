# SPDX-License-Identifier: Apache-2.0
"""Who is in a data room, in which groups, and which rights were set for them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sealroom.access.models import Link
from sealroom.accounts.models import User
from sealroom.core.ids import new_id
from sealroom.datarooms.models.rooms import DataRoom
from sealroom.datarooms.models.tree import Item


def new_guest_id() -> str:
    """Public id of a guest."""
    return new_id("gst")


def new_group_id() -> str:
    """Public id of a group."""
    return new_id("grp")


class Guest(models.Model):
    """Somebody's place in one data room, by canonical address. A place that ended stays as it was; who is invited again gets a
    new one, so that nothing granted before comes back unasked. Whether a guest counts against the quota is not kept here: it
    follows from who is a member at that time (`queries.guests_used`).

    `link` is his own address in the browser (None of who came by the room's open link). `role` is "guest" or "co_owner" (members
    of the team only). `revoked_at`: out, but still listed. Instants are UTC; access from `access_from` on, until before
    `access_until`.
    """

    public_id = models.CharField(max_length=32, unique=True, default=new_guest_id)
    room = models.ForeignKey(DataRoom, on_delete=models.PROTECT, related_name="guests")
    address = models.CharField(max_length=254)
    name = models.CharField(max_length=200, default="", blank=True)
    role = models.CharField(max_length=10, default="guest")  # `rules.Role`
    link = models.OneToOneField(Link, null=True, on_delete=models.PROTECT, related_name="+")
    access_from = models.DateTimeField(null=True)
    access_until = models.DateTimeField(null=True)
    message = models.TextField(default="", blank=True)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)  # when the invitation was mailed last
    came_at = models.DateTimeField(null=True)  # first time in the room
    seen_at = models.DateTimeField(null=True)  # last time in the room
    updates_told_at = models.DateTimeField(null=True)  # until when news of the room were mailed
    revoked_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "address"], condition=Q(removed_at=None), name="guest_one_place_per_room"),
            models.CheckConstraint(condition=~Q(address=""), name="guest_has_an_address"),
        ]
        indexes = [models.Index(fields=["address"], condition=Q(removed_at=None), name="guest_by_address")]


class Group(models.Model):
    """Guests of one room who share rights: the bidders of one side. `link` is only for the previews of those who lead the room;
    made with the first of them."""

    public_id = models.CharField(max_length=32, unique=True, default=new_group_id)
    room = models.ForeignKey(DataRoom, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=120)
    link = models.OneToOneField(Link, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "name"], name="group_one_name_per_room")]


class GroupMember(models.Model):
    """A guest in a group."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="members")
    guest = models.ForeignKey(Guest, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "guest"], name="group_member_once")]


class RightRow(models.Model):
    """A right that was set for a guest or a group on an item, or on the whole room (`item` None). What holds for somebody on an
    item is found by `rules.rights`, never kept."""

    room = models.ForeignKey(DataRoom, on_delete=models.CASCADE, related_name="rights")
    item = models.ForeignKey(Item, null=True, on_delete=models.CASCADE, related_name="rights")
    guest = models.ForeignKey(Guest, null=True, on_delete=models.CASCADE, related_name="rights")
    group = models.ForeignKey(Group, null=True, on_delete=models.CASCADE, related_name="rights")
    right = models.CharField(max_length=20)  # `rules.Right`

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(guest=None, group__isnull=False) | Q(guest__isnull=False, group=None), name="right_of_guest_or_group"
            ),
            models.UniqueConstraint(fields=["item", "guest"], condition=Q(item__isnull=False), name="right_one_per_item_and_guest"),
            models.UniqueConstraint(fields=["item", "group"], condition=Q(item__isnull=False), name="right_one_per_item_and_group"),
            models.UniqueConstraint(fields=["room", "guest"], condition=Q(item=None), name="right_one_per_room_and_guest"),
            models.UniqueConstraint(fields=["room", "group"], condition=Q(item=None), name="right_one_per_room_and_group"),
        ]
