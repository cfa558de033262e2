# SPDX-License-Identifier: Apache-2.0
"""The list of places in its host's page that a browser extension looks for, where the operator put a newer one than extensions
were made with: `gmail-selectors.json` in the data folder. Data, never code; read afresh at each request, so that it is in force
without a restart."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

FILE = "gmail-selectors.json"
MOST_BYTES = 64 * 1024
_LONGEST = 300  # characters of one selector


@dataclass(frozen=True)
class Selectors:
    """`version` rises with each list; 0: none is published, and `raw` is empty. `raw` are the bytes that are signed."""

    version: int
    raw: bytes


NONE = Selectors(0, b"")


def published(data: Path) -> Selectors:
    """The list of this installation. A file that is too large or of another shape than {"version": 1…, "selectors": {name: [CSS]}}
    is no list."""
    try:
        with (data / FILE).open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        found = json.loads(raw)
        lists = list(found["selectors"].values())
        good = all(isinstance(one, str) and len(one) <= _LONGEST for names in lists for one in names)
        version = found["version"]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return NONE
    if len(raw) > MOST_BYTES or not good or type(version) is not int or version < 1 or set(found) != {"version", "selectors"}:
        return NONE
    if any(not isinstance(names, list) for names in lists):
        return NONE
    return Selectors(version, raw)
