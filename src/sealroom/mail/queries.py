# SPDX-License-Identifier: Apache-2.0
"""What became of messages, and the outbox of an installation without SMTP."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from django.conf import settings
from django.core.cache import cache
from django.utils import translation
from django.utils.translation import gettext

from sealroom.core.errors import NotFound
from sealroom.mail import rules
from sealroom.mail.models import OutgoingMail, Suppression
from sealroom.mail.ports import KeyRecord, OutboxEntry, OutboxMessage, get_outbox, get_signer
from sealroom.mail.rules import Signing


@dataclass(frozen=True)
class MailFact:
    """The fate of the latest message about a thing. `state`: queued, retrying, sent, bounced, failed."""

    about: str
    address: str
    state: str
    attempts: int
    answer: str
    created_at: datetime
    sent_at: datetime | None


def mail_state(about: str) -> MailFact | None:
    """The latest message about a thing; None when there was none."""
    return mail_states([about]).get(about)


def mail_states(abouts: Collection[str]) -> dict[str, MailFact]:
    """The latest message about each of several things, in one query."""
    rows = OutgoingMail.objects.filter(about__in=[about for about in abouts if about]).order_by("id")
    fields = rows.values_list("about", "to_address", "state", "attempts", "last_answer", "created_at", "sent_at")
    return {row[0]: MailFact(*row) for row in fields}


def is_suppressed(address: str) -> bool:
    """Whether a canonical address finally bounced before."""
    return Suppression.objects.filter(address=address).exists()


def message_of_return_path(address: str) -> str | None:
    """The public id of the message whose return path this address is; None for every other address. Whether there is such a
    message is not asked: nobody should learn that by trying."""
    local, _, domain = parseaddr(settings.SEALROOM_MAIL_FROM)[1].lower().rpartition("@")
    if not address.lower().startswith(f"{local}+") or address.lower().rpartition("@")[2] != domain:
        return None
    return rules.reference_of(address)


def house_author(name: str, language: str) -> tuple[str, str]:
    """Display name and address that say a mail is from us in somebody's name."""
    with translation.override(language):
        return rules.sender_display(name, rules.PRODUCT, gettext("{name} via {product}")), parseaddr(settings.SEALROOM_MAIL_FROM)[1]


@dataclass(frozen=True)
class SigningState:
    """What the last look at the domain of our signatures found; `record` must have the text `expected`. No `checked_at`: nobody
    looked within the hour."""

    state: Signing
    record: str = ""
    expected: str = ""
    checked_at: datetime | None = None


def signing() -> SigningState:
    """Whether our signatures hold, by the last look (`flows.check_signing` looks). Asks no network."""
    signer = get_signer()
    if signer is None:
        return SigningState(Signing.OFF)
    record = signer.record
    found = cache.get(signing_key(record))
    state, at = found if found is not None else (Signing.UNCHECKED, None)
    return SigningState(Signing(state), record.name, record.text, at)


def signing_key(record: KeyRecord) -> str:
    """Where the last look is kept: another key needs another look."""
    return "mail.signing." + hashlib.sha256(f"{record.name}\n{record.text}".encode()).hexdigest()


@dataclass(frozen=True)
class GatewayState:
    """What a running mail gateway said of itself at `at`: which ports listen, and until when the certificate holds that mail
    programs are shown (None: it has none)."""

    takes_mail: bool
    takes_reports: bool
    certificate_until: datetime | None
    at: datetime


GATEWAY_KEY = "mail.gateway"


def gateway() -> GatewayState | None:
    """The gateway that said within a minute and a half that it runs, on whatever machine; None when none did."""
    found = cache.get(GATEWAY_KEY)
    return GatewayState(*found) if found is not None else None


def has_outbox() -> bool:
    """Whether mail goes to the readable folder (no SMTP configured)."""
    return get_outbox() is not None


def list_outbox(*, limit: int = 200) -> list[OutboxEntry]:
    """Messages in the outbox folder, newest first. Raises `NotFound` when SMTP is configured. The door admits operators only."""
    outbox = get_outbox()
    if outbox is None:
        raise NotFound
    return outbox.entries(limit=limit)


def read_outbox(name: str) -> OutboxMessage:
    """One message of the outbox by the name `list_outbox` gave. Raises `NotFound`."""
    outbox = get_outbox()
    message = outbox.read(name) if outbox else None
    if message is None:
        raise NotFound
    return message
