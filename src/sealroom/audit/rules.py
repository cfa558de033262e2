# SPDX-License-Identifier: Apache-2.0
"""Which deeds leave a trail, and how its chain is computed. Pure."""

from __future__ import annotations

import enum
import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime


class ActorKind(enum.StrEnum):
    """Who did it."""

    MEMBER = "member"
    VISITOR = "visitor"
    OPERATOR = "operator"
    SYSTEM = "system"


@dataclass(frozen=True)
class Who:
    """The doer of a deed, as plain values: `team` and `id` are public ids, `label` the name or address shown for it (kept apart
    from the chain, so that it can be erased)."""

    kind: ActorKind
    id: str
    team: str = ""
    label: str = ""
    route: str = ""
    ip: str = ""


SYSTEM = Who(ActorKind.SYSTEM, "system", route="system")


class Verb(enum.StrEnum):
    """Every deed, subject first. Keys stay English; docs/audit.md explains each."""

    TEAM_CREATED = "team.created"
    TEAM_CHANGED = "team.changed"
    TEAM_SUSPENDED = "team.suspended"
    TEAM_RESUMED = "team.resumed"
    MEMBER_INVITED = "member.invited"
    MEMBER_INVITATION_WITHDRAWN = "member.invitation_withdrawn"
    MEMBER_JOINED = "member.joined"
    MEMBER_ROLE_CHANGED = "member.role_changed"
    MEMBER_REMOVED = "member.removed"
    SIGNED_IN = "session.signed_in"
    SIGNED_OUT = "session.signed_out"
    SIGN_IN_FAILED = "session.failed"
    PROFILE_CHANGED = "profile.changed"
    PASSWORD_CHANGED = "profile.password_changed"  # noqa: S105 -- a verb
    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    DEVICE_CONNECTED = "device.connected"
    DEVICE_DENIED = "device.denied"
    DEVICE_REVOKED = "device.revoked"
    APP_PASSWORD_CREATED = "app_password.created"  # noqa: S105 -- a verb
    APP_PASSWORD_REVOKED = "app_password.revoked"  # noqa: S105 -- a verb
    PLAN_SET = "plan.set"
    PLAN_ORDERED = "plan.ordered"
    PLAN_CHANGED = "plan.changed"
    PLAN_SCHEDULED = "plan.scheduled"
    INVOICE_OPENED = "invoice.opened"
    INVOICE_PAID = "invoice.paid"
    INVOICE_VOIDED = "invoice.voided"
    PAYMENT_FAILED = "payment.failed"
    PAYMENT_KEPT = "payment.kept"
    PAYMENT_CONFIRMED = "payment.confirmed"
    PAYMENT_REFUNDED = "payment.refunded"
    BILLING_DETAILS_CHANGED = "billing.details_changed"
    CREDITS_CHARGED = "credits.charged"
    CREDITS_RETURNED = "credits.returned"
    CREDITS_ISSUED = "credits.issued"
    DOCUMENT_UPLOADED = "document.uploaded"
    DOCUMENT_FAILED = "document.failed"
    DOCUMENT_CLEARED = "document.cleared"
    DOCUMENT_SHARED = "document.shared_in_library"
    DOCUMENT_UNSHARED = "document.taken_from_library"
    DOCUMENT_DELETED = "document.deleted"
    VERSION_ADDED = "document.version_added"
    VERSION_PUBLISHED = "document.version_published"
    SEND_CONFIRMED = "send.confirmed"
    SEND_SENT = "send.sent"
    SEND_HELD = "send.held"
    SEND_CHANGED = "send.changed"
    SEND_REVOKED = "send.revoked"
    SEND_RESTORED = "send.restored"
    SEND_CANCELLED = "send.cancelled"
    SEND_REMINDED = "send.reminded"
    SEND_DELETED = "send.deleted"
    SEND_PREVIEWED = "send.previewed"
    REPLIED = "send.replied"
    ACCESS_ASKED = "send.access_asked"
    ACCESS_ASKED_DECIDED = "send.access_asked_decided"
    PRESET_SAVED = "preset.saved"
    MAIL_POLICY_CHANGED = "mail_policy.changed"
    PRESET_REMOVED = "preset.removed"
    TERMS_CHANGED = "terms.changed"
    TERMS_ACCEPTED = "terms.accepted"
    RECIPIENT_ADDED = "send.recipient_added"
    RECIPIENT_REMOVED = "send.recipient_removed"
    RECIPIENT_REVOKED = "send.recipient_revoked"
    RECIPIENT_RESTORED = "send.recipient_restored"
    RECIPIENT_BOUNCED = "send.recipient_bounced"
    FILE_REVOKED = "send.file_revoked"
    FILE_RESTORED = "send.file_restored"
    DATA_ROOM_CREATED = "data_room.created"
    DATA_ROOM_DELETED = "data_room.deleted"
    DATA_ROOM_CHANGED = "data_room.changed"
    DATA_ROOM_ARCHIVED = "data_room.archived"
    DATA_ROOM_CLOSED = "data_room.closed"
    DATA_ROOM_REOPENED = "data_room.reopened"
    DATA_ROOM_TRASHED = "data_room.trashed"
    DATA_ROOM_RESTORED = "data_room.restored"
    DATA_ROOM_CLONED = "data_room.cloned"
    DATA_ROOM_GIVEN = "data_room.given"
    DATA_ROOM_PREVIEWED = "data_room.previewed"
    DATA_ROOM_EXPORTED = "data_room.exported"
    GUESTS_INVITED = "data_room.guests_invited"
    GUESTS_REMINDED = "data_room.guests_reminded"
    GUEST_JOINED = "data_room.guest_joined"
    GUEST_CHANGED = "data_room.guest_changed"
    GUEST_REVOKED = "data_room.guest_revoked"
    GUEST_RESTORED = "data_room.guest_restored"
    GUEST_REMOVED = "data_room.guest_removed"
    GROUP_CREATED = "data_room.group_created"
    GROUP_CHANGED = "data_room.group_changed"
    GROUP_DELETED = "data_room.group_deleted"
    RIGHTS_CHANGED = "data_room.rights_changed"
    ITEM_ADDED = "data_room.item_added"
    ITEM_CHANGED = "data_room.item_changed"
    ITEM_MOVED = "data_room.item_moved"
    ITEM_COPIED = "data_room.item_copied"
    ITEM_TRASHED = "data_room.item_trashed"
    ITEM_RESTORED = "data_room.item_restored"
    ITEM_DELETED = "data_room.item_deleted"
    ITEMS_DOWNLOADED = "data_room.items_downloaded"
    QUESTION_ASKED = "data_room.question_asked"
    QUESTION_ASSIGNED = "data_room.question_assigned"
    QUESTION_ANSWERED = "data_room.question_answered"
    QUESTION_CLOSED = "data_room.question_closed"
    CODE_REQUESTED = "access.code_requested"
    CODE_FAILED = "access.code_failed"
    ACCESS_PROVED = "access.proved"
    PASSCODE_FAILED = "access.passcode_failed"
    ACCESS_DENIED = "access.denied"
    DOCUMENT_OPENED = "document.opened"
    DOCUMENT_DOWNLOADED = "document.downloaded"
    DOCUMENT_PRINTED = "document.printed"
    DOCUMENT_UNLOCKED = "document.unlocked"
    DENIED = "deed.denied"
    DATA_EXPORTED = "data.exported"


