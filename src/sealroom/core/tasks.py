# SPDX-License-Identifier: Apache-2.0
"""Housekeeping of the floor."""

from __future__ import annotations

from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone

from sealroom.core import ratelimit
from sealroom.core.jobs import every, queue
from sealroom.core.models import StoredAnswer

ANSWERS_KEPT = timedelta(hours=24)


@every(timedelta(hours=1), "core.sweep")
def sweep() -> None:
    """Forget finished jobs, ended windows, old answers and dead sessions."""
    now = timezone.now()
    queue.sweep(now=now)
    ratelimit.sweep(now)
    StoredAnswer.objects.filter(created_at__lt=now - ANSWERS_KEPT).delete()
    call_command("clearsessions")
