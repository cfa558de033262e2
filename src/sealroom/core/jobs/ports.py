# SPDX-License-Identifier: Apache-2.0
"""What jobs need from outside: something that wakes workers sooner than their next look at the table."""

from __future__ import annotations

from functools import cache
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string


class Bell(Protocol):
    """Wakes a worker. A bell that is lost or rung twice does no harm: the row is the truth."""

    def ring(self, name: str, job_id: int) -> None:
        """Say that a job waits."""
        ...


@cache
def get_bell() -> Bell:
    """The bell named by the settings."""
    bell: Bell = import_string(settings.SEALROOM_JOBS_BELL)()
    return bell
