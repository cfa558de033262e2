# SPDX-License-Identifier: Apache-2.0
"""`sealroom check`: ledger, money and blobs are what they must be."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from sealroom.cli import setup


def run(argv: list[str]) -> int:
    """0 when nothing is wrong; 1 and a line per fault otherwise. Changes nothing."""
    parser = argparse.ArgumentParser(prog="sealroom check", description=__doc__)
    parser.add_argument("--bytes", action="store_true", help="also read every blob and compare its checksum (slow)")
    options = parser.parse_args(argv)
    setup.load()
    from sealroom.billing import queries as billing  # noqa: PLC0415 -- app ready
    from sealroom.credits import queries as credits  # noqa: PLC0415 -- app ready
    from sealroom.documents import queries as documents  # noqa: PLC0415 -- app ready

    money = billing.money_faults(now=datetime.now(UTC))
    faults = [*credits.ledger_faults(), *money, *documents.blob_faults(read=options.bytes)]
    for fault in faults:
        print(fault)
    print("nothing is wrong" if not faults else f"{len(faults)} faults")
    return 1 if faults else 0
