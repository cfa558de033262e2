# SPDX-License-Identifier: Apache-2.0
"""Refusals every room raises. Doors translate a `code` into a status and a sentence; rooms never speak HTTP."""

from __future__ import annotations

from typing import ClassVar


class DomainError(Exception):
    """A refusal with a stable `code` and the facts a door needs for its sentence (plain, JSON-ready values)."""

    code: ClassVar[str] = "error"

    def __init__(self, **facts: object) -> None:
        super().__init__(self.code)
        self.facts = facts

    def __str__(self) -> str:
        return f"{self.code} {self.facts}" if self.facts else self.code


class NotFound(DomainError):
    """The thing does not exist, or is not this actor's: the two are never told apart."""

    code = "not_found"


class Forbidden(DomainError):
    """The actor sees the thing but has no right to this deed."""

    code = "forbidden"


class Invalid(DomainError):
    """Input breaks a rule; `errors` maps a field to a list of stable reasons."""

    code = "invalid"

    def __init__(self, errors: dict[str, list[str]] | None = None, **facts: object) -> None:
        super().__init__(errors=errors or {}, **facts)

    @property
    def errors(self) -> dict[str, list[str]]:
        """Reasons by field."""
        errors = self.facts["errors"]
        assert isinstance(errors, dict)
        return errors


class RateLimited(DomainError):
    """Too many tries; `retry_after` says after how many seconds one is possible again."""

    code = "rate_limited"


class IdempotencyConflict(DomainError):
    """The key was used before with another request."""

    code = "idempotency_conflict"
