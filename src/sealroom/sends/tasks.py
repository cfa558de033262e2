# SPDX-License-Identifier: Apache-2.0
"""Deferred work of sends; the clock is read here and nowhere below."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from sealroom.core.jobs import every, task
from sealroom.sends import flows, queries


@task("sends.dispatch")
def dispatch(send_id: int) -> None:
    """Let a waiting send go out if it can."""
    flows.try_dispatch(send_id, now=timezone.now())


@task("sends.look_at_version")
def look_at_version(version_id: int) -> None:
    """Let the sends go out that waited for a version; take back what went out with one that failed, and tell who sent one with a
    virus."""
    for send_id in queries.waiting_sends(version_id):
        flows.try_dispatch(send_id, now=timezone.now())
    flows.take_back_failed(version_id, now=timezone.now())
    flows.tell_of_virus(version_id, now=timezone.now())


@task("sends.write_letters")
def write_letters(send_id: int) -> None:
    """Compose the mails that are due."""
    flows.write_all_due(send_id, now=timezone.now())


@task("sends.take_request")
def take_request(link: str, asked: str, at: str) -> None:
    """Write down who asks for access, and tell the sender."""
    flows.take_request(link, asked, now=datetime.fromisoformat(at))


@task("sends.record_bounce")
def record_bounce(recipient_id: str) -> None:
    """Give back what an unreachable recipient never opened."""
    flows.record_bounce(recipient_id, now=timezone.now())


@task("sends.tell_relay_bounced")
def tell_relay_bounced(user_id: str, address: str) -> None:
    """Write to a member that his mail never arrived."""
    flows.tell_relay_bounced(user_id, address, now=timezone.now())


@task("sends.tell_opened")
def tell_opened(link_id: int, grant_id: int | None, at: str) -> None:
    """Write to the sender that a recipient opened."""
    flows.tell_opened(link_id, grant_id, now=datetime.fromisoformat(at))


@every(timedelta(minutes=10), "sends.sweep")
def sweep() -> None:
    """Take up again what a dead job left: sends that wait, mails that are due."""
    for send_id in queries.unfinished_sends():
        if not flows.try_dispatch(send_id, now=timezone.now()):
            flows.write_all_due(send_id, now=timezone.now())


@every(timedelta(hours=1), "sends.purge_drafts")
def purge_drafts() -> None:
    """Throw away what mail clients began and left for a day."""
    flows.purge_drafts(now=timezone.now())
