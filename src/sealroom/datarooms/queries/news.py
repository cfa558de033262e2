# SPDX-License-Identifier: Apache-2.0
"""Which rooms and guests there is news for: files added or replaced since they were last told."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, F, Max, OuterRef, QuerySet, Subquery

from sealroom.datarooms.models import DataRoom, Guest, Item
from sealroom.datarooms.queries.sight import sight_of
from sealroom.datarooms.rules import RoomState

QUIET = timedelta(minutes=10)
"""News are told when nothing was added for so long: one mail for one afternoon of uploading."""


def rooms_with_news(*, now: datetime) -> list[int]:
    """Primary keys of open rooms that have been quiet for a while since something came for a guest."""
    living = DataRoom.objects.filter(deleted_at=None, trashed_at=None, state=RoomState.OPEN, sends_updates=True)
    files = Item.objects.filter(room=OuterRef("pk"), document__isnull=False, trashed_at=None).order_by("-changed_at")
    rooms = living.annotate(latest=Subquery(files.values("changed_at")[:1])).filter(latest__lte=now - QUIET)
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
    """Names of the files that came or changed since the guest was told last, by others: those he may see and nothing of the rest.
    In the order of the tree."""
    since = guest.updates_told_at
    if since is None:
        return []
    added = Item.objects.filter(room=guest.room_id, added_by=guest.address, changed_at=F("created_at"))
    own = set(added.values_list("pk", flat=True))
    return [item.name for item in sight_of(guest).files if item.changed_at > since and item.pk not in own]
