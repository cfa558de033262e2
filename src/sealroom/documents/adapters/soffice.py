# SPDX-License-Identifier: Apache-2.0
"""Office files become PDF: a cold LibreOffice per file, in bubblewrap with nothing but the file, never without it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess

from sealroom.documents.adapters import bubblewrap
from sealroom.documents.adapters.sandbox import wire
from sealroom.documents.errors import workshop_failure
from sealroom.documents.rules import Limits

_CODE = (
    "import sys; sys.path[:0] = ['/sandboxed']; from sandbox import office;"
    " office.main({programs!r}, {suffix!r}, {answer}, seconds={seconds}, memory={memory}, file_bytes={file_bytes})"
)
_ADDRESS_SPACE = 4 * 1024**3
"""LibreOffice maps far more than it uses; what it writes and how long it lives are bounded besides."""
_JOB_BYTES = 3 * 1024**3


def to_pdf(source: int, suffix: str, limits: Limits) -> int:
    """A memory file with the PDF that LibreOffice made of `source`; the caller closes it and looks whether it opens.

    Raises `WorkshopFailure`: converter_missing without LibreOffice or bubblewrap, limit_time, corrupt when nothing came out.
    """
    programs = bubblewrap.office_programs()
    if programs is None or not bubblewrap.is_available():
        raise workshop_failure("converter_missing", needs="libreoffice" if programs is None else "bubblewrap")
    answer = wire.memory_file("office")
    given = os.dup(source)
    try:
        os.lseek(given, 0, os.SEEK_SET)
        _run(_command(programs, suffix, given, answer, limits), (given, answer), limits)
    except BaseException:
        os.close(answer)
        raise
    finally:
        os.close(given)
    return answer


def _command(programs: str, suffix: str, given: int, answer: int, limits: Limits) -> list[str]:
    code = _CODE.format(
        programs=programs,
        suffix=suffix,
        answer=answer,
        seconds=limits.convert_seconds,
        memory=_ADDRESS_SPACE,
        file_bytes=limits.output_bytes,
    )
    # --die-with-parent is right here: the thread that starts it waits for it.
    walls = [*bubblewrap.office_walls(_JOB_BYTES), "--die-with-parent", "--file", str(given), f"/job/in.{suffix}"]
    return [*walls, *bubblewrap.python_command(code)]


def _run(command: list[str], descriptors: tuple[int, ...], limits: Limits) -> None:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={},
        pass_fds=descriptors,
        start_new_session=True,
    )
    try:
        status = process.wait(timeout=limits.convert_seconds)
    except subprocess.TimeoutExpired:
        raise workshop_failure("limit_time", seconds=limits.convert_seconds) from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # bubblewrap's first process; with it goes the whole process namespace
        process.wait()
    if status != 0:
        raise workshop_failure("corrupt", reason=f"converter {status}")
