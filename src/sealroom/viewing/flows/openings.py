# SPDX-License-Identifier: Apache-2.0
"""Who had which page when, for how long. Written by what the server handed out; a browser's claims only ever fill that in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from sealroom.access.flows import Admission
from sealroom.access.models import Grant, Link, Pass
from sealroom.audit import flows as audit
from sealroom.audit.rules import ActorKind, Verb, Who
from sealroom.core.prepared import Prepared
from sealroom.viewing import rules
from sealroom.viewing.models import Denial, Opening, PageView
from sealroom.viewing.rules import Claim, PageTime
from sealroom.viewing.signals import first_opened

SAME_LOOK = timedelta(seconds=5)
"""A page fetched again within this time (another width, a reload) is not written again."""


def record_page(admission: Admission, page: int | None, *, now: datetime) -> Opening | None:
    """Write down that the reader got a page (None: only that the document is open). Begins an opening when there is none that
    still lives; the first one of a grant fires `first_opened` and every one leaves a line in the audit trail. Of a preview nothing
    is written, and there is no opening."""
    if admission.is_preview:
        return None
    opening = _living(admission, now=now) or _begin(admission, now=now)
    if page is None:
        return opening
    view = _page_view.first(opening=opening.pk, page=page)
    if view is not None and now - view.last_at < SAME_LOOK:
        return opening
    with transaction.atomic():
        if view is None:
            fresh = PageView(opening=opening, page=page, first_at=now, last_at=now)
            PageView.objects.bulk_create([fresh], ignore_conflicts=True)
        PageView.objects.filter(opening=opening, page=page, last_at__lt=now).update(last_at=now)
        Opening.objects.filter(pk=opening.pk, last_seen_at__lt=now).update(last_seen_at=now)
    return opening


@transaction.atomic
def heartbeat(admission: Admission, pages: Mapping[int, int], *, now: datetime) -> int:
    """Add the milliseconds a browser says pages were on screen, as far as they can be true (`rules.believed`); returns the sum.

    Without a living opening, for pages that were not handed out in it, and in a preview nothing is added. Concurrent beats of one
    opening are judged one after the other.
    """
    found = None if admission.is_preview else _living(admission, now=now)
    if found is None:
        return 0
    opening = Opening.objects.select_for_update(no_key=True).get(pk=found.pk)
    known = {view.page: PageTime(view.first_at, view.active_ms) for view in opening.page_views.all()}
    claims = [Claim(page, claimed) for page, claimed in pages.items()]
    added = rules.believed(claims, known, started_at=opening.started_at, last_beat_at=opening.last_beat_at, now=now)
    for page, milliseconds in added.items():
        total = known[page].active_ms + milliseconds
        PageView.objects.filter(opening=opening, page=page).update(active_ms=total, last_at=now)
    opening.last_beat_at = max(opening.last_beat_at, now)
    if added:
        opening.last_seen_at = max(opening.last_seen_at, now)
    opening.save(update_fields=["last_beat_at", "last_seen_at"])
    return sum(added.values())


@transaction.atomic
def record_download(admission: Admission, *, form: str, now: datetime) -> Opening:
    """Write down that the reader took a copy along (`form`: "pdf" or "original"), before its first byte leaves."""
    opening = _living(admission, now=now) or _begin(admission, now=now)
    Opening.objects.filter(pk=opening.pk).update(downloaded_at=now, last_seen_at=max(now, opening.last_seen_at))
    _leave_trail(admission, Verb.DOCUMENT_DOWNLOADED, now=now, form=form)
    return opening


@transaction.atomic
def record_print(admission: Admission, *, first: int, last: int, now: datetime) -> Opening:
    """Write down that the reader prints pages, before the first of them leaves."""
    opening = _living(admission, now=now) or _begin(admission, now=now)
    Opening.objects.filter(pk=opening.pk).update(printed_at=now, last_seen_at=max(now, opening.last_seen_at))
    _leave_trail(admission, Verb.DOCUMENT_PRINTED, now=now, pages=f"{first}-{last}")
    return opening


def record_denial(grant_id: int, reason: str, *, address: str = "", ip: str, now: datetime) -> None:
    """Count a refused attempt on a granted document. How many of one reader are worth a line, `access` decides."""
    Denial.objects.create(grant_id=grant_id, reason=reason, address=address, ip=ip, at=now)


def _living(admission: Admission, *, now: datetime) -> Opening | None:
    """The opening that goes on: of this browser, this grant and this version, not left for too long."""
    last = _last_opening.first(grant=admission.grant.pk, version=admission.version.pk, browser=admission.pass_pk)
    return last if last is not None and last.last_seen_at > now - rules.OPENING_ENDS_AFTER else None


def _openings(grant: int, version: int, browser: int) -> QuerySet[Opening]:
    return Opening.objects.filter(grant_id=grant, version_id=version, browser_pass_id=browser).order_by("-started_at")[:1]


_last_opening = Prepared(_openings, numbers=("grant", "version", "browser"))
_page_view = Prepared(lambda opening, page: PageView.objects.filter(opening_id=opening, page=page), numbers=("opening", "page"))


@transaction.atomic
def _begin(admission: Admission, *, now: datetime) -> Opening:
    """Under the grant's lock, so that two first pages fetched at once are one opening and one piece of news."""
    grant = Grant.objects.select_for_update(no_key=True).get(pk=admission.grant.pk)
    found = _living(admission, now=now)
    if found is not None:
        return found
    is_first = not Opening.objects.filter(grant=grant).exists()
    browser = Pass.objects.select_related("visitor").filter(pk=admission.pass_pk).first()
    opening = Opening.objects.create(
        grant=grant,
        version=admission.version,
        browser_pass=browser,
        address=admission.viewer.address,
        ip=admission.viewer.ip,
        device=browser.visitor.user_agent[:120] if browser else "",
        started_at=now,
        last_seen_at=now,
        last_beat_at=now,
    )
    if is_first:
        Grant.objects.filter(pk=grant.pk, first_opened_at=None).update(first_opened_at=now)
        Link.objects.filter(pk=admission.link.pk, first_opened_at=None).update(first_opened_at=now)
        first_opened.send(sender=Opening, grant_id=grant.pk)
    _leave_trail(admission, Verb.DOCUMENT_OPENED, now=now)
    return opening


def _leave_trail(admission: Admission, verb: Verb, *, now: datetime, **facts: str) -> None:
    viewer, link, document = admission.viewer, admission.link, admission.document
    visitor = Pass.objects.select_related("visitor").get(pk=admission.pass_pk).visitor
    who = Who(ActorKind.VISITOR, visitor.public_id, team=link.team.public_id, label=viewer.address, route="portal", ip=viewer.ip)
    audit.record(
        who,
        verb,
        "document",
        document.public_id,
        now=now,
        label=document.name,
        version=admission.version.public_id,
        link=link.public_id,
        **facts,
    )
