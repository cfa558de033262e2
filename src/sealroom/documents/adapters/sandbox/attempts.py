# SPDX-License-Identifier: Apache-2.0
"""The break-outs a child tries on request, so that tests and `sealroom doctor` can see the walls instead of believing in them."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path


def attempt(what: str, where: str) -> str:
    """Try one thing and say how it ended: `done: …` or `refused: …`. Some attempts do not come back."""
    try:
        return f"done: {_ATTEMPTS[what](where)}"
    except OSError as error:
        return f"refused: {type(error).__name__} {error.errno}"


def _connect(where: str) -> str:
    host, _, port = where.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=2):
        return "connected"


def _read(where: str) -> str:
    path = Path(where)
    return str(len(list(path.iterdir()))) if path.is_dir() else str(len(path.read_bytes()))


def _write(where: str) -> str:
    Path(where).write_bytes(b"x")
    return "written"


def _run(where: str) -> str:
    os.execv(where, [where])  # noqa: S606 -- refused, and that is the point


def _fork(where: str) -> str:
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    return "forked"


def _signal(where: str) -> str:
    os.kill(int(where), signal.SIGKILL)
    return "killed"


def _remember(where: str) -> str:
    held = [bytearray(64 * 1024**2) for _ in range(int(where) // (64 * 1024**2))]
    return str(len(held))


def _sleep(where: str) -> str:
    time.sleep(float(where))
    return "slept"


def _spin(where: str) -> str:
    while True:
        pass


def _crash(where: str) -> str:
    os.abort()


def _look(where: str) -> str:
    return f"{os.getuid()} {len(os.environ)} {os.getpid()}"


_ATTEMPTS: dict[str, Callable[[str], str]] = {
    "connect": _connect,
    "read": _read,
    "write": _write,
    "run": _run,
    "fork": _fork,
    "signal": _signal,
    "remember": _remember,
    "sleep": _sleep,
    "spin": _spin,
    "crash": _crash,
    "look": _look,
}
