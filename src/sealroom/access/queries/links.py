# SPDX-License-Identifier: Apache-2.0
"""Where a link leads, and what a browser finds there. Nothing here writes, so a GET consumes nothing."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.db.models import F, Q

from sealroom.access.models import Challenge, Grant, Link, Pass, PolicyRow
from sealroom.access.queries.passes import (
    facts_of,
    grants_of,
    ground_of,
    is_revoked,
    is_withheld,
    living_pass,
    living_view,
    may_open_without_code,
    views_of,
)
from sealroom.access.queries.terms import accepted_by
from sealroom.access.rules import Facts, Permission, Verdict, decide_admission, ends_at
from sealroom.access.rules.lifetimes import pass_is_alive
from sealroom.core import codes
from sealroom.core.ids import digest
from sealroom.core.secrets import unseal_text
from sealroom.documents.models import Document


class LandingState(enum.StrEnum):
    """What the page of a link shows."""

    NEEDS_CODE = "needs_code"  # also for a link that never was: the two are never told apart
    NEEDS_OPEN = "needs_open"  # whoever holds the link may open it, by pressing a button
    NEEDS_PASSCODE = "needs_passcode"
    NEEDS_TERMS = "needs_terms"
    OPEN = "open"
    NOT_STARTED = "not_started"
    REFUSED = "refused"  # not this reader, or not from here; `reason` says what
    ENDED = "ended"


_STATES = {
    Verdict.ADMIT: LandingState.OPEN,
    Verdict.EMAIL: LandingState.NEEDS_CODE,
    Verdict.NOT_STARTED: LandingState.NOT_STARTED,
    Verdict.WITHHELD: LandingState.REFUSED,
    Verdict.DOMAIN: LandingState.REFUSED,
    Verdict.IP: LandingState.REFUSED,
    Verdict.COUNTRY: LandingState.REFUSED,
    Verdict.PASSCODE: LandingState.NEEDS_PASSCODE,
    Verdict.TERMS: LandingState.NEEDS_TERMS,
}
_SHARED_REASONS = ({Verdict.USED_UP}, {Verdict.WITHHELD})  # told as the reason of the whole where it is that of every document


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
    views_left: int | None = None  # None: as many as one likes

    @property
    def can_be_read(self) -> bool:
        """Whether the reader may open it now, and there is something to look at."""
        return self.verdict is Verdict.ADMIT and (bool(self.pages) or self.is_media)


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
    expire_after_opening_s: int | None = None
    is_preview: bool = False
    has_accepted: bool = False  # there is a record of an acceptance for this reader
    documents: tuple[LandedDocument, ...] = ()
    rights: str = ""  # `Link.rights`: what lies behind the link is kept by that room


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


def link_for(link: Link | None, address: str) -> Link | None:
    """The link that is opened by proving `address` (canonical) at `link`: itself, or, of a shared one, the own link of whom it
    names, else the one that names nobody where access is open. The same work for every link and address."""
    rows = Link.objects.select_related("policy", "team").filter(
        policy_id=link.policy_id if link is not None else 0, is_shared=False
    )
    named = rows.filter(address__in=[address, ""]).order_by("-address", F("revoked_at").asc(nulls_first=True), "-pk").first()
    if link is None or not link.is_shared or named is None:
        return None if link is not None and link.is_shared else link
    return named if named.address or link.policy.value.access.is_open else None


def landing(cookie: str | None, reference: str, *, ip: str = "", now: datetime) -> Landing:
    """What stands behind a link for this browser. Reads only. Who has not proved the address gets `NEEDS_CODE` and nothing else,
    whether the link lives, ended or never was (`NEEDS_OPEN` where no proof is asked for and it lives); before the last gate nobody
    learns how many documents there are, nor their names."""
    held = living_pass(cookie, reference, now=now) or _pass_behind_shared(cookie, reference, now=now)
    ground = ground_of(held) if held is not None else None
    facts = facts_of(held, ground, ip=ip, now=now) if held is not None and ground is not None else None
    if held is None or ground is None or facts is None or not facts.proved:
        link = held.link if held is not None else find_link(reference)
        has_button = link is not None and may_open_without_code(link, now=now)
        return Landing(LandingState.NEEDS_OPEN if has_button else LandingState.NEEDS_CODE)
    link, policy = held.link, ground.policy
    documents = () if link.rights else tuple(_landed(grant, held, facts, now=now) for grant in grants_of(link))
    whole = decide_admission(policy, facts, now=now)
    verdicts = {document.verdict for document in documents}
    if whole is Verdict.ADMIT and verdicts and Verdict.ADMIT not in verdicts:
        whole = verdicts.pop() if verdicts in _SHARED_REASONS else Verdict.REVOKED
    state = _STATES.get(whole, LandingState.ENDED)
    return Landing(
        state=state,
        reason="" if whole is Verdict.ADMIT else whole.value,
        link_id=link.public_id,
        address=held.reader.address,
        name=link.name,
        language=link.language,
        permission=policy.permission,
        starts_at=policy.starts_at,
        expires_at=ends_at(policy, facts.first_opened_at),
        expire_after_opening_s=policy.expire_after_opening_s,
        is_preview=facts.is_preview,
        has_accepted=state is LandingState.OPEN and accepted_by(held).exists(),
        documents=documents if state is LandingState.OPEN else (),
        rights=link.rights,
    )


def _pass_behind_shared(cookie: str | None, reference: str, *, now: datetime) -> Pass | None:
    """The pass a browser got by proving its address at a shared link before."""
    if not cookie:
        return None
    shared = Link.objects.filter(token_digest=digest(reference), is_shared=True).values("policy_id")
    rows = Pass.objects.select_related("link__policy__terms", "link__team", "visitor", "reader", "preview_by")
    mine = rows.filter(link__policy__in=shared, visitor__secret_digest=digest(cookie), ended_at=None)
    return next((one for one in mine.order_by("-pk")[:5] if pass_is_alive(one.times, now=now)), None)


def links_without_grant(policy: PolicyRow, document: Document) -> list[Link]:
    """The links under a policy that have no right on a document yet."""
    return list(Link.objects.filter(policy=policy, is_shared=False).exclude(grants__document=document).order_by("pk"))


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


def _landed(grant: Grant, held: Pass, facts: Facts, *, now: datetime) -> LandedDocument:
    document, version, link = grant.document, grant.document.current, held.link
    most, left = link.policy.max_views, None
    if most is not None:
        views, is_viewing = views_of(held, grant), living_view(held, grant, now=now) is not None
        facts = replace(facts, views=views, is_viewing=is_viewing)
        left = max(0, most - views)
    facts = replace(
        facts,
        granted=document.deleted_at is None and version is not None,
        revoked=is_revoked(link, grant),
        withheld=is_withheld(link, grant),
    )
    return LandedDocument(
        id=document.public_id,
        name=document.name,
        kind=version.kind if version else "",
        size=version.size if version else 0,
        pages=(version.pages or 0) if version else 0,
        verdict=decide_admission(link.policy.value, facts, now=now),
        is_media=version is not None and version.media is not None,
        views_left=left,
    )
