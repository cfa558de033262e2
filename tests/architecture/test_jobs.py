# SPDX-License-Identifier: Apache-2.0
"""Deferred names are real, and of the same or a lower room."""

import ast

from sealroom.core.jobs.registry import load_tasks
from tests.architecture.tree import LINE, SOURCE, parsed, python_files


def _deferred() -> list[tuple[str, str]]:
    found = []
    for path, module in parsed(python_files()):
        room = path.relative_to(SOURCE).parts[0]
        for node in ast.walk(module):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0]
            if name == "defer" and isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.append((room, first.value))
    return found


def test_deferred_names_resolve() -> None:
    tasks = load_tasks()
    assert sorted({name for _, name in _deferred()} - set(tasks)) == []


def test_jobs_are_deferred_downward() -> None:
    upward = [
        f"{room} -> {name}" for room, name in _deferred() if room in LINE and LINE.index(name.split(".")[0]) > LINE.index(room)
    ]
    assert upward == []
