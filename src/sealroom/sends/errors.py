# SPDX-License-Identifier: Apache-2.0
"""Refusals of sends. None of them charges anything."""

from __future__ import annotations

from sealroom.core.errors import DomainError


class NotReady(DomainError):
    """A document cannot be sent: `document` (id) and `reason` ("failed" with `error`, "unviewable", "preparing")."""

    code = "not_ready"


class DocumentFailed(DomainError):
    """A document failed while it was prepared; `error` is its stable code (the door answers 422 with that code)."""

    code = "document_failed"


class TooLate(DomainError):
    """The 15 minutes in which a send can be cancelled are over; revoke it instead. `until` says when they ended."""

    code = "too_late"


class InUse(DomainError):
    """The document is in live sends; `where` lists them as {"send", "subject", "recipients"} (only the actor's own by id)."""

    code = "in_use"


class NotADraft(DomainError):
    """The send went out already (or was cancelled): `send` says which."""

    code = "already_sent"


class NotLive(DomainError):
    """The send has not gone out, or its access ended: restore it or extend it first. `state` says what it is."""

    code = "not_live"


class StaleDraft(DomainError):
    """The draft is another than its client believes: `revision` is the one it has now."""

    code = "stale_draft"


class SenderNotAllowed(DomainError):
    """The mail may not come from this address: it is none the member proved to be his. `senders` lists those."""

    code = "sender_not_allowed"


class ExternalBlocked(DomainError):
    """The team sends to its own domains only; `addresses` are those elsewhere."""

    code = "external_blocked"


class TooManyFiles(DomainError):
    """More files than one mail may have: `limit`, `actual`."""

    code = "too_many_files"


class TooManyRecipients(DomainError):
    """More recipients than one mail may have: `limit`, `actual`."""

    code = "too_many_recipients"


class InvalidRecipient(DomainError):
    """Addresses that cannot be written to: `recipients`, as they came."""

    code = "invalid_recipient"


class NoRecipients(DomainError):
    """A mail to nobody."""

    code = "no_recipients"


class NothingToProtect(DomainError):
    """Neither a file nor protected words."""

    code = "nothing_to_protect"
