# SPDX-License-Identifier: Apache-2.0
"""What is told of items beside where they lie: read of those somebody sees (`queries.sight`), never to find out which."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db.models import BooleanField, CharField, ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Cast

from sealroom.datarooms.models import Item
from sealroom.documents.models import VersionState
from sealroom.documents.rules import extension_of

_FEW = 500  # beyond, reading the whole room is quicker than naming so many


class Facts(NamedTuple):
    """Of a file those of its current version (`SeenItem` has the units); of a folder the instants only."""

    document_id: str
    extension: str
    kind: str
    pages: int
    size: int
    state: str
    is_media: bool
    sha256: str
    added_at: datetime
    changed_at: datetime


def facts_of(room_pk: int, item_pks: Sequence[int]) -> dict[int, Facts]:
    """By primary key; of items that do not lie in the room any more there are none."""
    items = Item.objects.filter(room=room_pk, trashed_at=None)
    if len(item_pks) <= _FEW:
        items = items.filter(pk__in=item_pks)
    return {row[0]: _facts(row) for row in _rows(items)}


def readable_in(room_pk: int) -> set[int]:
    """The primary keys of the files of a room whose pages can be read."""
    ready = Q(document__current__state=VersionState.READY, document__current__pages__gt=0)
    return set(Item.objects.filter(ready, room=room_pk, trashed_at=None).order_by().values_list("pk", flat=True))


def _rows(items: QuerySet[Item]) -> Any:
    """Instants come as texts: Django takes longer to read 20,000 of them than everything else takes together."""
    told = items.order_by().annotate(
        added_text=Cast("created_at", CharField()),
        changed_text=Cast("changed_at", CharField()),
        is_media=ExpressionWrapper(Q(document__current__media__isnull=False), output_field=BooleanField()),
    )
    current = [f"document__current__{name}" for name in ("name", "kind", "pages", "size", "state", "sha256")]
    return told.values_list("pk", "document__public_id", "added_text", "changed_text", "is_media", *current)


def _facts(row: tuple[Any, ...]) -> Facts:
    _pk, document, added, changed, is_media, file, kind, pages, size, state, sha256 = row
    instants = _instant(added), _instant(changed)
    if document is None:
        return Facts("", "", "", 0, 0, "", False, "", *instants)
    version = extension_of(file or ""), kind or "", pages or 0, size or 0, state or "", bool(is_media), sha256 or ""
    return Facts(document, *version, *instants)


def _instant(text: str) -> datetime:
    """What the database wrote as text: SQLite without a zone, PostgreSQL with that of the connection; UTC is meant by both."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
