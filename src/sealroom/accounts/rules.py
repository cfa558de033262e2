# SPDX-License-Identifier: Apache-2.0
"""Who may do what: one enum of capabilities, one table from roles to them. Pure."""

from __future__ import annotations

import enum
import re
import unicodedata
import zoneinfo
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache

from sealroom.audit.rules import ActorKind, Who
from sealroom.core.errors import Forbidden, Invalid


class Capability(enum.StrEnum):
    """A deed that needs a right."""

    SEND = "send"  # upload, send and control own documents
    MANAGE_ROOMS = "manage_rooms"  # create data rooms, lead and delete own ones
    SEE_ROOMS = "see_rooms"  # lists and figures of rooms one leads, never the bytes of their files
    SEE_OWN_USAGE = "see_own_usage"
    SEE_TEAM_USAGE = "see_team_usage"
    REVOKE_ANY_SEND = "revoke_any_send"  # of the team, by name and numbers only
    MANAGE_MEMBERS = "manage_members"
    MANAGE_TEAM = "manage_team"
    MANAGE_DOC_SECURITY = "manage_doc_security"  # presets, the organisation's terms of access
    SEE_BILLING = "see_billing"
    BUY = "buy"
    SEE_AUDIT = "see_audit"


_USER = frozenset({Capability.SEND, Capability.MANAGE_ROOMS, Capability.SEE_ROOMS, Capability.SEE_OWN_USAGE})
CAPABILITIES: dict[str, frozenset[Capability]] = {"user": _USER, "admin": frozenset(Capability)}
SCOPES: dict[str, frozenset[Capability]] = {
    # What a key of that scope may use, at most what its member may.
    "read": frozenset(
        {Capability.SEE_OWN_USAGE, Capability.SEE_TEAM_USAGE, Capability.SEE_AUDIT, Capability.SEE_BILLING, Capability.SEE_ROOMS}
    ),
    "send": frozenset({Capability.SEND, Capability.SEE_OWN_USAGE}),
    "rooms": frozenset({Capability.MANAGE_ROOMS, Capability.SEE_ROOMS}),
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


LANGUAGES = ("en", "fr")
THEMES = ("", "light", "dark")
ROLES = ("user", "admin")
INVITATION_LIFETIME = timedelta(days=14)
SETUP_LINK_LIFETIME = timedelta(days=7)
KEY_PREFIX = "sr_live_"
KEY_NOTED_EVERY = timedelta(minutes=1)
MOST_NAME = 120
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def capabilities_of(role: str, scopes: Collection[str] | None = None) -> frozenset[Capability]:
    """What a member of that role may do; through a key, at most what its scopes allow. Unknown words give nothing."""
    own = CAPABILITIES.get(role, frozenset())
    if scopes is None:
        return own
    return own & frozenset().union(*(SCOPES.get(scope, frozenset()) for scope in scopes))


def clean_name(text: str, *, field: str = "name", required: bool = True) -> str:
    """A name people may carry: trimmed, one line, no control characters, at most 120 characters. Raises `Invalid`.

    Invisible marks that turn the reading direction come along with copied names; they are dropped, because no header of a mail may
    hold them.
    """
    name = " ".join(_TURNING.sub("", text).split(" ")).strip()
    if required and not name:
        raise Invalid({field: ["required"]})
    if len(name) > MOST_NAME:
        raise Invalid({field: ["too_long"]})
    if any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in name):
        raise Invalid({field: ["control_character"]})
    return name


def clean_choice(text: str, allowed: Collection[str], *, field: str) -> str:
    """One of several words. Raises `Invalid`."""
    if text not in allowed:
        raise Invalid({field: ["unknown"]})
    return text


def clean_time_zone(text: str) -> str:
    """The name of a zone in the time zone database. Raises `Invalid`."""
    if text not in time_zones():
        raise Invalid({"time_zone": ["unknown"]})
    return text


@cache
def time_zones() -> frozenset[str]:
    """Every zone a person may choose."""
    return frozenset(zone for zone in zoneinfo.available_timezones() if "/" in zone or zone == "UTC")


def clean_scopes(scopes: Collection[str]) -> list[str]:
    """Scopes of a key, each once, in the order of the table. Raises `Invalid`."""
    if not scopes or not set(scopes) <= set(SCOPES):
        raise Invalid({"scopes": ["unknown" if scopes else "required"]})
    return [scope for scope in SCOPES if scope in scopes]
