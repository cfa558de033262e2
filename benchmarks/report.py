# SPDX-License-Identifier: Apache-2.0
"""Runs every benchmark and writes docs/performance.md.

python -m benchmarks.report [rounds]
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "performance.md"
SECTIONS = (
    ["benchmarks.pages", *sys.argv[1:]],
    ["benchmarks.charging"],
    ["benchmarks.credits_page"],
    ["benchmarks.viewer"],
    ["benchmarks.first_page"],
    ["benchmarks.uploads"],
    ["benchmarks.rooms"],
    ["benchmarks.room_pages"],
    ["benchmarks.smtp"],
)
HEAD = """# What it costs

Written by `make bench`; do not edit. Each figure stands beside what it is compared with, measured in turns in the same run, so that
a slow moment of the machine meets both sides: trust the ratios more than the milliseconds.

Measured with CPython {python} on {cores} cores ({machine}).

"""


def main() -> int:
    """Run each section in a process of its own; 1 when a bar is not held."""
    for folder in ("mupdf", "pdfjs"):
        install_comparison(folder)
    failed = False
    parts = [HEAD.format(python=platform.python_version(), cores=os.cpu_count(), machine=platform.machine())]
    for words in SECTIONS:
        done = subprocess.run([sys.executable, "-m", *words], stdout=subprocess.PIPE, text=True, cwd=ROOT, check=False)
        failed |= done.returncode != 0
        parts.append(done.stdout)
    TARGET.write_text("".join(parts), encoding="utf-8")
    print("".join(parts))
    return int(failed)


def install_comparison(name: str) -> None:
    """A comparison is fetched at its pinned version when it is first measured; without npm it is left out."""
    folder = ROOT / "benchmarks" / name
    npm = shutil.which("npm")
    if npm and not (folder / "node_modules").is_dir():
        subprocess.run([npm, "ci", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=False)


if __name__ == "__main__":
    sys.exit(main())
