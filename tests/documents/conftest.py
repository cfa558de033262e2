# SPDX-License-Identifier: Apache-2.0
"""A real workshop for the tests of one process, and PDF files to give it."""

from __future__ import annotations

import io
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from reportlab.pdfgen import canvas

from sealroom.documents.adapters.workshop import SandboxWorkshop
from sealroom.documents.rules import Limits

MAKE_SMALL = Limits(memory_bytes=900 * 1024**2, inspect_seconds=20, render_seconds=20, convert_seconds=60)


@pytest.fixture(scope="session")
def workshop() -> Iterator[SandboxWorkshop]:
    """One workshop for many tests; a test that ends it gets its own."""
    made = SandboxWorkshop(MAKE_SMALL, children=2)
    yield made
    made.close()


@pytest.fixture
def own_workshop() -> Iterator[SandboxWorkshop]:
    """A workshop that a test may treat badly."""
    made = SandboxWorkshop(MAKE_SMALL, children=2)
    yield made
    made.close()


@pytest.fixture
def listener() -> Iterator[tuple[int, list[object]]]:
    """A port of this machine, and everybody who called there."""
    calls: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        done = threading.Event()

        def listen() -> None:
            while not done.is_set():
                try:
                    caller, address = server.accept()
                except TimeoutError:
                    continue
                calls.append(address)
                caller.close()

        thread = threading.Thread(target=listen)
        thread.start()
        yield server.getsockname()[1], calls
        done.set()
        thread.join()


def pdf_of(*sizes: tuple[float, float], draw: Callable[[canvas.Canvas, int], None] | None = None) -> bytes:
    """A PDF with pages of these sizes; each says its number."""
    out = io.BytesIO()
    paper = canvas.Canvas(out)
    for number, size in enumerate(sizes, 1):
        paper.setPageSize(size)
        paper.drawString(20, 20, f"Page {number}")
        if draw:
            draw(paper, number)
        paper.showPage()
    paper.save()
    return out.getvalue()


def family_of(pid: int) -> set[int]:
    """A process and everything that descends from it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
    family = {pid}
    while True:
        grown = family | {child for child, parent in parents.items() if parent in family}
        if grown == family:
            return {member for member in family if is_running(member)}
        family = grown


def is_running(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def own_pid() -> int:
    """The process of this test."""
    return os.getpid()
