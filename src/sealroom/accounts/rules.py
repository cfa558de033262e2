# SPDX-License-Identifier: Apache-2.0
"""Who may do what: one enum of capabilities, one table from roles to them. Pure."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from sealroom.audit.rules import ActorKind, Who
from sealroom.core.errors import Forbidden


class Capability(enum.StrEnum):
    """A deed that needs a right."""

    SEND = "send"  # upload, send and control own documents
    SEE_OWN_USAGE = "see_own_usage"
    SEE_TEAM_USAGE = "see_team_usage"
    REVOKE_ANY_SEND = "revoke_any_send"  # of the team, by name and numbers only
    MANAGE_MEMBERS = "manage_members"
    MANAGE_TEAM = "manage_team"
    SEE_BILLING = "see_billing"
    BUY = "buy"
    SEE_AUDIT = "see_audit"


_USER = frozenset({Capability.SEND, Capability.SEE_OWN_USAGE})
CAPABILITIES: dict[str, frozenset[Capability]] = {"user": _USER, "admin": frozenset(Capability)}
SCOPES: dict[str, frozenset[Capability]] = {
    # What a key of that scope may use, at most what its member may.
    "read": frozenset({Capability.SEE_OWN_USAGE, Capability.SEE_TEAM_USAGE, Capability.SEE_AUDIT, Capability.SEE_BILLING}),
    "send": _USER,
    "admin": frozenset(Capability),
}


class Route(enum.StrEnum):
    """The way a deed came in; the ledger and the trail name it."""

    WEB = "web"
    API = "api"
    CLI = "cli"
    GMAIL = "gmail"
    OUTLOOK = "outlook"
    THUNDERBIRD = "thunderbird"
    SMTP = "smtp"
    SYSTEM = "system"


@dataclass(frozen=True)
class Actor:
    """Who acts, for which team, with which rights. Built by `accounts.queries.actor_for` and nowhere else."""

    user_id: int
    user: str
    email: str
    name: str
    team_id: int
    team: str
    role: str
    language: str
    time_zone: str
    capabilities: frozenset[Capability] = field(repr=False)
    route: Route = Route.WEB
    ip: str = ""

    def require(self, capability: Capability) -> None:
        """Raise `Forbidden` unless the actor has the right."""
        if capability not in self.capabilities:
            raise Forbidden(capability=capability.value)

    def may(self, capability: Capability) -> bool:
        """Whether the actor has the right."""
        return capability in self.capabilities

    @property
    def who(self) -> Who:
        """The actor as the audit trail names him."""
        return Who(ActorKind.MEMBER, self.user, team=self.team, label=self.email, route=self.route, ip=self.ip)
