# SPDX-License-Identifier: Apache-2.0
"""What is asked of viewing: who read what, how far, how long. A few statements whatever the number of links."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db.models import Count, Max, Min, Q, Sum

from sealroom.viewing import rules
from sealroom.viewing.models import Denial, Opening, PageView

_BATCH = 5_000  # links in one statement; databases limit its variables


@dataclass(frozen=True)
class Insight:
    """What one link's reader did with one document. Pages and completion are those of the version that was opened last; a page
    counts as seen when it was on screen, or, where the browser reports nothing (no scripts), when it was handed out."""

    opens: int = 0
    first_opened_at: datetime | None = None
    last_opened_at: datetime | None = None
    last_seen_at: datetime | None = None
    pages_seen: int = 0
    pages: int = 0
    active_ms: int = 0
    completion: int = 0
    downloads: int = 0
    denials: int = 0


@dataclass(frozen=True)
class PageInsight:
    """What all readers of some links did with one page of one version."""

    version_id: int
    page: int
    opens: int
    active_ms: int


@dataclass(frozen=True)
class OpeningView:
    """One opening, for the list of a recipient's."""

    id: str
    document_id: str
    version_id: str
    address: str
    ip: str
    device: str
    started_at: datetime
    last_seen_at: datetime
    downloaded_at: datetime | None
    active_ms: int
    pages: int


@dataclass(frozen=True)
class _Read:
    """Pages and time of a grant in one version."""

    fetched: int
    seen: int
    active_ms: int


def insight_by_link(link_ids: Collection[int]) -> dict[tuple[int, int], Insight]:
    """By (link pk, document pk), for every document of those links that was opened or refused; three statements per 5,000
    links."""
    found: dict[tuple[int, int], Insight] = {}
    for batch in _batches(link_ids):
        denials = _denials(batch)
        read = _read_by_grant_and_version(batch)
        for key, insight in _opened(batch, read):
            found[key] = _add(found.get(key), insight)
        for key, count in denials.items():
            found[key] = _add(found.get(key), Insight(denials=count))
    return found


def insight_by_page(link_ids: Collection[int], document_id: int) -> list[PageInsight]:
    """Per version and page of one document: in how many openings it was handed out, and its time on screen, over all links."""
    totals: dict[tuple[int, int], tuple[int, int]] = {}
    for batch in _batches(link_ids):
        rows = (
            PageView.objects.filter(opening__grant__link_id__in=batch, opening__grant__document_id=document_id)
            .values_list("opening__version_id", "page")
            .annotate(opens=Count("opening"), active=Sum("active_ms"))
        )
        for version_id, page, opens, active in rows:
            before = totals.get((version_id, page), (0, 0))
            totals[version_id, page] = (before[0] + opens, before[1] + active)
    return [PageInsight(version, page, *numbers) for (version, page), numbers in sorted(totals.items())]


def list_openings(link_ids: Collection[int], *, limit: int = 100) -> list[OpeningView]:
    """The latest openings through some links, newest first."""
    rows = (
        Opening.objects.filter(grant__link_id__in=list(link_ids)[:_BATCH])
        .select_related("grant__document", "version")
        .annotate(active=Sum("page_views__active_ms"), fetched=Count("page_views"))
        .order_by("-started_at", "-pk")[:limit]
    )
    return [
        OpeningView(
            id=row.public_id,
            document_id=row.grant.document.public_id,
            version_id=row.version.public_id,
            address=row.address,
            ip=row.ip,
            device=row.device,
            started_at=row.started_at,
            last_seen_at=row.last_seen_at,
            downloaded_at=row.downloaded_at,
            active_ms=row.active or 0,
            pages=row.fetched,
        )
        for row in rows
    ]


def _opened(batch: list[int], read: dict[tuple[int, int], _Read]) -> Iterator[tuple[tuple[int, int], Insight]]:
    """An insight per grant and version, the version opened last coming last."""
    rows = (
        Opening.objects.filter(grant__link_id__in=batch)
        .values_list("grant_id", "version_id", "grant__link_id", "grant__document_id", "version__pages")
        .annotate(
            opens=Count("pk"),
            first=Min("started_at"),
            last=Max("started_at"),
            seen=Max("last_seen_at"),
            downloads=Count("downloaded_at"),
        )
        .order_by("last")
    )
    for grant, version, link, document, pages, opens, first, last, seen, downloads in rows:
        times = read.get((grant, version), _Read(0, 0, 0))
        pages_seen = times.seen if times.active_ms else times.fetched
        yield (
            (link, document),
            Insight(
                opens=opens,
                first_opened_at=first,
                last_opened_at=last,
                last_seen_at=seen,
                pages_seen=pages_seen,
                pages=pages or 0,
                active_ms=times.active_ms,
                completion=rules.completion(pages_seen, pages),
                downloads=downloads,
            ),
        )


def _read_by_grant_and_version(batch: list[int]) -> dict[tuple[int, int], _Read]:
    rows = (
        PageView.objects.filter(opening__grant__link_id__in=batch)
        .values_list("opening__grant_id", "opening__version_id")
        .annotate(
            fetched=Count("page", distinct=True),
            seen=Count("page", distinct=True, filter=Q(active_ms__gt=0)),
            active=Sum("active_ms"),
        )
    )
    return {(grant, version): _Read(fetched, seen, active or 0) for grant, version, fetched, seen, active in rows}


def _denials(batch: list[int]) -> dict[tuple[int, int], int]:
    rows = Denial.objects.filter(grant__link_id__in=batch).values_list("grant__link_id", "grant__document_id")
    return {(link, document): count for link, document, count in rows.annotate(count=Count("pk"))}


def _add(before: Insight | None, after: Insight) -> Insight:
    """Counts and times add up; what belongs to a version is that of the later one."""
    if before is None:
        return after
    latest = after if after.last_opened_at else before
    firsts = [first for first in (before.first_opened_at, after.first_opened_at) if first]
    return Insight(
        opens=before.opens + after.opens,
        first_opened_at=min(firsts, default=None),
        last_opened_at=latest.last_opened_at,
        last_seen_at=max((seen for seen in (before.last_seen_at, after.last_seen_at) if seen), default=None),
        pages_seen=latest.pages_seen,
        pages=latest.pages,
        active_ms=before.active_ms + after.active_ms,
        completion=latest.completion,
        downloads=before.downloads + after.downloads,
        denials=before.denials + after.denials,
    )


def _batches(link_ids: Collection[int]) -> Iterator[list[int]]:
    remaining = iter(link_ids)
    while batch := list(islice(remaining, _BATCH)):
        yield batch
