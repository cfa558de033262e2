# SPDX-License-Identifier: Apache-2.0
"""Timelines for people."""

from __future__ import annotations

from typing import Any

from sealroom.cli.simulation.scenario import Fields

_STANDING = ("result", "balance", "notifications")


def cases(answers: list[dict[str, Any]]) -> str:
    """A line per case."""
    width = max((len(str(one["id"])) for one in answers), default=0)
    return "\n".join(f"{one['id']!s:<{width}}  {_facts(one['expected'])}" for one in answers)


def scenarios(asked: list[Fields], answers: list[dict[str, Any]]) -> str:
    """A table per scenario: when, what, what came of it, the balance after it, who was told what."""
    return "\n\n".join(_timeline(scenario, answer) for scenario, answer in zip(asked, answers, strict=True))


def _timeline(scenario: Fields, answer: dict[str, Any]) -> str:
    rows = [("at", "operation", "result", "balance", "notices", "")]
    for step, result in zip(scenario["steps"], answer["steps"], strict=True):
        rest = {name: value for name, value in result.items() if name not in _STANDING}
        rows.append(
            (
                str(step.get("at", "")),
                str(step["op"]),
                str(result.get("result", "")),
                str(result.get("balance", "")),
                ", ".join(result["notifications"]),
                _facts(rest),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    right = {3}
    lines = [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    title = f"{answer['id']}: {scenario.get('title', '')}".rstrip(": ")
    return "\n".join([title, *(line.rstrip() for line in lines)])


def _facts(values: Fields) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
