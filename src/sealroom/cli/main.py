# SPDX-License-Identifier: Apache-2.0
"""The command line. Each command is a module of this package, loaded only when it is called; this page knows their words."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

_COMMANDS = {
    "serve": "run the web server and a worker",
    "worker": "run a worker only",
    "smtp": "run the gateway for mail programs that speak only SMTP",
    "prepare": "make the data folder ready: keys, database, static files",
    "demo": "make a team to try things with, and print how to sign in",
    "doctor": "say what is missing on this machine and what that costs",
    "simulate": "play a scenario of credits against a virtual clock",
    "documents": "scan files for viruses again",
    "send": "send files through the API of a running server",
    "audit": "verify the chain of the audit trail",
    "export": "check the signed archive of a data room, or print the key that signs them",
    "check": "compare ledger, money and blobs with what they must be",
    "backup": "copy database and blobs to a folder",
    "restore": "lay a backup into an empty data folder",
    "team": "suspend a team, or let it go on",
    "plan": "give a team another plan, or show what it has",
    "credits": "give a team promotional credits",
    "invoices": "list invoices, confirm that one was paid, withdraw one",
    "catalogue": "show the plans on offer, check a catalogue file, use one",
    "operator": "make a user an operator",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0 for done, 1 for a finding or refusal, 2 for words that are off."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog="sealroom", description=__doc__, add_help=True)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, sentence in _COMMANDS.items():
        commands.add_parser(name, help=sentence, add_help=False)
    options, rest = parser.parse_known_args(words)
    module = import_module(f"sealroom.cli.{options.command}")
    status: int = module.run(rest)
    return status


if __name__ == "__main__":
    sys.exit(main())
