# SPDX-License-Identifier: Apache-2.0
"""The repository as the tests of its shape see it."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT / "src" / "sealroom"
LINE = ["core", "audit", "mail", "accounts", "credits", "billing", "documents", "access", "viewing", "sends", "datarooms"]
DOORS = ["web", "portal", "api", "smtp", "cli", "httpkit"]


def python_files(folder: Path = SOURCE) -> list[Path]:
    """Source files, migrations aside."""
    return [path for path in sorted(folder.rglob("*.py")) if "migrations" not in path.parts]


def parsed(paths: list[Path]) -> Iterator[tuple[Path, ast.Module]]:
    """Each file with its syntax tree."""
    for path in paths:
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def tracked_files() -> list[Path]:
    """What git knows or would take: everything that is not ignored."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]
