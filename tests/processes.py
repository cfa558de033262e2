# SPDX-License-Identifier: Apache-2.0
"""Real processes over one SQLite file, for races and sudden deaths. Use with the fixture `file_database`."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.context import ForkProcess
from pathlib import Path

from django.db import connections
from django.db.utils import load_backend

from sealroom.project.environment import sqlite

_context = multiprocessing.get_context("fork")


def start(file: Path, target: Callable[..., object], *args: object) -> ForkProcess:
    """Run `target(*args)` in a new process whose database is `file`; its exit code is 1 if it raises."""
    process = _context.Process(target=_run, args=(file, target, args), daemon=True)
    process.start()
    return process


def race(file: Path, target: Callable[..., object], arguments: list[tuple[object, ...]]) -> None:
    """One process for each tuple of arguments, all started before any is waited for; fails if one fails."""
    processes = [start(file, target, *args) for args in arguments]
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * len(processes)


def do(file: Path, target: Callable[..., object], *args: object) -> None:
    """Run one process to its end."""
    race(file, target, [args])


def note(file: Path, line: str) -> None:
    """Append a line to a log that survives any death: the test's own evidence, outside the database."""
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, f"{line}\n".encode())
    os.close(handle)


def _run(file: Path, target: Callable[..., object], args: tuple[object, ...]) -> None:
    own = {**connections.settings["default"], **sqlite(file)}
    connections.settings["default"] = own
    connections["default"] = load_backend(own["ENGINE"]).DatabaseWrapper(own, "default")
    target(*args)
    connections.close_all()
