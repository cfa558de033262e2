# SPDX-License-Identifier: Apache-2.0
"""`sealroom documents rescan`: have files scanned for viruses that were not yet, or all of them again."""

from __future__ import annotations

import argparse
import sys

from sealroom.cli import setup


def run(argv: list[str]) -> int:
    """Put the work up for a worker; 1 with a sentence where nothing is scanned here."""
    parser = argparse.ArgumentParser(prog="sealroom documents", description=__doc__)
    commands = parser.add_subparsers(dest="deed", required=True)
    command = commands.add_parser("rescan", help="without words: those that were never scanned")
    command.add_argument(
        "documents", nargs="*", metavar="DOCUMENT", help="id of a document, also of one in which a virus was found"
    )
    command.add_argument("--all", action="store_true", dest="everything", help="every file, such as after new signatures")
    options = parser.parse_args(argv)
    setup.load()
    from sealroom.documents import flows  # noqa: PLC0415 -- app ready
    from sealroom.documents.flows import ScannerState  # noqa: PLC0415 -- app ready

    if flows.check_scanner()[0] is ScannerState.OFF:
        print("not done: no SEALROOM_CLAMD; files are not scanned here", file=sys.stderr)
        return 1
    count = flows.defer_rescans(everything=options.everything, documents=options.documents)
    print(f"Files to be scanned by the worker: {count:,}")
    return 0
