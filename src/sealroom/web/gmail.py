# SPDX-License-Identifier: Apache-2.0
"""The extension for Gmail as this installation signs it: its key, and the id that follows from it."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings

from sealroom.core.crx import extension_id, extension_key, public_half
from sealroom.core.secrets import keyring


def key() -> rsa.RSAPrivateKey:
    """Made at random at the first use, and kept."""
    return extension_key(Path(settings.SEALROOM_DATA), keyring())


def own_id() -> str:
    """The id browsers know the extension by."""
    return extension_id(public_half(key()))
