# SPDX-License-Identifier: Apache-2.0
"""The conditions under which somebody reads: what a sender, or who leads a data room, may choose, and why a choice cannot be put in
force. They stand here because the look of the mark is judged here. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from sealroom.access.rules import (
    KEEP,
    PASSCODE_LENGTHS,
    WATERMARK_FIELDS,
    Access,
    MediaMark,
    Permission,
    Policy,
    Shield,
    TermsMode,
    Watermark,
)
from sealroom.core.addresses import BadAddress, canonical_domain
from sealroom.core.errors import Invalid
from sealroom.viewing.rules import read_watermark

MAX_MARK_TEXT = 200
MOST_LISTED = 200  # entries in each list of domains, networks or countries
MOST_TERMS = 50_000  # characters
OPENS = (1, 100_000)  # least and most of a limit of views or prints
TIMER = (60, 10 * 366 * 24 * 3600)  # seconds


@dataclass(frozen=True)
class OwnTerms:
    """Terms of one send or room alone: a text (HTML, sanitised before it is kept), or a PDF among the sender's documents. `id`
    names a text in force that stays as it is; `sha256` is then of exactly what readers accept."""

    text: str = ""
    document: str = ""
    id: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Conditions:
    """The conditions of a send or a data room; all stay editable. Instants are aware UTC; `Policy` says what each means.

    `passcode` is in clear (it is hashed when the settings are put in force), `KEEP`, or None for none. `terms`: None,
    "organization", or own ones. A limit of prints says nothing where printing is not allowed."""

    access: str = Access.NAMED_CODE.value
    permission: str = Permission.VIEW.value
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    watermark: Watermark | None = field(default_factory=Watermark)
    expire_after_opening_s: int | None = None
    passcode: str | None = field(default=None, repr=False)
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
    def is_open(self) -> bool:
        """Whether there is a link that names nobody."""
        return self.access in set(Access) and Access(self.access).is_open

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


def settings_of_policy(policy: Policy, *, terms_id: str = "") -> Conditions:
    """The way back, for a form that shows what is in force; `terms_id` names the own text in force."""
    terms: OwnTerms | str | None = None
    if policy.terms is TermsMode.ORGANIZATION:
        terms = TermsMode.ORGANIZATION.value
    elif policy.terms is TermsMode.OWN:
        terms = OwnTerms(id=terms_id)
    return Conditions(
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


# -- One spelling ----------------------------------------------------------------------------------------------------------
def normalized(settings: Conditions) -> Conditions:
    """Lists with each entry once and in its one spelling. What cannot be read stays as it is, for `setting_errors` to name."""
    return replace(
        settings,
        domains=_each_once(settings.domains, _domain),
        block_domains=_each_once(settings.block_domains, _domain),
        allow_ips=_each_once(settings.allow_ips, _network),
        allow_countries=_each_once(settings.allow_countries, _country),
    )


def _each_once(entries: Iterable[str], read: Callable[[str], str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(read(entry) or entry for entry in entries))


def _domain(text: str) -> str | None:
    try:
        return canonical_domain(text.strip().removeprefix("@"))
    except BadAddress:
        return None


def _network(text: str) -> str | None:
    """As `ipaddress` writes it. IPv4 in the clothes of IPv6 is undressed: readers are judged by the bare address."""
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    mapped = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    if mapped is not None and network.prefixlen >= 96:
        return str(ipaddress.ip_network((mapped, network.prefixlen - 96)))
    return str(network)


def _country(text: str) -> str | None:
    code = text.strip().upper()
    return code if len(code) == 2 and code.isascii() and code.isalpha() else None


# -- What stands against a choice ------------------------------------------------------------------------------------------
def setting_errors(
    settings: Conditions, *, now: datetime, has_countries: bool = True, has_organization_terms: bool = True
) -> dict[str, list[str]]:
    """Reasons by field; empty when the settings, `normalized`, can be put in force at `now`. `has_countries`: the operator has a
    database of them; `has_organization_terms`: the team has a text in force."""
    found = {
        "access": [] if settings.access in set(Access) else ["not_available"],
        "permission": [] if settings.permission in set(Permission) else ["unknown"],
        "expires_at": _end_reasons(settings, now),
        "expire_after_opening_s": _range_reasons(settings.expire_after_opening_s, TIMER),
        "max_views": _range_reasons(settings.max_views, OPENS),
        "max_prints": _range_reasons(settings.max_prints, OPENS),
        "passcode": _passcode_reasons(settings.passcode),
        "terms": _terms_reasons(settings.terms, has_organization=has_organization_terms),
        "watermark": _mark_reasons(settings.watermark),
        "screen_shield": [] if settings.screen_shield in set(Shield) else ["unknown"],
        "domains": _domain_reasons(settings, settings.domains),
        "block_domains": _domain_reasons(settings, settings.block_domains),
        "allow_ips": _list_reasons(settings.allow_ips, _network, "bad_network"),
        "allow_countries": _list_reasons(settings.allow_countries, _country, "bad_country"),
    }
    if settings.access == Access.DOMAINS and not settings.domains:
        found["domains"].append("required")
    if set(settings.domains) & set(settings.block_domains):
        found["block_domains"].append("also_allowed")
    if settings.allow_countries and not has_countries:
        found["allow_countries"].append("not_available")
    return {name: reasons for name, reasons in found.items() if reasons}


def _end_reasons(settings: Conditions, now: datetime) -> list[str]:
    reasons = []
    if settings.expires_at is not None and settings.expires_at <= now:
        reasons.append("in_the_past")
    if settings.starts_at is not None and settings.expires_at is not None and settings.starts_at >= settings.expires_at:
        reasons.append("before_start")
    return reasons


def _range_reasons(value: int | None, bounds: tuple[int, int]) -> list[str]:
    return [] if value is None or bounds[0] <= value <= bounds[1] else ["out_of_range"]


def _passcode_reasons(passcode: str | None) -> list[str]:
    if passcode is None or passcode == KEEP:
        return []
    if len(passcode.strip()) < PASSCODE_LENGTHS[0]:
        return ["too_short"]
    if len(passcode) > PASSCODE_LENGTHS[1]:
        return ["too_long"]
    return [] if passcode.isprintable() else ["control_character"]


def _terms_reasons(terms: OwnTerms | str | None, *, has_organization: bool) -> list[str]:
    if isinstance(terms, OwnTerms):
        if terms.id:
            return []
        if bool(terms.text.strip()) == bool(terms.document):
            return ["text_or_document"]
        return ["too_long"] if len(terms.text) > MOST_TERMS else []
    if terms is None:
        return []
    if terms != TermsMode.ORGANIZATION:
        return ["unknown"]
    return [] if has_organization else ["no_organization_terms"]


_LOOK = {"size": "unknown_size", "color": "bad_color", "angle": "bad_angle", "layout": "unknown_layout"}


def _mark_reasons(mark: Watermark | None) -> list[str]:
    if mark is None:
        return []
    faults = {
        "unknown_field": not set(mark.fields) <= WATERMARK_FIELDS,
        "too_long": len(mark.text) > MAX_MARK_TEXT,
        "empty": not mark.fields and not mark.text.strip(),
        "unknown_media": mark.media not in set(MediaMark),
    }
    if any(faults.values()):
        return [next(reason for reason, is_so in faults.items() if is_so)]
    look: dict[str, object] = {"size": mark.size, "color": mark.color, "layout": mark.layout}
    wished = {name: value for name, value in look.items() if value} | ({} if mark.angle is None else {"angle": mark.angle})
    try:
        read_watermark({"fields": list(mark.fields), "text": mark.text, **wished})
    except Invalid as refusal:
        return [_LOOK.get(name.removeprefix("watermark."), "empty") for name in refusal.errors]
    return []


def _domain_reasons(settings: Conditions, domains: tuple[str, ...]) -> list[str]:
    reasons = _list_reasons(domains, _domain, "bad_domain")
    if domains and settings.access == Access.ANYONE:
        reasons.append("needs_address")  # who reads without an address is of no domain
    return reasons


def _list_reasons(entries: tuple[str, ...], read: Callable[[str], str | None], reason: str) -> list[str]:
    if len(entries) > MOST_LISTED:
        return ["too_many"]
    return [reason] if any(read(entry) != entry for entry in entries) else []
