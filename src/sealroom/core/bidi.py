# SPDX-License-Identifier: Apache-2.0
"""The order in which a line of mixed directions is drawn: the implicit part of the Unicode bidirectional algorithm (UAX #9,
rules P2, W1-W7, N1-N2, I1-I2, L2). Explicit embeddings, overrides and isolates never come here: marks and invoices are freed of
them. Bracket pairs (N0) are treated as other neutrals.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_STRONG = {"L": 0, "R": 1, "AL": 1}


def base_level(text: str) -> int:
    """0 when the first letter that has a direction goes left to right (or none has one), else 1."""
    for character in text:
        level = _STRONG.get(unicodedata.bidirectional(character))
        if level is not None:
            return level
    return 0


def levels(text: str, base: int) -> list[int]:
    """The embedding level of every character; odd levels are drawn from right to left."""
    classes = [unicodedata.bidirectional(character) or "L" for character in text]
    _resolve_weak(classes, "R" if base else "L")
    _resolve_neutral(classes, "R" if base else "L")
    deeper = {("L", 1): 1, ("R", 0): 1, ("EN", 0): 2, ("AN", 0): 2, ("EN", 1): 1, ("AN", 1): 1}
    return [base + deeper.get((kind, base), 0) for kind in classes]


def visual_order(run_levels: Sequence[int]) -> list[int]:
    """Indices of runs from left to right: from the deepest level up, every stretch of at least that level is turned (L2)."""
    order = list(range(len(run_levels)))
    for level in range(max(run_levels, default=0), 0, -1):
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and run_levels[order[end]] >= level:
                end += 1
            order[start:end] = reversed(order[start:end])
            start = end + 1
    return order


def _resolve_weak(classes: list[str], outer: str) -> None:
    _settle_marks_and_arabic(classes, outer)
    for at in range(1, len(classes) - 1):  # W4
        left, right = classes[at - 1], classes[at + 1]
        if left == right and ((classes[at] == "ES" and left == "EN") or (classes[at] == "CS" and left in ("EN", "AN"))):
            classes[at] = left
    for start, end in _stretches(classes, {"ET"}):  # W5
        if (start and classes[start - 1] == "EN") or (end < len(classes) and classes[end] == "EN"):
            classes[start:end] = ["EN"] * (end - start)
    strong = outer
    for at, kind in enumerate(classes):  # W6, W7
        if kind in ("ES", "ET", "CS"):
            classes[at] = "ON"
        elif kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":
            classes[at] = "L"


def _settle_marks_and_arabic(classes: list[str], outer: str) -> None:
    previous = strong = outer
    for at, found in enumerate(classes):
        kind = previous if found == "NSM" else found  # W1: a mark takes part as what it stands on
        previous = kind
        if kind in ("L", "R", "AL"):
            strong = kind
        if kind == "EN" and strong == "AL":  # W2
            kind = "AN"
        classes[at] = "R" if kind == "AL" else kind  # W3


def _resolve_neutral(classes: list[str], outer: str) -> None:
    settled = {"L": "L", "R": "R", "EN": "R", "AN": "R"}
    neutral = set(classes) - set(settled)
    for start, end in _stretches(classes, neutral):  # N1, N2
        before = settled[classes[start - 1]] if start else outer
        after = settled[classes[end]] if end < len(classes) else outer
        classes[start:end] = [before if before == after else outer] * (end - start)


def _stretches(classes: Sequence[str], wanted: set[str]) -> list[tuple[int, int]]:
    found = []
    at = 0
    while at < len(classes):
        start = at
        while at < len(classes) and classes[at] in wanted:
            at += 1
        if at > start:
            found.append((start, at))
        at += 1
    return found
