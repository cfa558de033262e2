# SPDX-License-Identifier: Apache-2.0
"""Which rooms and guests there is news for: files added or replaced since they were last told."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet

from sealroom.datarooms.models import DataRoom, Guest, Item
from sealroom.datarooms.queries.standing import right_on
from sealroom.datarooms.rules import Right, RoomState

QUIET = timedelta(minutes=10)
"""News are told when nothing was added for so long: one mail for one afternoon of uploading."""
_MOST_LOOKED_AT = 200  # files, the newest, for one guest


def rooms_with_news(*, now: datetime) -> list[int]:
    """Primary keys of open rooms that have been quiet for a while since something came for a guest."""
    living = DataRoom.objects.filter(deleted_at=None, trashed_at=None, state=RoomState.OPEN, sends_updates=True)
    fresh = Q(items__document__isnull=False, items__trashed_at=None)
    rooms = living.annotate(latest=Max("items__changed_at", filter=fresh)).filter(latest__lte=now - QUIET)
    behind = Guest.objects.filter(room=OuterRef("pk"), removed_at=None, updates_told_at__lt=OuterRef("latest"))
    return list(rooms.filter(Exists(behind)).order_by("pk").values_list("pk", flat=True))


def latest_file_at(room: DataRoom) -> datetime | None:
    """When the last file came or changed."""
    latest: datetime | None = Item.objects.filter(room=room, document__isnull=False, trashed_at=None).aggregate(
        at=Max("changed_at")
    )["at"]
    return latest


def guests_behind(room: DataRoom, latest: datetime) -> QuerySet[Guest]:
    """The guests who have not been told of what came until `latest`."""
    return Guest.objects.filter(room=room, removed_at=None, updates_told_at__lt=latest)


def news_for(guest: Guest) -> list[str]:
    """Names of the files that came or changed since the guest was told last, those he may see and nothing of the others."""
    rows = Item.objects.filter(room=guest.room_id, document__isnull=False, trashed_at=None, changed_at__gt=guest.updates_told_at)
    own = rows.exclude(added_by=guest.address, changed_at=F("created_at")).order_by("-changed_at", "pk")[:_MOST_LOOKED_AT]
    return [item.name for item in own if right_on(guest, item).right is not Right.NONE]
