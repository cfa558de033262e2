# SPDX-License-Identifier: Apache-2.0
"""`sealroom smtp`: the gateway for mail programs that speak only SMTP."""

from __future__ import annotations

import argparse
import os
import sys

from sealroom.cli import setup


def run(argv: list[str]) -> int:
    """Serve until SIGINT or SIGTERM; mails under way are finished."""
    parser = argparse.ArgumentParser(prog="sealroom smtp", description=__doc__)
    parser.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.parent:
        setup.load()
    else:
        setup.prepare()
    from django.conf import settings  # noqa: PLC0415 -- app ready

    from sealroom.smtp import running  # noqa: PLC0415 -- app ready

    members = [place for place in (settings.SEALROOM_SUBMISSION_LISTEN, settings.SEALROOM_SUBMISSION_TLS_LISTEN) if place]
    places = [*members, *([settings.SEALROOM_BOUNCE_LISTEN] if settings.SEALROOM_BOUNCE_LISTEN else [])]
    if not places or (members and not settings.SEALROOM_SUBMISSION_CERT):
        print(
            "set SEALROOM_SUBMISSION_LISTEN or SEALROOM_SUBMISSION_TLS_LISTEN and SEALROOM_SUBMISSION_CERT,"
            " or SEALROOM_BOUNCE_LISTEN",
            file=sys.stderr,
        )
        return 2

    def ready() -> None:
        print("Mail is taken at " + ", ".join(f"{host}:{port}" for host, port in places), flush=True)

    try:
        # With its server gone, a gateway nobody can stop must not live on.
        running.run(ready=ready, alive=lambda: not options.parent or os.getppid() == options.parent)
    except OSError as error:
        print(f"cannot take mail: {error}", file=sys.stderr)
        return 1
    return 0
