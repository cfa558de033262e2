# SPDX-License-Identifier: Apache-2.0
"""Public ids and secrets. An id names a thing (128 random bits, no order); a secret proves something and is kept as a digest."""

from __future__ import annotations

import hashlib
import secrets

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyz"
_LENGTH = 23  # 54**23 > 2**132


def new_id(prefix: str) -> str:
    """A new opaque id such as `snd_…`; the prefix tells people and logs what it names, nothing more."""
    return prefix + "_" + new_letters(_LENGTH)


def new_letters(count: int) -> str:
    """Random letters and digits that are not taken for one another, each worth 5.75 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(count))


def new_secret() -> str:
    """192 random bits, safe in a URL."""
    return secrets.token_urlsafe(24)


def digest(secret: str) -> str:
    """What is kept of a secret. Plain SHA-256 suffices because secrets have at least 128 bits of entropy; codes and passwords
    have not, and use `core.codes` and the password hasher."""
    return hashlib.sha256(secret.encode()).hexdigest()
