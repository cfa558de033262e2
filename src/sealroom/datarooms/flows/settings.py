# SPDX-License-Identifier: Apache-2.0
"""The settings of a data room, in force at once for everybody in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.db.models import F

from sealroom.access import flows as access
from sealroom.access.rules import Permission
from sealroom.accounts.rules import Actor, clean_name
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
from sealroom.core.errors import Invalid
from sealroom.datarooms import queries, rules
from sealroom.datarooms.flows.hands import lead
from sealroom.datarooms.flows.places import lock_room, make_link
from sealroom.datarooms.models import DataRoom, Group
from sealroom.datarooms.rules import RoomSettings
from sealroom.viewing.flows.conditions import checked, put_in_force

Wish = Callable[[RoomSettings], RoomSettings]
_PLAIN = ("name", "default_right", "shows_guests", "shows_index", "sends_updates", "question_audience", "banner", "about")


@transaction.atomic
def change_room(actor: Actor, room_id: str, settings: RoomSettings | Wish, *, now: datetime) -> DataRoom:
    """Put other settings in force, all or none; a `Wish` makes them of those that are in force under the room's lock. Where access
    is opened to people without an invitation the room gets its open link, always under the same address; narrowing it ends that
    link, and who joined by it goes on by a link of his own.

    Raises `Forbidden`, `NotFound`, `Invalid`, and `FeatureMissing` for a wish the plan does not include."""
    room = lock_room(lead(actor, room_id).room)
    assert room.policy is not None
    before = queries.settings_of(room)
    settings = settings if isinstance(settings, RoomSettings) else settings(before)
    name, group = clean_name(settings.name), _default_group(room, settings.default_group)
    errors = rules.room_errors(settings)
    if errors:
        raise Invalid(errors)
    wished = replace(settings.conditions, permission=Permission.VIEW.value)  # each guest's own right stands in its place
    conditions = checked(actor, wished, before=before.conditions, is_sent=True, now=now)
    after = replace(settings, name=name, conditions=conditions)
    put_in_force(actor, room.policy, conditions, now=now)
    values = {field: getattr(after, field) for field in _PLAIN}
    DataRoom.objects.filter(pk=room.pk).update(**values, default_group=group, revision=F("revision") + 1)
    settle_open_link(room, now=now)
    if after.sends_updates and not before.sends_updates:
        room.guests.filter(removed_at=None).update(updates_told_at=now)  # what came meanwhile is no news any more
    audit.record(
        actor.who, Verb.DATA_ROOM_CHANGED, "data_room", room.public_id, now=now, label=name, changed=_changed(before, after)
    )
    return lock_room(room)


def settle_open_link(room: DataRoom, *, now: datetime) -> None:
    """Make the link that names nobody fit the policy in force. In the transaction of a deed that holds the room's lock."""
    assert room.policy is not None
    link, is_open = room.open_link, room.policy.value.access.is_open
    if link is None and is_open:
        DataRoom.objects.filter(pk=room.pk).update(open_link=make_link(room, now=now))
    elif link is not None and is_open and link.revoked_at is not None:
        access.restore_link(link, now=now)
    elif link is not None and not is_open and link.revoked_at is None:
        access.revoke_link(link, now=now)


def _default_group(room: DataRoom, group_id: str) -> Group | None:
    if not group_id:
        return None
    group = room.groups.filter(public_id=group_id).first()
    if group is None:
        raise Invalid({"default_group": ["unknown"]})
    return group


def _changed(before: RoomSettings, after: RoomSettings) -> list[str]:
    """Names of settings that differ; of the conditions each by its own."""
    own = [name for name in RoomSettings.__dataclass_fields__ if name != "conditions"]
    changed = [name for name in own if getattr(before, name) != getattr(after, name)]
    inner = before.conditions.__dataclass_fields__
    return changed + [name for name in inner if getattr(before.conditions, name) != getattr(after.conditions, name)]
