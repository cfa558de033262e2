# SPDX-License-Identifier: Apache-2.0
"""The one live check in front of every byte of a document. Nothing of it is cached: two statements at every request read pass,
link, policy, grant and document as they are committed at that instant, by whatever process."""

from __future__ import annotations

import enum
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import F

from sealroom.access import queries, rules
from sealroom.access.errors import NotAdmitted
from sealroom.access.flows.visitors import visitor_who
from sealroom.access.models import Grant, Link, Pass, Reader, Tally, Terms, View
from sealroom.access.queries import Ground
from sealroom.access.rules import Policy, Verdict, Viewer, lifetimes
from sealroom.access.signals import admission_refused, link_opened
from sealroom.audit import flows as audit
from sealroom.audit.rules import Verb
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
    reader: Reader
    is_preview: bool = False

    @property
    def ends_at(self) -> datetime | None:
        """When access ends for this reader, as far as a clock decides it."""
        return rules.ends_at(self.policy, self.reader.first_opened_at)


class Purpose(enum.Enum):
    """What a request wants of a document."""

    LOOK = enum.auto()  # whether it would be shown: nothing of it leaves, nothing is counted
    READ = enum.auto()  # bytes of it


def check_pass(
    cookie: str | None, link_id: str, document_id: str, *, ip: str, now: datetime, purpose: Purpose = Purpose.READ
) -> Admission:
    """Admit a browser to a document at `now`, or raise `NotAdmitted(reason)` with a value of `Verdict`.

    Before any byte can leave, the first reading of a document is written down (`Grant.first_opened_at`, and
    `Reader.first_opened_at`, from which a timer counts), and where views are limited one is counted unless one goes on; all of it
    in a transaction that checks again under the grant's lock. So what was given back as unopened was never shown, and of any number
    of openings at once no more than the limit succeed. A living pass is prolonged, with at most one write a minute. A refusal of a
    browser that proved its address goes to the trail and to `admission_refused`. A preview of the sender's writes nothing.
    """
    held = queries.living_pass(cookie, link_id, now=now)
    if held is None:
        raise NotAdmitted(reason=Verdict.EMAIL.value)
    ground = _ground(held, document_id)
    verdict, grant = decide(held, ground, ip=ip, now=now), ground.grant
    is_preview = held.preview_by_id is not None
    reads = purpose is Purpose.READ and not is_preview and verdict is Verdict.ADMIT
    if reads and grant is not None and _must_write(held, grant, now=now):
        grant, verdict = _open(held, grant, ip=ip, now=now)
    if verdict is not Verdict.ADMIT or grant is None:
        if not is_preview:
            _write_refusal(held, grant, verdict, ip=ip, now=now)
        raise NotAdmitted(reason=verdict.value)
    if not is_preview:
        _prolong(held, now=now)
    document = grant.document
    assert document.current is not None
    document.current.document = document  # the same row: nobody need ask for it again
    return Admission(
        link=held.link,
        grant=grant,
        document=document,
        version=document.current,
        policy=ground.policy,
        viewer=_viewer(held, ip),
        pass_id=held.public_id,
        pass_pk=held.pk,
        reader=held.reader,
        is_preview=is_preview,
    )


@dataclass(frozen=True)
class Gate:
    """What a browser that came as far as a gate may be told there."""

    link: Link
    policy: Policy
    viewer: Viewer
    held: Pass
    is_due: bool  # the gate itself has still to be passed

    @property
    def terms(self) -> Terms | None:
        """The text that must be accepted; None when there is none."""
        return queries.terms_in_force(self.link)


def check_gate(cookie: str | None, link_id: str, *, ip: str, now: datetime, upto: Verdict = Verdict.TERMS) -> Gate:
    """Let a browser as far as a gate of a link, whichever document it wants: all hurdles before `upto` are taken.

    `link_id` may be the link's token as well. Raises `NotAdmitted` with the first reason that stands before. Writes nothing.
    """
    held = queries.living_pass(cookie, link_id, now=now)
    if held is None:
        raise NotAdmitted(reason=Verdict.EMAIL.value)
    ground = queries.ground_of(held)
    policy = ground.policy
    verdict = decide(held, ground, ip=ip, now=now)
    if not rules.gate_is_reached(verdict, upto):
        raise NotAdmitted(reason=verdict.value, starts_at=policy.starts_at)
    return Gate(held.link, policy, _viewer(held, ip), held, is_due=verdict is upto)


def check_link(cookie: str | None, link_id: str, *, ip: str, now: datetime) -> Gate:
    """Let a browser behind a link, past every gate, whatever it wants there; a living pass is prolonged as by `check_pass`.

    For links whose rights a room above keeps: it says itself what may be seen. Raises `NotAdmitted` with the first reason.
    """
    gate = check_gate(cookie, link_id, ip=ip, now=now)
    if gate.is_due:
        raise NotAdmitted(reason=Verdict.TERMS.value)
    if gate.held.preview_by_id is None:
        _prolong(gate.held, now=now)
    return gate


