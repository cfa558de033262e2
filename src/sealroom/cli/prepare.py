# SPDX-License-Identifier: Apache-2.0
"""`sealroom prepare`: what serve, worker and demo do first, for deployments that want it as a step of its own."""

from __future__ import annotations

import argparse

from sealroom.cli import setup


def run(argv: list[str]) -> int:
    """Prepare and say so."""
    argparse.ArgumentParser(prog="sealroom prepare", description=__doc__).parse_args(argv)
    setup.prepare()
    print("ready")
    return 0
