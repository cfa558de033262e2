# SPDX-License-Identifier: Apache-2.0
"""Deferred work of data rooms; the clock is read here and nowhere below."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from sealroom.core.jobs import every, task
from sealroom.datarooms import flows


@task("datarooms.publish_ready")
def publish_ready(version_id: int) -> None:
    """Let readers see a new version of a room's file."""
    flows.publish_ready(version_id, now=timezone.now())


@every(timedelta(days=1), "datarooms.clean_trash")
def clean_trash() -> None:
    """Delete for good what has lain in a trash long enough."""
    flows.clean_trash(now=timezone.now())
