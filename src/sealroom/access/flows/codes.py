# SPDX-License-Identifier: Apache-2.0
"""Proving an address by a code: asked for, mailed, tried."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sealroom.access.models import Visitor


@dataclass(frozen=True)
class ChallengeView:
    """What a browser that asked for a code is told: the address as it typed it, and until when the code would live."""

    id: str
    shown_address: str
    expires_at: datetime


@dataclass(frozen=True)
class Verified:
    """The proof succeeded: the secret to set as the browser's cookie from now on, and where to go."""

    new_cookie: str
    link_id: str
    pass_id: str


def request_code(visitor: Visitor, reference: str, address: str, *, ip: str, language: str = "", now: datetime) -> ChallengeView:
    """Promise a code to `address` for the link of `reference` (token or link id)."""
    raise NotImplementedError


def mail_code(challenge_id: str, sealed: str, *, now: datetime) -> None:
    """The deferred half of `request_code`."""
    raise NotImplementedError


def verify_code(visitor: Visitor, reference: str, code: str, *, remember: bool, ip: str, now: datetime) -> Verified:
    """Try a code. Raises `CodeWrong(tries_left)`, `CodeExpired`, `CodeWornOut`, `Invalid`, `RateLimited`."""
    raise NotImplementedError
