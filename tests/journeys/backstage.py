# SPDX-License-Identifier: Apache-2.0
"""What happens beside a server and outside of every browser: a process on the server's data that does deeds when it is asked.

A process of its own, because the server's process is the product's and knows nothing of tests; one for all deeds, because loading
the product takes longer than most of them. A question is a line of JSON: the module, the name in its `DEEDS`, and the words; the
answer is a line of JSON with `done`, or with `failed` and the traceback.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any, TextIO

import django
from django.db import connections

_PATIENCE = 240  # seconds


class Backstage:
    """The process, seen from the test; it starts with the first deed."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._environment = environment | {"DJANGO_SETTINGS_MODULE": "sealroom.project.settings"}
        self._log = log
        self._process: subprocess.Popen[str] | None = None

    def do(self, module: str, deed: str, **words: Any) -> Any:
        """Do a deed of a module and return what it returned."""
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        print(json.dumps({"module": module, "deed": deed, "words": words}), file=process.stdin, flush=True)
        ready, _, _ = select.select([process.stdout], [], [], _PATIENCE)
        line = process.stdout.readline() if ready else ""
        answer = json.loads(line) if line else {"failed": f"no answer to {deed}: {self._log.read_text()}"}
        assert "failed" not in answer, answer["failed"]
        return answer["done"]

    def end(self) -> None:
        """Let it go, if it was ever asked."""
        if self._process is not None:
            with self._process as process:
                assert process.stdin is not None
                process.stdin.close()

    def _start(self) -> subprocess.Popen[str]:
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.journeys.backstage"],
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )


def _answer(question: str) -> dict[str, Any]:
    asked = json.loads(question)
    try:
        return {"done": importlib.import_module(asked["module"]).DEEDS[asked["deed"]](**asked["words"])}
    except Exception:
        return {"failed": traceback.format_exc()}
    finally:
        connections.close_all()


def _serve(questions: TextIO, answers: TextIO) -> None:
    django.setup()
    for question in questions:
        print(json.dumps(_answer(question)), file=answers, flush=True)


if __name__ == "__main__":
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as pipe:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever else is printed is no answer
        _serve(sys.stdin, pipe)
