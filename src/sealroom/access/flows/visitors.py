# SPDX-License-Identifier: Apache-2.0
"""Browsers: known by a cookie's secret, which is kept as a digest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sealroom.access.models import Link, Pass, Reader, Visitor
from sealroom.access.rules.lifetimes import PASS_LIFE, PassTimes
from sealroom.accounts.models import User
from sealroom.audit.rules import ActorKind, Who
from sealroom.core.ids import digest, new_secret


@dataclass(frozen=True)
class Meeting:
    """A browser, and the secret to set as its cookie when it is a new one."""

    visitor: Visitor
    new_cookie: str | None


@dataclass(frozen=True)
class Verified:
    """A gate was passed: the secret to set as the browser's cookie from now on (the one before is worthless), and where to go."""

    new_cookie: str
    link_id: str
    pass_id: str
    remembered: bool = False


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


def make_pass(
    visitor: Visitor, link: Link, *, reader: str, proved: str, times: PassTimes, now: datetime, preview_by: User | None = None
) -> Verified:
    """End the browser's pass on a link, if it has one, and give it another; its secret is changed. `reader` is who reads, `proved`
    the address shown by a code ("" without). The caller is in a transaction."""
    Pass.objects.filter(visitor=visitor, link=link, ended_at=None).update(ended_at=now)
    who, _made = Reader.objects.get_or_create(link=link, address=reader)
    made = Pass.objects.create(
        visitor=visitor,
        link=link,
        reader=who,
        address=proved,
        preview_by=preview_by,
        issued_at=now,
        expires_at=times.expires_at,
        idle_expires_at=times.idle_expires_at,
    )
    return renew_secret(made, now=now)


def renew_secret(held: Pass, *, now: datetime) -> Verified:
    """Give the browser of a pass another secret, at each gate it passes. The caller is in a transaction."""
    cookie = new_secret()
    Visitor.objects.filter(pk=held.visitor_id).update(secret_digest=digest(cookie), last_seen_at=now)
    remembered = held.expires_at - held.issued_at > PASS_LIFE
    return Verified(cookie, held.link.public_id, held.public_id, remembered)


def visitor_who(visitor: Visitor, link: Link, *, label: str, ip: str) -> Who:
    """A browser at a link as the audit trail names it."""
    return Who(ActorKind.VISITOR, visitor.public_id, team=link.team.public_id, label=label, route="portal", ip=ip)
