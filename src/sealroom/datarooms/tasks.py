# SPDX-License-Identifier: Apache-2.0
"""Deferred work of data rooms; the clock is read here and nowhere below."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from sealroom.core import jobs
from sealroom.core.jobs import Retry, every, task
from sealroom.datarooms import flows, queries
from sealroom.documents.errors import StorageFull


@task("datarooms.write_letters")
def write_letters(guests: str, kind: str, at: str) -> None:
    """Compose a batch of invitations or reminders."""
    flows.write_letters(guests, kind, at=datetime.fromisoformat(at))


@task("datarooms.tell_updates")
def tell_updates(room_id: int) -> None:
    """Write to the guests of a room what is new."""
    flows.tell_updates(room_id, now=timezone.now())


@every(timedelta(minutes=5), "datarooms.look_for_news")
def look_for_news() -> None:
    """Find the rooms that have grown quiet after something came."""
    for room_id in queries.rooms_with_news(now=timezone.now()):
        jobs.defer("datarooms.tell_updates", key=str(room_id), room_id=room_id)


@every(timedelta(hours=1), "datarooms.empty_trash")
def empty_trash() -> None:
    """Delete rooms whose days in the trash are over."""
    flows.empty_room_trash(now=timezone.now())


@task("datarooms.publish_ready")
def publish_ready(version_id: int) -> None:
    """Let readers see a new version of a room's file."""
    flows.publish_ready(version_id, now=timezone.now())


@every(timedelta(days=1), "datarooms.clean_trash")
def clean_trash() -> None:
    """Delete for good what has lain in a trash long enough."""
    flows.clean_trash(now=timezone.now())


@task("datarooms.tell_post")
def tell_post(post_id: int) -> None:
    """Write to whoever may know that something was asked or answered."""
    flows.tell_post(post_id, now=timezone.now())


@task("datarooms.tell_assigned")
def tell_assigned(question_id: int) -> None:
    """Write to somebody that a question was given to him."""
    flows.tell_assigned(question_id, now=timezone.now())


@task("datarooms.make_export", max_attempts=4, on_dead=flows.give_up_export)
def make_export(export_id: int) -> None:
    """Make a room into an archive."""
    try:
        flows.make_export(export_id, now=timezone.now())
    except StorageFull as error:
        raise Retry(error.code) from error


@every(timedelta(hours=1), "datarooms.remove_exports")
def remove_exports() -> None:
    """Delete archives of rooms that were kept long enough."""
    flows.remove_old_exports(now=timezone.now())
