# SPDX-License-Identifier: Apache-2.0
"""From uploaded bytes to a version that can be read: inspected, converted, its first page drawn; then the other pages.

Every step may be cut off by kill -9 and is run again when the job's lease lapses. Blobs are written first, rows second, in one
transaction; so a version is never half ready, and a blob without a row is removed by the sweep.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import QuerySet

from sealroom.audit.rules import Verb
from sealroom.core import jobs
from sealroom.core.errors import DomainError
from sealroom.core.jobs.rules import IDLE
from sealroom.documents import pixels, queries
from sealroom.documents.errors import BlobCorrupt, BlobMissing, ConverterMissing, FileCorrupt, Infected, PageFailed, WorkshopFailure
from sealroom.documents.flows.media import prepare_media
from sealroom.documents.flows.pages import TRANSIENT, draw, keep
from sealroom.documents.flows.scan import leave_system_trail, require_scanned
from sealroom.documents.kinds import Kind
from sealroom.documents.models import Page, Version, VersionState
from sealroom.documents.ports import Media, PageSize, get_blob_store, get_workshop
from sealroom.documents.signals import version_failed, version_ready

log = structlog.get_logger("sealroom.documents")

PAGES_PER_JOB = 20
"""How many pages one job draws ahead before others get their turn."""

_UNVIEWABLE = frozenset({Kind.OTHER})


@dataclass(frozen=True)
class _Prepared:
    """What is known of a version once its blobs are stored. No pages: it can be sent, not viewed (`note` says why)."""

    sizes: tuple[PageSize, ...] = ()
    pdf_key: str | None = None
    base_key: str | None = None
    first_error: str = ""
    note: str = ""
    media: Media | None = None
    media_key: str | None = None


def prepare(version_id: int, *, now: datetime, password: str | None = None) -> None:
    """Make a version ready, or say for good why it cannot be; a protected one opens with its `password`, which is kept nowhere.

    Has it scanned for viruses where there is a scanner, inspects and converts in the sandbox, draws page 1, then sets pages, sizes
    and state in one transaction and defers "documents.bake" for the rest. A failure of the file sets state failed with its code and
    facts. Fires `version_ready` or `version_failed` after the commit, again when it is run again. Raises only what another attempt
    may cure.
    """
    version = Version.objects.select_related("document__team").get(pk=version_id)
    if version.document.deleted_at is not None:
        return
    if version.state in (VersionState.RECEIVED, VersionState.CONVERTING):
        try:
            require_scanned(version, now=now)
            Version.objects.filter(pk=version.pk, state=VersionState.RECEIVED).update(state=VersionState.CONVERTING)
            with _stored_keys() as stored:
                _finish(version, _open_up(version, stored, password), now=now)
        except (WorkshopFailure, BlobMissing, BlobCorrupt, Infected) as failure:
            if failure.code in TRANSIENT:
                raise
            _fail(version, _code_of(failure), failure.facts, now=now)
    version.refresh_from_db(fields=["state"])
    signal = version_ready if version.state == VersionState.READY else version_failed
    signal.send(sender=Version, version_id=version.pk)


def bake(version_id: int, *, now: datetime) -> None:
    """Draw the next pages that nobody has asked for yet, then stand in line again behind other work.

    A page that cannot be drawn keeps its error and does not stop the others.
    """
    version = Version.objects.select_related("document").get(pk=version_id)
    if version.document.deleted_at is not None or version.state != VersionState.READY:
        return
    for page in _unbaked(version)[:PAGES_PER_JOB]:
        try:
            keep(page, draw(version, page, pixels.BASE_WIDTH))
        except PageFailed as failure:
            log.info("page cannot be drawn", version=version.public_id, page=page.number, reason=failure.facts.get("reason"))
    baked = version.page_rows.exclude(base_key=None).count()
    Version.objects.filter(pk=version.pk).update(baked_pages=baked)
    defer_bake(version)


def give_up(version_id: int, *, now: datetime) -> None:
    """Mark a version failed whose preparation was tried to the end of its attempts."""
    version = Version.objects.select_related("document__team").get(pk=version_id)
    if version.state in (VersionState.RECEIVED, VersionState.CONVERTING):
        _fail(version, WorkshopFailure.code, {"reason": "attempts"}, now=now)
        version_failed.send(sender=Version, version_id=version.pk)


def _open_up(version: Version, stored: list[str], password: str | None) -> _Prepared:
    """Inspect the original, keep what it was converted to and the pixels of page 1. Keys of new blobs go into `stored`."""
    if Kind(version.kind) in _UNVIEWABLE:
        return _Prepared()
    if Kind(version.kind) is Kind.MEDIA:
        return _open_media(version, stored)
    store, workshop = get_blob_store(), get_workshop()
    try:
        with closing(store.open(version.original_key)) as source:
            told = workshop.paginate(
                source, kind=Kind(version.kind), name=version.name, document=version.public_id, password=password
            )
    except ConverterMissing as failure:
        return _Prepared(note=failure.code)
    pdf_key = None
    if told.pdf is not None:
        pdf_key = store.put([told.pdf]).key
        stored.append(pdf_key)
    first = Page(version=version, number=1)
    version.pdf_key = pdf_key
    try:
        base = draw(version, first, pixels.BASE_WIDTH)
    except PageFailed as failure:
        if len(told.pages) == 1:
            raise
        return _Prepared(told.pages, pdf_key, None, str(failure.facts.get("reason", failure.code)))
    base_key = store.put([pixels.keep(base)]).key
    stored.append(base_key)
    return _Prepared(told.pages, pdf_key, base_key)


def _open_media(version: Version, stored: list[str]) -> _Prepared:
    try:
        media, blob = prepare_media(version)
    except ConverterMissing as failure:
        return _Prepared(note=failure.code)
    stored.append(blob.key)
    return _Prepared(media=media, media_key=blob.key)


def _finish(version: Version, prepared: _Prepared, *, now: datetime) -> None:
    with transaction.atomic():
        locked = Version.objects.select_for_update(no_key=True).get(pk=version.pk)
        if locked.state != VersionState.CONVERTING:
            raise _Overtaken
        locked.pages = len(prepared.sizes)
        locked.pdf_key = prepared.pdf_key
        locked.media = prepared.media.facts() if prepared.media else None
        locked.media_key = prepared.media_key
        locked.baked_pages = int(prepared.base_key is not None)
        locked.error_code = prepared.note
        locked.error_facts = {}
        locked.state = VersionState.READY
        locked.ready_at = now
        locked.save()
        Page.objects.bulk_create(
            [
                Page(version=locked, number=number, width=size.width, height=size.height)
                for number, size in enumerate(prepared.sizes, start=1)
            ],
            batch_size=500,
        )
        if prepared.sizes:
            locked.page_rows.filter(number=1).update(base_key=prepared.base_key, error_code=prepared.first_error)
            jobs.defer("documents.read", key=f"{locked.pk}", lane=str(locked.document.team_id), priority=IDLE, version_id=locked.pk)
        defer_bake(locked)


def _fail(version: Version, code: str, facts: dict[str, object], *, now: datetime) -> None:
    kept = {name: value for name, value in facts.items() if isinstance(value, str | int | bool)}
    with transaction.atomic():
        failed = Version.objects.filter(pk=version.pk, state__in=[VersionState.RECEIVED, VersionState.CONVERTING]).update(
            state=VersionState.FAILED, error_code=code, error_facts=kept
        )
        if failed:
            found = {name: str(value) for name, value in kept.items() if name == "signature"}
            leave_system_trail(Verb.DOCUMENT_FAILED, version, now=now, code=code, **found)


def _code_of(failure: DomainError) -> str:
    """A document whose only page cannot be drawn fails for that page's reason."""
    if isinstance(failure, PageFailed):
        reason = str(failure.facts.get("reason", ""))
        return reason if reason.startswith("limit_") else FileCorrupt.code
    return failure.code


def defer_bake(version: Version) -> None:
    """Have the next pages drawn ahead of readers, if any is left."""
    page = _unbaked(version).first()
    if page is not None:
        # The key names the next page, because the job that is running now still holds its own.
        key = f"{version.pk}:{page.number}"
        lane = str(version.document.team_id)
        jobs.defer("documents.bake", key=key, lane=lane, priority=IDLE, version_id=version.pk)


def _unbaked(version: Version) -> QuerySet[Page]:
    return version.page_rows.filter(base_key=None, error_code="").order_by("number")


class _Overtaken(Exception):
    """Another worker finished this version first."""


@contextmanager
def _stored_keys() -> Iterator[list[str]]:
    """Collects keys of blobs that have no row yet; removes them when the block ends by an exception."""
    stored: list[str] = []
    try:
        yield stored
    except BaseException as error:
        # A commit may have gone through although it raised: ask before removing.
        for key in queries.unused_keys(stored):
            get_blob_store().delete(key)
        if not isinstance(error, _Overtaken):
            raise
