# SPDX-License-Identifier: Apache-2.0
"""Timelines for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sealroom.cli.simulation.scenario import Fields

_STANDING = ("result", "balance", "notifications")
_HEADS = ("at", "operation", "result", "balance", "notices", "money", "")
_RIGHT = {_HEADS.index("balance")}


@dataclass(frozen=True)
class Note:
    """What people are told of a step beside its result: money that moved, and why it was refused."""

    money: tuple[str, ...]
    reason: str = ""


def cases(answers: list[dict[str, Any]]) -> str:
    """A line per case."""
    width = max((len(str(one["id"])) for one in answers), default=0)
    return "\n".join(f"{one['id']!s:<{width}}  {_facts(one['expected'])}" for one in answers)


def scenarios(asked: list[Fields], answers: list[dict[str, Any]], notes: list[list[Note]]) -> str:
    """A table per scenario: when, what, what came of it, the balance after it, who was told what, which money moved (where any
    does in the scenario)."""
    return "\n\n".join(_timeline(*one) for one in zip(asked, answers, notes, strict=True))


def _timeline(scenario: Fields, answer: dict[str, Any], notes: Sequence[Note]) -> str:
    rows = [_HEADS]
    for step, result, note in zip(scenario["steps"], answer["steps"], notes, strict=True):
        rest = {name: value for name, value in result.items() if name not in _STANDING}
        rows.append(
            (
                str(step.get("at", "")),
                str(step["op"]),
                str(result.get("result", "")),
                str(result.get("balance", "")),
                ", ".join(result["notifications"]),
                "; ".join(note.money),
                _facts(rest) + (f" ({note.reason})" if note.reason else ""),
            )
        )
    shown = [column for column, head in enumerate(_HEADS) if head != "money" or any(note.money for note in notes)]
    widths = {column: max(len(row[column]) for row in rows) for column in shown}
    lines = ["  ".join(_cell(row[column], widths[column], column) for column in shown) for row in rows]
    title = f"{answer['id']}: {scenario.get('title', '')}".rstrip(": ")
    return "\n".join([title, *(line.rstrip() for line in lines)])


def _cell(text: str, width: int, column: int) -> str:
    return text.rjust(width) if column in _RIGHT else text.ljust(width)


def _facts(values: Fields) -> str:
    return ", ".join(_fact(name, value) for name, value in values.items())


def _fact(name: str, value: Any) -> str:
    if name == "lines":
        return (
            "; ".join(f"{one['kind']} {one['quantity']} x {one['item']} {_hundredths(one['amount_cents'])}" for one in value)
            or "no lines"
        )
    if name.endswith("_cents"):
        return f"{name.removesuffix('_cents').replace('_', ' ')} {_hundredths(value)}"
    return f"{name} {value}"


def _hundredths(cents: int) -> str:
    return str(Decimal(cents).scaleb(-2))
