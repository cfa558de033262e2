# SPDX-License-Identifier: Apache-2.0
"""How a typed one-time code ages and wears out. Pure: the clock, the counter and the key are arguments.

Six digits are about 20 bits (OWASP ASVS 5.0, 6.5.4), so a stored code is keyed with the installation's secret: a copy of the
database alone does not allow to try all of them.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

DIGITS = 6
LIFETIME = timedelta(minutes=10)
TRIES = 5


class CodeVerdict(enum.Enum):
    """Outcome of one try."""

    RIGHT = "right"
    WRONG = "wrong"
    WORN_OUT = "worn_out"
    EXPIRED = "expired"


@dataclass(frozen=True)
class CodeState:
    """What is known of a code: its keyed digest, when it was made, how many tries were spent before this one."""

    digest: str
    made_at: datetime
    tries: int


def new_code() -> str:
    """Six uniformly random digits."""
    return "".join(secrets.choice("0123456789") for _ in range(DIGITS))


def code_digest(code: str, *, key: bytes, bound_to: str) -> str:
    """Keyed digest of a code, bound to what it proves (challenge, browser, address)."""
    return hmac.new(key, f"{bound_to}\n{code}".encode(), hashlib.sha256).hexdigest()


def judge_code(state: CodeState, offered_digest: str, *, now: datetime) -> CodeVerdict:
    """Say what a try is worth. The caller has already spent the try atomically; `tries` counts those before it."""
    if now - state.made_at >= LIFETIME:
        return CodeVerdict.EXPIRED
    if state.tries >= TRIES:
        return CodeVerdict.WORN_OUT
    return CodeVerdict.RIGHT if hmac.compare_digest(state.digest, offered_digest) else CodeVerdict.WRONG
