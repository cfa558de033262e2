# SPDX-License-Identifier: Apache-2.0
"""A child: locked in before the first message, it serves one document and ends with it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from . import attempts, containers, emails, images, pdf, reading, sheetnames, sheets, svg, text, unlock, wire
from .jail import allow_seconds, filter_calls, limit_process
from .refused import Refused

Answer = tuple[dict[str, object], tuple[int, ...]]
IDLE_SECONDS = 60.0
"""A child nobody speaks to ends by itself; the other side usually ends it sooner."""


def serve(end: socket.socket, *, memory: int, file_bytes: int) -> None:
    """Answer jobs about one document until the other side closes or is silent for long."""
    limit_process(memory=memory, file_bytes=file_bytes)
    filtered = filter_calls(alone=True)
    session = Session(filtered=filtered)
    while True:
        try:
            end.settimeout(IDLE_SECONDS)
            job, descriptors = wire.receive(end)
        except (wire.Closed, TimeoutError):
            return
        end.settimeout(None)
        message, answers = _answer(session, job, descriptors)
        wire.send(end, message, answers)
        for descriptor in answers:
            os.close(descriptor)


def _answer(session: Session, job: dict[str, object], descriptors: list[int]) -> Answer:
    try:
        seconds = job["cpu"]
        allow_seconds(seconds if isinstance(seconds, int) else 1)
        message, answers = session.do(job, descriptors)
    except Refused as refusal:
        return {"failed": refusal.code, "facts": refusal.facts}, ()
    except MemoryError:
        return {"failed": "limit_memory", "facts": {}}, ()
    except RecursionError:
        return {"failed": "corrupt", "facts": {"reason": "nesting"}}, ()
    except Exception as error:
        return {"failed": "corrupt", "facts": {"reason": f"{type(error).__name__}: {error}"[:300]}}, ()
    return {"done": True, **message}, answers


class Session:
    """What a child keeps between two jobs: the open document."""

    def __init__(self, *, filtered: bool) -> None:
        self._filtered = filtered
        self._renderer: pdf.Renderer | None = None

    def do(self, job: dict[str, object], descriptors: list[int]) -> Answer:
        """Do one job; raises `Refused` or whatever the engines raise."""
        jobs: dict[str, Callable[[dict[str, object], list[int]], Answer]] = {
            "paginate": self._paginate,
            "container": self._container,
            "render": self._render,
            "sheets": self._sheets,
            "unlock": self._unlock,
            "structure": self._structure,
            "texts": self._texts,
            "attempt": self._attempt,
        }
        return jobs[str(job["do"])](job, descriptors)

    def _paginate(self, job: dict[str, object], descriptors: list[int]) -> Answer:
        source, limits = descriptors[0], _numbers(job["limits"])
        kind = job["kind"]
        if kind == "pdf":
            return {}, (pdf.sizes(source, limits),)
        made = _made(str(kind), source, limits)
        return {}, (pdf.sizes(made, limits), made)

    def _container(self, job: dict[str, object], descriptors: list[int]) -> Answer:
        unlocked = job.get("unlocked") is True
        suffix = containers.inspect(descriptors[0], str(job["suffix"]), _numbers(job["limits"]), unlocked=unlocked)
        return {"suffix": suffix}, ()

    def _sheets(self, job: dict[str, object], descriptors: list[int]) -> Answer:
        names = sheetnames.names(descriptors[1], str(job["suffix"]))
        return {}, (sheets.slice_sheets(descriptors[0], names, _numbers(job["limits"])),)

    def _unlock(self, job: dict[str, object], descriptors: list[int]) -> Answer:
        return {}, (unlock.unlock(descriptors[0], str(job["kind"]), str(job["password"])),)

    def _structure(self, job: dict[str, object], descriptors: list[int]) -> Answer:
        return {}, (reading.structure(self._opened(descriptors).document),)

    def _texts(self, job: dict[str, object], descriptors: list[int]) -> Answer:
        document = self._opened(descriptors).document
        return {}, (reading.texts(document, int(str(job["first"])), int(str(job["count"]))),)

    def _opened(self, descriptors: list[int]) -> pdf.Renderer:
        """The document this child serves; it comes with the first job."""
        if descriptors:
            self._renderer = pdf.Renderer(descriptors[0])
        if self._renderer is None:
            raise Refused("corrupt", reason="no document")
        return self._renderer

    def _render(self, job: dict[str, object], descriptors: list[int]) -> Answer:
        renderer = self._opened(descriptors)
        raster = renderer.render(int(str(job["page"])), int(str(job["width"])), _numbers(job["limits"]))
        return {"width": raster.width, "height": raster.height, "channels": raster.channels}, (raster.pixels,)

    def _attempt(self, job: dict[str, object], descriptors: list[int]) -> Answer:
        outcome = attempts.attempt(str(job["what"]), str(job["where"]))
        return {"outcome": outcome, "filtered": self._filtered}, ()


def _made(kind: str, source: int, limits: dict[str, int]) -> int:
    """A memory file with a PDF of what is none."""
    makers = {"image": images.to_pdf, "svg": svg.to_pdf, "email": emails.to_pdf}
    return makers[kind](source, limits) if kind in makers else text.to_pdf(source, kind, limits)


def _numbers(value: object) -> dict[str, int]:
    return {str(key): int(number) for key, number in value.items()} if isinstance(value, dict) else {}
