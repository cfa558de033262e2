# SPDX-License-Identifier: Apache-2.0
"""Words, outline, links and sheets of a version: from the encrypted cache, else read in the sandbox and kept.

Whether somebody may have them is asked elsewhere (`access`, `viewing`): no door calls these.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from typing import BinaryIO

import structlog

from sealroom.core.errors import NotFound
from sealroom.documents import words
from sealroom.documents.errors import BlobCorrupt, BlobMissing, Infected, NotReady, WorkshopFailure
from sealroom.documents.flows.pages import TRANSIENT
from sealroom.documents.models import Version, VersionState
from sealroom.documents.ports import Hit, PageText, Structure, get_blob_store, get_workshop

log = structlog.get_logger("sealroom.documents")

_BATCH = 50
_UNREADABLE = (BlobMissing, BlobCorrupt, words.NotKept, ValueError, TypeError, KeyError, zlib.error, json.JSONDecodeError)


def structure_of(version: Version) -> Structure:
    """Outline, links and sheets; empty when the document tells none or cannot be read so.

    Raises `NotFound` (deleted), `NotReady`, and `WorkshopBusy` when the machine is at its limit now.
    """
    _check(version)
    if not version.pages:
        return Structure()
    if version.structure_key:
        try:
            with closing(get_blob_store().open(version.structure_key)) as blob:
                return words.read_structure(blob.read())
        except _UNREADABLE as error:
            log.warning("kept structure unreadable, read again", key=version.structure_key, reason=str(error))
    structure = _read_structure(version)
    _keep(version, "structure_key", [words.keep_structure(structure)])
    return structure


def text_of(version: Version, number: int) -> PageText:
    """The words of page `number` (from 1); none for a page that is a picture. Raises as `structure_of`, and `NotFound` for a page
    that is not there."""
    _check(version)
    if not 1 <= number <= (version.pages or 0):
        raise NotFound(kind="page", number=number)
    if version.text_key:
        try:
            with closing(get_blob_store().open(version.text_key)) as blob:
                return words.read_page(blob, number)
        except _UNREADABLE as error:
            log.warning("kept words unreadable, read again", key=version.text_key, reason=str(error))
    return _read_texts(version, number, 1)[0]


def search_text(version: Version, query: str, *, limit: int) -> tuple[Hit, ...]:
    """The pages on which `query` stands, at most `limit`. Case, accents and compatibility forms do not matter, and a query may go
    across words. Raises as `structure_of`."""
    _check(version)
    if not version.pages or not words.fold(query[: words.QUERY_CHARACTERS]):
        return ()
    if version.text_key:
        try:
            with closing(get_blob_store().open(version.text_key)) as blob:
                return words.find(_kept_pages(blob), query, limit=limit)
        except _UNREADABLE as error:
            log.warning("kept words unreadable, read again", key=version.text_key, reason=str(error))
    return words.find(enumerate(_read_all(version), start=1), query, limit=limit)


def read(version_id: int, *, now: datetime) -> None:
    """Read words and structure ahead of readers. Safe to run twice."""
    version = Version.objects.select_related("document").get(pk=version_id)
    if version.document.deleted_at is not None or version.state != VersionState.READY or not version.pages:
        return
    if not version.structure_key:
        structure_of(version)
    if not version.text_key:
        _read_all(version)


def _check(version: Version) -> None:
    if version.document.deleted_at is not None:
        raise NotFound(kind="document", id=version.document.public_id)
    if version.is_infected:
        raise Infected(**version.error_facts)
    if version.state != VersionState.READY:
        raise NotReady(state=version.state, error=version.error_code)


def _kept_pages(blob: BinaryIO) -> Iterator[tuple[int, PageText]]:
    for number in range(1, words.count_pages(blob) + 1):
        yield number, words.read_page(blob, number)


def _read_structure(version: Version) -> Structure:
    try:
        with closing(_source(version)) as source:
            return get_workshop().structure(source, document=version.public_id)
    except WorkshopFailure as failure:
        if failure.code in TRANSIENT:
            raise
        log.info("structure cannot be read", version=version.public_id, reason=failure.code)
        return Structure()


def _read_all(version: Version) -> list[PageText]:
    """The words of every page, and keep them."""
    pages: list[PageText] = []
    total = version.pages or 0
    while len(pages) < total:
        pages += _read_texts(version, len(pages) + 1, min(_BATCH, total - len(pages)))
    _keep(version, "text_key", words.keep_texts(pages))
    return pages


def _read_texts(version: Version, first: int, count: int) -> tuple[PageText, ...]:
    """The words of at least one page from `first` on. A page that breaks its reader has none, and does not take others along."""
    try:
        with closing(_source(version)) as source:
            return get_workshop().texts(source, first=first, count=count, document=version.public_id) or (PageText(()),)
    except WorkshopFailure as failure:
        if failure.code in TRANSIENT:
            raise
        if count > 1:
            return _read_texts(version, first, 1)
        log.info("words cannot be read", version=version.public_id, page=first, reason=failure.code)
        return (PageText(()),)


def _source(version: Version) -> BinaryIO:
    return get_blob_store().open(version.pdf_key or version.original_key)


def _keep(version: Version, field: str, chunks: Iterable[bytes]) -> None:
    """Put what was read into the cache. Of several who read the same, one wins; the others' blobs are removed."""
    store = get_blob_store()
    blob = store.put(chunks)
    before: str | None = getattr(version, field)
    won = False
    try:
        won = bool(Version.objects.filter(pk=version.pk, **{field: before}).update(**{field: blob.key}))
    finally:
        if not won:
            store.delete(blob.key)
    if won:
        setattr(version, field, blob.key)
        if before:
            store.delete(before)  # it was damaged, or nobody would have read again
