# SPDX-License-Identifier: Apache-2.0
"""The throw-away server leaves nothing running behind, however its owner ends."""

import multiprocessing
import os
import shutil
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from tests import postgres

_fork = multiprocessing.get_context("fork")
pytestmark = pytest.mark.slow


def _own_one(pipe: Connection) -> None:
    with postgres.running() as server:
        assert server is not None
        pipe.send(server.folder)
        time.sleep(60)


def _is_running(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().split()[2] != "Z"


@pytest.mark.skipif(postgres.programs() is None, reason=postgres.MISSING)
def test_server_stops_when_its_owner_is_killed() -> None:
    ours, theirs = _fork.Pipe()
    owner = _fork.Process(target=_own_one, args=(theirs,), daemon=True)
    owner.start()
    assert ours.poll(90)
    folder = ours.recv()
    server = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    assert _is_running(server)

    assert owner.pid is not None
    os.kill(owner.pid, signal.SIGKILL)

    deadline = time.monotonic() + 30
    while _is_running(server) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_running(server)
    shutil.rmtree(folder)
