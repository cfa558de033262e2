# SPDX-License-Identifier: Apache-2.0
"""Who may open what, now: decided here and nowhere else. Pure; the order of the hurdles is explained in
docs/algorithms/admission.md."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

PASS_LIFE = timedelta(hours=12)  # absolute, from the proof on
PASS_IDLE = timedelta(minutes=30)  # without any request
PASS_REMEMBERED = timedelta(days=30)  # absolute and idle, when the reader asked to be remembered
TOUCH_EVERY = timedelta(minutes=1)  # how often a living pass is written at most

CODES_PER_ADDRESS = (3, timedelta(minutes=10))
CODES_PER_ADDRESS_A_DAY = (20, timedelta(days=1))
CODES_PER_IP = (60, timedelta(minutes=10))
TRIES_PER_IP = (120, timedelta(minutes=10))
DENIALS_KEPT = (10, timedelta(minutes=10))  # of one pass, document and reason


class Access(enum.StrEnum):
    """How a reader proves to be meant."""

    NAMED_CODE = "named_code"  # a named person, by a code mailed to the stored address


class Permission(enum.StrEnum):
    """What a reader may do with a document; each includes those before it."""

    VIEW = "view"
    PRINT = "print"
    DOWNLOAD_PDF = "download_pdf"
    DOWNLOAD_ORIGINAL = "download_original"


_RANK = {permission: rank for rank, permission in enumerate(Permission)}


@dataclass(frozen=True)
class Watermark:
    """What the mark says and how it looks; "" and None leave the look to the house."""

    fields: tuple[str, ...] = ("email", "ip", "time")
    text: str = ""
    size: str = ""
    color: str = ""
    angle: int | None = None
    layout: str = ""


WATERMARK_FIELDS = frozenset({"email", "name", "ip", "time"})


@dataclass(frozen=True)
class Policy:
    """The conditions of one send, for all its readers. Instants are aware UTC; from `starts_at` on, until before `expires_at`."""

    access: Access = Access.NAMED_CODE
    permission: Permission = Permission.VIEW
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    watermark: Watermark | None = field(default_factory=Watermark)

    def allows(self, permission: Permission) -> bool:
        """Whether a reader who is admitted may do this."""
        return _RANK[permission] <= _RANK[self.permission]


@dataclass(frozen=True)
class Viewer:
    """Who reads, as the mark names him."""

    address: str
    name: str = ""
    ip: str = ""


@dataclass(frozen=True)
class Facts:
    """What is known about one request for one document, read from the database at that request."""

    proved: bool  # the browser carries a living pass of this link
    granted: bool = True  # the link leads to this document, which still exists
    revoked: bool = False  # policy, link or grant


class Verdict(enum.StrEnum):
    """The answer: admitted, or the first reason why not."""

    ADMIT = "admit"
    EMAIL = "email"
    NOT_FOUND = "not_found"
    REVOKED = "revoked"
    EXPIRED = "expired"
    NOT_STARTED = "not_started"

    @property
    def has_ended(self) -> bool:
        """Whether the reader had access before (410 instead of 404; only ever told to a browser that proved its address)."""
        return self in {Verdict.REVOKED, Verdict.EXPIRED}


Hurdle = Callable[[Policy, Facts, datetime], Verdict | None]


def _address_proved(policy: Policy, facts: Facts, now: datetime) -> Verdict | None:
    return None if facts.proved else Verdict.EMAIL


def _document_granted(policy: Policy, facts: Facts, now: datetime) -> Verdict | None:
    return None if facts.granted else Verdict.NOT_FOUND


def _not_revoked(policy: Policy, facts: Facts, now: datetime) -> Verdict | None:
    return Verdict.REVOKED if facts.revoked else None


def _not_expired(policy: Policy, facts: Facts, now: datetime) -> Verdict | None:
    return Verdict.EXPIRED if policy.expires_at is not None and now >= policy.expires_at else None


def _started(policy: Policy, facts: Facts, now: datetime) -> Verdict | None:
    return Verdict.NOT_STARTED if policy.starts_at is not None and now < policy.starts_at else None


HURDLES: tuple[Hurdle, ...] = (_address_proved, _document_granted, _not_revoked, _not_expired, _started)
"""In the order in which they are met. A further condition is a field of `Policy`, what must be known of it in `Facts`, a hurdle
here at its place: who you are, then what ended, then what can still be fulfilled (passcode, terms), then what is used up."""


def decide_admission(policy: Policy, facts: Facts, *, now: datetime) -> Verdict:
    """Say whether the document may be shown at `now`, and if not, the first reason. Never a later reason to someone who fails an
    earlier hurdle: who has not proved the address learns nothing else, not even that there was something."""
    for hurdle in HURDLES:
        verdict = hurdle(policy, facts, now)
        if verdict is not None:
            return verdict
    return Verdict.ADMIT


@dataclass(frozen=True)
class PassTimes:
    """When a pass ends: at the latest, and when nothing is asked for meanwhile."""

    expires_at: datetime
    idle_expires_at: datetime


def new_pass_times(*, remember: bool, now: datetime) -> PassTimes:
    """The two ends of a pass issued at `now`. A remembered one does not end by idleness before its absolute end."""
    if remember:
        return PassTimes(now + PASS_REMEMBERED, now + PASS_REMEMBERED)
    return PassTimes(now + PASS_LIFE, now + PASS_IDLE)


def pass_is_alive(times: PassTimes, *, now: datetime) -> bool:
    """Both ends lie ahead."""
    return now < times.expires_at and now < times.idle_expires_at


def touched(times: PassTimes, *, now: datetime) -> datetime | None:
    """The new idle end if it is worth a write (at most one a minute), never past the absolute end; None otherwise."""
    later = min(now + PASS_IDLE, times.expires_at)
    return later if later - times.idle_expires_at >= TOUCH_EVERY else None
