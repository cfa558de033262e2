# SPDX-License-Identifier: Apache-2.0
"""Who may open what, now: decided here and nowhere else. Pure; the order of the hurdles is explained in
docs/algorithms/admission.md."""

from __future__ import annotations

import enum
import ipaddress
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sealroom.core.errors import Invalid

VIEW_ENDS_AFTER = timedelta(minutes=30)
"""Who was away for longer opens the document anew: that is another view."""

CODES_PER_ADDRESS = (3, timedelta(minutes=10))
CODES_PER_ADDRESS_A_DAY = (20, timedelta(days=1))
CODES_PER_IP = (60, timedelta(minutes=10))
CODES_PER_OPEN_LINK = (60, timedelta(hours=1))  # to whichever addresses: a link must not become a way to write to strangers
TRIES_PER_IP = (120, timedelta(minutes=10))
OPENINGS_PER_IP = (120, timedelta(minutes=10))  # of links that ask for no code
PASSCODES_PER_SOURCE = (5, timedelta(minutes=15))  # wrong ones, of one link and IP
PASSCODES_PER_LINK = (50, timedelta(hours=1))  # wrong ones, from wherever
PASSCODE_LENGTHS = (4, 128)  # characters
KEEP = "\0keep"
"""As a passcode: the one in force stays."""
DENIALS_KEPT = (10, timedelta(minutes=10))  # of one pass, document and reason


class Access(enum.StrEnum):
    """How a reader proves to be meant. The last three are open: a send has one link for all its readers (besides the recipients'
    own), which names nobody."""

    NAMED_CODE = "named_code"  # a named person, by a code mailed to the stored address
    NAMED_QUICK = "named_quick"  # a named person, by holding a link of his own
    DOMAINS = "domains"  # who proves an address of one of the policy's domains by a code
    ANYONE_VERIFIED = "anyone_verified"  # who proves any address by a code
    ANYONE = "anyone"  # who holds the link

    @property
    def is_open(self) -> bool:
        """Whether there is a link that names nobody."""
        return self in {Access.DOMAINS, Access.ANYONE_VERIFIED, Access.ANYONE}

    @property
    def needs_code(self) -> bool:
        """Whether an address has to be proved."""
        return self in {Access.NAMED_CODE, Access.DOMAINS, Access.ANYONE_VERIFIED}


class Permission(enum.StrEnum):
    """What a reader may do with a document; each includes those before it."""

    VIEW = "view"
    PRINT = "print"
    DOWNLOAD_PDF = "download_pdf"
    DOWNLOAD_ORIGINAL = "download_original"


_RANK = {permission: rank for rank, permission in enumerate(Permission)}


class TermsMode(enum.StrEnum):
    """Which terms a reader must accept before the first page."""

    OFF = "off"
    ORGANIZATION = "organization"  # the team's text as it is now
    OWN = "own"  # a text of this send alone


class Shield(enum.StrEnum):
    """How much of a page the screen shield leaves clear."""

    OFF = ""
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class MediaMark(enum.StrEnum):
    """Where the mark of audio and video stands."""

    BURNED = ""  # in the pixels of a copy made for one reader
    LAID_OVER = "laid_over"  # drawn over the player by the reader's browser: quick, and no obstacle to who wants the bare film


@dataclass(frozen=True)
class Watermark:
    """What the mark says and how it looks; "" and None leave the look to the house. `media` is a value of `MediaMark`."""

    fields: tuple[str, ...] = ("email", "ip", "time")
    text: str = ""
    size: str = ""
    color: str = ""
    angle: int | None = None
    layout: str = ""
    media: str = ""


WATERMARK_FIELDS = frozenset({"email", "name", "ip", "time"})


@dataclass(frozen=True)
class Policy:
    """The conditions of one send, for all its readers. Instants are aware UTC; from `starts_at` on, until before `expires_at`.

    `expire_after_opening_s`: seconds from a reader's first opening on. `passcode_hash` is "" without one; `passcode_version` grows
    with every other one. `domains`: only addresses of these (canonical A-labels); `block_domains`: none of these. `allow_ips`:
    networks as `ipaddress` writes them. `allow_countries`: ISO 3166-1 codes. `max_views` and `max_prints`: of each reader and
    document. `protect_pdf`: downloaded PDFs are encrypted, with a password sent apart."""

    access: Access = Access.NAMED_CODE
    permission: Permission = Permission.VIEW
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    watermark: Watermark | None = field(default_factory=Watermark)
    expire_after_opening_s: int | None = None
    passcode_hash: str = ""
    passcode_version: int = 0
    terms: TermsMode = TermsMode.OFF
    screen_shield: Shield = Shield.OFF
    max_views: int | None = None
    max_prints: int | None = None
    domains: tuple[str, ...] = ()
    block_domains: tuple[str, ...] = ()
    allow_ips: tuple[str, ...] = ()
    allow_countries: tuple[str, ...] = ()
    protect_pdf: bool = False

    def allows(self, permission: Permission) -> bool:
        """Whether a reader who is admitted may do this."""
        return _RANK[permission] <= _RANK[self.permission]

    @property
    def may_copy_text(self) -> bool:
        """Whether words may leave the pictures: search, selection, screen readers. Who may keep a copy may."""
        return self.allows(Permission.DOWNLOAD_PDF)


