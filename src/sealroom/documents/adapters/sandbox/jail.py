# SPDX-License-Identifier: Apache-2.0
"""What a process takes from itself before it opens a stranger's file: memory, processor time, new processes, and system calls.

The system call filter is a classic BPF program for Linux seccomp (`Documentation/userspace-api/seccomp_filter.rst`). It
refuses by list: the calls that reach out of the process. Threads are allowed, for image codecs need them.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_SIGKILL = 9
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_CLONE_THREAD = 0x10000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16

# Call name -> (number on x86_64, number on aarch64); None where the machine has no such call.
_CALLS: dict[str, tuple[int | None, int]] = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "mount_setattr": (442, 442),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
    "open_by_handle_at": (304, 265),
    "reboot": (169, 142),
    "syslog": (103, 116),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "personality": (135, 92),
    "pidfd_getfd": (438, 438),
    "vfork": (58, -1),
    "fork": (57, -1),
}
_ALONE: dict[str, tuple[int | None, int]] = {
    "execve": (59, 221),
    "execveat": (322, 281),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "kill": (62, 129),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "setsid": (112, 157),
    "setpgid": (109, 154),
    "inotify_init1": (294, 26),
    "fanotify_init": (300, 262),
}
_UNIX_SOCKETS = 1
_CLONE, _CLONE3, _TGKILL, _SOCKET = (56, 220), (435, 435), (234, 131), (41, 198)
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


def limit_process(*, memory: int, file_bytes: int) -> None:
    """Bound memory, files written and descriptors, for good; no core dumps, and death when the parent dies."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    _lower(resource.RLIMIT_AS, memory)
    _lower(resource.RLIMIT_FSIZE, file_bytes)
    _lower(resource.RLIMIT_NOFILE, 256)
    _lower(resource.RLIMIT_NPROC, 1024)
    _lower(resource.RLIMIT_CORE, 0)


def allow_seconds(seconds: int) -> None:
    """Let this process use so much more processor time from now on; past it the kernel ends it (SIGXCPU)."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(usage.ru_utime + usage.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def filter_calls(*, alone: bool) -> bool:
    """Refuse the system calls that reach out. `alone` also refuses sockets, new programs and signals to others, which
    LibreOffice needs. False when this machine's calls are not known or the kernel has no filter."""
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return False
    column, architecture = machine
    program = _Program()
    program.refuse_unless(_ARCHITECTURE, architecture)
    program.add(_LOAD, _NUMBER)
    for numbers in (*_CALLS.values(), *(_ALONE.values() if alone else ())):
        number = numbers[column]
        if number is not None and number >= 0:
            program.refuse(number, _EPERM)
    program.refuse(_CLONE3[column], _ENOSYS)  # its flags lie in memory where a filter cannot look; libc falls back to clone
    program.allow_if(_CLONE[column], _ANY_BIT, _CLONE_THREAD)
    if alone:
        program.allow_if(_TGKILL[column], _EQUAL, os.getpid())  # abort() signals itself so
    else:
        program.allow_if(_SOCKET[column], _EQUAL, _UNIX_SOCKETS)  # LibreOffice talks to itself
    if column == 0:
        program.add(_AT_LEAST, 0x40000000, 0, 1)  # the x32 numbers would pass by the list
        program.add(_RETURN, _ERRNO | _EPERM)
    program.add(_RETURN, _ALLOW)
    return program.install()


class _Program:
    """Instructions of a filter, in order."""

    def __init__(self) -> None:
        self._code: list[bytes] = []

    def add(self, operation: int, value: int, true: int = 0, false: int = 0) -> None:
        self._code.append(struct.pack("=HBBI", operation, true, false, value))

    def refuse(self, number: int, error: int) -> None:
        self.add(_EQUAL, number, 0, 1)
        self.add(_RETURN, _ERRNO | error)

    def refuse_unless(self, offset: int, value: int) -> None:
        self.add(_LOAD, offset)
        self.add(_EQUAL, value, 1, 0)
        self.add(_RETURN, _ERRNO | _EPERM)

    def allow_if(self, number: int, test: int, value: int) -> None:
        """For this call, go on only when its first argument passes the test."""
        self.add(_EQUAL, number, 0, 4)
        self.add(_LOAD, _FIRST_ARGUMENT)
        self.add(test, value, 1, 0)
        self.add(_RETURN, _ERRNO | _EPERM)
        self.add(_RETURN, _ALLOW)

    def install(self) -> bool:
        code = ctypes.create_string_buffer(b"".join(self._code))
        program = struct.pack("@HP", len(self._code), ctypes.addressof(code))
        libc = ctypes.CDLL(None, use_errno=True)
        return int(libc.prctl(_PR_SET_SECCOMP, 2, ctypes.create_string_buffer(program, len(program)), 0, 0)) == 0


def _lower(what: int, value: int) -> None:
    _, hard = resource.getrlimit(what)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))
