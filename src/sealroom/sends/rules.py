# SPDX-License-Identifier: Apache-2.0
"""What a send is, whom it reaches and what it costs. Pure."""

from __future__ import annotations

import enum
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from email.utils import parseaddr

from sealroom.access.rules import WATERMARK_FIELDS, Access, Permission, Policy, Shield, TermsMode, Watermark
from sealroom.core.addresses import BadAddress, canonical_address

MAX_DOCUMENTS = 100
MAX_RECIPIENTS = 10_000
MAX_MESSAGE = 10_000
MAX_SUBJECT = 200
MAX_NAME = 200
MAX_MARK_TEXT = 200
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


KEEP = "\0keep"
"""As a passcode: the one in force stays."""


@dataclass(frozen=True)
class OwnTerms:
    """Terms of one send alone: a text (HTML, sanitised before it is kept), or a PDF among the sender's documents. `id` names a
    text in force that stays as it is."""

    text: str = ""
    document: str = ""
    id: str = ""


@dataclass(frozen=True)
class SendSettings:
    """The settings a sender chooses; all stay editable. Instants are aware UTC; `Policy` says what each means.

    `passcode` is in clear (it is hashed when the settings are put in force), `KEEP`, or None for none. `terms`: None,
    "organization", or own ones."""

    access: str = Access.NAMED_CODE.value
    permission: str = Permission.VIEW.value
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    watermark: Watermark | None = field(default_factory=Watermark)
    expire_after_opening_s: int | None = None
    passcode: str | None = None
    terms: OwnTerms | str | None = None
    screen_shield: str = Shield.OFF.value
    max_views: int | None = None
    max_prints: int | None = None
    domains: tuple[str, ...] = ()
    block_domains: tuple[str, ...] = ()
    allow_ips: tuple[str, ...] = ()
    allow_countries: tuple[str, ...] = ()
    protect_pdf: bool = False

    @property
    def policy(self) -> Policy:
        """As access knows them, without passcode and own text, which `access.flows` keeps apart. Call `setting_errors` first."""
        own = TermsMode.ORGANIZATION if self.terms == TermsMode.ORGANIZATION.value else TermsMode.OWN
        return Policy(
            access=Access(self.access),
            permission=Permission(self.permission),
            starts_at=self.starts_at,
            expires_at=self.expires_at,
            watermark=self.watermark,
            expire_after_opening_s=self.expire_after_opening_s,
            terms=TermsMode.OFF if self.terms is None else own,
            screen_shield=Shield(self.screen_shield),
            max_views=self.max_views,
            max_prints=self.max_prints,
            domains=self.domains,
            block_domains=self.block_domains,
            allow_ips=self.allow_ips,
            allow_countries=self.allow_countries,
            protect_pdf=self.protect_pdf,
        )


def settings_of_policy(policy: Policy, *, terms_id: str = "") -> SendSettings:
    """The way back, for a form that shows what is in force; `terms_id` names the own text in force."""
    terms: OwnTerms | str | None = None
    if policy.terms is TermsMode.ORGANIZATION:
        terms = TermsMode.ORGANIZATION.value
    elif policy.terms is TermsMode.OWN:
        terms = OwnTerms(id=terms_id)
    return SendSettings(
        access=policy.access.value,
        permission=policy.permission.value,
        starts_at=policy.starts_at,
        expires_at=policy.expires_at,
        watermark=policy.watermark,
        expire_after_opening_s=policy.expire_after_opening_s,
        passcode=KEEP if policy.passcode_hash else None,
        terms=terms,
        screen_shield=policy.screen_shield.value,
        max_views=policy.max_views,
        max_prints=policy.max_prints,
        domains=policy.domains,
        block_domains=policy.block_domains,
        allow_ips=policy.allow_ips,
        allow_countries=policy.allow_countries,
        protect_pdf=policy.protect_pdf,
    )


def setting_errors(settings: SendSettings, *, now: datetime) -> dict[str, list[str]]:
    """Reasons by field; empty when the settings can be put in force at `now`."""
    errors: dict[str, list[str]] = {}
    if settings.access not in set(Access):
        errors["access"] = ["not_available"]
    if settings.permission not in set(Permission):
        errors["permission"] = ["unknown"]
    if settings.expires_at is not None and settings.expires_at <= now:
        errors["expires_at"] = ["in_the_past"]
    if settings.starts_at is not None and settings.expires_at is not None and settings.starts_at >= settings.expires_at:
        errors.setdefault("expires_at", []).append("before_start")
    mark = settings.watermark
    if mark is not None and not set(mark.fields) <= WATERMARK_FIELDS:
        errors["watermark"] = ["unknown_field"]
    elif mark is not None and (len(mark.text) > MAX_MARK_TEXT or (not mark.fields and not mark.text.strip())):
        errors["watermark"] = ["too_long" if mark.text else "empty"]
    return errors


@dataclass(frozen=True)
class Addressee:
    """A recipient as a sender gives him."""

    email: str
    name: str = ""
    kind: str = "to"


@dataclass(frozen=True)
class LineError:
    """A recipient that cannot be written to: its place (from 1), its text, and why (a stable reason)."""

    line: int
    text: str
    reason: str


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
        name = " ".join(line.name.split())
        if len(name) > MAX_NAME or not name.isprintable():
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


def pair_key(version: str, address: str) -> str:
    """What is paid for once: this version of a document to this canonical address."""
    return f"{version}:{address}"


def price(versions: Sequence[str], addresses: Iterable[str], *, sender: str) -> tuple[str, ...]:
    """The pairs a send rests on: every version to every unique address; the sender himself is free (he may be a recipient).
    Which of them are paid already is for credits to say."""
    charged = [address for address in dict.fromkeys(addresses) if address != sender]
    return tuple(pair_key(version, address) for address in charged for version in dict.fromkeys(versions))


@dataclass(frozen=True)
class SendRequest:
    """All that makes a send. `documents` are public ids in the order shown."""

    documents: tuple[str, ...]
    recipients: tuple[Addressee, ...]
    subject: str = ""
    message: str = ""
    settings: SendSettings = field(default_factory=SendSettings)
    language: str = ""
    notify: bool = True


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


def request_digest(deed: str, content: object) -> str:
    """Tells a repetition from another request under the same key. `content` is a dataclass or JSON-ready."""
    plain = asdict(content) if hasattr(content, "__dataclass_fields__") else content  # type: ignore[call-overload]
    text = json.dumps([deed, plain], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def may_cancel(sent_at: datetime, *, now: datetime) -> bool:
    """Within 15 minutes of going out."""
    return now - sent_at <= CANCEL_WITHIN
