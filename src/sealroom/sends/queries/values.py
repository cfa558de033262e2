# SPDX-License-Identifier: Apache-2.0
"""What the queries of sends answer with: plain values for doors."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sealroom.sends.rules import LIVE, LineError, SendSettings, State


@dataclass(frozen=True)
class QuoteLine:
    """What one document to one recipient would cost: 1 or 0. `recipient` "" is the link that names nobody."""

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
    """A line of Manage Sent Files. `opened` counts current recipients who opened; `last_opened_at` is the last activity of any."""

    id: str
    title: str
    subject: str
    documents: tuple[str, ...]
    recipients: int
    opened: int
    last_opened_at: datetime | None
    active_ms: int
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
    pages: int
    active_ms: int
    downloads: int
    prints: int
    denials: int
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
    opened: int
    revoked_at: datetime | None


@dataclass(frozen=True)
class SendDetail:
    """A send with everything its page shows. `link` is the one to hand on: the open one (`open_link`), else that of the only
    recipient. `preset` is the id of the bundle it follows, `fixed` names the settings that one keeps; `requests` counts who waits
    for a decision. `open_link_opened_at`: when somebody first opened through the open link."""

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
    open_link: str = ""
    open_link_opened_at: datetime | None = None
    preset: str = ""
    fixed: tuple[str, ...] = ()
    requests: int = 0


@dataclass(frozen=True)
class ReceivedRow:
    """A send of somebody else to a member's own address. `expires_at` is the member's own end, with a timer that runs; `opens` are
    the member's openings."""

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
    last_opened_at: datetime | None = None
    opens: int = 0

    @property
    def is_live(self) -> bool:
        """Whether it can be opened, now or from its start on."""
        return self.state in LIVE


@dataclass(frozen=True)
class Received:
    """A page of Received Files; `next` is the cursor of the following one, "" at the end."""

    items: tuple[ReceivedRow, ...]
    next: str


@dataclass(frozen=True)
class PresetRow:
    """A preset. `settings` as the API writes them; `fixed` names those a member may not change."""

    id: str
    name: str
    settings: dict[str, object]
    fixed: tuple[str, ...]
    is_default: bool
    updated_at: datetime


@dataclass(frozen=True)
class ContactRow:
    """A contact of a member's own."""

    id: str
    address: str
    name: str
    company: str
    added_at: datetime
    last_sent_at: datetime | None


@dataclass(frozen=True)
class ContactPage:
    """A page of contacts; `next` is the cursor of the following one, "" at the end."""

    items: tuple[ContactRow, ...]
    next: str


@dataclass(frozen=True)
class RequestRow:
    """Somebody who asks for access. `state`: "pending", "approved", "declined"; `cost` is what inviting would charge now, 0 once it
    is decided."""

    id: str
    send_id: str
    title: str
    address: str
    name: str
    note: str
    asked_at: datetime
    decided_at: datetime | None
    state: str
    cost: int


@dataclass(frozen=True)
class Envelope:
    """Who sent what stands behind a link; for a reader who proved the address, and for nobody else."""

    sender: str
    sender_name: str
    team: str
    subject: str
    message: str
    sent_at: datetime
