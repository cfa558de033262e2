# SPDX-License-Identifier: Apache-2.0
"""What is asked of sends, scoped by actor: what is not his does not exist for him."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sealroom.accounts.models import User
from sealroom.accounts.rules import Actor
from sealroom.sends.models import Send
from sealroom.sends.rules import Addressee, LineError, SendSettings, State


@dataclass(frozen=True)
class QuoteLine:
    """What one document to one recipient would cost: 1 or 0."""

    document_id: str
    recipient: str
    credits: int


@dataclass(frozen=True)
class Quote:
    """A price before the deed; `lines` is empty when there are more than `QUOTE_LINES` of them."""

    cost: int
    available: int
    after: int
    enough: bool
    recipients: int
    lines: tuple[QuoteLine, ...] = ()
    errors: tuple[LineError, ...] = ()


@dataclass(frozen=True)
class SendRow:
    """A line of Manage Sent Files."""

    id: str
    title: str
    subject: str
    documents: tuple[str, ...]
    recipients: int
    opened: int
    last_opened_at: datetime | None
    state: State
    waiting: bool
    held_reason: str
    route: str
    sender: str
    sender_name: str
    created_at: datetime
    sent_at: datetime | None
    starts_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True)
class Listing:
    """A page of sends; `next` is the cursor of the following one, "" at the end. `counts` by filter, over all pages."""

    items: tuple[SendRow, ...]
    next: str
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class RecipientRow:
    """A recipient in a send's detail. `mail`: "waiting", "queued", "sent", "retrying", "bounced", "failed", or "" (not written
    to). `state`: "active", "revoked", "removed"."""

    id: str
    address: str
    name: str
    kind: str
    state: str
    link: str
    mail: str
    first_opened_at: datetime | None
    last_opened_at: datetime | None
    opens: int
    pages_seen: int
    active_ms: int
    reminded_at: datetime | None


@dataclass(frozen=True)
class DocumentRow:
    """A document in a send's detail."""

    id: str
    name: str
    version_id: str
    state: str
    error_code: str
    pages: int
    size: int
    revoked_at: datetime | None


@dataclass(frozen=True)
class SendDetail:
    """A send with everything its page shows."""

    row: SendRow
    message: str
    settings: SendSettings
    notify: bool
    language: str
    charged: int
    revision: int
    revoked_at: datetime | None
    revoked_by_admin: bool
    cancellable_until: datetime | None
    link: str
    documents: tuple[DocumentRow, ...]
    recipients: tuple[RecipientRow, ...]


@dataclass(frozen=True)
class ReceivedRow:
    """A send of somebody else to a member's own address."""

    link: str
    title: str
    subject: str
    documents: tuple[str, ...]
    sender: str
    sender_name: str
    sent_at: datetime
    state: State
    expires_at: datetime | None
    first_opened_at: datetime | None


@dataclass(frozen=True)
class Envelope:
    """Who sent what stands behind a link; for a reader who proved the address, and for nobody else."""

    sender: str
    sender_name: str
    team: str
    subject: str
    message: str
    sent_at: datetime


def get_send(actor: Actor, send_id: str) -> Send:
    """The actor's own send. Raises `NotFound`, also for a colleague's."""
    raise NotImplementedError


def get_send_to_end(actor: Actor, send_id: str) -> Send:
    """The actor's own send, or any of the team's for who may revoke it."""
    raise NotImplementedError


def quote(actor: Actor, documents: Sequence[str], recipients: Sequence[Addressee], *, send_id: str = "", now: datetime) -> Quote:
    """What sending would cost now. With `send_id`, recipients are added to that send (its documents when none are named)."""
    raise NotImplementedError


def quote_of_draft(actor: Actor, draft_id: str, *, now: datetime) -> Quote:
    """What confirming the draft would cost now."""
    raise NotImplementedError


def quote_of_replacement(actor: Actor, document_id: str, version_id: str, *, now: datetime) -> Quote:
    """What publishing a version would cost now."""
    raise NotImplementedError


def list_sends(actor: Actor, *, which: str = "all", search: str = "", cursor: str = "", limit: int = 25, now: datetime) -> Listing:
    """The actor's sends, newest first. `which`: all, active, not_opened, ending_soon, scheduled, ended, draft."""
    raise NotImplementedError


def list_team_sends(actor: Actor, *, search: str = "", cursor: str = "", limit: int = 25, now: datetime) -> Listing:
    """The team's sends by name and numbers, for admins."""
    raise NotImplementedError


def send_detail(actor: Actor, send_id: str, *, now: datetime) -> SendDetail:
    """The actor's own send with documents and recipients."""
    raise NotImplementedError


def received(user: User, *, now: datetime, limit: int = 100) -> tuple[ReceivedRow, ...]:
    """What others sent to the member's own address, newest first."""
    raise NotImplementedError


def envelope_of(link_id: str) -> Envelope:
    """Who sent what stands behind a link. Only for a browser that proved the link's address."""
    raise NotImplementedError
