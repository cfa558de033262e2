# SPDX-License-Identifier: Apache-2.0
"""The adapter for ClamAV's daemon: with the daemon itself, and with a peer that behaves as no daemon should."""

from __future__ import annotations

import hashlib
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from sealroom.documents.adapters import clamd as adapter
from sealroom.documents.adapters.clamd import ClamdScanner
from sealroom.documents.errors import ScannerDown
from sealroom.documents.flows import eicar
from sealroom.documents.ports import ScanVerdict
from sealroom.project import environment
from sealroom.project.environment import BadSetting
from tests.clamd import FOUND, MARK, STREAM_BYTES, Clamd

MEGABYTE = bytes(1_000_000)


@pytest.fixture
def real(clamd_daemon: Clamd) -> ClamdScanner:
    return ClamdScanner(str(clamd_daemon.socket))


def test_the_test_file_is_the_one_everybody_knows() -> None:
    digest = hashlib.md5(eicar(), usedforsecurity=False).hexdigest()
    assert (len(eicar()), digest) == (68, "44d88612fea8a8f36de82e1278abb02f")


def test_what_the_daemon_says(real: ClamdScanner) -> None:
    assert real.scan([b"nothing ", b"", b"bad"]) == ScanVerdict()
    assert real.scan([]) == ScanVerdict()
    assert real.scan([eicar()]) == ScanVerdict(signature="Eicar-Test-Signature")
    assert real.scan([b"cut in ", MARK[:5], MARK[5:], b" pieces"]) == ScanVerdict(signature=FOUND)
    assert real.version().startswith("ClamAV ")


def test_too_large_is_an_answer_of_its_own(real: ClamdScanner) -> None:
    beyond_a_file = [MEGABYTE, bytes(600_000)]  # it takes the stream, and says that it did not look at the whole
    assert real.scan(beyond_a_file) == ScanVerdict(is_too_large=True)
    for _ in range(5):  # it hangs up while we are still sending
        assert real.scan([MEGABYTE] * (STREAM_BYTES // len(MEGABYTE) + 20)) == ScanVerdict(is_too_large=True)


def test_memory_stays_flat(real: ClamdScanner) -> None:
    tracemalloc.start()
    try:
        real.scan(bytes(10_000) for _ in range(120))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_nobody_there(clamd_daemon: Clamd) -> None:
    absent = ClamdScanner(str(clamd_daemon.socket) + "-absent")
    with pytest.raises(ScannerDown):
        absent.scan([b"x"])
    with pytest.raises(ScannerDown):
        absent.version()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ScannerDown):
        ClamdScanner(("127.0.0.1", port)).scan([b"x"])


@contextmanager
def peer(behave: Callable[[socket.socket], None]) -> Iterator[ClamdScanner]:
    """A scanner whose daemon does this with its one caller."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            caller, _ = server.accept()
            with caller:
                behave(caller)

        thread = threading.Thread(target=serve)
        thread.start()
        yield ClamdScanner(("127.0.0.1", server.getsockname()[1]))
        thread.join()


def read_stream(caller: socket.socket) -> bytes:
    said = b""
    while not said.endswith(bytes(4)):
        said += caller.recv(4096)
    return said


@pytest.mark.parametrize("answer", [b"", b"stream: OK", b"stream: Can't open file or directory ERROR\0", b"\xff\0", b"x" * 5000])
def test_any_other_answer_is_none(answer: bytes) -> None:
    def behave(caller: socket.socket) -> None:
        read_stream(caller)
        caller.sendall(answer)

    with peer(behave) as scanner:
        if answer == b"stream: OK":  # whole, although the NUL at its end was lost
            assert scanner.scan([b"x"]) == ScanVerdict()
        else:
            with pytest.raises(ScannerDown):
                scanner.scan([b"x"])


def test_what_goes_over_the_wire() -> None:
    seen: list[bytes] = []

    def behave(caller: socket.socket) -> None:
        seen.append(read_stream(caller))
        caller.sendall(b"stream: Win.Test.X-1(0f1e2d3c4b5a69788796a5b4c3d2e1f0:68) FOUND\0")

    with peer(behave) as scanner:
        assert scanner.scan([b"abc", b"d"]) == ScanVerdict(signature="Win.Test.X-1")
    assert seen == [b"zINSTREAM\0" + b"\0\0\0\x03abc" + b"\0\0\0\x01d" + b"\0\0\0\0"]


def test_a_daemon_that_says_nothing_is_waited_for_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "ANSWER_SECONDS", 0.05)
    over = threading.Event()

    def behave(caller: socket.socket) -> None:
        read_stream(caller)
        over.wait(30)

    with peer(behave) as scanner:
        with pytest.raises(ScannerDown):
            scanner.scan([b"x"])
        over.set()


def test_where_it_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    for good in ("", "unix:/run/clamav/clamd.ctl", "tcp:127.0.0.1:3310", "tcp:[::1]:3310", "tcp:scanner.internal:3310"):
        monkeypatch.setenv("SEALROOM_CLAMD", good)
        assert environment.daemon("SEALROOM_CLAMD") == good
    for bad in (
        "/run/clamav/clamd.ctl",
        "unix:run/clamd.ctl",
        "tcp:host",
        "tcp:host:0",
        "tcp:host:99999",
        "tcp::3310",
        "udp:host:1",
    ):
        monkeypatch.setenv("SEALROOM_CLAMD", bad)
        with pytest.raises(BadSetting, match="SEALROOM_CLAMD"):
            environment.daemon("SEALROOM_CLAMD")
