# SPDX-License-Identifier: Apache-2.0
"""The embedded engine's bell: none is needed, workers look at the table several times a second."""

from __future__ import annotations


class PollingBell:
    """Does nothing; `worker.IDLE_WAIT` bounds the delay."""

    def ring(self, name: str, job_id: int) -> None:
        """No-op."""
