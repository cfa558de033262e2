# SPDX-License-Identifier: Apache-2.0
"""The real workshop: children in a sandbox, one per document, a few of them kept warm for the document they serve.

Safe for many threads; a process that was forked from the owner starts a zygote of its own. Nothing runs before the first job.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import math
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import PurePath
from typing import BinaryIO, TypeVar

from sealroom.documents.adapters import bubblewrap, soffice
from sealroom.documents.adapters.nursery import Answer, Child, Zygote, ZygoteLost
from sealroom.documents.adapters.sandbox import wire
from sealroom.documents.errors import PageFailed, WorkshopBusy, WorkshopFailure, WorkshopInterrupted, workshop_failure
from sealroom.documents.ports import Kind, PageSize, Paginated, Raster
from sealroom.documents.rules import Limits

_COPY_BYTES = 1 << 20
_WAIT_SECONDS = 60.0
_PAGE_POINTS = 14_400.0
_SIZE_BYTES = 64
_Result = TypeVar("_Result")
_BUILT = frozenset({Kind.PDF, Kind.IMAGE, Kind.TEXT, Kind.MARKDOWN, Kind.CSV, Kind.OFFICE})


class SandboxWorkshop:
    """The `Workshop` that opens files in children behind walls.

    `children` is the most that live at once, `conversions` the most LibreOffices; an idle child ends after `idle_seconds`.
    """

    def __init__(
        self, limits: Limits | None = None, *, children: int = 4, conversions: int = 2, idle_seconds: float = 20.0
    ) -> None:
        self.limits = limits or Limits()
        self._told_limits = asdict(self.limits)
        self._children = children
        self._idle_seconds = idle_seconds
        self._free = threading.Condition()
        self._conversions = threading.BoundedSemaphore(conversions)
        self._closings = 0
        self._zygote: Zygote | None = None
        self._starting = threading.Lock()
        self._idle: list[Child] = []  # the longest idle first
        self._living = 0
        _workshops.add(self)

    @classmethod
    def from_settings(cls) -> SandboxWorkshop:
        """The workshop with the operator's limits, where settings name any."""
        from django.conf import settings  # noqa: PLC0415 -- optional dependency: the workshop works without Django

        limits = getattr(settings, "SEALROOM_LIMITS", None)
        children = getattr(settings, "SEALROOM_WORKSHOP_CHILDREN", None) or max(2, os.cpu_count() or 2)
        return cls(limits, children=children)

    def paginate(self, source: BinaryIO, *, kind: Kind, name: str, document: str) -> Paginated:
        """Inspect a file and convert what is no PDF; see the port. A child of its own does it and ends with it."""
        if kind not in _BUILT:
            raise workshop_failure("converter_missing", kind=kind.value)
        with self._sealed(source) as given:
            if kind is Kind.OFFICE:
                return self._paginate_office(given, PurePath(name).suffix.lstrip(".").lower(), document)
            job: dict[str, object] = {"do": "paginate", "kind": kind.value, "limits": self._told_limits}
            return self._once(document, job, given, lambda answer: self._paginated(answer, converted=kind is not Kind.PDF))

    def render(self, pdf: BinaryIO, *, page: int, width: int, document: str) -> Raster:
        """Pixels of a page; see the port. `document` must name these very bytes: a warm child does not read `pdf` again."""
        job: dict[str, object] = {"do": "render", "page": page, "width": width, "limits": self._told_limits}
        return self._retried(lambda: self._render(pdf, job, document))

    def warm_up(self) -> None:
        """Start the sandbox now, so that the first job need not wait for it."""
        self._current_zygote()

    def attempt(self, what: str, where: str = "", *, seconds: float = 10.0) -> str:
        """Let a child try to break out in one way (see `sandbox.attempts`) and tell how that went; for `doctor` and tests."""
        with self._child("attempt:", keep=False) as (child, _):
            answer = child.ask({"do": "attempt", "what": what, "where": where}, seconds=seconds, memory=self.limits.memory_bytes)
            try:
                return answer.text("outcome")
            finally:
                answer.close()

    def isolation(self) -> str:
        """How strong the walls are on this machine: "bubblewrap", or "rlimits" when it may not be used."""
        return "bubblewrap" if bubblewrap.is_available() else "rlimits"

    def converts_office(self) -> bool:
        """Whether Office files can be converted here."""
        return bubblewrap.is_available() and bubblewrap.office_programs() is not None

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

    # -- jobs

    def _paginate_office(self, given: int, suffix: str, document: str) -> Paginated:
        job: dict[str, object] = {"do": "container", "suffix": suffix, "limits": self._told_limits}
        real = self._once(document, job, given, lambda answer: answer.text("suffix"))
        if not real.isalnum() or len(real) > 8:
            raise workshop_failure("corrupt", reason="bad answer")
        with self._conversions:
            made = soffice.to_pdf(given, real, self.limits)
        try:
            look: dict[str, object] = {"do": "paginate", "kind": Kind.PDF.value, "limits": self._told_limits}
            paginated = self._once(document, look, made, lambda answer: self._paginated(answer, converted=False))
            with wire.reader(made) as file:
                return Paginated(paginated.pages, file.read())
        finally:
            os.close(made)

    def _once(self, document: str, job: dict[str, object], given: int, read: Callable[[Answer], _Result]) -> _Result:
        """Do one job in a child that ends with it, again when the child was ended from outside."""

        def do() -> _Result:
            with self._child(document, keep=False) as (child, _):
                answer = child.ask(job, (given,), seconds=self.limits.inspect_seconds, memory=self.limits.memory_bytes)
                try:
                    return read(answer)
                finally:
                    answer.close()

        return self._retried(do)

    def _paginated(self, answer: Answer, *, converted: bool) -> Paginated:
        pages = _page_sizes(answer.data(0, most=_SIZE_BYTES * self.limits.pages), self.limits.pages)
        return Paginated(pages, answer.data(1, most=self.limits.output_bytes) if converted else None)

    def _render(self, pdf: BinaryIO, job: dict[str, object], document: str) -> Raster:
        limits = self.limits
        with self._child(document, keep=True) as (child, is_warm):
            try:
                if is_warm:
                    answer = child.ask(job, seconds=limits.render_seconds, memory=limits.memory_bytes)
                else:
                    with self._sealed(pdf) as given:
                        answer = child.ask(job, (given,), seconds=limits.render_seconds, memory=limits.memory_bytes)
            except WorkshopFailure as failure:
                raise _page_failure(failure) from failure
            try:
                width, height = (answer.number(side, most=limits.raster_side) for side in ("width", "height"))
                channels = 3 if answer.number("channels", most=3) == 3 else 1
                pixels = answer.data(0, most=width * height * channels)
            finally:
                answer.close()
        if len(pixels) != width * height * channels:
            raise PageFailed(reason="bad answer")
        return Raster(width, height, channels, pixels)

    def _retried(self, do: Callable[[], _Result]) -> _Result:
        closings = self._closings
        try:
            return do()
        except WorkshopInterrupted:
            if closings != self._closings:
                raise
            return do()

    @contextlib.contextmanager
    def _sealed(self, source: BinaryIO) -> Iterator[int]:
        """The bytes of `source` in a memory file that nobody can change any more."""
        given = wire.memory_file("source")
        try:
            size = 0
            source.seek(0)
            while block := source.read(_COPY_BYTES):
                size += len(block)
                if size > self.limits.file_bytes:
                    raise workshop_failure("limit_size", limit=self.limits.file_bytes)
                os.write(given, block)
            wire.seal(given)
            yield given
        finally:
            os.close(given)

    # -- children

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


def _page_sizes(data: bytes, most: int) -> tuple[PageSize, ...]:
    try:
        told = json.loads(data)
        pages = tuple(PageSize(float(width), float(height)) for width, height in told)
    except (ValueError, TypeError, RecursionError) as error:
        raise workshop_failure("corrupt", reason="bad answer") from error
    sides = (side for page in pages for side in (page.width, page.height))
    if not 1 <= len(pages) <= most or not all(math.isfinite(side) and 0 < side <= _PAGE_POINTS for side in sides):
        raise workshop_failure("corrupt", reason="bad answer")
    return pages


def _page_failure(failure: WorkshopFailure) -> WorkshopFailure:
    """A page that broke its child is this page's failure: the document was opened before."""
    return PageFailed(**failure.facts) if failure.code == "corrupt" else failure


_workshops: weakref.WeakSet[SandboxWorkshop] = weakref.WeakSet()


def _forget_all() -> None:
    for workshop in _workshops:
        workshop.forget()


@atexit.register
def _close_all() -> None:
    for workshop in list(_workshops):
        workshop.close()


os.register_at_fork(after_in_child=_forget_all)
