# SPDX-License-Identifier: Apache-2.0
"""What is done with sends, by deed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sealroom.accounts.rules import Actor
from sealroom.sends.flows.values import AddResult, DraftResult, ReplaceResult, SendResult
from sealroom.sends.models import Send
from sealroom.sends.rules import Addressee, SendRequest, SendSettings

__all__ = [
    "AddResult",
    "DraftResult",
    "ReplaceResult",
    "SendResult",
    "add_draft_documents",
    "add_recipients",
    "cancel",
    "change_settings",
    "confirm",
    "delete_document",
    "delete_draft",
    "remind",
    "remove_recipient",
    "replace",
    "restore",
    "revoke",
    "save_draft",
    "send_documents",
]


def save_draft(actor: Actor, request: SendRequest, *, draft_id: str = "", uuid: str = "", now: datetime) -> DraftResult:
    """Keep a send that is being written: makes it, or replaces the content of the draft named by id or by the client's uuid."""
    raise NotImplementedError


def add_draft_documents(actor: Actor, draft_id: str, documents: Sequence[str], *, now: datetime) -> Send:
    """Put more documents into a draft; those already in it are left alone."""
    raise NotImplementedError


def delete_draft(actor: Actor, draft_id: str, *, now: datetime) -> None:
    """Throw a draft away; nothing was charged for it."""
    raise NotImplementedError


def confirm(actor: Actor, draft_id: str, *, key: str, now: datetime) -> SendResult:
    """Send a draft: charges once per key, all or nothing."""
    raise NotImplementedError


def send_documents(actor: Actor, request: SendRequest, *, key: str, now: datetime) -> SendResult:
    """Deliver documents. Raises `InsufficientCredits`, `IdempotencyConflict`, `NotReady`, `DocumentFailed`,
    `Invalid`, `NotFound`."""
    raise NotImplementedError


def add_recipients(
    actor: Actor, send_id: str, recipients: Sequence[Addressee], *, key: str, notify: bool = True, now: datetime
) -> AddResult:
    """One credit per file for each new recipient."""
    raise NotImplementedError


def remove_recipient(actor: Actor, send_id: str, recipient_id: str, *, now: datetime) -> None:
    """Final; gives nothing back."""
    raise NotImplementedError


def revoke(actor: Actor, send_id: str, *, recipients: Sequence[str] = (), documents: Sequence[str] = (), now: datetime) -> Send:
    """End access: of the whole send, or of the recipients and documents named by id. Reversible."""
    raise NotImplementedError


def restore(
    actor: Actor, send_id: str, *, recipients: Sequence[str] = (), documents: Sequence[str] = (), now: datetime
) -> SendResult:
    """Give access back; pairs that are not paid (a replaced document, a given-back credit) are charged."""
    raise NotImplementedError


def change_settings(actor: Actor, send_id: str, change: Callable[[SendSettings], SendSettings], *, now: datetime) -> SendResult:
    """Put other settings in force; `change` gets those in force, under the lock."""
    raise NotImplementedError


def cancel(actor: Actor, send_id: str, *, now: datetime) -> SendResult:
    """Call a send back within 15 minutes (`TooLate` after); gives back what nobody opened. `charged` is then negative or 0."""
    raise NotImplementedError


def remind(actor: Actor, send_id: str, *, recipients: Sequence[str] = (), now: datetime) -> int:
    """Write again, free: to those named, or to all who have not opened. Returns to how many. Raises `RateLimited`."""
    raise NotImplementedError


def replace(actor: Actor, document_id: str, version_id: str, *, key: str, now: datetime) -> ReplaceResult:
    """Publish a prepared version: charges one credit per current recipient of its live sends and switches every link."""
    raise NotImplementedError


def delete_document(actor: Actor, document_id: str, *, end_sends: bool = False, now: datetime) -> None:
    """Delete a document for good. Raises `InUse` while live sends have it, unless they are to lose it."""
    raise NotImplementedError
