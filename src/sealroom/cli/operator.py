# SPDX-License-Identifier: Apache-2.0
"""`sealroom operator add EMAIL`: make an existing user an operator of this installation."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from sealroom.cli import setup
from sealroom.core.errors import DomainError


def run(argv: list[str]) -> int:
    """Set the flag; 1 with a sentence when no such user signs in here."""
    parser = argparse.ArgumentParser(prog="sealroom operator", description=__doc__)
    commands = parser.add_subparsers(dest="deed", required=True)
    commands.add_parser("add", help="make a user an operator").add_argument("email")
    options = parser.parse_args(argv)
    setup.load()
    from sealroom.accounts import flows as accounts  # noqa: PLC0415 -- app ready

    try:
        accounts.add_operator(options.email, now=datetime.now(UTC))
    except DomainError:
        print(f"nobody signs in here as {options.email}; let them sign up first", file=sys.stderr)
        return 1
    print(f"{options.email} is an operator")
    return 0
