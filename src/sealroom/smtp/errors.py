# SPDX-License-Identifier: Apache-2.0
"""What the rooms refuse, as a mail program is told it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sealroom.core.errors import DomainError
from sealroom.smtp import replies
from sealroom.smtp.replies import Reply

Facts = Mapping[str, Any]
_PLAIN = {
    "forbidden": replies.FORBIDDEN,
    "feature_missing": replies.FORBIDDEN,
    "payment_due": replies.PAYMENT_DUE,
    "team_suspended": replies.SUSPENDED,
    "storage_quota": replies.STORAGE_FULL,
    "rate_limited": replies.TOO_FAST,
    "invalid": replies.SETTINGS,
}


def _not_ready(facts: Facts) -> Reply:
    return replies.TRY_LATER if facts["reason"] == "preparing" else replies.not_allowed(str(facts["name"]))


def _too_large(facts: Facts) -> Reply:
    """A file; or the words, which have no name."""
    return replies.file_too_big(str(facts["name"])) if facts["name"] else replies.too_much_text(facts["limit"])


def _too_large_to_scan(facts: Facts) -> Reply:
    return replies.file_too_big(str(facts["name"]) or "the mail")


def _failed(facts: Facts) -> Reply:
    name, why = str(facts["name"]), facts["error"]
    if why == "infected":
        return replies.infected(name, str(facts.get("signature", "")))
    return _too_large_to_scan(facts) if why == "limit_scan" else replies.unusable(name)


_BY_FACTS: dict[str, Callable[[Facts], Reply]] = {
    "insufficient_credits": lambda facts: replies.too_few_credits(facts["needed"], facts["available"]),
    "type_refused": lambda facts: replies.not_allowed(facts["name"]),
    "document_failed": _failed,
    "infected": lambda facts: replies.infected(str(facts["name"]), str(facts.get("signature", ""))),
    "limit_scan": _too_large_to_scan,
    "not_ready": _not_ready,
    "too_large": _too_large,
    "too_many_files": lambda facts: replies.too_many_files(facts["limit"]),
    "too_many_recipients": lambda facts: replies.too_many_recipients(facts["limit"]),
    "external_blocked": lambda facts: replies.outsider(facts["addresses"][0]),
}


def reply_for(error: DomainError, *, name: str = "") -> Reply:
    """The reply for a refusal; `name` is the file it is about, where the error does not say. What is not the sender's doing is
    to be tried again."""
    facts = {"name": name, **error.facts}
    if error.code in _BY_FACTS:
        return _BY_FACTS[error.code](facts)
    return _PLAIN.get(error.code, replies.TRY_LATER)
