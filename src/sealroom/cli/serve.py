# SPDX-License-Identifier: Apache-2.0
"""`sealroom serve`: the web server and a worker by one command, with embedded defaults."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import threading

from sealroom.cli import setup

_WORKER_PAUSE = 1.0  # seconds before a companion that ended is started again


def run(argv: list[str]) -> int:
    """Serve until SIGINT or SIGTERM; requests under way are finished first."""
    parser = argparse.ArgumentParser(prog="sealroom serve", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (default 8000)")
    parser.add_argument("--no-worker", action="store_true", help="serve pages only; workers run elsewhere")
    options = parser.parse_args(argv)
    if problem := _why_not(options.host, options.port):
        print(f"cannot listen on {options.host}:{options.port}: {problem}", file=sys.stderr)
        return 1
    host = f"[{options.host}]" if ":" in options.host else options.host
    os.environ.setdefault("SEALROOM_BASE_URL", f"http://{host}:{options.port}")
    setup.prepare()
    setup.note_address()
    _greet()
    companions = [_Companion(command) for command in _beside(with_worker=not options.no_worker)]
    for companion in companions:
        companion.start()
    try:
        _serve_pages(options.host, options.port)
    finally:
        for companion in companions:
            companion.stop()
    return 0


def _beside(*, with_worker: bool) -> list[str]:
    """The commands that run beside the pages."""
    from django.conf import settings  # noqa: PLC0415 -- app ready

    places = (settings.SEALROOM_SUBMISSION_LISTEN, settings.SEALROOM_SUBMISSION_TLS_LISTEN, settings.SEALROOM_BOUNCE_LISTEN)
    takes_mail = any(places)
    return [*(["worker"] if with_worker else []), *(["smtp"] if takes_mail else [])]


def _why_not(host: str, port: int) -> str:
    """Why this address cannot be had, "" when it can. The server itself would share a port that another one holds (SO_REUSEPORT),
    and people would meet now the one, now the other."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            return getattr(error, "strerror", None) or str(error)
    return ""


def _serve_pages(host: str, port: int) -> None:
    from django.conf import settings  # noqa: PLC0415 -- app ready
    from django.db import connections  # noqa: PLC0415 -- app ready
    from granian import Granian  # noqa: PLC0415 -- slow import
    from granian.constants import Interfaces  # noqa: PLC0415 -- slow import
    from granian.log import LogLevels  # noqa: PLC0415 -- slow import

    connections.close_all()  # the server forks: no connection may be shared with its children
    Granian(
        "sealroom.project.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=settings.SEALROOM_WEB_WORKERS,
        # A thread waits while a slow client's body arrives: eight of them must leave some for the others. Granian warns of
        # more threads than cores, which is right for work but not for waiting; its errors are still said.
        blocking_threads=16,
        backlog=512,
        workers_kill_timeout=30,
        log_access=False,
        log_level=LogLevels.error,
    ).serve()


def _greet() -> None:
    """Say where the product is and, on a fresh installation, how to begin."""
    from django.conf import settings  # noqa: PLC0415 -- app ready
    from django.utils import timezone  # noqa: PLC0415 -- app ready

    from sealroom.accounts import flows as accounts  # noqa: PLC0415 -- app ready

    print(f"Sealroom runs at {settings.SEALROOM_BASE_URL} (stop with Ctrl-C)", flush=True)
    token = accounts.make_setup_link(now=timezone.now())
    if token:
        print(f"Create the first team here, once: {settings.SEALROOM_BASE_URL}/setup/{token}/", flush=True)
        print("Or try it with a made-up team: .venv/bin/sealroom demo", flush=True)


class _Companion:
    """A process beside the server (a worker, the mail gateway), started again when it ends. It ends by itself when the server is
    gone."""

    def __init__(self, command: str) -> None:
        self._command = command
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name=f"companion {command}", daemon=True)

    def start(self) -> None:
        """Start the process and the thread that keeps it."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the process to finish its work; end it after 30 seconds."""
        self._stopping.set()
        process = self._process
        if process and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
        self._thread.join(5)

    def _keep(self) -> None:
        while not self._stopping.is_set():
            command = [sys.executable, "-m", "sealroom.cli.main", self._command, "--parent", str(os.getpid())]
            self._process = subprocess.Popen(command, start_new_session=True)
            self._process.wait()
            self._stopping.wait(_WORKER_PAUSE)
