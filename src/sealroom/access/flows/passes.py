# SPDX-License-Identifier: Apache-2.0
"""The one live check in front of every byte of a document. Nothing of it is cached: two statements at every request read pass,
link, policy, grant and document as they are committed at that instant, by whatever process."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from sealroom.access import queries, rules
from sealroom.access.errors import NotAdmitted
from sealroom.access.models import Grant, Link, Pass
from sealroom.access.rules import Facts, Policy, Verdict, Viewer
from sealroom.access.signals import admission_refused, link_opened
from sealroom.audit import flows as audit
from sealroom.audit.rules import ActorKind, Verb, Who
from sealroom.core import ratelimit
from sealroom.core.errors import RateLimited
from sealroom.documents.models import Document, Version


@dataclass(frozen=True)
class Admission:
    """Everything a door may act on after the check, as it stood at that instant. Not to be kept for another request."""

    link: Link
    grant: Grant
    document: Document
    version: Version
    policy: Policy
    viewer: Viewer
    pass_id: str
    pass_pk: int


def check_pass(cookie: str | None, link_id: str, document_id: str, *, ip: str, now: datetime) -> Admission:
    """Admit a browser to a document at `now`, or raise `NotAdmitted(reason)` with a value of `Verdict`.

    The first admission to a document is written down (`Grant.first_opened_at`) in a transaction that checks again under the
    grant's lock, before any byte can leave: so what was given back as unopened was never shown. A living pass is prolonged, with at
    most one write a minute. A refusal of a browser that proved its address goes to the trail and to `admission_refused`.
    """
    held = queries.living_pass(cookie, link_id, now=now)
    if held is None:
        raise NotAdmitted(reason=Verdict.EMAIL.value)
    grant = _find_grant(held.link, document_id)
    verdict = _decide(held.link, grant, now=now)
    if verdict is Verdict.ADMIT and grant is not None and grant.first_opened_at is None:
        grant, verdict = _open_first(held.link, grant, now=now)
    if verdict is not Verdict.ADMIT or grant is None:
        _write_refusal(held, grant, verdict, ip=ip, now=now)
        raise NotAdmitted(reason=verdict.value)
    later = rules.touched(held.times, now=now)
    if later is not None:
        Pass.objects.filter(pk=held.pk, idle_expires_at__lt=later).update(idle_expires_at=later)
    document = grant.document
    assert document.current is not None
    return Admission(
        link=held.link,
        grant=grant,
        document=document,
        version=document.current,
        policy=held.link.policy.value,
        viewer=Viewer(held.address, held.link.name, ip),
        pass_id=held.public_id,
        pass_pk=held.pk,
    )


def check_again(admission: Admission, *, now: datetime) -> Policy:
    """Ask once more, in the middle of a long answer, whether the reader who was admitted still would be; the policy as it is now.

    Raises `NotAdmitted` as `check_pass`. Writes nothing and prolongs nothing.
    """
    held = Pass.objects.select_related("link__policy").filter(pk=admission.pass_pk, ended_at=None).first()
    if held is None or not rules.pass_is_alive(held.times, now=now):
        raise NotAdmitted(reason=Verdict.EMAIL.value)
    verdict = _decide(held.link, _find_grant(held.link, admission.document.public_id), now=now)
    if verdict is not Verdict.ADMIT:
        raise NotAdmitted(reason=verdict.value)
    return held.link.policy.value


def _find_grant(link: Link, document_id: str) -> Grant | None:
    rows = Grant.objects.select_related("document__current").filter(link=link, document__public_id=document_id)
    return rows.first()


def _decide(link: Link, grant: Grant | None, *, now: datetime) -> Verdict:
    granted = grant is not None and grant.document.deleted_at is None and grant.document.current_id is not None
    facts = Facts(proved=True, granted=granted, revoked=queries.is_revoked(link, grant))
    return rules.decide_admission(link.policy.value, facts, now=now)


@transaction.atomic
def _open_first(link: Link, grant: Grant, *, now: datetime) -> tuple[Grant, Verdict]:
    """Decide again with the grant locked, and write the opening down. Cancelling locks the grants after revoking the policy: so
    either it sees this opening, or this sees the revocation."""
    locked = Grant.objects.select_for_update(of=("self",), no_key=True).select_related("document__current").get(pk=grant.pk)
    fresh = Link.objects.select_related("policy").get(pk=link.pk)
    verdict = _decide(fresh, locked, now=now)
    if verdict is Verdict.ADMIT and locked.first_opened_at is None:
        Grant.objects.filter(pk=grant.pk).update(first_opened_at=now)
        locked.first_opened_at = now
        if Link.objects.filter(pk=link.pk, first_opened_at=None).update(first_opened_at=now):
            link_opened.send(Link, link_id=link.pk, grant_id=grant.pk, now=now)
    return locked, verdict


def _write_refusal(held: Pass, grant: Grant | None, verdict: Verdict, *, ip: str, now: datetime) -> None:
    """At most a few lines for one reader who keeps asking: a trail that anyone can flood says nothing."""
    limit, per = rules.DENIALS_KEPT
    with suppress(RateLimited), transaction.atomic():
        subject = f"{held.pk}:{grant.pk if grant else ''}:{verdict.value}"
        ratelimit.take("access.denial", subject, limit=limit, per=per, now=now)
        admission_refused.send(
            Link,
            link_id=held.link_id,
            grant_id=grant.pk if grant else None,
            reason=verdict.value,
            address=held.address,
            ip=ip,
            now=now,
        )
        visitor = held.visitor.public_id
        team = held.link.team.public_id
        who = Who(ActorKind.VISITOR, visitor, team=team, label=held.address, route="portal", ip=ip)
        audit.record(who, Verb.ACCESS_DENIED, "link", held.link.public_id, now=now, reason=verdict.value)
