# SPDX-License-Identifier: Apache-2.0
"""Sizes, habits and forbidden words that a linter does not see."""

import ast
import re

import pytest

from tests.architecture.tree import DOORS, ROOT, SOURCE, parsed, python_files, tracked_files

LONGEST_FUNCTION, LONGEST_FILE, LONGEST_TEMPLATE = 80, 600, 150
FURNITURE = {
    "__init__", "apps", "models", "rules", "queries", "flows", "ports", "errors", "signals", "receivers", "tasks", "admin",
}  # fmt: skip
# Files with another name, each with its reason.
NAMED = {
    "accounts": {"adapter", "forms", "migration_cache"},
    "billing": {"catalogue"},
    "documents": {"kinds", "pixels", "words"},  # a word shared by rules and ports; how clear pixels are kept
    "viewing": {"pdf"},  # the form of the copies readers take along
}
TEXT = {".py", ".md", ".html", ".txt", ".css", ".js", ".toml", ".lock", ".json", ".yaml", ".po", ".svg", ".sh", ""}
# Spelt in parts, so that this file does not contain what it looks for.
HOSTS = ["pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "deb.debian" + ".org"]
PATHS = ["/wo" + "rk/", "/tm" + "p/wt", "/ro" + "ot/"]


def test_functions_and_files_stay_small() -> None:
    large = []
    for path, module in parsed(python_files()):
        if (lines := len(path.read_text().splitlines())) > LONGEST_FILE:
            large.append(f"{path.relative_to(ROOT)}: {lines} lines")
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    large.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {length} lines")
    assert large == []


def test_rooms_hold_only_their_furniture() -> None:
    rooms = [folder for folder in SOURCE.iterdir() if folder.is_dir() and folder.name not in {*DOORS, "core", "project"}]
    strange = [
        f"{room.name}/{path.name}"
        for room in rooms
        for path in room.glob("*.py")
        if path.stem not in FURNITURE | NAMED.get(room.name, set())
    ]
    assert strange == []


def test_doors_read_and_write_no_tables() -> None:
    found = []
    for door in DOORS:
        for path, module in parsed(python_files(SOURCE / door)):
            nodes = [node for node in ast.walk(module) if isinstance(node, ast.Attribute)]
            found += [f"{path.relative_to(ROOT)}:{node.lineno}" for node in nodes if node.attr == "objects"]
    assert found == []


def test_rules_ask_no_clock() -> None:
    found = []
    for path in SOURCE.glob("*/rules.py"):
        text = path.read_text()
        found += [f"{path.parent.name}: {word}" for word in ("datetime.now", "timezone.now", "time.time(") if word in text]
    assert found == []


def test_every_python_file_names_its_licence() -> None:
    first = "# SPDX-License-Identifier: Apache-2.0"
    files = [path for path in tracked_files() if path.suffix == ".py" and "migrations" not in path.parts and path.stat().st_size]
    assert [str(path.relative_to(ROOT)) for path in files if not path.read_text().startswith(first)] == []


@pytest.mark.parametrize("needle", HOSTS + PATHS)
def test_repository_names_no_index_and_no_machine(needle: str) -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in tracked_files()
        if path.suffix in TEXT and needle in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert found == []


def test_templates_carry_no_inline_code() -> None:
    bad = re.compile(r"""\sstyle\s*=|\son[a-z]+\s*=\s*["']|<style|<script(?![^>]*\bsrc=)|javascript:""", re.IGNORECASE)
    found = []
    for path in SOURCE.rglob("templates/**/*.html"):
        if "mail" in path.parts:
            continue  # mail programs know no style sheets
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if bad.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert found == []


def test_templates_stay_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in SOURCE.rglob("templates/**/*.html")
        if (lines := len(path.read_text().splitlines())) > LONGEST_TEMPLATE and "styleguide" not in path.name
    }
    assert long == {}
