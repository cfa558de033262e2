# SPDX-License-Identifier: Apache-2.0
"""From a policy's wishes and a viewer to the mark that is drawn on pages of a certain width."""

from __future__ import annotations

from datetime import datetime

from sealroom.access.rules import Viewer, Watermark
from sealroom.viewing import rules
from sealroom.viewing.ports import Mark


def mark_for(wishes: Watermark | None, viewer: Viewer, *, width: int, now: datetime) -> Mark | None:
    """The mark for a page `width` pixels wide; None when the sender wants none."""
    if wishes is None:
        return None
    look = rules.look_of(wishes)
    return Mark(
        lines=rules.watermark_lines(wishes, viewer, now=now),
        em=rules.letter_height(look.size, width),
        color=look.color,
        angle=look.angle,
        layout=look.layout.value,
    )
