# SPDX-License-Identifier: Apache-2.0
"""Deferred work: `defer("room.task", key=…, …)` in a flow, `@task("room.task")` in the room's `tasks.py`."""

from sealroom.core.jobs.queue import defer
from sealroom.core.jobs.registry import Retry, task

__all__ = ["Retry", "defer", "task"]
