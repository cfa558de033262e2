# SPDX-License-Identifier: Apache-2.0
"""`sealroom plan set TEAM PLAN`: the operator gives a team another plan."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from sealroom.cli import setup
from sealroom.core.errors import DomainError


def run(argv: list[str]) -> int:
    """Set the plan; 1 with a sentence when team or plan is unknown."""
    parser = argparse.ArgumentParser(prog="sealroom plan", description=__doc__)
    commands = parser.add_subparsers(dest="deed", required=True)
    command = commands.add_parser("set", help="give a team a plan")
    command.add_argument("team", help="id or exact name of the team")
    command.add_argument("plan", help="code of the plan, such as pro")
    command.add_argument("--at", type=_instant, help="when it starts, such as 2026-01-31T08:00:00Z (default: now)")
    command.add_argument("--interval", choices=["month", "year"], default="month", help="billed by month or year")
    command.add_argument("--credits", type=int, help="credits a month, in place of the plan's")
    options = parser.parse_args(argv)
    if options.credits is not None and options.credits < 0:
        parser.error("--credits is a number from 0")
    setup.load()
    from sealroom.accounts import queries as accounts  # noqa: PLC0415 -- app ready
    from sealroom.audit.rules import SYSTEM  # noqa: PLC0415 -- app ready
    from sealroom.billing import flows as billing  # noqa: PLC0415 -- app ready

    now = datetime.now(UTC)
    try:
        team = accounts.find_team(options.team)
        billing.set_plan(
            team,
            options.plan,
            at=options.at or now,
            interval=options.interval,
            credits=options.credits,
            who=SYSTEM,
            now=now,
        )
    except DomainError as error:
        print(f"not done: {error}", file=sys.stderr)
        return 1
    print(f"{team.name} has the plan {options.plan}")
    return 0


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("expects an instant such as 2026-01-31T08:00:00Z") from error
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
