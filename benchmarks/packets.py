# SPDX-License-Identifier: Apache-2.0
"""Counts what the sandboxes of a process put on any network, by the kernel's own counters of their network namespaces."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.journeys.server import family

EVERY = 0.2  # seconds


class PacketWatch:
    """While it is entered, looks at every process below this one that lives in another network namespace. A namespace lives as long
    as a sandbox does, for many documents, so that looking now and then misses none of it."""

    def __init__(self) -> None:
        self._seen: dict[Path, int] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._look()
        self._stop.set()
        self._thread.join()

    @property
    def namespaces(self) -> int:
        """How many network namespaces of sandboxes there were."""
        return len(self._seen)

    @property
    def packets(self) -> int:
        """Packets sent and received in all of them, the loopback device of each included."""
        return sum(self._seen.values())

    def _watch(self) -> None:
        while not self._stop.wait(EVERY):
            self._look()

    def _look(self) -> None:
        own = Path("/proc/self/ns/net").readlink()
        for process in family(os.getpid()):
            try:
                namespace = Path(f"/proc/{process}/ns/net").readlink()
                if namespace != own:
                    self._seen[namespace] = max(self._seen.get(namespace, 0), _packets_of(process))
            except OSError:
                continue  # it ended meanwhile


def _packets_of(process: int) -> int:
    """Columns 2 and 10 of /proc/PID/net/dev are packets received and sent (proc_pid_net(5))."""
    lines = Path(f"/proc/{process}/net/dev").read_text().splitlines()[2:]
    counts = (line.partition(":")[2].split() for line in lines)
    return sum(int(columns[1]) + int(columns[9]) for columns in counts)
