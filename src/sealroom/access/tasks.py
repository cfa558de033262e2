# SPDX-License-Identifier: Apache-2.0
"""Deferred work of access."""

from __future__ import annotations

from django.utils import timezone

from sealroom.access import flows
from sealroom.core.jobs import task


@task("access.mail_code", max_attempts=3)
def mail_code(challenge_id: str, sealed: str) -> None:
    """Mail a code, or nothing when the address was not invited."""
    flows.mail_code(challenge_id, sealed, now=timezone.now())
