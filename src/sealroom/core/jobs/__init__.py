# SPDX-License-Identifier: Apache-2.0
"""Deferred work: `defer("room.task", key=…, …)` in a flow, `@task("room.task")` in the room's `tasks.py`,
`@every(timedelta(…), "room.chore")` beside it for what returns."""

from sealroom.core.jobs.queue import defer
from sealroom.core.jobs.registry import Retry, task
from sealroom.core.jobs.schedule import every

__all__ = ["Retry", "defer", "every", "task"]
