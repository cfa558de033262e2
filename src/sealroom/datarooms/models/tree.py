# SPDX-License-Identifier: Apache-2.0
"""The tree of a data room: folders and files."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sealroom.core.ids import new_id
from sealroom.datarooms.models.rooms import DataRoom
from sealroom.documents.models import Document


def new_item_id() -> str:
    """Public id of a folder or file in a room."""
    return new_id("itm")


class Item(models.Model):
    """A folder (`document` None) or a file. `parent` None: at the top of the room.

    `path` lists the primary keys from the top down to the parent, each followed by "/" ("12/40/"), so that all below a folder are
    found by a prefix. `position` orders siblings, with gaps. `name_key` is the name as it must be unique among living siblings
    (`rules.name_key`). What is in the trash carries `trashed_at` and, in `trashed_with`, the item that was thrown away itself
    (its own key, or a folder's above it).
    """

    public_id = models.CharField(max_length=32, unique=True, default=new_item_id)
    room = models.ForeignKey(DataRoom, on_delete=models.CASCADE, related_name="items")
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="children")
    path = models.CharField(max_length=1000, default="", blank=True)
    position = models.BigIntegerField(default=0)
    name = models.CharField(max_length=255)
    name_key = models.CharField(max_length=255)
    document = models.OneToOneField(Document, null=True, on_delete=models.PROTECT, related_name="item")
    added_by = models.CharField(max_length=254, default="", blank=True)  # address of who brought it
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()  # a new version, a new name
    trashed_at = models.DateTimeField(null=True)
    trashed_by = models.CharField(max_length=254, default="", blank=True)
    trashed_with = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["parent", "name_key"], condition=Q(trashed_at=None, parent__isnull=False), name="item_one_name_per_folder"
            ),
            models.UniqueConstraint(
                fields=["room", "name_key"], condition=Q(trashed_at=None, parent=None), name="item_one_name_at_the_top"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="item_has_a_name"),
        ]
        indexes = [
            models.Index(fields=["room", "parent", "position"], condition=Q(trashed_at=None), name="item_by_folder"),
            models.Index(fields=["room", "path"], name="item_by_path"),
        ]

    @property
    def is_folder(self) -> bool:
        """Whether it holds other items instead of a document."""
        return self.document_id is None

    @property
    def own_path(self) -> str:
        """The `path` of what lies directly in it."""
        return f"{self.path}{self.pk}/"
