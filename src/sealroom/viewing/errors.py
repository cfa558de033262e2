# SPDX-License-Identifier: Apache-2.0
"""Refusals of viewing."""

from __future__ import annotations

from typing import ClassVar

from sealroom.core.errors import DomainError


class MediaQuota(DomainError):
    """Readers were sent all the audio and video that the team's plan includes in a period (`used`, `limit` bytes, `resets_at`)."""

    code: ClassVar[str] = "media_quota"


class PrintOver(DomainError):
    """The print job has ended: its time is over, the page went out already, or the file was replaced meanwhile."""

    code: ClassVar[str] = "print_over"
