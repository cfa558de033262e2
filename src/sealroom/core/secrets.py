# SPDX-License-Identifier: Apache-2.0
"""The installation's key ring as the running process has it."""

from __future__ import annotations

from django.conf import settings

from sealroom.core.keyring import KeyRing


def keyring() -> KeyRing:
    """The ring read once by the settings."""
    ring = settings.SEALROOM_KEYRING
    assert isinstance(ring, KeyRing)
    return ring


def seal_text(clear: str, *, purpose: str) -> bytes:
    """A secret that must be shown again later (a link), as the database may hold it."""
    return keyring().seal(clear.encode(), purpose=purpose)


def unseal_text(sealed: bytes, *, purpose: str) -> str:
    """The secret again."""
    return keyring().unseal(sealed, purpose=purpose).decode()
