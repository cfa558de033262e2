# SPDX-License-Identifier: Apache-2.0
"""The second engine: poppler writes anew what PDFium cannot open, or a page that PDFium cannot draw; run as `python -c`, then gone.

Poppler mends tables of contents and objects by other rules than PDFium. What it writes is looked at as any other stranger's PDF.
"""

from __future__ import annotations

import sys
from pathlib import Path

from . import program
from .jail import allow_seconds, limit_process


def main(job: str, program_path: str, page: str, answer: int, *, seconds: int, memory: int, file_bytes: int) -> None:
    """Write `<job>/in.pdf`, or only its page when that is not "0", as PDF to descriptor `answer`. Exits with 0 when there is
    one."""
    limit_process(memory=memory, file_bytes=file_bytes)
    allow_seconds(seconds)
    folder = Path(job)
    made = folder / "out.pdf"
    pages = ["-f", page, "-l", page] if page != "0" else []
    command = [program_path, "-pdf", *pages, str(folder / "in.pdf"), str(made)]
    status = program.run(folder, answer, command, {"HOME": job, "LANG": "C.UTF-8", "TMPDIR": job})
    if status != 0 or not made.is_file():
        sys.exit(3)
    program.hand_out(made, answer)
