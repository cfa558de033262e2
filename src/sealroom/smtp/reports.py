# SPDX-License-Identifier: Apache-2.0
"""Delivery reports that come back (RFC 3464), read from what machines wrote. Pure."""

from __future__ import annotations

import email.parser
from dataclasses import dataclass
from typing import BinaryIO

from sealroom.smtp import mime
from sealroom.smtp.replies import Refused

_MOST = 64 * 1024


@dataclass(frozen=True)
class Report:
    """What became of a message, by the first recipient the report speaks of. `is_final`: it will never arrive."""

    is_final: bool
    reason: str


def read_report(source: BinaryIO) -> Report | None:
    """The report a mail is; None for every other mail (an answer of a person, an absence note) and for what cannot be read."""
    try:
        root = mime.scan(source)
    except Refused:
        return None
    for part in root.leaves():
        if part.kind in {"message/delivery-status", "message/global-delivery-status"} and "multipart/report" in part.within:
            if part.end - part.start > _MOST:
                return None
            return _verdict(b"".join(mime.content(source, part)).decode("utf-8", "replace"))
    return None


def _verdict(text: str) -> Report | None:
    """Each group of lines speaks of one recipient, but the first, which is about the message."""
    groups = [one for one in text.replace("\r\n", "\n").split("\n\n") if one.strip()]
    for group in groups:
        fields = email.parser.HeaderParser().parsestr(group)
        action = str(fields.get("Action", "")).split("(")[0].strip().lower()
        if not action:
            continue
        status = str(fields.get("Status", "")).split("(")[0].strip()
        reason = f"{status} {str(fields.get('Diagnostic-Code', '')).partition(';')[2].strip()}".strip()
        return Report(action == "failed" and not status.startswith(("2", "4")), reason or action)
    return None
