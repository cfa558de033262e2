# SPDX-License-Identifier: Apache-2.0
"""The process that has everything loaded and forks a child per document. It never sees a byte of any document.

Orders come over the control socket, one answer each: `fork` (with the socket of the child to be) and `end` (kill the child if it
lives, and tell how it ended). When the control socket closes, everything ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal
import socket
import time

from . import child, wire

_GRACE = 0.5  # seconds a child that closed its end may take to die
_GLANCE = 0.002

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def main(control: socket.socket, *, memory: int, file_bytes: int) -> None:
    """Serve orders until the other side closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _keep_memory()
    gc.collect()
    gc.freeze()  # so that children do not copy pages by collecting what the zygote made
    children: dict[int, int] = {}
    _hush()
    wire.send(control, {"ready": True})
    while True:
        try:
            order, descriptors = wire.receive(control)
        except wire.Closed:
            break
        number = order["child"]
        assert isinstance(number, int)
        if order["do"] == "fork":
            children[number] = _fork(control, descriptors[0], memory=memory, file_bytes=file_bytes)
            os.close(descriptors[0])
            wire.send(control, {"child": number, "pid": children[number]})
        else:
            wire.send(control, _end(children.pop(number, 0), _GRACE if order.get("dying") else 0.0))
    for pid in children.values():
        os.kill(pid, signal.SIGKILL)


def _keep_memory() -> None:
    """Let a child keep the memory of one page for the next instead of giving it back to the kernel: for a scan, 11,000 page
    faults and a quarter of the time. It ends with the child, which lives for seconds after its last page."""
    libc = ctypes.CDLL(None)
    with contextlib.suppress(AttributeError):  # another C library than glibc
        libc.mallopt(_M_MMAP_THRESHOLD, 32 * 1024**2)  # the most that glibc allows
        libc.mallopt(_M_TRIM_THRESHOLD, 128 * 1024**2)


def _hush() -> None:
    """Codecs complain on the error stream with words taken from the file; nobody shall read those in a log."""
    nowhere = os.open("/dev/null", os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _fork(control: socket.socket, descriptor: int, *, memory: int, file_bytes: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        control.close()
        child.serve(socket.socket(fileno=descriptor), memory=memory, file_bytes=file_bytes)
    finally:
        os._exit(1)


def _end(pid: int, grace: float) -> dict[str, object]:
    if not pid:
        return {"signal": 0, "peak": 0}
    finished, status, usage = os.wait4(pid, os.WNOHANG)
    waited = 0.0
    while not finished and waited < grace:
        # A dying process closes its sockets a moment before it can be reaped; killed now, its cause of death would be ours.
        time.sleep(_GLANCE)
        waited += _GLANCE
        finished, status, usage = os.wait4(pid, os.WNOHANG)
    if not finished:
        os.kill(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
        return {"signal": 0, "peak": usage.ru_maxrss * 1024}
    return {"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, "peak": usage.ru_maxrss * 1024}
