# SPDX-License-Identifier: Apache-2.0
"""The table of docs/algorithms/rights.md holds, row by row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sealroom.datarooms.rules import Effective, Right, Setting, Source, decide_right, spread_rights

PAGE = Path(__file__).resolve().parents[2] / "docs" / "algorithms" / "rights.md"
HEAD = ["case", "on the file", "on the folder", "on the room", "default", "right", "comes from"]
GROUPS = {"A": 1, "B": 2, "C": 3}
HIS = {"own", "A", "B"}  # Nadia is not in C
FILE, FOLDER = 20, 10
LEVELS: dict[str, int | None] = {"file": FILE, "folder": FOLDER, "room": None}


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    start = cells.index(HEAD)
    return cells[start + 2 :]


def settings_in(cell: str) -> list[Setting]:
    """What a cell sets for Nadia and her groups."""
    found = []
    for part in filter(None, cell.split(", ")):
        whose, right = part.split(" ")
        assert whose in {"own", *GROUPS}
        if whose in HIS:
            found.append(Setting(Right(right), GROUPS.get(whose)))
    return found


def source_in(cell: str, right: str) -> Effective:
    if cell == "default":
        return Effective(Right(right))
    whose, level = cell.split(", ")
    source = Source.OWN if whose == "own" else Source.GROUP
    return Effective(Right(right), source, LEVELS[level], GROUPS.get(whose))


def test_there_is_a_table_with_different_cases() -> None:
    cases = [row[0] for row in rows()]
    assert len(cases) == len(set(cases)) > 20


@pytest.mark.parametrize("row", rows(), ids=lambda row: re.sub(r"\W+", "_", row[0]))
def test_row(row: list[str]) -> None:
    _case, on_file, on_folder, on_room, default, right, comes_from = row
    settings = {FILE: settings_in(on_file), FOLDER: settings_in(on_folder), None: settings_in(on_room)}
    wanted = source_in(comes_from, right)
    assert decide_right(settings.items(), default=Right(default)) == wanted
    at_once = spread_rights([FOLDER, FILE], [-1, 0], settings, default=Right(default))
    assert at_once[1] == wanted
