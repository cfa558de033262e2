# SPDX-License-Identifier: Apache-2.0
"""Films and sounds: what browsers play is made in the sandbox and kept encrypted; pictures of a film can be given a mark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import BinaryIO

from sealroom.core.errors import NotFound
from sealroom.documents.errors import Infected, NotReady
from sealroom.documents.models import Version
from sealroom.documents.ports import Media, StoredBlob, get_blob_store, get_studio

_PIECE = 1 << 20


def prepare_media(version: Version) -> tuple[Media, StoredBlob]:
    """Make what players get of a film or sound, without a word of its metadata, and store it. No row is written. Raises as
    `Studio.normalise`."""
    store = get_blob_store()
    with closing(store.open(version.original_key)) as source:
        film = get_studio().normalise(source)
    with closing(film.file) as made:
        return film.media, store.put(_pieces(made))


def media_of(version: Version) -> Media:
    """What is known of a film or sound that is ready. Raises `NotFound` (deleted, or neither) and `NotReady`."""
    if version.document.deleted_at is not None or (version.media is None and version.pages is not None):
        raise NotFound(kind="media", id=version.public_id)
    if version.is_infected:
        raise Infected(**version.error_facts)
    if version.media is None or not version.is_viewable:
        raise NotReady(state=version.state, error=version.error_code)
    return Media(**version.media)


def open_media(version: Version) -> BinaryIO:
    """The bytes that players get, unmarked, seekable. For `viewing` alone, which decides who gets them. Raises as `media_of`."""
    media_of(version)
    assert version.media_key is not None
    return get_blob_store().open(version.media_key)


def burn_mark(version: Version, overlay: bytes, *, tell: Callable[[int], None]) -> StoredBlob:
    """Store a copy of a film with `overlay` (a PNG of its size) in every picture; the caller writes the row that names it. Raises
    as `Studio.burn` and `media_of`."""
    media = media_of(version)
    with closing(open_media(version)) as source:
        film = get_studio().burn(source, media, overlay, tell=tell)
    with closing(film.file) as made:
        return get_blob_store().put(_pieces(made))


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.read(_PIECE), b"")
