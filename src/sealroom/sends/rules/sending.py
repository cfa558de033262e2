# SPDX-License-Identifier: Apache-2.0
"""What a send is, whom it reaches and what it costs."""

from __future__ import annotations

import enum
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from email.utils import parseaddr

from sealroom.core.addresses import BadAddress, canonical_address
from sealroom.core.people import Addressee, LineError, clean_name
from sealroom.viewing.rules.conditions import Conditions as SendSettings

MAX_DOCUMENTS = 100
MAX_RECIPIENTS = 10_000
MAX_MESSAGE = 10_000
MAX_SUBJECT = 200
CANCEL_WITHIN = timedelta(minutes=15)
REMIND_EVERY = timedelta(hours=1)
ENDING_SOON = timedelta(hours=48)


class State(enum.StrEnum):
    """What a send is at an instant (the API's words)."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"
    CANCELLED = "cancelled"


LIVE = frozenset({State.SCHEDULED, State.ACTIVE})


@dataclass(frozen=True)
class SendFacts:
    """What is stored of a send."""

    sent: bool
    cancelled: bool
    revoked: bool
    starts_at: datetime | None
    expires_at: datetime | None


def state_of(facts: SendFacts, *, now: datetime) -> State:
    """The first that holds: cancelled, draft, revoked, expired, scheduled, active. Instants are half-open like the policy's."""
    if facts.cancelled:
        return State.CANCELLED
    if not facts.sent:
        return State.DRAFT
    if facts.revoked:
        return State.REVOKED
    if facts.expires_at is not None and now >= facts.expires_at:
        return State.EXPIRED
    if facts.starts_at is not None and now < facts.starts_at:
        return State.SCHEDULED
    return State.ACTIVE


@dataclass(frozen=True)
class Unique:
    """Recipients with canonical addresses, each once, in the order of their first appearance; and what was wrong."""

    accepted: tuple[Addressee, ...]
    errors: tuple[LineError, ...]
    repeated: int = 0


def unique_recipients(lines: Iterable[Addressee]) -> Unique:
    """Merge To, Cc and Bcc: the same canonical address is one recipient (the first name and the most visible place win)."""
    accepted: dict[str, Addressee] = {}
    errors: list[LineError] = []
    repeated = 0
    for number, line in enumerate(lines, start=1):
        try:
            address = canonical_address(line.email)
        except BadAddress:
            errors.append(LineError(number, line.email, "bad_address"))
            continue
        if line.kind not in _KINDS:
            errors.append(LineError(number, line.email, "bad_kind"))
            continue
        name = clean_name(line.name)
        if name is None:
            errors.append(LineError(number, line.email, "bad_name"))
            continue
        known = accepted.get(address)
        if known is None:
            accepted[address] = Addressee(address, name, line.kind)
        else:
            repeated += 1
            accepted[address] = Addressee(address, known.name or name, min(known.kind, line.kind, key=_KINDS.index))
    return Unique(tuple(accepted.values()), tuple(errors), repeated)


_KINDS = ("to", "cc", "bcc")
_SEPARATORS = re.compile(r'[\n\r;,\t](?=(?:[^"\n\r]*"[^"\n\r]*")*[^"\n\r]*(?:[\n\r]|$))')


def parse_addressees(text: str, *, kind: str = "to") -> tuple[Addressee, ...]:
    """Recipients out of typed or pasted text: one a line, or separated by commas, semicolons or tabs; bare addresses or
    `Name <address>`. What cannot be read stays as it is, so that `unique_recipients` names it."""
    result = []
    for part in (piece.strip() for piece in _SEPARATORS.split(text)):
        if not part:
            continue
        name, address = parseaddr(part) if "<" in part else ("", part)
        result.append(Addressee(address or part, name, kind))
    return tuple(result)


LINK_TO_BE = "link"
"""Stands for an open link that is not made yet. No address and no link is called so, so its pairs are never paid."""


def pair_key(version: str, whom: str) -> str:
    """What is paid for once: this version of a document to this canonical address, or to this open link (by its id)."""
    return f"{version}:{whom}"


def version_of(pair: str) -> str:
    """The version (public id) that a pair is about.

    >>> version_of(pair_key("ver_1", "a@example.com"))
    'ver_1'
    """
    return pair.partition(":")[0]


def price(versions: Sequence[str], addresses: Iterable[str], *, sender: str, open_link: str = "") -> tuple[str, ...]:
    """The pairs a send rests on: every version to every unique address, and to the link that names nobody where there is one
    (its id). The sender himself is free (he may be a recipient). Which of them are paid already is for credits to say."""
    charged = [address for address in dict.fromkeys(addresses) if address != sender]
    charged += [open_link] if open_link else []
    return tuple(pair_key(version, address) for address in charged for version in dict.fromkeys(versions))


@dataclass(frozen=True)
class SendRequest:
    """All that makes a send. `documents` are public ids in the order shown; `preset` the id of the bundle it follows, or "".
    `expires_after_s`: seconds from the moment it is made, in the place of an end among the settings (a repetition then is the same
    request)."""

    documents: tuple[str, ...]
    recipients: tuple[Addressee, ...]
    subject: str = ""
    message: str = ""
    settings: SendSettings = field(default_factory=SendSettings)
    language: str = ""
    notify: bool = True
    preset: str = ""
    expires_after_s: int | None = None


def content_errors(request: SendRequest) -> dict[str, list[str]]:
    """Reasons by field for what may not even stand in a draft: sizes, header injection."""
    errors: dict[str, list[str]] = {}
    if len(request.documents) > MAX_DOCUMENTS:
        errors["documents"] = ["too_many"]
    elif len(set(request.documents)) != len(request.documents):
        errors["documents"] = ["repeated"]
    if len(request.recipients) > 2 * MAX_RECIPIENTS:
        errors["recipients"] = ["too_many"]
    if len(request.subject) > MAX_SUBJECT:
        errors["subject"] = ["too_long"]
    elif not request.subject.isprintable():
        errors["subject"] = ["control_character"]
    if len(request.message) > MAX_MESSAGE:
        errors["message"] = ["too_long"]
    elif any(not (letter.isprintable() or letter in "\n\r\t") and not letter.isspace() for letter in request.message):
        errors["message"] = ["control_character"]
    return errors


def request_digest(deed: str, content: object, *, key: bytes) -> str:
    """Tells a repetition from another request under the same idempotency key. `content` is a dataclass or JSON-ready.

    HMAC-SHA-256 (RFC 2104): a request may hold a passcode, and who copies the database must not be able to try passcodes on it."""
    plain = asdict(content) if hasattr(content, "__dataclass_fields__") else content  # type: ignore[call-overload]
    text = json.dumps([deed, plain], sort_keys=True, ensure_ascii=False, default=str)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def may_cancel(sent_at: datetime, *, now: datetime) -> bool:
    """Within 15 minutes of going out."""
    return now - sent_at <= CANCEL_WITHIN
