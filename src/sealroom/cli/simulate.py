# SPDX-License-Identifier: Apache-2.0
"""`sealroom simulate FILE.json [--json]`: play a scenario against the real rules and flows, in memory, under a virtual clock.

Files are of kind "boundaries", "proration" or "ledger" (docs/operating/simulate.md). Exit status 0 whatever a file expected, 2
when it cannot be played.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from sealroom.cli.simulation import boundaries, proration, report
from sealroom.cli.simulation.scenario import KINDS, BadFile, check_scenario, read
from sealroom.cli.simulation.stage import stage

_CASES = {"boundaries": boundaries.answer, "proration": proration.answer}


def run(argv: list[str]) -> int:
    """Play the file named; stdout is one JSON document with --json, else a timeline. Sets Django up by itself: call it before
    anybody else does."""
    parser = argparse.ArgumentParser(prog="sealroom simulate", description=__doc__)
    parser.add_argument("file", metavar="FILE.json", type=Path)
    parser.add_argument("--json", action="store_true", help="one JSON document of the file's shape")
    parser.add_argument("--catalogue", metavar="FILE.toml", type=Path, help="plans and prices; default: those that come along")
    options = parser.parse_args(argv)
    try:
        text = _played(options.file, as_json=options.json, catalogue=options.catalogue)
    except BadFile as problem:
        print(f"sealroom simulate: {problem}", file=sys.stderr)
        return 2
    print(text)
    return 0


def _played(path: Path, *, as_json: bool, catalogue: Path | None) -> str:
    kind, items = read(path)
    if kind in _CASES:
        answers = [_CASES[kind](case) for case in items]
        text = report.cases(answers)
    else:
        for scenario in items:
            check_scenario(scenario)
        with stage(catalogue):
            from sealroom.cli.simulation import ledger  # noqa: PLC0415 -- app ready

            played = [ledger.play(scenario) for scenario in items]
        answers = [one.answer for one in played]
        text = report.scenarios(items, answers, [one.notes for one in played])
    return json.dumps({"kind": kind, KINDS[kind]: answers}, indent=1) if as_json else text


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
