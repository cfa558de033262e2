# SPDX-License-Identifier: Apache-2.0
"""The outside of the sandbox: a zygote, the children it forks, and what is believed of their answers (nothing unchecked)."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import subprocess
import threading
import time
from typing import cast

from sealroom.documents.adapters import bubblewrap
from sealroom.documents.adapters.sandbox import wire
from sealroom.documents.errors import WorkshopFailure, WorkshopInterrupted, workshop_failure

_START_SECONDS = 60.0
_ORDER_SECONDS = 20.0
_BOOT = (
    "import socket, sys; sys.path[:0] = {paths!r}; from sandbox import zygote;"
    " zygote.main(socket.socket(fileno={descriptor}), memory={memory}, file_bytes={file_bytes})"
)
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}


class ZygoteLost(Exception):
    """The zygote does not answer; it has been ended and a new one is needed."""


class Zygote:
    """One process, in bubblewrap when that works, that forks children on order. All methods may be called by any thread."""

    def __init__(self, *, memory: int, file_bytes: int) -> None:
        self.walled = bubblewrap.is_available()
        self._lock = threading.Lock()
        self._numbers = 0
        self._broken = False
        self._control, theirs = wire.pair()
        paths = bubblewrap.import_paths("/sandboxed" if self.walled else str(bubblewrap.PACKAGE.parent))
        code = _BOOT.format(paths=paths, descriptor=theirs.fileno(), memory=memory, file_bytes=file_bytes)
        walls = bubblewrap.walls() if self.walled else []
        for name, value in _ENVIRONMENT.items() if self.walled else ():
            walls += ["--setenv", name, value]
        # No --die-with-parent: it follows the *thread* that started it, and web threads end. The closed socket ends it.
        with theirs:
            self._process = subprocess.Popen(
                [*walls, *bubblewrap.python_command(code)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        try:
            self._control.settimeout(_START_SECONDS)
            wire.receive(self._control)
        except (wire.Closed, TimeoutError, ValueError) as error:
            self.end()
            raise ZygoteLost from error

    @property
    def pid(self) -> int:
        """The process that was started (bubblewrap's own, when there are walls)."""
        return self._process.pid

    def is_alive(self) -> bool:
        """False once it has ended, or stopped answering, for whatever reason."""
        return not self._broken and self._process.poll() is None

    def fork(self, document: str) -> Child:
        """A fresh child for one document. Raises `ZygoteLost`."""
        ours, theirs = wire.pair()
        with theirs, self._lock:
            self._numbers += 1
            number = self._numbers
            try:
                self._order({"do": "fork", "child": number}, (theirs.fileno(),))
            except ZygoteLost:
                ours.close()
                raise
        return Child(self, number, document, ours)

    def finish(self, number: int, *, dying: bool = False) -> tuple[int, int]:
        """End a child for certain; tells the signal that had ended it before (or 0) and its peak memory in bytes. One that is
        dying already is given a moment to do so, for its cause of death to be its own."""
        with self._lock:
            answer = self._order({"do": "end", "child": number, "dying": dying})
        ended, peak = answer.get("signal"), answer.get("peak")
        return (ended if isinstance(ended, int) else 0), (peak if isinstance(peak, int) else 0)

    def end(self) -> None:
        """End the zygote and with it every child. Safe to call twice."""
        self._control.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def forget(self) -> None:
        """Close our end in a process that was forked from the owner, so that the owner's death is still noticed."""
        self._control.close()

    def _order(self, order: dict[str, object], descriptors: tuple[int, ...] = ()) -> dict[str, object]:
        try:
            self._control.settimeout(_ORDER_SECONDS)
            wire.send(self._control, order, descriptors)
            return wire.receive(self._control)[0]
        except (wire.Closed, TimeoutError, ValueError) as error:
            self._broken = True  # an answer that comes late would be taken for that of the next order
            raise ZygoteLost from error


class Answer:
    """What a child said: numbers and memory files. Everything is checked when it is asked for."""

    def __init__(self, message: dict[str, object], descriptors: list[int]) -> None:
        self._message = message
        self._descriptors = descriptors

    def number(self, name: str, *, most: int) -> int:
        """A number from 1 to `most`."""
        value = self._message.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            raise workshop_failure("corrupt", reason="bad answer")
        return value

    def text(self, name: str) -> str:
        """A short text."""
        value = self._message.get(name)
        if not isinstance(value, str) or len(value) > 1000:
            raise workshop_failure("corrupt", reason="bad answer")
        return value

    def data(self, index: int, *, most: int) -> bytes:
        """The content of the memory file at this place, at most `most` bytes. Never mapped: a child could cut it short."""
        descriptor = self.descriptor(index)
        size = os.fstat(descriptor).st_size
        if size > most:
            raise workshop_failure("limit_size", size=size, limit=most)
        pieces, at = [], 0
        while at < size and (piece := os.pread(descriptor, size - at, at)):
            pieces.append(piece)
            at += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def descriptor(self, index: int) -> int:
        """The memory file at this place; it lives until `close`."""
        if index >= len(self._descriptors) or not stat.S_ISREG(os.fstat(self._descriptors[index]).st_mode):
            raise workshop_failure("corrupt", reason="bad answer")
        return self._descriptors[index]

    def close(self) -> None:
        """Let go of the memory files."""
        wire.close_all(self._descriptors)
        self._descriptors = []


class Child:
    """One process for one document. Used by one thread at a time."""

    def __init__(self, zygote: Zygote, number: int, document: str, end: socket.socket) -> None:
        self.document = document
        self.idle_since = time.monotonic()
        self._zygote = zygote
        self._number = number
        self._end = end

    def ask(self, job: dict[str, object], descriptors: tuple[int, ...] = (), *, seconds: float, memory: int) -> Answer:
        """Give a job and wait for the answer. The child is ended by any failure but a plain refusal.

        Raises `WorkshopFailure`: what the child said, limit_time when it is silent too long, and when it died what killed it.
        """
        try:
            self._end.settimeout(seconds)
            wire.send(self._end, {**job, "cpu": int(seconds)}, descriptors)
            message, files = wire.receive(self._end)
        except TimeoutError:
            self.finish()
            raise workshop_failure("limit_time", seconds=int(seconds)) from None
        except wire.Closed:
            raise self._cause_of_death(seconds, memory) from None
        except ValueError:
            self.finish()
            raise workshop_failure("corrupt", reason="bad answer") from None
        if message.get("done") is True:
            return Answer(message, files)
        wire.close_all(files)
        raise workshop_failure(str(message.get("failed")), **_facts(message.get("facts")))

    def finish(self, *, dying: bool = False) -> tuple[int, int]:
        """End the process for certain; see `Zygote.finish`. A lost zygote has taken its children with it."""
        self._end.close()
        try:
            return self._zygote.finish(self._number, dying=dying)
        except ZygoteLost:
            return signal.SIGKILL, 0

    def forget(self) -> None:
        """Close our end in a process that was forked from the owner."""
        self._end.close()

    def is_alive(self) -> bool:
        """Whether the child still holds its end (an idle child says nothing, so anything to read means the end)."""
        try:
            self._end.setblocking(False)
            self._end.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def _cause_of_death(self, seconds: float, memory: int) -> WorkshopFailure:
        ended, peak = self.finish(dying=True)
        if ended == signal.SIGXCPU:
            return workshop_failure("limit_time", seconds=int(seconds))
        if peak > memory * 0.6:  # the allocators of C++ engines end the process when memory runs out
            return workshop_failure("limit_memory", limit=memory)
        if ended in (0, signal.SIGKILL, signal.SIGTERM):
            return WorkshopInterrupted()
        return workshop_failure("corrupt", reason=f"signal {ended}")


def _facts(value: object) -> dict[str, object]:
    """Facts a child tells about a refusal: short plain values under plain names only."""
    if not isinstance(value, dict):
        return {}
    plain = {name: fact for name, fact in cast("dict[str, object]", value).items() if name.isidentifier() and len(name) < 40}
    return {
        name: str(fact)[:300] if isinstance(fact, str) else fact
        for name, fact in plain.items()
        if isinstance(fact, str | int | float)
    }
