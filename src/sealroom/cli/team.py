# SPDX-License-Identifier: Apache-2.0
"""`sealroom team suspend TEAM --reason TEXT`: the operator stops a team, and lets it go on with `sealroom team resume TEAM`."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from sealroom.cli import setup
from sealroom.core.errors import DomainError


def run(argv: list[str]) -> int:
    """Do it; 1 with a sentence when the team is unknown or the reason no text."""
    parser = argparse.ArgumentParser(prog="sealroom team", description=__doc__)
    commands = parser.add_subparsers(dest="deed", required=True)
    suspend = commands.add_parser("suspend", help="its members may look, end access, export and pay, and send or let in nothing")
    suspend.add_argument("--reason", required=True, help="why; the team's members are told")
    suspend.add_argument("--readers", action="store_true", help="close its links too: readers are told to ask the sender")
    for command in (suspend, commands.add_parser("resume", help="end a suspension")):
        command.add_argument("team", help="id or exact name of the team")
    options = parser.parse_args(argv)
    setup.load()
    from sealroom.accounts import flows, queries  # noqa: PLC0415 -- app ready

    now = datetime.now(UTC)
    try:
        team = queries.find_team(options.team)
        if options.deed == "resume":
            flows.resume_team(team, who=setup.OPERATOR, now=now)
        else:
            flows.suspend_team(team, reason=options.reason, closes_links=options.readers, who=setup.OPERATOR, now=now)
    except DomainError as error:
        print(f"not done: {error}", file=sys.stderr)
        return 1
    print(f"{team.name} may go on" if options.deed == "resume" else f"{team.name} is suspended")
    return 0
