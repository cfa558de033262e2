# SPDX-License-Identifier: Apache-2.0
"""`sealroom credits grant TEAM N`: the operator gives a team promotional credits."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, date, datetime, time, timedelta

from sealroom.cli import setup
from sealroom.core.errors import DomainError
from sealroom.core.ids import new_id


def run(argv: list[str]) -> int:
    """Give them; 1 with a sentence when the team is unknown or the day has passed."""
    parser = argparse.ArgumentParser(prog="sealroom credits", description=__doc__)
    commands = parser.add_subparsers(dest="deed", required=True)
    command = commands.add_parser("grant", help="promotional credits, beside those of the plan")
    command.add_argument("team", help="id or exact name of the team")
    command.add_argument("credits", type=int, help="how many")
    command.add_argument("--expires", type=_day, help="the last day they count, in UTC, such as 2026-12-31 (default: for ever)")
    command.add_argument("--note", default="", help="what they are for; the team's ledger shows it")
    options = parser.parse_args(argv)
    setup.load()
    from sealroom.accounts import queries as accounts  # noqa: PLC0415 -- app ready
    from sealroom.billing import flows as billing  # noqa: PLC0415 -- app ready

    now = datetime.now(UTC)
    try:
        team = accounts.find_team(options.team)
        issued = billing.grant_credits(
            team,
            options.credits,
            expires_at=options.expires,
            key=new_id("prm"),
            note=options.note,
            who=setup.OPERATOR,
            now=now,
        )
    except DomainError as error:
        print(f"not done: {error}", file=sys.stderr)
        return 1
    print(f"{team.name} got {issued.granted:,} credits and has {issued.balance:,}")
    return 0


def _day(text: str) -> datetime:
    """The end of a day."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("expects a day such as 2026-12-31") from error
    return datetime.combine(day, time(), UTC) + timedelta(days=1)
