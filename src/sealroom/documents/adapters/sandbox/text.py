# SPDX-License-Identifier: Apache-2.0
"""x"""
from __future__ import annotations
from .refused import Refused
def to_pdf(source: int, kind: str, limits: dict[str, int]) -> int:
    raise Refused("corrupt")
