# SPDX-License-Identifier: Apache-2.0
"""Pages of lists that are put together anew at each call. A page begins behind the last row of the one before, wherever that stands
now; where it is gone, at its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from sealroom.core.errors import Invalid

Row = TypeVar("Row")
_CURSOR = re.compile(r"(\d{1,9})\.([A-Za-z0-9_:-]{0,80})", re.ASCII)


def paged(rows: Sequence[Row], cursor: str, limit: int, *, key: Callable[[Row], str]) -> tuple[list[Row], str | None]:
    """The rows of a page and the cursor of the next one, None after the last. `key` tells a row from every other of the list.
    Raises `Invalid` for a cursor that is none."""
    start = _start(rows, cursor, key)
    end = start + limit
    following = f"{end}.{key(rows[end - 1])}" if end < len(rows) else None
    return list(rows[start:end]), following


def _start(rows: Sequence[Row], cursor: str, key: Callable[[Row], str]) -> int:
    if not cursor:
        return 0
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise Invalid({"cursor": ["unknown"]})
    place, last = int(match[1]), match[2]
    if 0 < place <= len(rows) and key(rows[place - 1]) == last:
        return place
    return next((number for number, row in enumerate(rows, start=1) if key(row) == last), place)
