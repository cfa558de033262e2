# SPDX-License-Identifier: Apache-2.0
"""One ffmpeg or ffprobe for one file, in a sandbox of its own; run as `python -c`, which then becomes that program.

The file and what is made of it are open descriptors, named `/proc/self/fd/N`: there is no folder to read from or write to.
"""

from __future__ import annotations

import os
from typing import NoReturn

from .jail import allow_seconds, filter_calls, limit_process


def main(program: str, arguments: list[str], *, seconds: int, memory: int, file_bytes: int) -> NoReturn:
    """Give up what a stranger's file must not reach, then run `program`. It gets an empty environment."""
    limit_process(memory=memory, file_bytes=file_bytes)
    allow_seconds(seconds)
    filter_calls(alone=False)
    os.execve(program, [program, *arguments], {"LC_ALL": "C.UTF-8"})  # noqa: S606 -- its own list of arguments, no shell
