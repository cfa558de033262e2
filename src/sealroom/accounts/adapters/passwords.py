# SPDX-License-Identifier: Apache-2.0
"""Argon2id for passwords, a few at a time: each hash takes about 100 MB, so a burst of sign-ins must queue, not fill the memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher

from sealroom.core.errors import RateLimited

AT_ONCE = 2
PATIENCE_SECONDS = 10.0
_slots = threading.BoundedSemaphore(AT_ONCE)


class BoundedArgon2PasswordHasher(Argon2PasswordHasher):
    """At most `AT_ONCE` computations in a process; whoever waits longer than `PATIENCE_SECONDS` gets `RateLimited`."""

    def encode(self, password: str, salt: str) -> str:
        """Hash within a slot."""
        with _slot():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Compare within a slot."""
        with _slot():
            return super().verify(password, encoded)

    def harden_runtime(self, password: str, encoded: str) -> Any:
        """Nothing to make up for: there is one set of parameters."""
        return None


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=PATIENCE_SECONDS):
        raise RateLimited(retry_after=5)
    try:
        yield
    finally:
        _slots.release()
