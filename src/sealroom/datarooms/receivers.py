# SPDX-License-Identifier: Apache-2.0
"""News of lower rooms that concern data rooms."""

from __future__ import annotations

from datetime import datetime

from django.dispatch import receiver

from sealroom.accounts.signals import member_removed
from sealroom.core import jobs
from sealroom.datarooms import flows, queries
from sealroom.documents.signals import version_ready


@receiver(member_removed)
def end_places(sender: object, *, team_id: int, user_id: int, now: datetime, **_: object) -> None:
    """A member left. In the transaction that ends the membership: nobody is outside the team and still in its data rooms, as a
    guest or as their owner."""
    flows.pass_on_rooms(team_id, user_id, now=now)
    flows.end_places_of_member(team_id, user_id, now=now)


@receiver(version_ready)
def publish_new_version(sender: object, *, version_id: int, **_: object) -> None:
    """A file of a room has a new version that can be read."""
    if queries.room_awaiting(version_id) is not None:
        jobs.defer("datarooms.publish_ready", key=str(version_id), version_id=version_id)
