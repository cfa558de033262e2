# SPDX-License-Identifier: Apache-2.0
"""Rooms with a tree, guests and rights, planted as rows: what the deeds would leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sealroom.access import flows as access
from sealroom.access.models import PolicyRow
from sealroom.access.rules import Policy
from sealroom.datarooms.models import DataRoom, Group, GroupMember, Guest, Item, RightRow
from sealroom.datarooms.rules import Right
from tests.factories.access import make_document
from tests.factories.accounts import Persona


@dataclass
class Plot:
    """A data room under construction."""

    room: DataRoom
    owner: Persona
    policy: PolicyRow
    now: datetime

    def folder(self, name: str, parent: Item | None = None) -> Item:
        """A folder, last among its siblings."""
        return self._item(name, parent)

    def file(self, name: str, parent: Item | None = None) -> Item:
        """A ready file of three pages, last among its siblings."""
        item = self._item(name, parent)
        item.document = make_document(self.owner, name, now=self.now)
        item.save()
        return item

    def guest(self, address: str, *groups: Group, role: str = "guest") -> Guest:
        """A guest with a link of his own."""
        link = access.create_link(
            team_id=self.owner.team.pk, policy=self.policy, address=address, name="", language="en", documents=[], now=self.now
        )
        link.rights = "data_room"
        link.save()
        guest = Guest.objects.create(
            room=self.room, address=address, role=role, link=link, invited_by=self.owner.user, added_at=self.now
        )
        for group in groups:
            GroupMember.objects.create(group=group, guest=guest)
        return guest

    def group(self, name: str) -> Group:
        """An empty group."""
        return Group.objects.create(room=self.room, name=name, created_at=self.now)

    def set(self, who: Guest | Group, item: Item | None, right: Right | None) -> None:
        """Set a right on an item (None: on the room), or take the setting away (None)."""
        mine = {"guest": who} if isinstance(who, Guest) else {"group": who}
        RightRow.objects.filter(room=self.room, item=item, **mine).delete()
        if right is not None:
            RightRow.objects.create(room=self.room, item=item, right=right, **mine)
        self._changed()

    def move(self, item: Item, parent: Item | None) -> None:
        """Put an item without contents into another folder."""
        Item.objects.filter(pk=item.pk).update(parent=parent, path=parent.own_path if parent else "")
        self._changed()

    def trash(self, *items: Item) -> None:
        """Throw items away."""
        Item.objects.filter(pk__in=[item.pk for item in items]).update(trashed_at=self.now)
        self._changed()

    def change(self, **values: object) -> None:
        """Other settings of the room."""
        for name, value in values.items():
            setattr(self.room, name, value)
        self.room.save(update_fields=list(values))
        self._changed()

    def _item(self, name: str, parent: Item | None) -> Item:
        return Item.objects.create(
            room=self.room,
            parent=parent,
            path=parent.own_path if parent else "",
            position=Item.objects.count() * 1000,
            name=name,
            name_key=name.casefold(),
            created_at=self.now,
            changed_at=self.now,
        )

    def _changed(self) -> None:
        DataRoom.objects.filter(pk=self.room.pk).update(revision=self.room.revision + 1)
        self.room.refresh_from_db()


def make_room(owner: Persona, name: str = "Project Alder", *, policy: Policy | None = None, now: datetime) -> Plot:
    """An empty open room whose default right is view."""
    row = access.create_policy(owner.team.pk, policy or Policy())
    room = DataRoom.objects.create(team=owner.team, owner=owner.user, name=name, policy=row, created_at=now)
    return Plot(room, owner, row, now)
