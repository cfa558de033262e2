# SPDX-License-Identifier: Apache-2.0
"""Refusals of access. None of them tells a stranger whether a link or an invitation exists."""

from __future__ import annotations

from sealroom.core.errors import DomainError, Forbidden


class CodeWrong(DomainError):
    """The code is not the one that was sent; `tries_left` says how many tries remain."""

    code = "code_wrong"


class CodeExpired(DomainError):
    """The code is older than its life, or none was asked for by this browser on this link."""

    code = "code_expired"


class CodeWornOut(DomainError):
    """The code's tries are used up, or it was used: a new one is needed."""

    code = "code_worn_out"


class NotAdmitted(DomainError):
    """The reader may not have this now. `reason` is a value of `rules.Verdict`; every reason but "email" is told only to a browser
    that proved the address of the link before."""

    code = "not_admitted"

    @property
    def reason(self) -> str:
        """The value of the verdict."""
        return str(self.facts["reason"])


class PasscodeWrong(DomainError):
    """The passcode is not the one in force; `tries_left` says how many tries remain from this address for now."""

    code = "passcode_wrong"


class TermsStale(DomainError):
    """Terms were accepted that are not in force (any more): the text has to be shown anew."""

    code = "terms_stale"


class PrintsUsedUp(Forbidden):
    """The reader has printed the document as often as the sender allows; `limit` says how often."""

    code = "prints_used_up"