@dataclass(frozen=True)
class Viewer:
    """Who reads, as the mark names him."""

    address: str
    name: str = ""
    ip: str = ""


@dataclass(frozen=True)
class Facts:
    """What is known about one request for one document, read from the database at that request."""

    proved: bool  # the browser carries a living pass of this link, got by what the policy asks for (`is_proved`)
    granted: bool = True  # the link leads to this document, which still exists
    revoked: bool = False  # policy, link or grant
    withheld: bool = False  # nobody may have it, though its sender did not end it: a virus, a suspended team
    first_opened_at: datetime | None = None  # by this reader, through this link
    address: str = ""  # proved or named; "" of an anonymous reader
    is_named: bool = False  # it is the address the sender made this link for
    ip: str = ""
    country: str = ""  # of the address of the request; "" when nobody knows
    passcode_version: int = 0  # of the passcode this browser gave last
    terms_due: bool = False  # there are terms in force that this reader has not accepted
    views: int = 0  # of this reader and document
    is_viewing: bool = False  # a view that was counted goes on
    is_preview: bool = False  # the sender looks as a recipient would: nothing to fulfil, nothing used up


class Verdict(enum.StrEnum):
    """The answer: admitted, or the first reason why not."""

    ADMIT = "admit"
    EMAIL = "email"
    NOT_FOUND = "not_found"
    REVOKED = "revoked"
    EXPIRED = "expired"
    WITHHELD = "withheld"
    NOT_STARTED = "not_started"
    DOMAIN = "domain"
    IP = "ip"
    COUNTRY = "country"
    PASSCODE = "passcode"
    TERMS = "terms"
    USED_UP = "used_up"

    @property
    def has_ended(self) -> bool:
        """Whether the reader had access before (410 instead of 404; only ever told to a browser that proved its address)."""
        return self in {Verdict.REVOKED, Verdict.EXPIRED, Verdict.USED_UP}


Hurdle = Callable[[Policy, Facts, datetime], Verdict | None]


def ends_at(policy: Policy, first_opened_at: datetime | None) -> datetime | None:
    """When access ends for a reader: at the date, or when the time since the first opening is over, whichever is sooner."""
    ends = [policy.expires_at] if policy.expires_at is not None else []
    if policy.expire_after_opening_s is not None and first_opened_at is not None:
        ends.append(first_opened_at + timedelta(seconds=policy.expire_after_opening_s))
    return min(ends, default=None)


def domain_of(address: str) -> str:
    """What stands behind the @ of a canonical address."""
    return address.rpartition("@")[2]


def is_proved(policy: Policy, *, invited: str, proved: str, reader: str) -> bool:
    """Whether a pass was got by what the policy asks for now; one got while less was asked for opens nothing.

    `invited`: whom the link is for ("" names nobody); `proved`: what the browser showed by a code ("" without); `reader`: who
    reads.
    """
    if policy.access is Access.ANYONE:
        return True
    if policy.access is Access.NAMED_QUICK:
        return bool(invited) and reader == invited
    return bool(proved) and (policy.access.is_open or proved == invited)


def domain_is_welcome(policy: Policy, address: str, *, is_named: bool = False) -> bool:
    """Whether the lists of domains let this address in. Who reads without an address is not judged by it. Where domains stand in
    the place of an invitation, who was invited besides by name (`is_named`) need not be of them."""
    if not address:
        return True
    domain = domain_of(address)
    if domain in policy.block_domains:
        return False
    return not policy.domains or domain in policy.domains or (is_named and policy.access is Access.DOMAINS)


def is_invited(policy: Policy, *, invited: str, address: str) -> bool:
    """Whether a code for this address can open a link that is for `invited` ("" names nobody). A named person is always invited
    (what the lists of domains say of him, he is told after the proof); of others the lists decide, where access is open."""
    if address == invited:
        return True
    return policy.access.is_open and policy.access.needs_code and domain_is_welcome(policy, address)


def checked_passcode(text: str) -> str:
    """A passcode as it is hashed and compared: normalised, without blanks at its ends. Raises `Invalid` (`passcode`)."""
    passcode = unicodedata.normalize("NFKC", text).strip()
    least, most = PASSCODE_LENGTHS
    if not least <= len(passcode) <= most:
        raise Invalid({"passcode": ["too_short" if len(passcode) < least else "too_long"]})
    return passcode


