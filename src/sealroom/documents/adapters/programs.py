# SPDX-License-Identifier: Apache-2.0
"""The large programs that open strangers' files: LibreOffice (Office to PDF) and poppler (PDF that PDFium refuses, written anew).

Each run is one cold process for one file, in bubblewrap with nothing but that file. Without bubblewrap they run only when the
operator said so (`weak`): then the limits of `sandbox.jail` are all that stands between a hostile file and this machine.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sealroom.documents.adapters import bubblewrap
from sealroom.documents.adapters.sandbox import wire
from sealroom.documents.errors import workshop_failure
from sealroom.documents.rules import Limits

_CODE = (
    "import sys; sys.path[:0] = [{home!r}]; from sandbox import {module};"
    " {module}.main({job!r}, {program!r}, {argument!r}, {answer}, seconds={seconds}, memory={memory}, file_bytes={file_bytes})"
)
_ADDRESS_SPACE = 4 * 1024**3
"""These programs map far more than they use; what they write and how long they live are bounded besides."""
_JOB_BYTES = 3 * 1024**3
_SAID_BYTES = 4096
_BASE_SECONDS, _SECONDS_PER_MEGABYTE = 60, 6


@dataclass(frozen=True)
class Run:
    """One run: `module` of the sandbox starts `program` (its path, or folder) on the file, which is named `in.<suffix>`."""

    module: str
    program: str
    suffix: str
    argument: str
    places: tuple[str, ...]
    seconds: int


def convert_office(source: int, suffix: str, limits: Limits, *, weak: bool, whole_sheets: bool = False) -> int:
    """A memory file with the PDF that LibreOffice made of `source`; the caller closes it and looks whether it opens.
    `whole_sheets` puts each sheet of a workbook on one page of its size.

    Raises `WorkshopFailure`: converter_missing without LibreOffice or walls, limit_time, corrupt when nothing came out.
    """
    programs = bubblewrap.office_programs()
    if programs is None or not may_run(weak=weak):
        raise workshop_failure("converter_missing", needs="libreoffice" if programs is None else "bubblewrap")
    argument = f"{suffix}:sheets" if whole_sheets else suffix
    seconds = budget(os.fstat(source).st_size, limits)
    return _answer(source, Run("office", programs, suffix, argument, bubblewrap.OFFICE_PLACES, seconds), limits)


def rewrite_pdf(source: int, limits: Limits, *, weak: bool, page: int = 0) -> int | None:
    """A memory file with the PDF that poppler wrote anew, or with one page of it; None without poppler or walls.

    Raises `WorkshopFailure`: limit_time, corrupt when poppler cannot read it either.
    """
    program = poppler_program()
    if program is None or not may_run(weak=weak):
        return None
    places = (*bubblewrap.FONT_PLACES, program)
    seconds = limits.render_seconds if page else budget(os.fstat(source).st_size, limits)
    return _answer(source, Run("poppler", program, "pdf", str(page), places, seconds), limits)


def poppler_program() -> str | None:
    """Where pdftocairo is, if it is here."""
    found = shutil.which("pdftocairo")
    return os.path.realpath(found) if found else None


def may_run(*, weak: bool) -> bool:
    """Whether there are walls for these programs, or the operator does without."""
    return bubblewrap.is_available() or weak


def budget(size: int, limits: Limits) -> int:
    """Seconds a file of so many bytes may take: a base, something per megabyte, and never more than the limit."""
    return min(limits.convert_seconds, _BASE_SECONDS + _SECONDS_PER_MEGABYTE * (size // 1024**2))


def _answer(source: int, run: Run, limits: Limits) -> int:
    answer = wire.memory_file(run.module)
    given, said = os.dup(source), wire.memory_file("said")
    try:
        os.lseek(given, 0, os.SEEK_SET)
        if bubblewrap.is_available():
            # --die-with-parent is right here: the thread that starts it waits for it.
            walls = bubblewrap.program_walls(_JOB_BYTES, run.places)
            command = [*walls, "--die-with-parent", "--file", str(given), f"/job/in.{run.suffix}"]
            _run([*command, *_python(run, "/job", "/sandboxed", answer, limits)], (given, answer), said, run)
        else:
            with tempfile.TemporaryDirectory(prefix="sealroom-") as job:
                with wire.reader(given) as file, (Path(job) / f"in.{run.suffix}").open("xb") as copy:
                    shutil.copyfileobj(file, copy)
                _run(_python(run, job, str(bubblewrap.PACKAGE.parent), answer, limits), (answer,), said, run)
    except BaseException:
        os.close(answer)
        raise
    finally:
        os.close(given)
        os.close(said)
    return answer


def _python(run: Run, job: str, home: str, answer: int, limits: Limits) -> list[str]:
    code = _CODE.format(
        home=home,
        module=run.module,
        job=job,
        program=run.program,
        argument=run.argument,
        answer=answer,
        seconds=run.seconds,
        memory=_ADDRESS_SPACE,
        file_bytes=limits.output_bytes,
    )
    return bubblewrap.python_command(code)


def _run(command: list[str], descriptors: tuple[int, ...], said: int, run: Run) -> None:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=said,
        env={},
        pass_fds=descriptors,
        start_new_session=True,
    )
    try:
        status = process.wait(timeout=run.seconds)
    except subprocess.TimeoutExpired:
        raise workshop_failure("limit_time", seconds=run.seconds) from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # bubblewrap's first process; with it goes the whole process namespace
        process.wait()
    if status != 0:
        raise workshop_failure("corrupt", reason=f"{run.module} {status}", said=_escaped(os.pread(said, _SAID_BYTES, 0)))


def _escaped(said: bytes) -> str:
    """What a program complained of: it may quote the file, so only printable ASCII is left of it, at most 4 KB."""
    return said.decode("utf-8", "backslashreplace").encode("unicode_escape").decode("ascii")[:_SAID_BYTES]
