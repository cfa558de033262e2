# SPDX-License-Identifier: Apache-2.0
"""The kinds of file: a word that both the rules and the ports of documents use, so it stands under them."""

from __future__ import annotations

import enum


class Kind(enum.StrEnum):
    """What a file's bytes turned out to be (never what its name claims)."""

    PDF = "pdf"
    IMAGE = "image"
    TEXT = "text"
    MARKDOWN = "markdown"
    CSV = "csv"
    OFFICE = "office"
    EMAIL = "email"
    SVG = "svg"
    MEDIA = "media"
    OTHER = "other"
