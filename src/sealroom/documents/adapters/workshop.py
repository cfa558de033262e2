# SPDX-License-Identifier: Apache-2.0
"""The real workshop: children in a sandbox, one per document, a few of them kept warm for the document they serve.

Safe for many threads; a process that was forked from the owner starts a zygote of its own. Nothing runs before the first job.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import PurePath
from typing import BinaryIO, TypeVar

from sealroom.documents.adapters import answers, bubblewrap, programs
from sealroom.documents.adapters.nursery import Answer
from sealroom.documents.adapters.pool import Pool
from sealroom.documents.adapters.sandbox import wire
from sealroom.documents.errors import PageFailed, WorkshopFailure, WorkshopInterrupted, workshop_failure
from sealroom.documents.ports import Kind, PageSize, PageText, Paginated, Raster, Structure
from sealroom.documents.rules import Limits

_COPY_BYTES = 1 << 20
_SIZE_BYTES = 64
_TOLD_BYTES = 64 * 1024**2
_Result = TypeVar("_Result")
_BUILT = frozenset({Kind.PDF, Kind.IMAGE, Kind.TEXT, Kind.MARKDOWN, Kind.CSV, Kind.OFFICE, Kind.SVG, Kind.EMAIL})
_NEEDS_WALLS = frozenset({Kind.OFFICE, Kind.SVG})
_WORKBOOKS = frozenset({"xls", "xlsx", "xlsb", "ods", "fods"})


class SandboxWorkshop(Pool):
    """The `Workshop` that opens files in children behind walls.

    `children` is the most that live at once, `conversions` the most LibreOffices; an idle child ends after `idle_seconds`.
    `weak` opens Office files and drawings even where no walls can be built.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        children: int = 4,
        conversions: int = 2,
        idle_seconds: float = 20.0,
        weak: bool = False,
    ) -> None:
        super().__init__(limits or Limits(), children=children, idle_seconds=idle_seconds)
        self._told_limits = asdict(self.limits)
        self._weak = weak
        self._conversions = threading.BoundedSemaphore(conversions)

    @classmethod
    def from_settings(cls) -> SandboxWorkshop:
        """The workshop with the operator's limits, where settings name any."""
        from django.conf import settings  # noqa: PLC0415 -- optional dependency: the workshop works without Django

        limits = Limits(
            file_bytes=settings.SEALROOM_MAX_FILE_BYTES,
            pages=settings.SEALROOM_MAX_PAGES,
            convert_seconds=settings.SEALROOM_CONVERSION_SECONDS,
        )
        return cls(limits, children=max(2, os.cpu_count() or 2), weak=settings.SEALROOM_WEAK_SANDBOX)

    def paginate(self, source: BinaryIO, *, kind: Kind, name: str, document: str, password: str | None = None) -> Paginated:
        """Inspect a file and convert what is no PDF; see the port. Children of its own do it and end with it."""
        if kind not in _BUILT:
            raise workshop_failure("converter_missing", kind=kind.value)
        if kind in _NEEDS_WALLS and not programs.may_run(weak=self._weak):
            raise workshop_failure("converter_missing", needs="bubblewrap")
        with self._sealed(source) as given:
            if password is None:
                return self._paginate(given, kind, name, document)
            job: dict[str, object] = {"do": "unlock", "kind": kind.value, "password": password}
            with self._made(document, job, given) as clear:
                return self._paginate_clear(clear, kind, name, document)

    def render(self, pdf: BinaryIO, *, page: int, width: int, document: str) -> Raster:
        """Pixels of a page; see the port. `document` must name these very bytes: a warm child does not read `pdf` again."""
        job: dict[str, object] = {"do": "render", "page": page, "width": width, "limits": self._told_limits}
        try:
            return self._retried(lambda: self._render(pdf, job, document))
        except PageFailed as failure:
            return self._second_drawing(pdf, job, document, failure)

    def structure(self, pdf: BinaryIO, *, document: str) -> Structure:
        """Outline, links and sheets; see the port."""
        return self._retried(lambda: self._told(pdf, {"do": "structure"}, document, answers.structure))

    def texts(self, pdf: BinaryIO, *, first: int, count: int, document: str) -> tuple[PageText, ...]:
        """The words of some pages; see the port."""
        job: dict[str, object] = {"do": "texts", "first": first, "count": count}
        return self._retried(lambda: self._told(pdf, job, document, lambda told: answers.page_texts(told, count)))

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
        return programs.may_run(weak=self._weak) and bubblewrap.office_programs() is not None

    def mends_pdf(self) -> bool:
        """Whether there is a second engine for PDF files that the first refuses."""
        return programs.may_run(weak=self._weak) and programs.poppler_program() is not None

    # -- jobs

    def _paginate(self, given: int, kind: Kind, name: str, document: str, *, unlocked: bool = False) -> Paginated:
        if kind is Kind.OFFICE:
            return self._paginate_office(given, PurePath(name).suffix.lstrip(".").lower(), document, unlocked=unlocked)
        if kind is not Kind.PDF:
            job: dict[str, object] = {"do": "paginate", "kind": kind.value, "limits": self._told_limits}
            return self._once(document, job, (given,), lambda answer: self._paginated(answer, converted=True))
        try:
            return Paginated(self._sizes(given, document), None)
        except WorkshopFailure as failure:
            if failure.code != "corrupt":
                raise
            return self._second_opinion(given, document, failure)

    def _paginate_clear(self, clear: int, kind: Kind, name: str, document: str) -> Paginated:
        """A file whose protection was taken off. When nobody can read what came out, the protection is one we cannot take off."""
        try:
            told = self._paginate(clear, kind, name, document, unlocked=True)
        except WorkshopFailure as failure:
            if failure.code == "corrupt" and kind is Kind.OFFICE:
                raise workshop_failure("password_required", reason="protection cannot be taken off here") from failure
            raise
        return told if told.pdf is not None else Paginated(told.pages, _content(clear))

    def _sizes(self, given: int, document: str) -> tuple[PageSize, ...]:
        job: dict[str, object] = {"do": "paginate", "kind": Kind.PDF.value, "limits": self._told_limits}
        return self._once(document, job, (given,), lambda answer: self._paginated(answer, converted=False).pages)

    def _second_opinion(self, given: int, document: str, refusal: WorkshopFailure) -> Paginated:
        """What poppler makes of a PDF that PDFium refused; the first refusal stands when it cannot read it either."""
        try:
            made = programs.rewrite_pdf(given, self.limits, weak=self._weak)
        except WorkshopFailure:
            made = None
        if made is None:
            raise refusal
        with _closing(made):
            try:
                return Paginated(self._sizes(made, document), _content(made))
            except WorkshopFailure as failure:
                raise refusal from failure

    def _paginate_office(self, given: int, suffix: str, document: str, *, unlocked: bool) -> Paginated:
        job: dict[str, object] = {"do": "container", "suffix": suffix, "unlocked": unlocked, "limits": self._told_limits}
        real = self._once(document, job, (given,), lambda answer: answer.text("suffix"))
        if not real.isalnum() or len(real) > 8:
            raise workshop_failure("corrupt", reason="bad answer")
        if real in _WORKBOOKS:
            with contextlib.suppress(WorkshopFailure):
                return self._sheets(given, real, document)
        with self._conversions:
            made = programs.convert_office(given, real, self.limits, weak=self._weak)
        with _closing(made):
            return Paginated(self._sizes(made, document), _content(made))

    def _sheets(self, given: int, suffix: str, document: str) -> Paginated:
        """A workbook whose sheets keep their scale, cut into pages. Any failure means: print it as on paper."""
        job: dict[str, object] = {"do": "sheets", "suffix": suffix, "limits": self._told_limits}
        with self._conversions:
            whole = programs.convert_office(given, suffix, self.limits, weak=self._weak, whole_sheets=True)
        with _closing(whole), self._made(document, job, whole, given) as made:
            return Paginated(self._sizes(made, document), _content(made))

    @contextlib.contextmanager
    def _made(self, document: str, job: dict[str, object], *given: int) -> Iterator[int]:
        """A memory file a child made of `given`."""
        made = self._once(document, job, given, lambda answer: os.dup(answer.descriptor(0)))
        with _closing(made):
            if os.fstat(made).st_size > self.limits.output_bytes:
                raise workshop_failure("limit_size", limit=self.limits.output_bytes)
            wire.seal(made)
            yield made

    def _once(self, document: str, job: dict[str, object], given: tuple[int, ...], read: Callable[[Answer], _Result]) -> _Result:
        """Do one job in a child that ends with it, again when the child was ended from outside."""

        def do() -> _Result:
            with self._child(document, keep=False) as (child, _):
                answer = child.ask(job, given, seconds=self.limits.inspect_seconds, memory=self.limits.memory_bytes)
                try:
                    return read(answer)
                finally:
                    answer.close()

        return self._retried(do)

    def _paginated(self, answer: Answer, *, converted: bool) -> Paginated:
        pages = answers.page_sizes(answer.data(0, most=_SIZE_BYTES * self.limits.pages), self.limits.pages)
        return Paginated(pages, answer.data(1, most=self.limits.output_bytes) if converted else None)

    def _render(self, pdf: BinaryIO, job: dict[str, object], document: str) -> Raster:
        with self._asked(pdf, job, document, seconds=self.limits.render_seconds) as answer:
            return answers.raster(answer, self.limits)

    def _second_drawing(self, pdf: BinaryIO, job: dict[str, object], document: str, failure: PageFailed) -> Raster:
        """A page that PDFium cannot draw as poppler writes it; the failure stands when that does not help."""
        page = int(str(job["page"]))
        made = None
        with contextlib.suppress(WorkshopFailure), self._sealed(pdf) as given:
            made = programs.rewrite_pdf(given, self.limits, weak=self._weak, page=page)
        if made is None:
            raise failure
        with _closing(made), wire.reader(made) as file:
            try:
                return self._render(file, {**job, "page": 1}, f"{document}:{page}")
            except WorkshopFailure:
                raise failure from None

    def _told(self, pdf: BinaryIO, job: dict[str, object], document: str, read: Callable[[object], _Result]) -> _Result:
        with self._asked(pdf, job, document, seconds=self.limits.inspect_seconds) as answer:
            return read(answers.parsed(answer.data(0, most=_TOLD_BYTES)))

    @contextlib.contextmanager
    def _asked(self, pdf: BinaryIO, job: dict[str, object], document: str, *, seconds: int) -> Iterator[Answer]:
        """The answer of the child that serves this document; a warm one has read the bytes before."""
        memory = self.limits.memory_bytes
        with self._child(document, keep=True) as (child, is_warm):
            try:
                if is_warm:
                    answer = child.ask(job, seconds=seconds, memory=memory)
                else:
                    with self._sealed(pdf) as given:
                        answer = child.ask(job, (given,), seconds=seconds, memory=memory)
            except WorkshopFailure as failure:
                raise _page_failure(failure) from failure
            try:
                yield answer
            finally:
                answer.close()

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


@contextlib.contextmanager
def _closing(descriptor: int) -> Iterator[None]:
    """Close a memory file when the block ends."""
    try:
        yield
    finally:
        os.close(descriptor)


def _content(descriptor: int) -> bytes:
    with wire.reader(descriptor) as file:
        return file.read()


def _page_failure(failure: WorkshopFailure) -> WorkshopFailure:
    """A page that broke its child is this page's failure: the document was opened before."""
    return PageFailed(**failure.facts) if failure.code == "corrupt" else failure