def open_words(cookie: str | None, link_id: str, *, ip: str, now: datetime) -> Gate:
    """Let a browser read the words that stand behind a link beside its documents. The first reading is written down as an opening
    of the link before anything leaves, in a transaction that decides again under the link's lock: what was given back as unopened
    was never shown. Raises `NotAdmitted` with the first reason."""
    gate = check_link(cookie, link_id, ip=ip, now=now)
    held = gate.held
    if held.preview_by_id is not None or (held.link.first_opened_at is not None and held.reader.first_opened_at is not None):
        return gate
    with transaction.atomic():
        Link.objects.select_for_update(no_key=True).get(pk=held.link_id)
        gate = check_link(cookie, link_id, ip=ip, now=now)
        Reader.objects.filter(pk=held.reader_id, first_opened_at=None).update(first_opened_at=now)
        if Link.objects.filter(pk=held.link_id, first_opened_at=None).update(first_opened_at=now):
            link_opened.send(Link, link_id=held.link_id, grant_id=None, now=now)
    return gate


def check_again(admission: Admission, *, now: datetime) -> Policy:
    """Ask once more, in the middle of a long answer, whether the reader who was admitted still would be; the policy as it is now.

    Raises `NotAdmitted` as `check_pass`. Writes nothing and prolongs nothing.
    """
    held = find_pass(admission, now=now)
    ground = queries.ground_of(held, admission.document.public_id)
    verdict = decide(held, ground, ip=admission.viewer.ip, now=now)
    if verdict is not Verdict.ADMIT:
        raise NotAdmitted(reason=verdict.value)
    return ground.policy


def _prolong(held: Pass, *, now: datetime) -> None:
    later = lifetimes.touched(held.times, now=now)
    if later is not None:
        Pass.objects.filter(pk=held.pk, idle_expires_at__lt=later).update(idle_expires_at=later)


def find_pass(admission: Admission, *, now: datetime) -> Pass:
    """The pass of an admission once more, if it still lives. For the flows of this room. Raises `NotAdmitted`."""
    held = queries.living_pass_by_pk(admission.pass_pk, now=now)
    if held is None:
        raise NotAdmitted(reason=Verdict.EMAIL.value)
    return held


def _viewer(held: Pass, ip: str) -> Viewer:
    """Who reads. A sender who looks as a recipient would is marked as himself: his picture must not name somebody else."""
    if held.preview_by is not None:
        return Viewer(held.preview_by.email, held.preview_by.name, ip)
    return Viewer(held.reader.address, held.link.name if held.reader.address == held.link.address else "", ip)


def decide(held: Pass, ground: Ground, *, ip: str, now: datetime) -> Verdict:
    """What is decided about a living pass and what it asks for, by what is committed now. For the flows of this room."""
    return rules.decide_admission(ground.policy, queries.facts_of(held, ground, ip=ip, now=now), now=now)


def _ground(held: Pass, document_id: str) -> Ground:
    """The ground with a grant, so that an opening can be counted where a room above keeps the rights."""
    ground = queries.ground_of(held, document_id)
    if not ground.has_right or ground.grant is not None:
        return ground
    document = Document.objects.get(public_id=document_id)
    Grant.objects.bulk_create([Grant(link=held.link, document=document)], ignore_conflicts=True)
    return replace(ground, grant=queries.granted(held.link, document_id))


def _must_write(held: Pass, grant: Grant, *, now: datetime) -> bool:
    """Whether this reading has something to write down under the lock first."""
    if grant.first_opened_at is None or held.reader.first_opened_at is None:
        return True
    if held.link.policy.max_views is None:
        return False
    view = queries.living_view(held, grant, now=now)
    return view is None or now - view.last_seen_at >= lifetimes.TOUCH_EVERY


@transaction.atomic
def _open(held: Pass, grant: Grant, *, ip: str, now: datetime) -> tuple[Grant, Verdict]:
    """Decide again with the grant locked, and write the opening down. Cancelling locks the grants after revoking the policy: so
    either it sees this opening, or this sees the revocation."""
    locked = Grant.objects.select_for_update(of=("self",), no_key=True).select_related("document__current").get(pk=grant.pk)
    fresh = queries.living_pass_by_pk(held.pk, now=now)
    if fresh is None:
        return locked, Verdict.EMAIL
    ground = replace(queries.ground_of(fresh, locked.document.public_id), grant=locked)
    verdict = decide(fresh, ground, ip=ip, now=now)
    if verdict is not Verdict.ADMIT:
        return locked, verdict
    if fresh.link.policy.max_views is not None:
        _count_view(fresh, locked, now=now)
    Reader.objects.filter(pk=held.reader_id, first_opened_at=None).update(first_opened_at=now)
    held.reader.refresh_from_db(fields=["first_opened_at"])  # by this request, or by one for another document this instant
    if locked.first_opened_at is None:
        Grant.objects.filter(pk=grant.pk).update(first_opened_at=now)
        locked.first_opened_at = now
        if Link.objects.filter(pk=held.link_id, first_opened_at=None).update(first_opened_at=now):
            link_opened.send(Link, link_id=held.link_id, grant_id=grant.pk, now=now)
    return locked, verdict


def _count_view(held: Pass, grant: Grant, *, now: datetime) -> None:
    view = queries.living_view(held, grant, now=now)
    if view is not None:
        View.objects.filter(pk=view.pk).update(last_seen_at=now)
        return
    View.objects.create(browser_pass=held, grant=grant, started_at=now, last_seen_at=now)
    tally, _made = Tally.objects.get_or_create(reader=held.reader, grant=grant)
    Tally.objects.filter(pk=tally.pk).update(views=F("views") + 1)


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
        who = visitor_who(held.visitor, held.link, label=held.address, ip=ip)
        audit.record(who, Verb.ACCESS_DENIED, "link", held.link.public_id, now=now, reason=verdict.value)
