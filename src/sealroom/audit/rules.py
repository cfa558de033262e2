# SPDX-License-Identifier: Apache-2.0
"""Which deeds leave a trail, and how its chain is computed. Pure."""

from __future__ import annotations

import enum
from dataclasses import dataclass


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
    PLAN_SET = "plan.set"
    CREDITS_CHARGED = "credits.charged"
    CREDITS_RETURNED = "credits.returned"
    CREDITS_ISSUED = "credits.issued"
    DOCUMENT_UPLOADED = "document.uploaded"
    DOCUMENT_FAILED = "document.failed"
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
    RECIPIENT_ADDED = "send.recipient_added"
    RECIPIENT_REMOVED = "send.recipient_removed"
    RECIPIENT_REVOKED = "send.recipient_revoked"
    RECIPIENT_RESTORED = "send.recipient_restored"
    RECIPIENT_BOUNCED = "send.recipient_bounced"
    FILE_REVOKED = "send.file_revoked"
    FILE_RESTORED = "send.file_restored"
    CODE_REQUESTED = "access.code_requested"
    CODE_FAILED = "access.code_failed"
    ACCESS_PROVED = "access.proved"
    ACCESS_DENIED = "access.denied"
    DOCUMENT_OPENED = "document.opened"
    DOCUMENT_DOWNLOADED = "document.downloaded"
    DENIED = "deed.denied"
    DATA_EXPORTED = "data.exported"
