# SPDX-License-Identifier: Apache-2.0
"""What is asked of viewing: who read what, how far, how long. A few statements whatever the number of links."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.utils import timezone

from sealroom.access.models import Link
from sealroom.core.secrets import keyring
from sealroom.credits import queries as credits
from sealroom.documents.models import Document
from sealroom.viewing import rules
from sealroom.viewing.models import Denial, MarkedCopy, MediaUse, Opening, PageView, PrintJob

_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
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
    prints: int = 0
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
class _By:
    """By which column the rows of each kind tell who it was."""

    opening: str
    denial: str
    print_job: str


_BY_LINK = _By("grant__link_id", "grant__link_id", "grant__link_id")
_BY_READER = _By("address", "address", "browser_pass__reader__address")


@dataclass(frozen=True)
class _Read:
    """Pages and time of one who, in one version."""

    fetched: int
    seen: int
    active_ms: int


def pdf_password(link: Link, document: Document) -> str:
    """The password of the encrypted PDFs that readers of a link get of a document: four groups of four letters and digits (79
    bits), always the same while the installation keeps its oldest master key. For the reader's mail, and for the sender to tell
    to readers without an address; never for a page that the PDF itself comes from."""
    ring = keyring()
    key = ring.derive("pdf-password", key=ring.keys[-1])
    digest = hmac.digest(key, f"{link.public_id}\n{document.public_id}".encode(), "sha256")
    number = int.from_bytes(digest, "big")
    letters = []
    for _place in range(16):
        number, rest = divmod(number, len(_READABLE))
        letters.append(_READABLE[rest])
    return "-".join("".join(letters[start : start + 4]) for start in range(0, 16, 4))


def insight_by_link(link_ids: Collection[int]) -> dict[tuple[int, int], Insight]:
    """By (link pk, document pk), for every document of those links that was opened or refused; four statements per 5,000
    links."""
    found: dict[tuple[int, int], Insight] = {}
    for batch in _batches(link_ids):
        _collect(found, batch, _BY_LINK)
    return found


def insight_by_reader(link_id: int) -> dict[tuple[str, int], Insight]:
    """The same of one link by (proved address, document pk): whoever proved none counts under "", all together."""
    found: dict[tuple[str, int], Insight] = {}
    _collect(found, [link_id], _BY_READER)
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


def marked_keys(among: Collection[str] | None) -> Iterable[str]:
    """Keys of blobs that marked copies name, of documents that still exist: a `documents.ports.Keeper`."""
    rows = MarkedCopy.objects.filter(version__document__deleted_at=None).exclude(key=None)
    if among is not None:
        rows = rows.filter(key__in=among)
    return [key for key in rows.values_list("key", flat=True) if key]


def media_use(team_id: int, *, now: datetime) -> int:
    """Bytes of audio and video that a team's readers were sent in its present period of credits."""
    start = credits.meter(team_id, now=now).period_start
    return MediaUse.objects.filter(team_id=team_id, period_start=start).values_list("sent_bytes", flat=True).first() or 0


def media_used(team_id: int) -> int:
    """The same by the clock: a counter of `billing.ports.get_counters`."""
    return media_use(team_id, now=timezone.now())


def _collect(found: dict[tuple[Any, int], Insight], batch: list[int], by: _By) -> None:
    """Add what was done through some links to what was found before."""
    for key, insight in _opened(batch, by):
        found[key] = _add(found.get(key), insight)
    for key, count in _counted(Denial.objects.filter(grant__link_id__in=batch), by.denial).items():
        found[key] = _add(found.get(key), Insight(denials=count))
    for key, count in _counted(PrintJob.objects.filter(grant__link_id__in=batch), by.print_job).items():
        found[key] = _add(found.get(key), Insight(prints=count))


def _opened(batch: list[int], by: _By) -> Iterator[tuple[tuple[Any, int], Insight]]:
    """An insight for each who, grant and version, the version opened last coming last."""
    read = _read(batch, by)
    rows = (
        Opening.objects.filter(grant__link_id__in=batch)
        .values_list("grant_id", "version_id", by.opening, "grant__document_id", "version__pages")
        .annotate(
            opens=Count("pk"),
            first=Min("started_at"),
            last=Max("started_at"),
            seen=Max("last_seen_at"),
            downloads=Count("downloaded_at"),
        )
        .order_by("last")
    )
    for grant, version, who, document, pages, opens, first, last, seen, downloads in rows:
        times = read.get((who, grant, version), _Read(0, 0, 0))
        pages_seen = times.seen if times.active_ms else times.fetched
        yield (
            (who, document),
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


def _read(batch: list[int], by: _By) -> dict[tuple[Any, int, int], _Read]:
    rows = (
        PageView.objects.filter(opening__grant__link_id__in=batch)
        .values_list(f"opening__{by.opening}", "opening__grant_id", "opening__version_id")
        .annotate(
            fetched=Count("page", distinct=True),
            seen=Count("page", distinct=True, filter=Q(active_ms__gt=0)),
            active=Sum("active_ms"),
        )
    )
    return {(who, grant, version): _Read(fetched, seen, active or 0) for who, grant, version, fetched, seen, active in rows}


def _counted(rows: QuerySet[Any], who: str) -> dict[tuple[Any, int], int]:
    counts = rows.values_list(who, "grant__document_id").annotate(count=Count("pk")).order_by()
    return {(whose, document): count for whose, document, count in counts}


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
        prints=before.prints + after.prints,
        denials=before.denials + after.denials,
    )


def _batches(link_ids: Collection[int]) -> Iterator[list[int]]:
    remaining = iter(link_ids)
    while batch := list(islice(remaining, _BATCH)):
        yield batch
