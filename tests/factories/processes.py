# SPDX-License-Identifier: Apache-2.0
"""Real processes of the product on one SQLite file, for races. A script runs in a fresh interpreter with `json`, `NOW` and Django
on the file; it forks the racers itself (`all_at_once`, `Child`), because starting an interpreter takes longer than any race."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PRELUDE = """
import json, os, sys, traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import tests.settings as chosen
from sealroom.project.environment import sqlite
chosen.DATABASES = {"default": sqlite(Path(sys.argv[1]))}
import django
django.setup()
from django.core.management import call_command
from django.db import connections
NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)
call_command("migrate", verbosity=0)

class Child:
    # A forked process that answers each line with what `work` returns.
    def __init__(self, work):
        connections.close_all()
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        if os.fork() == 0:
            os.close(self._orders)
            os.close(self._answers)
            try:
                for line in os.fdopen(orders):
                    os.write(answers, (json.dumps(work(line.strip())) + "\\n").encode())
            except BaseException:
                traceback.print_exc()
            os._exit(0)
        os.close(orders)
        os.close(answers)
        self._reader = os.fdopen(self._answers)

    def ask(self, line=""):
        os.write(self._orders, (line + "\\n").encode())

    def answer(self):
        return json.loads(self._reader.readline())

    def end(self):
        os.close(self._orders)

def all_at_once(works):
    children = [Child(lambda line, work=work: work()) for work in works]
    for child in children:
        child.ask()
    answers = [child.answer() for child in children]
    for child in children:
        child.end()
    return answers
"""


def run(script: str, folder: Path) -> object:
    """Run a script on a new database in `folder`; what it prints last, read as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + script, str(folder / "race.sqlite3")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
        check=True,
    )
    return json.loads(done.stdout.strip().splitlines()[-1])
