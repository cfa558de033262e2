# SPDX-License-Identifier: Apache-2.0
"""ClamAV's daemon as tests use it: the real program on a socket of its own, with a database of two signatures, so that it is up in
less than a second."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sealroom.documents.flows import eicar

MARK = b"sealroom-test-virus-mark"
"""What our own signature knows, wherever it stands in a file."""
FOUND = "Sealroom.Test.Virus"
STREAM_BYTES = 2_000_000
MISSING = "clamd is not installed; 'apt-get install clamav-daemon' brings it"
_SECONDS = 30


def is_installed() -> bool:
    """Whether this machine has the program."""
    return _program() is not None


def need_clamd() -> None:
    """Skip the test, saying what to install."""
    if not is_installed():
        pytest.skip(MISSING)


class Clamd:
    """The daemon, which a test may stop and start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.socket = folder / "clamd.sock"
        known, harmless = eicar(), folder / "db"
        harmless.mkdir()
        # Only the digest: a file that held the test's bytes would be carried off by scanners of the machine.
        digest = hashlib.md5(known, usedforsecurity=False).hexdigest()
        (harmless / "test.hdb").write_text(f"{digest}:{len(known)}:Eicar-Test-Signature\n")
        (harmless / "test.ndb").write_text(f"{FOUND}:0:*:{MARK.hex()}\n")
        (folder / "clamd.conf").write_text(
            f"Foreground yes\nDatabaseDirectory {harmless}\nLocalSocket {self.socket}\nTemporaryDirectory {folder}\n"
            f"StreamMaxLength {STREAM_BYTES}\nMaxFileSize 1500000\nAlertExceedsMax yes\nLogFile {folder / 'log'}\n"
        )

    @property
    def setting(self) -> str:
        """For SEALROOM_CLAMD."""
        return f"unix:{self.socket}"

    def start(self) -> None:
        """Wait until it answers."""
        program = _program()
        assert program is not None
        command = [program, "-c", str(self._folder / "clamd.conf")]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ends = time.monotonic() + _SECONDS
        while not self.socket.exists():
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < ends
            time.sleep(0.02)

    def stop(self) -> None:
        """End it; twice is harmless."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_SECONDS)
            self._process = None
        self.socket.unlink(missing_ok=True)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """As long as the block runs nobody answers."""
        self.stop()
        try:
            yield
        finally:
            self.start()


@contextmanager
def running() -> Iterator[Clamd]:
    """A daemon of one's own, in a folder whose path is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="clamd-"))
    daemon = Clamd(folder)
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _program() -> str | None:
    return shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin:/usr/local/sbin")