Scalar = str | int | bool | None
FactValue = Scalar | list[Scalar]
_MAX_TEXT = 500
# Control, format and separator characters could forge a line of a log or turn its reading direction.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def safe_text(text: str, *, most: int = _MAX_TEXT) -> str:
    """A text as the trail and logs may hold it: one line, unsafe characters as `\\u{hex}`, at most `most` characters.

    >>> safe_text("a\\nb")
    'a\\\\u{a}b'
    """
    escaped = "".join(f"\\u{{{ord(c):x}}}" if unicodedata.category(c) in _UNSAFE else c for c in text[:most])
    return escaped if len(escaped) <= most else escaped[: most - 1] + "…"


def safe_facts(facts: Mapping[str, object]) -> dict[str, FactValue]:
    """Facts as they are kept: texts made safe, numbers and truth values as they are, times in UTC, lists of these; anything else
    as its safe text. Floats are refused (their text differs between databases, which would break the chain)."""
    return {safe_text(key, most=60): _safe_value(value) for key, value in facts.items()}


def _safe_value(value: object) -> FactValue:
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [_safe_scalar(item) for item in items]
    return _safe_scalar(value)


def _safe_scalar(value: object) -> Scalar:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        raise TypeError("a fact is never a float")
    if isinstance(value, int):
        return int(value)
    if isinstance(value, datetime):
        return instant(value)
    return safe_text(str(value))


def instant(at: datetime) -> str:
    """A time as the chain hashes it: RFC 3339 in UTC, always with microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical_json(values: Mapping[str, object]) -> str:
    """One text per value: sorted keys, no blanks, ASCII."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def link_hash(previous_hash: str, values: Mapping[str, object]) -> str:
    """The hash of an event: SHA-256 over the hash before it and its own columns (a hash chain as in Haber and Stornetta 1991)."""
    return hashlib.sha256(f"{previous_hash}\n{canonical_json(values)}".encode()).hexdigest()


class FaultKind(enum.StrEnum):
    """How a chain can be found broken."""

    GAP = "gap"  # numbers are missing
    CHANGED = "changed"  # the row is not what was hashed
    UNLINKED = "unlinked"  # it does not continue the event before it
    TAIL_MISSING = "tail_missing"  # the head speaks of later events
    HEAD_MISSING = "head_missing"  # events without a head
    HEAD_WRONG = "head_wrong"  # the head names another last event


@dataclass(frozen=True)
class Fault:
    """One finding of `verify_chain`, at an event's number."""

    team: str
    number: int
    kind: FaultKind
