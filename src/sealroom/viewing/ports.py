# SPDX-License-Identifier: Apache-2.0
"""What viewing needs from outside: something that burns a mark into pixels and encodes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from sealroom.documents.ports import Raster


@dataclass(frozen=True)
class Mark:
    """A mark as it is drawn: its lines, the height of an em in pixels, red, green and blue, degrees counter-clockwise, and where
    it stands (see `rules.Layout`)."""

    lines: tuple[str, ...]
    em: int
    color: tuple[int, int, int]
    angle: int
    layout: Literal["tile", "center", "edges"]


class Stamper(Protocol):
    """Burns marks into pixels. Safe for many threads; sees only pixels we drew and texts, never a file."""

    def stamp(self, page: Raster, mark: Mark | None) -> bytes:
        """A JPEG of the page with the mark in its pixels (None: without). Legible on white, grey and black alike."""
        ...

    def notice(self, width: int, height: int, text: str, mark: Mark | None) -> bytes:
        """A JPEG of an empty page that says `text`, marked like every other: stands for a page that cannot be shown."""
        ...

    def overlay(self, width: int, height: int, mark: Mark) -> bytes:
        """A PNG of this size, transparent but for the mark: what is laid into the pictures of a film."""
        ...

    def missing_glyphs(self, text: str) -> frozenset[str]:
        """The characters of `text` for which no installed font has a shape; they are drawn as U+XXXX."""
        ...


@cache
def get_stamper() -> Stamper:
    """The stamper named by SEALROOM_STAMPER, made once per process."""
    stamper: Stamper = import_string(settings.SEALROOM_STAMPER)()
    return stamper
