# SPDX-License-Identifier: Apache-2.0
"""ClamAV's daemon, spoken to as its manual says (clamd(8), "zINSTREAM"): chunks with their length before them, one of length zero
at the end, then one line that ends with NUL. Our own because the libraries for it are unkept or under the LGPL (decision 0200)."""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.conf import settings

from sealroom.documents.errors import ScannerDown
from sealroom.documents.ports import ScanVerdict

CONNECT_SECONDS, PIECE_SECONDS = 5.0, 30.0
ANSWER_SECONDS = 180.0  # clamd gives up on a file by itself after 120 (MaxScanTime)
STREAM_SECONDS = 1800.0  # for the whole of a file
_CHUNK = 1 << 18
_MOST_REPLY = 4096
_LENGTH = struct.Struct("!I")
_FOUND = re.compile(r"stream: (.+?)(?:\.UNOFFICIAL)?(?:\([0-9a-f]+:\d+\))? FOUND")
_BEYOND_LIMITS = "Heuristics.Limits.Exceeded"


class ClamdScanner:
    """`address` is a path of a socket, or host and port."""

    is_on = True

    def __init__(self, address: str | tuple[str, int]) -> None:
        self._address = address

    @classmethod
    def from_settings(cls) -> ClamdScanner:
        """The daemon of SEALROOM_CLAMD."""
        way, _, where = settings.SEALROOM_CLAMD.partition(":")
        if way == "unix":
            return cls(where)
        host, _, port = where.rpartition(":")
        return cls((host.strip("[]"), int(port)))

    def scan(self, chunks: Iterable[bytes]) -> ScanVerdict:
        """See the port."""
        with self._connected() as daemon:
            _send(daemon, b"zINSTREAM\0", chunks)
            return _verdict(_reply(daemon, ANSWER_SECONDS))

    def version(self) -> str:
        """See the port."""
        with self._connected() as daemon:
            daemon.sendall(b"zVERSION\0")
            return _reply(daemon, PIECE_SECONDS)

    @contextmanager
    def _connected(self) -> Iterator[socket.socket]:
        try:
            with _connect(self._address) as daemon:
                daemon.settimeout(PIECE_SECONDS)
                yield daemon
        except OSError as error:
            raise ScannerDown(reason=f"{type(error).__name__}: {error}"[:200]) from error


def _connect(address: str | tuple[str, int]) -> socket.socket:
    if not isinstance(address, str):
        return socket.create_connection(address, timeout=CONNECT_SECONDS)
    daemon = socket.socket(socket.AF_UNIX)
    daemon.settimeout(CONNECT_SECONDS)
    try:
        daemon.connect(address)
    except BaseException:
        daemon.close()
        raise
    return daemon


def _send(daemon: socket.socket, command: bytes, chunks: Iterable[bytes]) -> None:
    """The whole stream, or as much of it as the daemon takes: past its limit it answers and hangs up."""
    ends = time.monotonic() + STREAM_SECONDS
    try:
        daemon.sendall(command)
        for piece in _pieces(chunks):
            daemon.sendall(_LENGTH.pack(len(piece)) + piece)
            if time.monotonic() > ends:
                raise ScannerDown(reason="too slow")
        daemon.sendall(_LENGTH.pack(0))
    except (BrokenPipeError, ConnectionResetError):
        return


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), _CHUNK):
            yield chunk[start : start + _CHUNK]


def _reply(daemon: socket.socket, seconds: float) -> str:
    daemon.settimeout(seconds)
    said = b""
    while not said.endswith(b"\0") and len(said) < _MOST_REPLY:
        try:
            piece = daemon.recv(_MOST_REPLY)
        except ConnectionResetError:
            piece = b""  # what it said before may be whole nevertheless
        if not piece:
            break
        said += piece
    return said.rstrip(b"\0").decode("utf-8", "replace").strip()


def _verdict(said: str) -> ScanVerdict:
    if said == "stream: OK":
        return ScanVerdict()
    found = _FOUND.fullmatch(said)
    if said.startswith("INSTREAM size limit exceeded") or (found and found[1].startswith(_BEYOND_LIMITS)):
        return ScanVerdict(is_too_large=True)
    if found:
        return ScanVerdict(signature="".join(letter for letter in found[1] if letter.isprintable())[:120])
    raise ScannerDown(reason=said[:200] or "no answer")
