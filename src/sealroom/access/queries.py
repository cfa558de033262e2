# SPDX-License-Identifier: Apache-2.0
"""What is asked of access: where a link leads, and what a browser finds there. Nothing here writes, so a GET consumes nothing."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.db.models import Q, QuerySet

from sealroom.access.models import Acceptance, Challenge, Grant, Link, Pass, PolicyRow, Tally, Terms, View
from sealroom.access.rules import VIEW_ENDS_AFTER, Facts, Permission, TermsMode, Verdict, decide_admission, ends_at, pass_is_alive
from sealroom.core import codes
from sealroom.core.ids import digest
from sealroom.core.secrets import unseal_text
from sealroom.documents.models import Document


class LandingState(enum.StrEnum):
    """What the page of a link shows."""

    NEEDS_CODE = "needs_code"  # also for a link that never was: the two are never told apart
    OPEN = "open"
    NOT_STARTED = "not_started"
    ENDED = "ended"


@dataclass(frozen=True)
class LandedDocument:
    """A document a proved reader may choose. `pages` is 0 for one that can only be downloaded."""

    id: str
    name: str
    kind: str
    size: int
    pages: int
    verdict: Verdict
    is_media: bool = False


@dataclass(frozen=True)
class Landing:
    """What a browser finds behind a link. Everything but `state` is empty until the address is proved."""

    state: LandingState
    reason: str = ""
    link_id: str = ""
    address: str = ""
    name: str = ""
    language: str = ""
    permission: Permission | None = None
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    documents: tuple[LandedDocument, ...] = ()


@dataclass(frozen=True)
class OpenChallenge:
    """The code a browser asked for last, as its page may show it: nothing here depends on whether the address was invited."""

    shown_address: str
    made_at: datetime
    expires_at: datetime
    tries_left: int


def link_url(link: Link) -> str:
    """The address to mail: on the configured host, with the link's secret."""
    return f"{settings.SEALROOM_BASE_URL}/v/{unseal_text(bytes(link.token_sealed), purpose='link')}/"


def find_link(reference: str) -> Link | None:
    """The link of a token (as mailed) or of a public id (as in the cleaned address). Both only name it; the gates decide."""
    return Link.objects.select_related("policy", "team").filter(Q(token_digest=digest(reference)) | Q(public_id=reference)).first()


def living_pass(cookie: str | None, reference: str, *, now: datetime) -> Pass | None:
    """The pass of this browser on this link with link, policy and reader as they are now, if it lives."""
    if not cookie:
        return None
    of_link = Q(link__token_digest=digest(reference)) | Q(link__public_id=reference)
    found = _passes().filter(of_link, visitor__secret_digest=digest(cookie)).first()
    return found if found is not None and pass_is_alive(found.times, now=now) else None


def living_pass_by_pk(pk: int, *, now: datetime) -> Pass | None:
    """The same pass again, with everything read anew, if it still lives."""
    found = _passes().filter(pk=pk).first()
    return found if found is not None and pass_is_alive(found.times, now=now) else None


def _passes() -> QuerySet[Pass]:
    rows = Pass.objects.select_related("link__policy__terms", "link__team", "visitor", "reader", "preview_by")
    return rows.filter(ended_at=None)


def landing(cookie: str | None, reference: str, *, ip: str = "", now: datetime) -> Landing:
    """What stands behind a link for this browser. Reads only; who has not proved the address gets `NEEDS_CODE` and nothing else,
    whether the link lives, ended or never was."""
    held = living_pass(cookie, reference, now=now)
    if held is None:
        return Landing(LandingState.NEEDS_CODE)
    link, policy = held.link, held.link.policy.value
    rows = list(Grant.objects.filter(link=link).select_related("document__current").order_by("position", "pk"))
    facts = facts_of(held, ip=ip, now=now)
    documents = tuple(_landed(grant, held, facts, now=now) for grant in rows)
    whole = decide_admission(policy, facts, now=now)
    verdicts = {document.verdict for document in documents}
    if whole is Verdict.ADMIT and verdicts and Verdict.ADMIT not in verdicts:
        whole = Verdict.REVOKED
    state = {Verdict.ADMIT: LandingState.OPEN, Verdict.NOT_STARTED: LandingState.NOT_STARTED}.get(whole, LandingState.ENDED)
    return Landing(
        state=state,
        reason="" if whole is Verdict.ADMIT else whole.value,
        link_id=link.public_id,
        address=held.address,
        name=link.name,
        language=link.language,
        permission=policy.permission,
        starts_at=policy.starts_at,
        expires_at=ends_at(policy, held.reader.first_opened_at),
        documents=documents if state is LandingState.OPEN else (),
    )


