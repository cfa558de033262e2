# SPDX-License-Identifier: Apache-2.0
"""The one exception of the sandbox: a verdict about the file, told outside by its code."""

from __future__ import annotations


class Refused(Exception):
    """The file cannot be taken; `code` is one of the codes of `WorkshopFailure`, `facts` plain values."""

    def __init__(self, code: str, **facts: str | float) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts
