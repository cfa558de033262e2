# SPDX-License-Identifier: Apache-2.0
"""Real processes over one database, for races and sudden deaths.

The fixture `database` gives a test a migrated database of its own, and runs the test twice: on a SQLite file and on PostgreSQL
(skipped with a reason where no server is installed). `sqlite_database` is for tests that only make sense on the file. The test
itself stays outside: every deed runs in a process of its own, and what it returns or notes is the evidence.

    def test_last_seat_is_given_once(database: Database) -> None:
        do(database, found_team)                                     # one process
        answers = race(database, invite, [(n,) for n in range(32)])  # 32 processes at one time
        assert sorted(answers) == ["made", *["refused"] * 31]

Targets are functions of a module; arguments and results are plain values. Objects of the ORM stay in the process that read them.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import connections
from django.db.utils import load_backend

from sealroom.project import environment

_context = multiprocessing.get_context("fork")
_PATIENCE = 120


@dataclass(frozen=True)
class Database:
    """A migrated database that belongs to one test, named as by SEALROOM_DATABASE_URL."""

    url: str

    @classmethod
    def of_file(cls, file: Path) -> Database:
        """A SQLite file."""
        return cls(f"sqlite://{quote(str(file))}")

    @property
    def is_postgresql(self) -> bool:
        """Whether it lives on a server."""
        return self.url.startswith("postgresql:")

    @property
    def file(self) -> Path:
        """The file of a SQLite database."""
        return Path(self.settings["NAME"])

    @property
    def settings(self) -> dict[str, Any]:
        """What the product makes of the url, with all that Django adds to it."""
        return {**connections.settings["default"], **environment.database_at("the test's url", self.url)}

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one SQL statement on a connection of its own, outside every process of the test; the rows it answers."""
        wrapper = self.connect()
        with closing(wrapper), wrapper.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    def connect(self) -> Any:
        """A new connection, as the product makes them."""
        own = self.settings
        return load_backend(own["ENGINE"]).DatabaseWrapper(own, "default")

    def use(self) -> None:
        """Make it the database of this process, for good."""
        connections.settings["default"] = self.settings
        connections["default"] = self.connect()


class Companion:
    """A process that goes on: it calls `target` with what it is asked and answers with what that returns."""

    def __init__(self, database: Database, target: Callable[..., object]) -> None:
        self._pipe, theirs = _context.Pipe()
        self._process = _begin(_serve, database, target, theirs)
        theirs.close()

    def ask(self, *args: object) -> None:
        """Put a question; the process starts on it at once."""
        self._pipe.send(args)

    def answer(self) -> Any:
        """Wait for the answer to the oldest question."""
        assert self._pipe.poll(_PATIENCE), "no answer"
        return self._pipe.recv()

    def end(self) -> None:
        """Let it go."""
        self._pipe.send(None)
        self._process.join(_PATIENCE)
        assert self._process.exitcode == 0


def start(database: Database, target: Callable[..., object], *args: object) -> ForkProcess:
    """Run `target(*args)` in a new process on `database`; its exit code is 1 if it raises."""
    return _begin(_run, database, target, args)


def race(database: Database, target: Callable[..., object], arguments: Sequence[tuple[object, ...]]) -> list[Any]:
    """One process for each tuple of arguments, let loose together when all are connected; what each returned, in their order. Fails
    if one fails."""
    return race_of(database, [(target, *args) for args in arguments])


def race_of(database: Database, deeds: Sequence[tuple[object, ...]]) -> list[Any]:
    """As `race`, for different deeds: (target, *args) each."""
    gate = _context.Barrier(len(deeds))
    pipes = [_context.Pipe(duplex=False) for _ in deeds]
    processes = [_begin(_run, database, deed[0], deed[1:], theirs, gate) for deed, (_, theirs) in zip(deeds, pipes, strict=True)]
    for _, theirs in pipes:
        theirs.close()
    answers = [_answer(ours) for ours, _ in pipes]
    for process in processes:
        process.join(_PATIENCE)
    assert [process.exitcode for process in processes] == [0] * len(processes)
    return answers


def do(database: Database, target: Callable[..., object], *args: object) -> Any:
    """Run one process to its end; what it returned."""
    return race(database, target, [args])[0]


def note(file: Path, line: str) -> None:
    """Append a line to a log that survives any death: the test's own evidence, outside the database."""
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, f"{line}\n".encode())
    os.close(handle)


def _begin(work: Callable[..., None], database: Database, *args: object) -> ForkProcess:
    load_backend(database.settings["ENGINE"])  # imported once, here, and not by every child
    process = _context.Process(target=work, args=(database, *args), daemon=True)
    process.start()
    return process


def _run(
    database: Database,
    target: Callable[..., object],
    args: tuple[object, ...],
    pipe: Connection | None = None,
    gate: Barrier | None = None,
) -> None:
    database.use()
    connections["default"].ensure_connection()
    if gate is not None:
        gate.wait(_PATIENCE)
    answer = target(*args)
    connections.close_all()
    if pipe is not None:
        pipe.send(answer)


def _serve(database: Database, target: Callable[..., object], pipe: Connection) -> None:
    database.use()
    while (args := pipe.recv()) is not None:
        pipe.send(target(*args))
    connections.close_all()


def _answer(pipe: Connection) -> Any:
    """What a process returned; None from one that ended without a word (its exit code tells)."""
    try:
        return pipe.recv() if pipe.poll(_PATIENCE) else None
    except EOFError:
        return None
