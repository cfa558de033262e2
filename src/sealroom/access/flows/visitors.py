# SPDX-License-Identifier: Apache-2.0
"""Browsers: known by a cookie's secret, which is kept as a digest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sealroom.access.models import Pass, Visitor
from sealroom.core.ids import digest, new_secret


@dataclass(frozen=True)
class Meeting:
    """A browser, and the secret to set as its cookie when it is a new one."""

    visitor: Visitor
    new_cookie: str | None


def meet(cookie: str | None, *, user_agent: str, now: datetime) -> Meeting:
    """Know the browser again, or make its acquaintance. A cookie we did not set is never adopted: its bearer gets another one.
    Called when a reader does something (POST), never by looking at a page."""
    if cookie:
        known = Visitor.objects.filter(secret_digest=digest(cookie)).first()
        if known is not None:
            Visitor.objects.filter(pk=known.pk).update(last_seen_at=now)
            return Meeting(known, None)
    secret = new_secret()
    visitor = Visitor.objects.create(secret_digest=digest(secret), created_at=now, last_seen_at=now, user_agent=user_agent[:300])
    return Meeting(visitor, secret)


def end_passes(cookie: str | None, *, now: datetime) -> int:
    """Sign a browser out of every link it had passed; returns of how many."""
    if not cookie:
        return 0
    return Pass.objects.filter(visitor__secret_digest=digest(cookie), ended_at=None).update(ended_at=now)
