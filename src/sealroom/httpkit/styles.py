# SPDX-License-Identifier: Apache-2.0
"""Style sheets that are written in parts and sent as one file: a first page must not wait for nine answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage


class JoinedStyles(BaseFinder):
    """Finds each sheet of `SEALROOM_STYLES`: its parts one after the other, in their order. A sheet lies in the folder of its
    parts, so that their relative addresses hold."""

    def find(self, path: str, find_all: Any = False, **_: Any) -> Any:  # noqa: FBT002 -- Django's own signature
        """Nothing: a joined sheet is no file on the disk before it is collected."""
        return []

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        """Each joined sheet with the memory it lies in."""
        storage = InMemoryStorage()
        for name, parts in settings.SEALROOM_STYLES.items():
            storage.save(name, ContentFile("\n".join(map(_text_of, parts)).encode()))
            yield name, storage


def _text_of(part: str) -> str:
    path = finders.find(part)
    assert isinstance(path, str), part
    return Path(path).read_text(encoding="utf-8")
