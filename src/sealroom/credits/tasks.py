# SPDX-License-Identifier: Apache-2.0
"""The reset, done early. Nothing depends on it: whoever touches a wallet first rolls it."""

from __future__ import annotations

from django.utils import timezone

from sealroom.core.jobs import task
from sealroom.credits import flows


@task("credits.roll_due")
def roll_due(*, team_id: int) -> None:
    """Roll a team's wallet to the period of now; the roll plans the next job."""
    flows.roll(team_id, now=timezone.now())
