# SPDX-License-Identifier: Apache-2.0
"""Who is at work behind the walls: at most so many children, each for one document, a few kept warm for the one they serve."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
import weakref
from collections.abc import Iterator

from sealroom.documents.adapters.nursery import Child, Zygote, ZygoteLost
from sealroom.documents.errors import WorkshopBusy, WorkshopInterrupted
from sealroom.documents.rules import Limits

_WAIT_SECONDS = 60.0


class Pool:
    """Children of one zygote, which starts with the first of them. Safe for many threads; a process that was forked from the owner
    starts a zygote of its own."""

    def __init__(self, limits: Limits, *, children: int, idle_seconds: float) -> None:
        self.limits = limits
        self._children = children
        self._idle_seconds = idle_seconds
        self._free = threading.Condition()
        self._closings = 0
        self._zygote: Zygote | None = None
        self._starting = threading.Lock()
        self._idle: list[Child] = []  # the longest idle first
        self._living = 0
        _pools.add(self)

    def close(self) -> None:
        """End every child and the zygote; safe to call twice, and a later job starts anew."""
        with self._free:
            self._closings += 1
            idle, self._idle = self._idle, []
            zygote, self._zygote = self._zygote, None
            self._living -= len(idle)
            self._free.notify_all()
        for child in idle:
            child.finish()
        if zygote:
            zygote.end()

    def forget(self) -> None:
        """Drop what belongs to the process this one was forked from, without ending it there."""
        for child in self._idle:
            child.forget()
        if self._zygote:
            self._zygote.forget()
        self._free = threading.Condition()
        self._zygote = None
        self._starting = threading.Lock()
        self._idle = []
        self._living = 0

    @contextlib.contextmanager
    def _child(self, document: str, *, keep: bool) -> Iterator[tuple[Child, bool]]:
        """A child for this document alone, and whether it is warm. It is kept only after a job without any failure."""
        child, is_warm = self._take(document, warm=keep)
        is_well = False
        try:
            yield child, is_warm
            is_well = True
        finally:
            self._give_back(child, keep=keep and is_well)

    def _take(self, document: str, *, warm: bool) -> tuple[Child, bool]:
        until = time.monotonic() + _WAIT_SECONDS
        with self._free:
            self._end_idle(older_than=time.monotonic() - self._idle_seconds)
            while True:
                found = next((child for child in self._idle if warm and child.document == document), None)
                if found is not None:
                    self._idle.remove(found)
                    if found.is_alive():
                        return found, True
                    self._end(found)
                elif self._living < self._children:
                    self._living += 1
                    break
                elif self._idle:
                    self._end(self._idle.pop(0))
                elif not self._free.wait(until - time.monotonic()):
                    raise WorkshopBusy
        try:
            return self._fork(document), False
        except BaseException:
            with self._free:
                self._living -= 1
                self._free.notify()
            raise

    def _fork(self, document: str) -> Child:
        for _ in range(2):
            zygote = self._current_zygote()
            try:
                return zygote.fork(document)
            except ZygoteLost:
                self._lose(zygote)
        raise WorkshopInterrupted(reason="sandbox does not start")

    def _current_zygote(self) -> Zygote:
        with self._starting:
            zygote = self._zygote
            if zygote is not None and zygote.is_alive():
                return zygote
            if zygote is not None:
                self._lose(zygote)
            try:
                self._zygote = Zygote(memory=self.limits.memory_bytes, file_bytes=self.limits.output_bytes)
            except ZygoteLost as error:
                raise WorkshopInterrupted(reason="sandbox does not start") from error
            return self._zygote

    def _lose(self, zygote: Zygote) -> None:
        zygote.end()
        if self._zygote is zygote:
            self._zygote = None

    def _give_back(self, child: Child, *, keep: bool) -> None:
        with self._free:
            if keep and self._zygote is not None:
                child.idle_since = time.monotonic()
                for twin in [other for other in self._idle if other.document == child.document]:
                    self._idle.remove(twin)
                    self._end(twin)
                self._idle.append(child)
            else:
                self._end(child)
            self._free.notify()

    def _end_idle(self, *, older_than: float) -> None:
        for child in [child for child in self._idle if child.idle_since < older_than]:
            self._idle.remove(child)
            self._end(child)

    def _end(self, child: Child) -> None:
        self._living -= 1
        child.finish()


_pools: weakref.WeakSet[Pool] = weakref.WeakSet()


def _forget_all() -> None:
    for pool in _pools:
        pool.forget()


@atexit.register
def _close_all() -> None:
    for pool in list(_pools):
        pool.close()


os.register_at_fork(after_in_child=_forget_all)