def ip_is_welcome(policy: Policy, ip: str) -> bool:
    """Whether the request comes from one of the networks. What is no address comes from none."""
    if not policy.allow_ips:
        return True
    try:
        source = ipaddress.ip_address(ip)
    except ValueError:
        return False
    if isinstance(source, ipaddress.IPv6Address) and source.ipv4_mapped is not None:
        source = source.ipv4_mapped
    return any(source in ipaddress.ip_network(network) for network in policy.allow_ips)


def _address_proved(policy: Policy, facts: Facts, now: datetime) -> Verdict | None:
    return None if facts.proved else Verdict.EMAIL


def _document_granted(policy: Policy, facts: Facts, now: datetime) -> Verdict | None:
    return None if facts.granted else Verdict.NOT_FOUND


def _not_revoked(policy: Policy, facts: Facts, now: datetime) -> Verdict | None:
    return Verdict.REVOKED if facts.revoked else None


def _not_expired(policy: Policy, facts: Facts, now: datetime) -> Verdict | None:
    ends = ends_at(policy, facts.first_opened_at)
    return Verdict.EXPIRED if ends is not None and now >= ends else None


def _not_withheld(policy: Policy, facts: Facts, now: datetime) -> Verdict | None:
    return Verdict.WITHHELD if facts.withheld else None


def _started(policy: Policy, facts: Facts, now: datetime) -> Verdict | None:
    return Verdict.NOT_STARTED if policy.starts_at is not None and now < policy.starts_at else None


def _domain_welcome(policy: Policy, facts: Facts, now: datetime) -> Verdict | None:
    is_welcome = domain_is_welcome(policy, facts.address, is_named=facts.is_named)
    return None if facts.is_preview or is_welcome else Verdict.DOMAIN


def _ip_welcome(policy: Policy, facts: Facts, now: datetime) -> Verdict | None:
    return None if facts.is_preview or ip_is_welcome(policy, facts.ip) else Verdict.IP


def _country_welcome(policy: Policy, facts: Facts, now: datetime) -> Verdict | None:
    is_welcome = not policy.allow_countries or facts.country in policy.allow_countries
    return None if facts.is_preview or is_welcome else Verdict.COUNTRY


def _passcode_given(policy: Policy, facts: Facts, now: datetime) -> Verdict | None:
    is_given = not policy.passcode_hash or facts.passcode_version == policy.passcode_version
    return None if facts.is_preview or is_given else Verdict.PASSCODE


def _terms_accepted(policy: Policy, facts: Facts, now: datetime) -> Verdict | None:
    return Verdict.TERMS if facts.terms_due and not facts.is_preview else None


def _views_left(policy: Policy, facts: Facts, now: datetime) -> Verdict | None:
    is_over = policy.max_views is not None and not facts.is_viewing and facts.views >= policy.max_views
    return Verdict.USED_UP if is_over and not facts.is_preview else None


HURDLES: tuple[Hurdle, ...] = (
    _address_proved,
    _document_granted,
    _not_revoked,
    _not_expired,
    _not_withheld,
    _started,
    _domain_welcome,
    _ip_welcome,
    _country_welcome,
    _passcode_given,
    _terms_accepted,
    _views_left,
)
"""In the order in which they are met: who you are, what ended, where you come from, what you can still fulfil, what is used up. A
further condition is a field of `Policy`, what must be known of it in `Facts`, a hurdle here at its place."""


def decide_admission(policy: Policy, facts: Facts, *, now: datetime) -> Verdict:
    """Say whether the document may be shown at `now`, and if not, the first reason. Never a later reason to someone who fails an
    earlier hurdle: who has not proved the address learns nothing else, not even that there was something."""
    for hurdle in HURDLES:
        verdict = hurdle(policy, facts, now)
        if verdict is not None:
            return verdict
    return Verdict.ADMIT


def gate_is_reached(verdict: Verdict, gate: Verdict) -> bool:
    """Whether all hurdles before `gate` are taken, given what the whole order says. Who asks for a gate's own page must have come
    so far; whether the gate itself is still to be taken does not matter."""
    order = (*_ORDER, Verdict.ADMIT)
    return order.index(verdict) >= order.index(gate)


_ORDER = (
    Verdict.EMAIL,
    Verdict.NOT_FOUND,
    Verdict.REVOKED,
    Verdict.EXPIRED,
    Verdict.WITHHELD,
    Verdict.NOT_STARTED,
    Verdict.DOMAIN,
    Verdict.IP,
    Verdict.COUNTRY,
    Verdict.PASSCODE,
    Verdict.TERMS,
    Verdict.USED_UP,
)
"""What each of the `HURDLES` refuses with, in the same order."""