def links_without_grant(policy: PolicyRow, document: Document) -> list[Link]:
    """The links under a policy that have no right on a document yet."""
    return list(Link.objects.filter(policy=policy).exclude(grants__document=document).order_by("pk"))


def challenge_target(link: Link | None, reference: str) -> str:
    """What a code was asked for: the same for a link's token and its id, and something stable where there is no link."""
    return digest(link.public_id if link is not None else reference)


def open_challenge(cookie: str | None, reference: str) -> OpenChallenge | None:
    """The last challenge of this browser for this link that was not passed yet; worn out and expired ones too, so that the page
    can say so. None when the browser never asked."""
    link = find_link(reference)
    found = (
        Challenge.objects.filter(visitor__secret_digest=digest(cookie or ""), target_digest=challenge_target(link, reference))
        .order_by("-made_at", "-pk")
        .first()
    )
    if found is None or found.passed_at is not None:
        return None
    return OpenChallenge(
        shown_address=found.shown_address,
        made_at=found.made_at,
        expires_at=found.made_at + codes.LIFETIME,
        tries_left=max(0, codes.TRIES - found.tries),
    )


def is_revoked(link: Link, grant: Grant | None = None) -> bool:
    """Revoked for the whole send, for this recipient, or for this document."""
    return bool(link.revoked_at or link.policy.revoked_at or (grant is not None and grant.revoked_at))


def terms_in_force(link: Link) -> Terms | None:
    """The text that readers of a link must have accepted now; None when there is none."""
    mode = TermsMode(link.policy.terms_mode)
    if mode is TermsMode.OWN:
        return link.policy.terms
    if mode is TermsMode.ORGANIZATION:
        return organization_terms(link.team_id)
    return None


def organization_terms(team_id: int) -> Terms | None:
    """A team's own text in force."""
    latest = Terms.objects.filter(team_id=team_id, is_organization=True).order_by("-number").first()
    return latest if latest is not None and latest.withdrawn_at is None else None


def terms_are_due(held: Pass) -> bool:
    """Whether this browser must accept terms first. Who proved an address accepts a text once; everybody else with each pass."""
    if held.link.policy.terms_mode == TermsMode.OFF:
        return False
    terms = terms_in_force(held.link)
    if terms is None:
        return False
    accepted = Acceptance.objects.filter(terms=terms)
    is_verified = held.link.policy.value.access.needs_code and bool(held.reader.address)
    mine = accepted.filter(reader=held.reader) if is_verified else accepted.filter(browser_pass=held)
    return not mine.exists()


def living_view(held: Pass, grant: Grant, *, now: datetime) -> View | None:
    """The counted view of this browser and document that goes on."""
    rows = View.objects.filter(browser_pass=held, grant=grant, last_seen_at__gt=now - VIEW_ENDS_AFTER)
    return rows.order_by("-last_seen_at").first()


def facts_of(held: Pass, grant: Grant | None = None, *, ip: str, now: datetime) -> Facts:
    """All that is known about a browser that carries a living pass, and, with `grant`, about a document for it."""
    link = held.link
    limits_views = grant is not None and link.policy.max_views is not None
    return Facts(
        proved=True,
        granted=grant is None or (grant.document.deleted_at is None and grant.document.current_id is not None),
        revoked=is_revoked(link, grant),
        first_opened_at=held.reader.first_opened_at,
        address=held.reader.address,
        ip=ip,
        country=country_of(ip) if link.policy.allow_countries else "",
        passcode_version=held.passcode_version,
        terms_due=terms_are_due(held),
        views=_views_of(held, grant) if limits_views and grant is not None else 0,
        is_viewing=limits_views and grant is not None and living_view(held, grant, now=now) is not None,
        is_preview=held.preview_by_id is not None,
    )


def country_of(ip: str) -> str:
    """The ISO 3166-1 code of the country an address is in, "" when nobody knows."""
    return ""


def _views_of(held: Pass, grant: Grant) -> int:
    return Tally.objects.filter(reader=held.reader, grant=grant).values_list("views", flat=True).first() or 0


def _landed(grant: Grant, held: Pass, facts: Facts, *, now: datetime) -> LandedDocument:
    document, version, link = grant.document, grant.document.current, held.link
    if link.policy.max_views is not None:
        views, is_viewing = _views_of(held, grant), living_view(held, grant, now=now) is not None
        facts = replace(facts, views=views, is_viewing=is_viewing)
    facts = replace(facts, granted=document.deleted_at is None and version is not None, revoked=is_revoked(link, grant))
    return LandedDocument(
        id=document.public_id,
        name=document.name,
        kind=version.kind if version else "",
        size=version.size if version else 0,
        pages=(version.pages or 0) if version else 0,
        verdict=decide_admission(link.policy.value, facts, now=now),
        is_media=version is not None and version.media is not None,
    )
