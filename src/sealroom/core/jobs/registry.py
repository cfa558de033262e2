# SPDX-License-Identifier: Apache-2.0
"""Which function does a job of which name."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module

from django.apps import apps

TaskFunction = Callable[..., None]


class Retry(Exception):
    """The work could not be done now; do it again after `delay` (default: the queue's backoff). Costs an attempt."""

    def __init__(self, reason: str, *, delay: timedelta | None = None) -> None:
        super().__init__(reason)
        self.delay = delay


@dataclass(frozen=True)
class Task:
    """A registered function. `on_dead` is called with the job's arguments when attempts are used up."""

    name: str
    run: TaskFunction
    max_attempts: int
    on_dead: TaskFunction | None


_tasks: dict[str, Task] = {}


def task(name: str, *, max_attempts: int = 5, on_dead: TaskFunction | None = None) -> Callable[[TaskFunction], TaskFunction]:
    """Register a function as the work behind `name` ("room.verb"). It must be safe to run twice."""

    def register(function: TaskFunction) -> TaskFunction:
        known = _tasks.get(name)
        if known is not None and known.run.__module__ != function.__module__:
            raise RuntimeError(f"two tasks are named {name}")
        _tasks[name] = Task(name, function, max_attempts, on_dead)
        return function

    return register


def get_task(name: str) -> Task:
    """The task of that name, with every room's `tasks` module loaded. Raises `KeyError`."""
    if name not in _tasks:
        load_tasks()
    return _tasks[name]


def load_tasks() -> dict[str, Task]:
    """Import `<room>.tasks` of every room and return the whole registry."""
    for config in apps.get_app_configs():
        module = f"{config.name}.tasks"
        if config.name.startswith("sealroom.") and importlib.util.find_spec(module):
            import_module(module)
    return dict(_tasks)
