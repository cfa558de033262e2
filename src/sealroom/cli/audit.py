# SPDX-License-Identifier: Apache-2.0
"""`sealroom audit verify`: recompute the chain of every team and name each fault."""

from __future__ import annotations

import argparse

from sealroom.cli import setup


def run(argv: list[str]) -> int:
    """0 when every chain holds; 1 and a line per fault otherwise."""
    parser = argparse.ArgumentParser(prog="sealroom audit", description=__doc__)
    commands = parser.add_subparsers(dest="deed", required=True)
    commands.add_parser("verify", help="verify the chain").add_argument("--team", help="public id of one team")
    options = parser.parse_args(argv)
    setup.load()
    from sealroom.audit import queries as audit  # noqa: PLC0415 -- app ready

    faults = audit.verify_chain(options.team)
    for fault in faults:
        print(fault)
    print("the chain holds" if not faults else f"{len(faults)} faults")
    return 1 if faults else 0
