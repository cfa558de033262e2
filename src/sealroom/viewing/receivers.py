# SPDX-License-Identifier: Apache-2.0
"""News from below."""

from __future__ import annotations

from datetime import datetime

from django.dispatch import receiver

from sealroom.access.signals import admission_refused
from sealroom.viewing import flows


@receiver(admission_refused)
def count_denial(sender: object, *, grant_id: int | None, reason: str, address: str, ip: str, now: datetime, **_: object) -> None:
    """A refused attempt on a granted document shows in the sender's analytics."""
    if grant_id is not None:
        flows.record_denial(grant_id, reason, address=address, ip=ip, now=now)
