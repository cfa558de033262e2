# SPDX-License-Identifier: Apache-2.0
"""Who may do what: one enum of capabilities, one table from roles to them. Pure."""

from __future__ import annotations

import enum
import re
import unicodedata
import zoneinfo
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from sealroom.accounts.errors import TeamSuspended
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
    "mail:send": frozenset({Capability.SEND, Capability.SEE_OWN_USAGE}),  # of devices; the API's door narrows it to some calls
}
KEY_SCOPES = ("read", "send", "rooms", "admin")  # those a member may give to a key


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
    suspension: str | None = None  # why the team is suspended; None: it is not

    def require_active(self) -> None:
        """Raise `TeamSuspended` while the team is. Asked where something goes out or comes in: by charges
        (`billing.queries.require_standing`), uploads, mails and invitations. Ending, exporting and paying do not ask."""
        if self.suspension is not None:
            raise TeamSuspended(reason=self.suspension)

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


@dataclass(frozen=True)
class SmtpSignIn:
    """A member who signed in over SMTP, and the app password (public id) he did it with. A connection may outlive either, so what
    is done on it asks `accounts.queries.still_signed_in` first."""

    actor: Actor
    app_password: str


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
    if not scopes or not set(scopes) <= set(KEY_SCOPES):
        raise Invalid({"scopes": ["unknown" if scopes else "required"]})
    return [scope for scope in KEY_SCOPES if scope in scopes]


# -- Mail clients --------------------------------------------------------------------------------------------------------
DEVICE_SCOPE = "mail:send"
SMTP_SCOPE = "smtp"
CLIENTS = {  # what a client calls itself -> the route of what it sends
    "gmail-ext": Route.GMAIL,
    "outlook-addin": Route.OUTLOOK,
    "thunderbird-ext": Route.THUNDERBIRD,
}
MAIL_ROUTES = (Route.GMAIL, Route.OUTLOOK, Route.THUNDERBIRD, Route.SMTP)
DEVICE_CODE_LIFETIME = timedelta(minutes=10)
DEVICE_POLL_SECONDS = 3
SLOWER_BY_SECONDS = 5  # RFC 8628, 3.5
ACCESS_TOKEN_LIFETIME = timedelta(hours=1)
REFRESH_TOKEN_LIFETIME = timedelta(days=90)
ACCESS_PREFIX = "sr_dev_"
REFRESH_PREFIX = "sr_ref_"
DEVICE_CODES_PER_IP = (20, timedelta(minutes=10))
USER_CODES_PER_USER = (10, timedelta(minutes=10))  # wrong ones
APP_PASSWORD_LENGTH = 24
APP_SIGN_INS_PER_USER = (5, timedelta(minutes=5))  # wrong ones; the sign-in page counts so too
APP_SIGN_INS_PER_IP = (10, timedelta(minutes=1))
MOST_DEVICES = 50  # living ones of a member, app passwords likewise
USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels: no words; 20 ** 8 codes
USER_CODE_LENGTH = 8
_MOST_LABEL = 80


class DeviceAnswer(enum.StrEnum):
    """What a client that asks for its tokens is told (RFC 8628, 3.5)."""

    GRANTED = "granted"
    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    DENIED = "access_denied"
    EXPIRED = "expired_token"
    INVALID = "invalid_grant"


def decide_poll(state: str, *, expires_at: datetime, polled_at: datetime | None, interval: int, now: datetime) -> DeviceAnswer:
    """What to tell a client about its request: tokens come once, nothing comes after the end, and who asks too often waits."""
    if state == "used":
        return DeviceAnswer.INVALID
    if now >= expires_at:
        return DeviceAnswer.EXPIRED
    if state == "denied":
        return DeviceAnswer.DENIED
    if polled_at is not None and now - polled_at < timedelta(seconds=interval):
        return DeviceAnswer.SLOW_DOWN
    return DeviceAnswer.GRANTED if state == "approved" else DeviceAnswer.PENDING


def clean_user_code(text: str) -> str:
    """A user code as it was made, whatever was typed around its letters; "" for what cannot be one.

    >>> clean_user_code(" bcdf-ghjk ")
    'BCDFGHJK'
    """
    code = "".join(letter for letter in text.upper()[:40] if letter.isalnum())
    return code if len(code) == USER_CODE_LENGTH and set(code) <= set(USER_CODE_LETTERS) else ""


def shown_user_code(code: str) -> str:
    """A user code in two halves, as people read it."""
    return f"{code[:4]}-{code[4:]}"


def clean_label(text: str, *, required: bool = True) -> str:
    """What a member or a client calls a device. Raises `Invalid` (`label`)."""
    return clean_name(text, field="label", required=required)[:_MOST_LABEL]
