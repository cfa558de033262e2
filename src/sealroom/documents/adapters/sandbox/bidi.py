# SPDX-License-Identifier: Apache-2.0
"""The order in which letters of both directions stand in a line: the Unicode Bidirectional Algorithm (UAX #9) without explicit
embeddings, overrides and isolates, whose marks are ignored (they are also a means to deceive a reader)."""

from __future__ import annotations

import unicodedata
from itertools import groupby

_STRONG = {"L": "L", "R": "R", "AL": "R"}
_IGNORED = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "BN"})
_NEUTRAL = frozenset({"B", "S", "WS", "ON", *_IGNORED})


def has_rtl(text: str) -> bool:
    """Whether any letter runs from right to left; tells in passing that a plain text needs none of this."""
    return not text.isascii() and any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in text)


def is_rtl(text: str) -> bool:
    """The direction of a paragraph: that of its first strong character (rules P2 and P3)."""
    return next((_STRONG[kind] == "R" for c in text if (kind := unicodedata.bidirectional(c)) in _STRONG), False)


def levels(text: str, *, rtl: bool) -> list[int]:
    """The level of each character: even runs to the right, odd to the left."""
    base = int(rtl)
    kinds = _resolve_weak([unicodedata.bidirectional(c) or "L" for c in text], "R" if rtl else "L")
    _resolve_neutral(kinds, "R" if rtl else "L")
    found = []
    for kind in kinds:  # rules I1 and I2
        if base % 2 == 0:
            found.append(base + (1 if kind == "R" else 2 if kind in ("EN", "AN") else 0))
        else:
            found.append(base + (1 if kind in ("L", "EN", "AN") else 0))
    for at in range(len(text) - 1, -1, -1):  # rule L1: space at the end of a line follows the paragraph
        if unicodedata.bidirectional(text[at]) not in ("WS", "B", "S", *_IGNORED):
            break
        found[at] = base
    return found


def visual_runs(found: list[int]) -> list[tuple[int, int, bool]]:
    """Pieces (from, to, right-to-left) of one direction each, in the order in which they stand from the left (rule L2)."""
    runs, at = [], 0
    for level, group in groupby(found):
        length = len(list(group))
        runs.append((at, at + length, level))
        at += length
    for level in range(max(found, default=0), 0, -1):
        start = 0
        while start < len(runs):
            if runs[start][2] < level:
                start += 1
                continue
            end = start
            while end < len(runs) and runs[end][2] >= level:
                end += 1
            runs[start:end] = runs[start:end][::-1]
            start = end
    return [(start, end, level % 2 == 1) for start, end, level in runs]


def _resolve_weak(kinds: list[str], base: str) -> list[str]:
    kinds = _resolve_marks_and_digits(kinds, base)
    for at in range(1, len(kinds) - 1):  # W4
        before, after = kinds[at - 1], kinds[at + 1]
        if before == after and ((before == "EN" and kinds[at] in ("ES", "CS")) or (before == "AN" and kinds[at] == "CS")):
            kinds[at] = before
    _resolve_terminators(kinds)
    strong = base
    for at, kind in enumerate(kinds):
        if kind in ("L", "R"):
            strong = kind
        elif kind in ("ES", "CS"):  # W6
            kinds[at] = "ON"
        elif kind == "EN" and strong == "L":  # W7
            kinds[at] = "L"
    return kinds


def _resolve_marks_and_digits(kinds: list[str], base: str) -> list[str]:
    resolved: list[str] = []
    last, strong = base, base
    for given in kinds:
        kind = last if given == "NSM" else given  # W1
        if kind in ("L", "R", "AL"):
            strong = kind
        elif kind == "EN" and strong == "AL":  # W2
            kind = "AN"
        resolved.append(kind)
        last = kind
    return ["R" if kind == "AL" else kind for kind in resolved]  # W3


def _resolve_terminators(kinds: list[str]) -> None:
    at = 0
    while at < len(kinds):  # W5, and W6 for what stands alone
        end = at
        while end < len(kinds) and kinds[end] == "ET":
            end += 1
        if end > at:
            beside = (kinds[at - 1] if at else "", kinds[end] if end < len(kinds) else "")
            kinds[at:end] = ["EN" if "EN" in beside else "ON"] * (end - at)
        at = max(end, at + 1)


def _resolve_neutral(kinds: list[str], base: str) -> None:
    at = 0
    while at < len(kinds):
        if kinds[at] not in _NEUTRAL:
            at += 1
            continue
        end = at
        while end < len(kinds) and kinds[end] in _NEUTRAL:
            end += 1
        before = base if at == 0 else "L" if kinds[at - 1] == "L" else "R"
        after = base if end == len(kinds) else "L" if kinds[end] == "L" else "R"
        kinds[at:end] = [before if before == after else base] * (end - at)  # N1 and N2
        at = end
