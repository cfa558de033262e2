# SPDX-License-Identifier: Apache-2.0
"""`sealroom worker`: runs deferred jobs until it is told to stop."""

from __future__ import annotations

import argparse
import os
import signal
import threading
from types import FrameType

from sealroom.cli import setup


def run(argv: list[str]) -> int:
    """Work until SIGINT or SIGTERM; running jobs are finished first."""
    parser = argparse.ArgumentParser(prog="sealroom worker", description=__doc__)
    parser.add_argument("--threads", type=int, help="jobs at one time (default SEALROOM_WORKER_THREADS)")
    parser.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.parent:
        setup.load()
    else:
        setup.prepare()
    from django.conf import settings  # noqa: PLC0415 -- app ready

    from sealroom.core.jobs.worker import Worker  # noqa: PLC0415 -- app ready
    from sealroom.documents.ports import get_workshop  # noqa: PLC0415 -- app ready

    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    worker = Worker(threads=options.threads or settings.SEALROOM_WORKER_THREADS)
    worker.start()
    get_workshop().warm_up()
    while not stopping.wait(1.0):
        if options.parent and os.getppid() != options.parent:
            break  # the server is gone: a worker nobody can stop must not live on
    worker.stop()
    return 0
