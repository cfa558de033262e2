# SPDX-License-Identifier: Apache-2.0
"""Real processes of the product on one SQLite file, for races. A script finds `json`, `sys`, `NOW` and Django set up; its arguments
follow the name of the database file in `sys.argv`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PRELUDE = """
import json, os, sys
from datetime import UTC, datetime, timedelta
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
from pathlib import Path
from sealroom.project.environment import sqlite
import tests.settings as chosen
chosen.DATABASES = {"default": sqlite(Path(sys.argv[1]))}
import django
django.setup()
NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
"""


def start(script: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a script; it is talked to by its standard input and output."""
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + script, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(script: str, *arguments: str) -> str:
    """Run a script to its end and return the last line it wrote."""
    process = start(script, *arguments)
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return out.strip().splitlines()[-1]


def go(process: subprocess.Popen[str]) -> None:
    """Let a script that waits for a line go on."""
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
