# SPDX-License-Identifier: Apache-2.0
"""The extension for Thunderbird as this installation packs it."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.urls import reverse

from sealroom.web import addins

_CLIENT = "thunderbird"


def manifest() -> dict[str, Any]:
    """What the extension says of itself, with where it is kept up to date. Thunderbird takes updates over https alone."""
    said = addins.manifest_of(_CLIENT)
    if settings.SEALROOM_BASE_URL.startswith("https://"):
        said["browser_specific_settings"]["gecko"]["update_url"] = settings.SEALROOM_BASE_URL + reverse("web:thunderbird_updates")
    return said


def package() -> bytes:
    """The package, with the address of this installation in it: the same bytes until one of the two changes."""
    own = {"manifest.json": manifest(), "server.json": {"serverUrl": settings.SEALROOM_BASE_URL}}
    written = {name: json.dumps(content, ensure_ascii=False, indent=2).encode() for name, content in own.items()}
    return addins.archive({**addins.files_of(_CLIENT), **written})
