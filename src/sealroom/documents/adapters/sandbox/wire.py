# SPDX-License-Identifier: Apache-2.0
"""How the two sides of the sandbox talk: one JSON object and a few descriptors per message, over a SEQPACKET socket.

Big things (files, pixels) travel as memory files (memfd), never through the socket.
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import socket
from typing import BinaryIO

MESSAGE_BYTES = 128 * 1024
MAX_DESCRIPTORS = 4


class Closed(Exception):
    """The other side is gone."""


def pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends that keep messages whole."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(end: socket.socket, message: dict[str, object], descriptors: tuple[int, ...] = ()) -> None:
    """Send one message. Raises `Closed` when nobody is there, `TimeoutError` when nobody listens."""
    try:
        socket.send_fds(end, [json.dumps(message).encode()], list(descriptors))
    except TimeoutError:
        raise
    except OSError as error:
        raise Closed from error


def receive(end: socket.socket) -> tuple[dict[str, object], list[int]]:
    """Take one message; the caller owns the descriptors. Raises `Closed`, `TimeoutError`, or `ValueError` for garbage."""
    try:
        data, descriptors, flags, _ = socket.recv_fds(end, MESSAGE_BYTES, MAX_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
    except TimeoutError:
        raise
    except OSError as error:
        raise Closed from error
    try:
        return _parse(data, cut=bool(flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC))), descriptors
    except BaseException:
        close_all(descriptors)
        raise


def _parse(data: bytes, *, cut: bool) -> dict[str, object]:
    if not data:
        raise Closed
    try:
        message = None if cut else json.loads(data)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if isinstance(message, dict):
        return message
    raise ValueError("no whole object")


def close_all(descriptors: list[int]) -> None:
    """Close descriptors that came with a message."""
    for descriptor in descriptors:
        os.close(descriptor)


def memory_file(name: str) -> int:
    """An empty file in memory that may be sealed later."""
    return os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)


def seal(descriptor: int) -> None:
    """Let nobody change a memory file any more, whoever holds it."""
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)


def map_private(descriptor: int) -> mmap.mmap:
    """The content of a memory file as a private, writable copy on demand (PDFium's binding wants a writable buffer)."""
    return mmap.mmap(descriptor, 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)


def map_shared(descriptor: int) -> mmap.mmap:
    """A memory file to write into directly."""
    return mmap.mmap(descriptor, 0)


def reader(descriptor: int) -> BinaryIO:
    """A file object over a descriptor that others keep: it has its own place, which starts at 0."""
    file = os.fdopen(os.dup(descriptor), "rb")
    file.seek(0)
    return file
