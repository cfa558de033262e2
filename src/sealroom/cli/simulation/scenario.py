# SPDX-License-Identifier: Apache-2.0
"""Reading scenario files. What is off is told in one sentence; what a file has beyond the known fields is left alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

KINDS = {"boundaries": "cases", "proration": "cases", "ledger": "scenarios"}
INTERVALS = ("month", "year")
OPERATIONS = (
    "send", "replace_file", "tick", "reverse", "promo_grant",
    "quote", "add_blocks", "remove_blocks", "upgrade", "downgrade", "cancel", "pay", "webhook", "bad_signature_webhook",
    "set_quota", "create_room", "delete_room", "invite", "remove_guest",
)  # fmt: skip

Fields = Mapping[str, Any]


class BadFile(Exception):
    """The file cannot be played; the message is a sentence for people."""


def read(path: Path) -> tuple[str, list[Fields]]:
    """The kind of a file and its cases or scenarios. Raises `BadFile`."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise BadFile(f"{path} is not JSON: {error}.") from error
    kind = content.get("kind") if isinstance(content, dict) else None
    if kind not in KINDS:
        raise BadFile(f"{path} is of kind {kind!r}; known are {', '.join(KINDS)}.")
    items = content.get(KINDS[kind])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadFile(f"{path} has no list of {KINDS[kind]}.")
    return kind, items


def check_scenario(scenario: Fields) -> None:
    """Refuse a scenario without a team or with steps that mean nothing, before anything is played. Raises `BadFile`."""
    where = f"scenario {scenario.get('id')}"
    need(scenario, "team", dict, where)
    for number, step in enumerate(need(scenario, "steps", list, where), 1):
        operation = step.get("op") if isinstance(step, dict) else None
        if operation not in OPERATIONS:
            raise BadFile(f"{where}, step {number}: there is no operation {operation!r}.")


def need(fields: Fields, name: str, kind: type | tuple[type, ...], where: str) -> Any:
    """A field that must be there, of its type. Raises `BadFile`."""
    value = fields.get(name)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise BadFile(f"{where} needs {name!r}.")
    return value


def count(fields: Fields, name: str, where: str, *, least: int = 0) -> int:
    """A whole number that must be there. Raises `BadFile`."""
    value: int = need(fields, name, int, where)
    if value < least:
        raise BadFile(f"{where}: {name!r} is {least} or more.")
    return value


def words(fields: Fields, name: str, where: str) -> list[str]:
    """A list of texts, empty when it is left out. Raises `BadFile`."""
    value = fields.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadFile(f"{where}: {name!r} is a list of texts.")
    return value


def interval_of(fields: Fields, name: str, where: str) -> str:
    """month or year; month when it is left out. Raises `BadFile`."""
    value: str = fields.get(name) or "month"
    if value not in INTERVALS:
        raise BadFile(f"{where}: {name!r} is month or year, not {value!r}.")
    return value


def moment(text: object, where: str) -> date | datetime:
    """A date as it is, an instant in UTC (one without a zone counts as UTC). Raises `BadFile`."""
    if isinstance(text, str):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            pass
        else:
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    raise BadFile(f"{where}: {text!r} is neither a date nor an instant.")


def instant_of(text: object, where: str) -> datetime:
    """An instant in UTC; a date is its midnight. Raises `BadFile`."""
    value = moment(text, where)
    return value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)


def shown(value: date | datetime) -> str:
    """A date as YYYY-MM-DD, an instant as YYYY-MM-DDTHH:MM:SSZ."""
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value.isoformat()
