# SPDX-License-Identifier: Apache-2.0
"""Node and the packages the add-ins' tests use."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
_OLDEST = 20  # the first with files and cryptography as browsers have them


@cache
def _missing() -> str:
    node = shutil.which("node")
    if node is None:
        return "Node is not installed: apt-get install nodejs npm, then make test-setup"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.match(r"v(\d+)", version)
    if found is None or int(found.group(1)) < _OLDEST:
        return f"Node {_OLDEST} or newer is needed, not {version.strip()}"
    if not (MODULES / ".package-lock.json").exists():
        return "the packages of tests/addins are not installed: make test-setup"
    return ""


def need_node() -> None:
    """Skip, and say what to install, where Node or the packages are missing."""
    if reason := _missing():
        pytest.skip(reason)


def run(*words: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a program of Node's in the tests' folder; what it said is in the answer, whatever came of it."""
    return subprocess.run(words, cwd=HERE, capture_output=True, text=True, check=False, timeout=seconds)


def tool(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run an installed package's program."""
    return run(str(MODULES / ".bin" / name), *words)
