# SPDX-License-Identifier: Apache-2.0
"""What the rooms refuse, as a mail program is told it."""

from __future__ import annotations

from sealroom.core.errors import DomainError
from sealroom.smtp import replies
from sealroom.smtp.replies import Reply

_PLAIN = {
    "forbidden": replies.FORBIDDEN,
    "feature_missing": replies.FORBIDDEN,
    "payment_due": replies.PAYMENT_DUE,
    "storage_quota": replies.STORAGE_FULL,
    "rate_limited": replies.TOO_FAST,
    "invalid": replies.SETTINGS,
}
_BY_NAME = {
    "type_refused": replies.not_allowed,
    "not_ready": replies.not_allowed,
    "document_failed": replies.unusable,
    "too_large": replies.file_too_big,
}


def reply_for(error: DomainError, *, name: str = "") -> Reply:
    """The reply for a refusal; `name` is the file it is about, where the error does not say. What is not the sender's doing is
    to be tried again."""
    if error.code == "insufficient_credits":
        return replies.too_few_credits(int(str(error.facts["needed"])), int(str(error.facts["available"])))
    if error.code in _BY_NAME:
        return _BY_NAME[error.code](str(error.facts.get("name", name)))
    return _PLAIN.get(error.code, replies.TRY_LATER)
