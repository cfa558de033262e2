# SPDX-License-Identifier: Apache-2.0
"""What is known of a browser that passed a link's gates, read anew at every request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q, QuerySet

from sealroom.access.models import Grant, Link, Pass, Reader, Tally, View
from sealroom.access.ports import get_country_finder, get_rights_sources
from sealroom.access.queries.terms import terms_are_due
from sealroom.access.rules import VIEW_ENDS_AFTER, Access, Facts, Permission, Policy, ends_at, is_proved
from sealroom.access.rules.lifetimes import pass_is_alive
from sealroom.core.ids import digest
from sealroom.core.prepared import Prepared


def living_pass(cookie: str | None, reference: str, *, now: datetime) -> Pass | None:
    """The pass of this browser on this link with link, policy and reader as they are now, if it lives."""
    if not cookie:
        return None
    found = _of_browser.first(browser=digest(cookie), token=digest(reference), link_id=reference)
    return found if found is not None and pass_is_alive(found.times, now=now) else None


def living_pass_by_pk(pk: int, *, now: datetime) -> Pass | None:
    """The same pass again, with everything read anew, if it still lives."""
    found = _by_pk.first(pk=pk)
    return found if found is not None and pass_is_alive(found.times, now=now) else None


def _passes() -> QuerySet[Pass]:
    rows = Pass.objects.select_related("link__policy__terms", "link__team", "visitor", "reader", "preview_by")
    return rows.filter(ended_at=None)


def _passes_of_browser(browser: str, token: str, link_id: str) -> QuerySet[Pass]:
    of_link = Q(link__token_digest=token) | Q(link__public_id=link_id)
    return _passes().filter(of_link, visitor__secret_digest=browser).order_by("pk")[:1]


_of_browser = Prepared(_passes_of_browser, texts=("browser", "token", "link_id"))
_by_pk = Prepared(lambda pk: _passes().filter(pk=pk), numbers=("pk",))


def granted(link: Link, document_id: str) -> Grant | None:
    """The grant on a document behind a link, with the document and its version as they are now."""
    return _grant.first(link=link.pk, document=document_id)


def grants_of(link: Link) -> list[Grant]:
    """Every grant behind a link in the sender's order, with documents and versions as they are now."""
    return _grants.all(link=link.pk)


def _grants_with_documents() -> QuerySet[Grant]:
    return Grant.objects.select_related("document__current")


_grant = Prepared(
    lambda link, document: _grants_with_documents().filter(link_id=link, document__public_id=document),
    texts=("document",),
    numbers=("link",),
)
_grants = Prepared(lambda link: _grants_with_documents().filter(link_id=link).order_by("position", "pk"), numbers=("link",))


def is_revoked(link: Link, grant: Grant | None = None) -> bool:
    """Revoked for the whole send, for this recipient, or for this document."""
    return bool(link.revoked_at or link.policy.revoked_at or (grant is not None and grant.revoked_at))


def is_withheld(link: Link, grant: Grant | None = None) -> bool:
    """Whether nobody may have it although its sender did not end it: the operator closed the links of its team, or a virus was
    found in this document."""
    version = grant.document.current if grant is not None else None
    return link.team.closes_links or (version is not None and version.is_infected)


@dataclass(frozen=True)
class Ground:
    """What a browser with a living pass stands on: the policy as it binds this reader, and, where a document is asked for, his
    grant on it."""

    policy: Policy
    grant: Grant | None = None
    has_right: bool = True  # False: there is no such document for this reader
    is_out: bool = False  # the reader's place has ended


def ground_of(held: Pass, document_id: str = "") -> Ground:
    """Policy and grant as they are now. Where a room above keeps the rights of a link, it is asked, and its answer replaces the
    policy's permission and narrows its dates; a grant may be missing there although there is a right."""
    policy, link = held.link.policy.value, held.link
    grant = granted(link, document_id) if document_id else None
    if not link.rights:
        return Ground(policy, grant, has_right=grant is not None or not document_id)
    standing = get_rights_sources()[link.rights](link.pk, held.reader.address, document_id)
    starts = [moment for moment in (policy.starts_at, standing.starts_at) if moment is not None]
    ends = [moment for moment in (policy.expires_at, standing.expires_at) if moment is not None]
    bound = replace(
        policy,
        permission=standing.permission or Permission.VIEW,
        starts_at=max(starts, default=None),
        expires_at=min(ends, default=None),
    )
    # Who is out hears it of every document alike, whether there is one of this id or not.
    has_right = standing.permission is not None or not document_id or standing.is_out
    return Ground(bound, grant, has_right=has_right, is_out=standing.is_out)


def facts_of(held: Pass, ground: Ground, *, ip: str, now: datetime) -> Facts:
    """All that is known about a browser that carries a living pass, and about the document it asks for."""
    link, policy, reader, grant = held.link, ground.policy, held.reader, ground.grant
    limits_views = grant is not None and policy.max_views is not None
    is_preview = held.preview_by_id is not None
    return Facts(
        proved=is_preview or is_proved(policy, invited=link.address, proved=held.address, reader=reader.address),
        granted=ground.has_right
        and (grant is None or (grant.document.deleted_at is None and grant.document.current_id is not None)),
        revoked=ground.is_out or is_revoked(link, grant),
        withheld=is_withheld(link, grant),
        first_opened_at=None if is_preview else reader.first_opened_at,
        address=reader.address,
        is_named=bool(link.address) and reader.address == link.address,
        ip=ip,
        country=country_of(ip) if policy.allow_countries else "",
        passcode_version=held.passcode_version,
        terms_due=terms_are_due(held),
        views=views_of(held, grant) if limits_views and grant is not None else 0,
        is_viewing=limits_views and grant is not None and living_view(held, grant, now=now) is not None,
        is_preview=is_preview,
    )


def may_open_without_code(link: Link, *, now: datetime) -> bool:
    """Whether holding a link opens it, and it has not ended yet: then its page has a button instead of a field for the address."""
    policy = link.policy.value
    if link.is_shared or policy.access.needs_code or (policy.access is Access.NAMED_QUICK and not link.address) or is_revoked(link):
        return False
    opened_at = Reader.objects.filter(link=link, address=link.address).values_list("first_opened_at", flat=True).first()
    ends = ends_at(policy, opened_at)
    return ends is None or now < ends


def living_view(held: Pass, grant: Grant, *, now: datetime) -> View | None:
    """The counted view of this browser and document that goes on."""
    rows = View.objects.filter(browser_pass=held, grant=grant, last_seen_at__gt=now - VIEW_ENDS_AFTER)
    return rows.order_by("-last_seen_at").first()


def views_of(held: Pass, grant: Grant) -> int:
    """How many views of a document were counted for this reader."""
    return Tally.objects.filter(reader=held.reader, grant=grant).values_list("views", flat=True).first() or 0


def country_of(ip: str) -> str:
    """The ISO 3166-1 code of the country an address is in, "" when nobody knows."""
    return get_country_finder().country(ip)


def has_countries() -> bool:
    """Whether this installation can tell countries at all."""
    return get_country_finder().knows_any
