# SPDX-License-Identifier: Apache-2.0
"""The clear pixels of a page: from the encrypted cache, else drawn in the sandbox and kept.

The only way to unmarked pixels. No door calls it: `viewing` does, and marks what it hands on.
"""

from __future__ import annotations

from contextlib import closing
from typing import BinaryIO

import structlog

from sealroom.core.errors import NotFound
from sealroom.core.prepared import Prepared
from sealroom.documents import pixels
from sealroom.documents.errors import BlobCorrupt, BlobMissing, Infected, NotReady, PageFailed, WorkshopFailure
from sealroom.documents.flows.scan import refuse_withheld
from sealroom.documents.models import Page, Version, VersionState
from sealroom.documents.ports import Raster, get_blob_store, get_workshop

log = structlog.get_logger("sealroom.documents")
_hot = pixels.Shelf(64 * 1024 * 1024)

TRANSIENT = frozenset({"workshop_busy", "workshop_interrupted"})
"""Codes of failures that say nothing about the file."""


def base_page(version: Version, number: int, *, width: int = pixels.BASE_WIDTH) -> Raster:
    """Page `number` (from 1) without any mark, at the step of `pixels.WIDTHS` that `width` asks for.

    Up to the base width the page comes from the cache; one that is not there yet, or whose blob is damaged, is drawn and kept.
    Wider pages are drawn each time: zooming is rare, and keeping them would more than double the storage. A page is never wider
    than the raster cap lets it be. Raises `NotFound` (no such page, or the document was deleted), `NotReady`, `PageFailed`
    (this page is broken; others are not), and `WorkshopBusy` when the machine is at its limit now.
    """
    page = _find(version, number)
    wished = pixels.step_width(width)
    if wished > pixels.BASE_WIDTH:
        return draw(version, page, wished)
    small = _hot.get(f"{page.base_key}@{wished}") if page.base_key else None
    if small is not None:
        return small
    raster = _kept(page)
    if raster is None:
        raster = draw(version, page, pixels.BASE_WIDTH)
        keep(page, raster)
    small = pixels.shrink(raster, wished)
    if page.base_key and small is not raster:
        _hot.put(f"{page.base_key}@{wished}", small)
    return small


def open_original(version: Version) -> BinaryIO:
    """The bytes as they were uploaded, seekable. Raises `NotFound` when the document was deleted, `Infected` and `NotReady` for
    what the virus scanner has not cleared."""
    if version.document.deleted_at is not None:
        raise NotFound(kind="document", id=version.document.public_id)
    refuse_withheld(version)
    return get_blob_store().open(version.original_key)


def draw(version: Version, page: Page, width: int) -> Raster:
    """Draw a page in the sandbox. A failure that is the page's own is written down, so that it is not tried again."""
    source = get_blob_store().open(version.pdf_key or version.original_key)
    try:
        with closing(source):
            return get_workshop().render(source, page=page.number, width=width, document=version.public_id)
    except WorkshopFailure as failure:
        if failure.code in TRANSIENT:
            raise
        if page.pk:
            Page.objects.filter(pk=page.pk).update(error_code=failure.code)
        raise PageFailed(page=page.number, reason=failure.code) from failure


def keep(page: Page, raster: Raster) -> None:
    """Put drawn pixels into the cache. Of several who drew the same page at once, one wins; the others' blobs are removed."""
    store = get_blob_store()
    blob = store.put([pixels.keep(raster)])
    won = False
    try:
        won = bool(Page.objects.filter(pk=page.pk, base_key=page.base_key).update(base_key=blob.key))
    finally:
        if not won:
            store.delete(blob.key)
        elif page.base_key:
            store.delete(page.base_key)  # it was damaged, or `page` would not have been drawn again


_page = Prepared(lambda version, number: Page.objects.filter(version_id=version, number=number), numbers=("version", "number"))


def _find(version: Version, number: int) -> Page:
    if version.document.deleted_at is not None:
        raise NotFound(kind="document", id=version.document.public_id)
    if version.is_infected:
        raise Infected(**version.error_facts)
    if version.state != VersionState.READY:
        raise NotReady(state=version.state, error=version.error_code)
    page = _page.first(version=version.pk, number=number)
    if page is None:
        raise NotFound(kind="page", number=number)
    if page.error_code:
        raise PageFailed(page=number, reason=page.error_code)
    return page


def _kept(page: Page) -> Raster | None:
    """The page from memory, else from its blob."""
    if not page.base_key:
        return None
    raster = _hot.get(page.base_key)
    if raster is not None:
        return raster
    try:
        with closing(get_blob_store().open(page.base_key)) as blob:
            raster = pixels.read(blob.read())
    except (BlobMissing, BlobCorrupt, pixels.NotKeptPixels) as error:
        log.warning("kept page unreadable, drawn again", key=page.base_key, reason=str(error))
        return None
    _hot.put(page.base_key, raster)
    return raster


def forget_hot_pages() -> None:
    """Empty this process's memory of clear pages; the encrypted cache stays."""
    _hot.clear()
