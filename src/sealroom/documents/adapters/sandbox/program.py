# SPDX-License-Identifier: Apache-2.0
"""What the large programs have in common: one cold process for one file, its complaints cut short, its answer copied out."""

from __future__ import annotations

import os
from pathlib import Path

from .jail import filter_calls

_SAID_BYTES = 4096


def run(job: Path, answer: int, command: list[str], environment: dict[str, str]) -> int:
    """Start a program and wait for its end; tells its exit status (negative: the signal that ended it)."""
    said = job / "said"
    pid = os.fork()
    if pid == 0:
        os.close(answer)
        complaints = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(complaints, 2)
        os.chdir(job)
        filter_calls(alone=False)
        os.execve(command[0], command, environment)  # noqa: S606 -- a list of arguments of our own, no shell
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with said.open("rb") as file:
        os.write(2, file.read(_SAID_BYTES))
    return status


def hand_out(made: Path, answer: int) -> None:
    """Copy what was made to where the other side reads it."""
    with made.open("rb") as file:
        while block := file.read(1 << 20):
            os.write(answer, block)
