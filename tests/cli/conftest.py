# SPDX-License-Identifier: Apache-2.0
"""The command line as its users have it: a process of its own, an own data folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Shell:
    """Runs `sealroom` against one data folder."""

    data: Path
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What the processes see: nothing of the test's own settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SEALROOM_", "DJANGO_"))}
        return kept | {"SEALROOM_DATA": str(self.data), "PYTHONPATH": os.pathsep.join(sys.path)} | self.extra

    def __call__(self, *words: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sealroom.cli.main", *words],
            env=self.environment | extra, capture_output=True, text=True, check=False, timeout=120, cwd=self.data.parent,
        )  # fmt: skip

    def start(self, *words: str) -> subprocess.Popen[str]:
        """As a call, but does not wait."""
        return subprocess.Popen(
            [sys.executable, "-m", "sealroom.cli.main", *words],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.data.parent,
        )  # fmt: skip


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """An empty data folder."""
    return Shell(tmp_path / "data")


@dataclass(frozen=True)
class Demo:
    """An installation with the demo in it, to be copied."""

    folder: Path
    facts: dict[str, Any]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Made once for all tests of a process."""
    folder = tmp_path_factory.mktemp("demo") / "data"
    made = Shell(folder)("demo", "--json")
    assert made.returncode == 0, made.stderr
    return Demo(folder, json.loads(made.stdout))
